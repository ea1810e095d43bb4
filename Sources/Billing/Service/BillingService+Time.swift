import Ledger
import Metering

// What time brings.
extension BillingService {
    /// Takes each step of an org's bill that is due, in order; false where there are more than are taken in a row.
    @discardableResult
    public func advance(_ org: String) async throws -> Bool {
        try await locks.with(org) {
            for _ in 0..<Self.stepsMax {
                let bill = try await bill(of: org)
                let isPaidOut = bill.isClosed && bill.freeBalance > .zero
                let refundable = isPaidOut ? try await reader.refundable(of: org) : []
                switch try bill.nextStep(refundable: refundable) {
                case .change(let change):
                    let applied = try await make(change)
                    try await drive(refundsOf: applied, of: org)
                    guard let payment = applied?.payments.first else { continue }
                    try await drive(payment, of: org, isRepeat: false)
                case .eraseDetail(let last, let done):
                    try await eraseDetail(of: org, through: last)
                    _ = try await make(done)
                case nil:
                    let outcome = await writer.perform(
                        .postponeBill(
                            org: org, after: bill.record.change, to: bill.due, balanceSeen: bill.record.balance))
                    // It is due still, as on a full disk: nobody may come back to it at once.
                    if case .refused(let refusal) = outcome { throw refusal }
                    return true
                }
            }
            return false
        }
    }

    /// Takes what is due of an org after something that is done and stands, whatever comes of this.
    func advanceAfterwards(_ org: String) async {
        do {
            try await advance(org)
        } catch {
            onProblem(org, error)
        }
    }

    /// Steps in a row: what a downtime of years leaves behind is done, some at a time.
    private static let stepsMax = 200
    private static let erasedAtOnce = 2000

    /// Makes a change; nil where another came first, so that it has to be worked out anew.
    private func make(_ change: BillingChange) async throws -> BillingApplied? {
        switch await writer.perform(.bill(change, nil)) {
        case .billed(let applied, _): return applied
        case .overtaken: return nil
        case .refused(let refusal): throw refusal
        default: throw Refusal(.unknownOutcome, "the writer gave an answer of another kind")
        }
    }

    private func eraseDetail(of org: String, through last: Int64) async throws {
        var start: Int64?
        while true {
            switch await writer.perform(
                .eraseDetail(org: org, from: start, through: last, limit: Self.erasedAtOnce))
            {
            case .erased(let next):
                guard let next else { return try await eraseQuarantined(of: org) }
                start = next
            case .refused(let refusal): throw refusal
            default: throw Refusal(.unknownOutcome, "the writer gave an answer of another kind")
            }
        }
    }

    /// Erases the text of the org's usage lines that were refused.
    private func eraseQuarantined(of org: String) async throws {
        while true {
            switch await writer.perform(.eraseQuarantined(org: org, limit: Self.erasedAtOnce)) {
            case .erased(nil): return
            case .erased: continue
            case .refused(let refusal): throw refusal
            default: throw Refusal(.unknownOutcome, "the writer gave an answer of another kind")
            }
        }
    }

    /// Does all that is due, of all orgs, and asks about payments that are open; says when there is more to do.
    ///
    /// - Parameter onProblem: called where something could not be done; it is tried again.
    public func advanceAll(onProblem: @Sendable (String, any Error) -> Void) async throws -> Timestamp? {
        let now = clock()
        // Not again in this round.
        var done: Set<String> = []
        for payment in try await reader.openPayments(notOf: ManualGateway().name, limit: 1000) {
            do {
                try await locks.with(payment.org) {
                    // Whoever had the lock before may have asked just now.
                    guard await polls.isDue(.payment(payment.payment), now: now) else { return }
                    try await drive(payment.payment, of: payment.org, isRepeat: true)
                }
            } catch {
                await polls.postpone(.payment(payment.payment), now: now)
                onProblem(payment.org, error)
            }
        }
        try await driveRefunds(onProblem: onProblem, atOnce: false)
        await pollReturns(onProblem: onProblem)
        while !Task.isCancelled {
            let due = try await reader.dueBills(at: now, limit: 100 + done.count).filter { !done.contains($0) }
            guard !due.isEmpty else { break }
            for org in due {
                do {
                    // An org that has more to do has its next turn after all others.
                    if try await !advance(org) { done.insert(org) }
                } catch {
                    done.insert(org)
                    onProblem(org, error)
                }
            }
        }
        let (next, poll) = (try await reader.nextBillDue(), await polls.earliest)
        return [next, poll, await returnsDue.due].compactMap { $0 }.min()
    }
}
