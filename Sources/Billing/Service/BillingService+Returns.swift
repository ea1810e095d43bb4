import Ledger
import Metering

// Chargebacks, and refunds that were made at the gateway.
extension BillingService {
    /// Days for which the gateway is asked what went back: a bank may take money back for 120 days.
    private static let returnDays: Int64 = 130
    /// Seconds between two times, and after a time without an answer.
    private static let (pause, pauseAfterTrouble): (Int64, Int64) = (86_400, 600)

    /// Asks the gateway what went back, if it wasn't asked today; and books what is new.
    func pollReturns(onProblem: @Sendable (String, any Error) -> Void) async {
        guard !gateway.isManual, await returnsDue.isDue(clock()) else { return }
        await takeReturns(onProblem: onProblem)
    }

    /// Asks the gateway what went back, and books what is new of it. One at a time: news that comes meanwhile are one more round.
    func takeReturns(onProblem: @Sendable (String, any Error) -> Void) async {
        guard await returnsDue.begin() else { return }
        repeat { await takeReturnsOnce(onProblem) } while await returnsDue.hasMore()
    }

    private func takeReturnsOnce(_ onProblem: @Sendable (String, any Error) -> Void) async {
        let now = clock()
        switch await gateway.returns(since: now.advanced(bySeconds: -Self.returnDays * 86_400)) {
        case .unknown(let words):
            onTrouble("", words)
            contact.answered(words, at: now)
            await returnsDue.postpone(to: now.advanced(bySeconds: Self.pauseAfterTrouble))
        case .known(let returns):
            contact.answered(nil, at: now)
            await returnsDue.postpone(to: now.advanced(bySeconds: Self.pause))
            for entry in returns {
                do {
                    try await take(entry)
                } catch {
                    onProblem(entry.reference, error)
                }
            }
        }
    }

    /// Asks at once: for what went back, and for the refunds that are under way.
    func takeNewsOfReturns() async {
        let onProblem = onProblem
        await takeReturns { onProblem($0, $1) }
        do {
            try await driveRefunds(onProblem: { onProblem($0, $1) }, atOnce: true)
        } catch {
            onProblem("", error)
        }
    }

    /// Books what is new of a return.
    private func take(_ entry: GatewayReturn) async throws {
        guard let known = try await reader.payment(reference: entry.payment, gateway: gateway.name) else { return }
        // A refund of ours that was found by its amount.
        guard try await !reader.isRefund(entry.reference, of: known.payment) else { return }
        let isNew = try await locks.with(known.org) {
            var isNew = false
            // What went, and what came again, are a change each.
            for _ in 0..<3 {
                let payment = try await record(ofPayment: known.payment, known.org)
                let returns = try await reader.returns(ofPayment: payment.payment).map(\.entry)
                let booked = returns.filter { $0.reference == entry.reference }
                let taxGone = Bill.taxGone(
                    of: payment, try await reader.refunds(ofPayment: payment.payment), returns)
                let unspent = try await reader.unspent(ofPayment: payment.payment, of: known.org)
                var bill = try await bill(of: known.org)
                func next(_ bill: inout Bill) throws -> BillingChange? {
                    try bill.taking(entry, of: payment, booked: booked, unspent: unspent, taxGone: taxGone)
                }
                guard try next(&bill) != nil else { break }
                isNew = true
                _ = try await apply(to: known.org) { bill in
                    guard let change = try next(&bill) else {
                        throw Refusal(.conflict, "another took note of \(entry.reference)")
                    }
                    return change
                }
            }
            return isNew
        }
        if isNew { await advanceAfterwards(known.org) }
    }
}

/// When the gateway is asked next for what went back, and whether it is being asked.
actor ReturnsDue {
    private var next: Timestamp?
    private var isRunning = false
    private var isWanted = false

    func isDue(_ now: Timestamp) -> Bool { next.map { $0 <= now } ?? true }
    func postpone(to moment: Timestamp) { next = moment }
    /// When that is; nil for now.
    var due: Timestamp? { next }

    /// False if it is being asked: it will be once more then.
    func begin() -> Bool {
        isWanted = isRunning
        defer { isRunning = true }
        return !isRunning
    }

    /// Whether somebody wanted it meanwhile; if not, it is over.
    func hasMore() -> Bool {
        defer { (isRunning, isWanted) = (isWanted, false) }
        return isWanted
    }
}
