import Billing
import Foundation
import Ledger
import Metering
import Synchronization

// How things are asked of the ledger and of billing.
extension Course {
    /// Has a batch carried out as one submission.
    func commit(_ batch: [Mutation]) async throws {
        guard !batch.isEmpty, let writer = node?.writer else { return }
        note(batch.map(\.words).joined(separator: "; "))
        let waiter = Waiter(lots: 1)
        guard writer.submit(Submission(batch, receiver: waiter)) else { return try await took(batch, nil) }
        try await took(batch, await waiter.outcomes())
    }

    /// Has a batch carried out on the calling thread, as the event loop does.
    func commitOnCaller(_ batch: [Mutation]) async throws {
        guard !batch.isEmpty, let writer = node?.writer else { return }
        note("on the caller: " + batch.map(\.words).joined(separator: "; "))
        while true {
            switch writer.carryOutIfIdle(batch) {
            case .done(let outcomes): return try await took(batch, outcomes)
            // The writer's thread has just answered and gives its turn back.
            case .busy: await Task.yield()
            case .failed: return try await took(batch, nil)
            }
        }
    }

    /// Has each mutation asked for by a client of its own while the writer is busy, so that all are one batch.
    func commitTogether(_ batch: [Mutation]) async throws {
        guard let node else { return }
        note("together: " + batch.map(\.words).joined(separator: "; "))
        let gate = node.store.closeGate()
        let waiter = Waiter(lots: batch.count + 1)
        guard node.writer.submit(Submission([.probe], receiver: waiter)) else { return }
        gate.entered.wait()
        for mutation in batch { _ = node.writer.submit(Submission([mutation], receiver: waiter)) }
        gate.opened.signal()
        try await took(batch, Array(await waiter.outcomes().dropFirst()))
    }

    /// A client heard, or did not hear, what became of a batch.
    private func took(_ batch: [Mutation], _ outcomes: [Outcome]?) async throws {
        try check()
        let isRefused =
            outcomes?.contains {
                if case .refused(let refusal) = $0 {
                    [.shuttingDown, .storageUnavailable].contains(refusal.code)
                } else {
                    false
                }
            } ?? true
        if isRefused {
            // An empty disk answers the next time; a process that is over not at all.
            unanswered.append(batch)
        } else {
            let usage = batch.filter { if case .usage = $0 { true } else { false } }
            answered = Array((answered + usage).suffix(30))
        }
        try await revive()
        // What waits for a rate is charged before anything else is asked.
        let hasCard = batch.contains { if case .recordCard = $0 { true } else { false } }
        if hasCard, !isRefused { try await ownWork(isBegun: true) }
    }

    /// Sends again what was answered: it has to be known, with the same answer.
    func resend() async throws {
        let model = checker.model
        let batch = answered.filter {
            if case .usage(let record, _, _, _, _) = $0 { model.erased[record.org] == nil } else { false }
        }
        guard !batch.isEmpty else { return }
        try await commit(batch.suffix(number(1..<12)).map { $0.arriving(at: clock.now) })
    }

    /// Has an operator's request answered, or keeps it for later.
    func ask(_ request: Request) async throws {
        guard let node else { return }
        note(request.words)
        checker.intend(request.intent)
        do {
            try await request.ask(node.billing)
        } catch let refusal as Refusal {
            switch refusal.code {
            case .storageUnavailable, .shuttingDown: requests.append(request)
            case .unknownOutcome:
                guard isOver else { throw Wrong("\(refusal)") }
                requests.append(request)
            default: counts.refusals += 1
            }
        } catch {
            guard isOver || disk.met > 0 else { throw Wrong("\(request.words): \(error)") }
            requests.append(request)
        }
        checker.intend(nil)
        try check()
        try await revive()
    }

    /// What the daemon does by itself: in the ledger.
    ///
    /// - Parameter isBegun: whether the commit before did a part of it: that of a rate card charges the first that wait for it.
    func ownWork(isBegun: Bool = false) async throws {
        guard let node else { return }
        _ = await node.writer.perform(.probe)
        // The model charges all that waits at one moment: where a part is charged, there is room for the rest before midnight.
        while node.store.ownWorkDone == .inPart || isBegun && node.store.ownWorkDone == .notAtAll, !isOver {
            fullFor = 0
            disk.heal()
            _ = await node.writer.perform(.probe)
        }
        try check()
        try await revive()
    }

