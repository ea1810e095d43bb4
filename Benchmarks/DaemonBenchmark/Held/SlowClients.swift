import Glibc
import LoadGenerator

/// A proxy that writes far ahead and reads its answers at a trickle, so that the daemon has nowhere to put them.
struct SlowProxy {
    private let lives: Lives
    private let crew: Crew
    private let orgs: Int

    /// Records without an answer: twice as many as the daemon takes from one connection, and more answers than its socket holds.
    private static let window = 8192
    private static let bytesAtOnce = 1024
    /// Seconds between two reads.
    private static let pause: UInt32 = 50_000
    /// Its records' numbers are no others'.
    private static let firstNumber: UInt64 = 1 << 48

    init(_ lives: Lives, _ crew: Crew, orgs: Int) {
        (self.lives, self.crew, self.orgs) = (lives, crew, orgs)
    }

    /// Pushes until the load is through, then waits for all that is open.
    func run() throws -> HeldTally {
        var plan = LoadPlan(socket: lives.ingestSocket)
        plan.orgs = orgs
        var maker = RecordMaker(plan)
        var client = PatientClient(lives.ingestSocket)
        defer { client.close() }
        var tally = HeldTally(orgs: orgs)
        var number = Self.firstNumber
        var heard = Load.now()
        while !crew.isOver || (client.inFlight > 0 && !lives.isBroken) {
            let now = Load.now()
            client.connect(now: now)
            if !crew.isOver {
                while client.inFlight < Self.window {
                    client.append(number, &maker, now: now)
                    number += 1
                }
            }
            client.flush()
            let before = tally.answered
            try client.receive(atMost: crew.isOver ? .max : Self.bytesAtOnce, now: now) { tally.take($0) }
            if tally.answered > before { heard = now }
            guard now - heard < 120 else { throw BenchmarkError("no answer within 120 seconds") }
            usleep(crew.isOver ? 1000 : Self.pause)
        }
        return tally
    }
}

/// Somebody who has the whole journal sent and reads it at a trickle.
struct SlowReader {
    private let lives: Lives
    private let crew: Crew

    private static let bytesAtOnce = 4096
    private static let pause: UInt32 = 50_000

    init(_ lives: Lives, _ crew: Crew) {
        (self.lives, self.crew) = (lives, crew)
    }

    /// Reads until the load is through, from the beginning wherever it was cut off; gives the bytes.
    func run() throws -> Int {
        var total = 0
        while !crew.isOver {
            guard let mark = lives.mark, let socket = try? UnixSocket(connectingTo: lives.controlSocket) else {
                usleep(Self.pause)
                continue
            }
            defer { socket.close() }
            let request = "GET /v1/ledger/journal HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            guard (try? socket.writeAll(Array(request.utf8))) != nil else { continue }
            let (taken, isWhole) = try read(socket)
            total += taken
            guard isWhole || crew.isOver || lives.mark != mark else {
                throw BenchmarkError("cut off after \(taken) bytes, though the daemon was up")
            }
        }
        return total
    }

    private func read(_ socket: UnixSocket) throws -> (bytes: Int, isWhole: Bool) {
        var piece = [UInt8](repeating: 0, count: Self.bytesAtOnce)
        var (total, tail) = (0, [UInt8]())
        while !crew.isOver {
            let count = piece.withUnsafeMutableBytes { Glibc.read(socket.descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            if total == 0, !piece.starts(with: "HTTP/1.1 200 ".utf8) {
                throw BenchmarkError("the journal: \(String(decoding: piece[..<count], as: UTF8.self))")
            }
            total += count
            tail = (tail + piece[..<count]).suffix(5)
            usleep(Self.pause)
        }
        // How a body of chunks ends.
        return (total, tail.elementsEqual("0\r\n\r\n".utf8))
    }
}
