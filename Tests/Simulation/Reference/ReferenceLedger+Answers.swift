import Ledger

// What the ledger said, beside what the reference says.
extension ReferenceLedger.UsageAnswer {
    /// The same of an outcome; nil where it is of another kind.
    init?(_ outcome: Outcome) {
        switch outcome {
        case .usage(let reply):
            self = .reply(
                ReferenceLedger.UsageReply(
                    status: reply.status, cost: reply.cost.nanos, balance: reply.balance.nanos,
                    available: reply.available.nanos, holdState: reply.holdState, overrun: reply.overrun?.nanos),
                isDuplicate: reply.isDuplicate)
        case .refused(let refusal): self = .refused(refusal.code)
        default: return nil
        }
    }
}

extension ReferenceLedger.HoldAnswer {
    /// Whether an outcome says this.
    func isSaid(by outcome: Outcome) -> Bool {
        switch (outcome, self) {
        case (.hold(let reply), .granted(let hold, let isDuplicate)):
            reply.status == .held && reply.held.nanos == hold.amount && reply.balance.nanos == hold.balance
                && reply.available.nanos == hold.available && reply.isDuplicate == isDuplicate
                && reply.expires.milliseconds == hold.expires && reply.state == (isDuplicate ? hold.state : nil)
        case (.hold(let reply), .closed(let state, let wasClosed, let available)):
            reply.status == .closed(state) && reply.state == (wasClosed ? state : nil)
                && reply.available.nanos == available
        case (.refused(let refusal), .refused(let code)): refusal.code == code
        default: false
        }
    }
}
