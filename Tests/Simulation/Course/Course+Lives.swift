import FaultDisk
import Foundation
import Ledger
import Metering

// The process's lives: how they end, and how the next begins.
extension Course {
    /// Opens the ledger, as often as it takes.
    func open() async throws {
        for attempt in 0..<20 {
            do {
                process.begin()
                node = try await Node(
                    directory.path, clock, gateway, checker, beforeBill: jumps())
                return
            } catch {
                guard disk.isCut || disk.met > 0 else { throw Wrong("the ledger can't be opened: \(error)") }
                note("did not start: \(error)")
                counts.lives += 1
                // Somebody makes room, or replaces the disk, sooner or later.
                if !disk.isCut { disk.heal() }
                disk.restart()
                if attempt < 2, chance(30) { disk.fail(.all, at: UInt64(number(1..<30)), with: .powerCut) }
            }
        }
        throw Wrong("the ledger does not open at all")
    }

    /// What happens right before a bill is changed: sometimes midnight passes.
    private func jumps() -> @Sendable () -> Void {
        let draws = Draws(seed: random.next())
        return { [clock] in if draws.next(60) == 0 { clock.advance(seconds: Int64(draws.next(90_000))) } }
    }

    func armFault() {
        counts.faults += 1
        let durable: FaultDisk.Kinds = [.write, .sync, .open, .truncate, .delete]
        switch number(0..<100) {
        case 0..<45: disk.fail(durable, at: UInt64(number(1..<60)), with: .powerCut)
        case 45..<75: disk.fail(durable, at: UInt64(number(1..<60)), with: .processEnd)
        case 75..<88: disk.fail([.write, .sync], at: UInt64(number(1..<40)), with: .ioError)
        default:
            disk.fail([.write, .open], at: UInt64(number(1..<40)), with: .noSpace, persists: true)
            fullFor = number(1..<6)
        }
        note("a fault is armed")
    }

    func healLater() {
        guard fullFor > 0 else { return }
        fullFor -= 1
        guard fullFor == 0 else { return }
        note("there is room")
        disk.heal()
    }

    /// Whether this life is over.
    var isOver: Bool { process.isOver || disk.isCut }

    /// Begins the next life where this one is over, and asks again for what was not answered.
    func revive() async throws {
        guard isOver else { return }
        note("the process is over: \(node?.store.failure ?? "killed")\(disk.isCut ? ", nothing gets to the disk" : "")")
        process.end()
        // What a process has not asked of the system when it ends, it never will.
        if !disk.isCut { disk.fail(.all, at: 1, with: .processEnd) }
        await node?.close()
        node = nil
        counts.lives += 1
        fullFor = 0
        disk.restart()
        if chance(25) { disk.fail(.all, at: UInt64(number(1..<40)), with: .powerCut) }
        try await open()
        try await ownWork()
        try await look(isWhole: true)
        try await askAgain()
    }

    /// An orderly end, and the next start.
    func restart() async throws {
        note("restart")
        await node?.close()
        guard !isOver else { return try await revive() }
        node = nil
        counts.lives += 1
        disk.restart()
        fullFor = 0
        try await open()
        try await ownWork()
        try await look(isWhole: true)
        try await askAgain()
    }

    /// Asks again for what was not answered.
    func askAgain() async throws {
        let (batches, requests) = (unanswered, self.requests)
        unanswered = []
        self.requests = []
        for batch in batches { try await commit(batch.map { $0.arriving(at: clock.now) }) }
        for request in requests { try await ask(request) }
    }

    /// Lets go of everything after something was found to be wrong.
    func abandon() async {
        process.end()
        if !disk.isCut { disk.fail(.all, at: 1, with: .processEnd) }
        await node?.close()
        node = nil
    }
}
