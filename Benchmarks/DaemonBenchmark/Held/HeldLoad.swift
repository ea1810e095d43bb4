import Glibc
import LoadGenerator

/// Many clients on one thread, each with a window of records in flight, until each of so many records has its answer.
struct HeldLoad {
    let records: Int
    let connections: Int
    let window: Int
    let orgs: Int
    /// The first record's number.
    var from: UInt64 = 0

    /// Seconds without any answer at which it is given up: longer than any stop and start.
    private static let patience = 120.0

    /// Runs it; tells `lives` what it hears.
    func run(_ lives: Lives, _ words: String) throws -> (tally: HeldTally, seconds: Double) {
        var plan = LoadPlan(socket: lives.ingestSocket)
        plan.orgs = orgs
        var maker = RecordMaker(plan)
        var clients = (0..<connections).map { _ in PatientClient(lives.ingestSocket) }
        defer { for index in clients.indices { clients[index].close() } }
        var tally = HeldTally(orgs: orgs)
        var issued = 0
        let start = Load.now()
        var (heard, shown) = (start, start)
        while tally.answered < records {
            let now = Load.now()
            try lives.check()
            guard now - heard < Self.patience else {
                throw BenchmarkError("no answer within \(Int(Self.patience)) seconds")
            }
            if now - shown > 0.2 {
                shown = now
                Report.progress("\(words): \(tally.answered) of \(records), \(Int(now - start)) s")
            }
            var polls: [pollfd] = []
            var polled: [Int] = []
            for index in clients.indices {
                clients[index].connect(now: now)
                guard let descriptor = clients[index].socket?.descriptor else { continue }
                while issued < records, clients[index].inFlight < window {
                    clients[index].append(from + UInt64(issued), &maker, now: now)
                    issued += 1
                }
                clients[index].flush()
                let wanted = Int16(POLLIN) | (clients[index].wantsOut ? Int16(POLLOUT) : 0)
                polls.append(pollfd(fd: descriptor, events: wanted, revents: 0))
                polled.append(index)
            }
            _ = poll(&polls, nfds_t(polls.count), polls.count < clients.count ? 10 : 200)
            for (index, poll) in zip(polled, polls) where poll.revents & ~Int16(POLLOUT) != 0 {
                let (now, before) = (Load.now(), tally.answered)
                try clients[index].receive(now: now) { tally.take($0) }
                guard tally.answered > before else { continue }
                heard = now
                let isOut = lives.heard(on: clients[index].connectedAt, at: now, records: tally.answered)
                if isOut { tally.answeredWhileOut += tally.answered - before }
            }
        }
        return (tally, Load.now() - start)
    }
}