    /// What the daemon does by itself: with bills.
    func advance() async throws {
        guard let node else { return }
        let problems = Draws.Flag()
        let before = node.troubles.count
        let begun = clock.now
        do {
            _ = try await node.billing.advanceAll { _, error in problems.set("\(error)") }
        } catch {
            guard isOver || disk.met > 0 else { throw Wrong("bills: \(error)") }
            problems.set("\(error)")
        }
        try check()
        let isUndisturbed =
            !isOver && problems.words == nil && node.troubles.count == before && !node.store.isFull
            && disk.met == 0 && clock.now == begun
        if let words = problems.words, !isOver, disk.met == 0 { throw Wrong("bills: \(words)") }
        // What came up while time passed is for the next round.
        guard isUndisturbed else { return try await revive() }
        try quiesced(at: begun.milliseconds)
    }

    /// Nothing that is due may be left.
    private func quiesced(at now: Int64) throws {
        checker.compare { model in
            for (name, org) in model.bills.orgs.sorted(by: { $0.key < $1.key }) {
                let invoice = model.bills.openInvoice(of: name)
                let isClosed = model.ledger.orgs[name]?.state == .closed
                if let invoice, !invoice.isDisputed, org.declined == nil, now > org.anew,
                    !model.bills.hasPending(name, for: invoice.id)
                {
                    return "\(name): \(invoice.number) is owed and nobody is asked"
                }
                if let declined = org.declined, invoice?.isDisputed != true, org.suspended == nil,
                    now >= declined + 3 * BillModel.day
                {
                    return "\(name): the grace is over and it is served"
                }
                if let suspended = org.suspended, invoice?.isDisputed != true, org.erased == nil,
                    now >= suspended + 38 * BillModel.day
                {
                    return "\(name): the retention is over and nothing is erased"
                }
                if let end = org.periodEnd, !isClosed, invoice == nil, org.declined == nil,
                    dayOf(now) >= org.resumed ?? end
                {
                    return "\(name): the period is over and not billed"
                }
                if isClosed, !model.bills.uninvoiced(name).isEmpty {
                    return "\(name): closed, without its last invoice"
                }
                if let invoice, !invoice.isDisputed, org.balance > 0, !model.bills.hasPending(name, for: invoice.id) {
                    return "\(name): there is a balance, and \(invoice.number) is owed"
                }
                if let invoice, !invoice.isDisputed, invoice.open < BillModel.minimum {
                    return "\(name): \(invoice.number) is owed for so little"
                }
            }
            return nil
        }
        try check()
    }

    // MARK: Looking

    /// Compares balances, and now and then everything that is on record.
    func look(isWhole: Bool) async throws {
        guard let node else { return }
        let waiter = Waiter(lots: 1)
        guard node.writer.submit(Submission(Self.orgs.map { .balance(org: $0) }, receiver: waiter)) else { return }
        _ = await waiter.outcomes()
        try check()
        guard !isOver else { return try await revive() }
        guard isWhole, !node.store.isFull else { return }
        do {
            let now = clock.now
            let snapshot = try await Snapshot(node.reader, Self.orgs, at: now)
            checker.compare { $0.ledger.orgs.isEmpty ? nil : snapshot.difference(from: $0, at: now) }
            counts.looks += 1
        } catch {
            guard isOver || disk.met > 0 else { throw Wrong("can't be read: \(error)") }
        }
        try check()
        try await revive()
    }

    func check() throws {
        if let wrong = checker.wrong { throw Wrong(wrong) }
        if let problem = gateway.problems.first { throw Wrong("the gateway: \(problem)") }
    }
}

extension Draws {
    /// Words that are set once, from any thread.
    final class Flag: Sendable {
        private let kept = Mutex<String?>(nil)
        var words: String? { kept.withLock { $0 } }
        func set(_ words: String) { kept.withLock { $0 = $0 ?? words } }
    }
}

/// A client that waits for all that it asked for.
private final class Waiter: OutcomeReceiver {
    private struct State {
        var left: Int
        var outcomes: [Outcome] = []
        var continuation: CheckedContinuation<[Outcome], Never>?
    }

    private let state: Mutex<State>

    init(lots: Int) { state = Mutex(State(left: lots)) }

    func receive(_ outcomes: [[Outcome]]) {
        let waiting = state.withLock { state -> (CheckedContinuation<[Outcome], Never>, [Outcome])? in
            state.left -= outcomes.count
            state.outcomes += outcomes.joined()
            guard state.left == 0, let continuation = state.continuation else { return nil }
            state.continuation = nil
            return (continuation, state.outcomes)
        }
        if let (continuation, outcomes) = waiting { continuation.resume(returning: outcomes) }
    }

    func outcomes() async -> [Outcome] {
        await withCheckedContinuation { continuation in
            let done = state.withLock { state -> [Outcome]? in
                if state.left == 0 { return state.outcomes }
                state.continuation = continuation
                return nil
            }
            if let done { continuation.resume(returning: done) }
        }
    }
}
