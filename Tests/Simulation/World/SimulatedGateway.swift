import Billing
import Metering
import Synchronization
import TestSupport

/// Who collects money in a simulated world: it declines, is slow, can't be reached, forgets to answer, and the process that asks it
/// may end before or after it has the money.
///
/// Its books outlive processes. What may not be asked of it is a problem: another amount under the same key, or the same
/// payment as if it were new.
final class SimulatedGateway: PaymentGateway {
    enum Fate: Equatable {
        case pending(until: Int64, succeeds: Bool)
        /// The customer confirms it then, or fails to.
        case waiting(until: Int64, confirms: Bool)
        case succeeded
        case declined(DeclineReason)
    }

    struct Charge {
        let payment, amount: Int64
        var fate: Fate
        /// By their keys.
        var refunds: [String: Refund] = [:]
        /// What went back, or is about to.
        var givenBack: Int64 { refunds.values.reduce(0) { $0 + ($1.state == .succeeded ? $1.amount : 0) } }
    }

    struct Refund {
        let amount: Int64
        var state: RefundState?
        var asked = 0
    }

    enum RefundState { case pending, failed, succeeded }

    /// A bank's dispute of a payment, in totals so far.
    struct Dispute {
        let payment: Int64
        var withdrawn, reinstated, fee: Int64
        var state: GatewayReturn.State
    }

    private struct State {
        var disputes: [String: Dispute] = [:]
        var charges: [String: Charge] = [:]
        /// Orgs whose cards are refused.
        var refused: Set<String> = []
        var random: SeededGenerator
        var isReliable = false
        var problems: [String] = []
        var asked = 0
        var confirmations = 0
    }

    private let state: Mutex<State>
    private let clock: SimulatedClock
    let process: ProcessState

    let name = "simulated"
    let isManual = false
    let minimum = Money(nanos: 500_000_000)

    init(seed: UInt64, clock: SimulatedClock, process: ProcessState) {
        state = Mutex(State(random: SeededGenerator(seed: seed ^ 0x6a7e)))
        self.clock = clock
        self.process = process
    }

    // MARK: What the world does with it

    /// From now on everything is answered at once, and every card is good.
    func becomeReliable() {
        state.withLock {
            $0.isReliable = true
            $0.refused = []
            for (key, charge) in $0.charges {
                switch charge.fate {
                case .pending(_, let succeeds): $0.charges[key]?.fate = .pending(until: 0, succeeds: succeeds)
                case .waiting(_, let confirms): $0.charges[key]?.fate = .waiting(until: 0, confirms: confirms)
                case .succeeded, .declined: break
                }
            }
        }
    }

    func flipCard(of org: String) {
        state.withLock { if $0.refused.remove(org) == nil { $0.refused.insert(org) } }
    }

    /// Has a bank take money of a payment back, all of it or a part, or ask about it.
    func dispute(ofPayment number: Int64, _ draw: (Int) -> Int) {
        state.withLock { state in
            guard let charge = state.charges.values.first(where: { $0.payment == number }), charge.fate == .succeeded
            else { return }
            let isInquiry = draw(5) == 0
            let cents = charge.amount / 10_000_000
            let part = draw(2) == 0 ? cents : Int64(draw(Int(cents))) + 1
            state.disputes["dispute-\(state.disputes.count)"] = Dispute(
                payment: number, withdrawn: isInquiry ? 0 : part * 10_000_000, reinstated: 0,
                fee: isInquiry ? 0 : 15_000_000_000, state: isInquiry ? .inquiry : .open)
        }
    }

    /// Has the banks decide.
    func decide(_ draw: (Int) -> Int) {
        state.withLock { state in
            for (name, dispute) in state.disputes.sorted(by: { $0.key < $1.key }) where !dispute.state.isFinal {
                guard draw(3) == 0 else { continue }
                let isWon = draw(2) == 0
                state.disputes[name]?.state = isWon ? .won : .lost
                guard isWon, dispute.withdrawn > 0 else { continue }
                let cents = dispute.withdrawn / 10_000_000
                let part = draw(3) > 0 ? cents : Int64(draw(Int(cents))) + 1
                state.disputes[name]?.reinstated = part * 10_000_000
                if draw(2) == 0 { state.disputes[name]?.fee = 0 }
            }
        }
    }

    var disputes: [(key: String, value: Dispute)] { state.withLock { $0.disputes.sorted { $0.key < $1.key } } }

    /// A dispute, by its name.
    func dispute(_ name: String) -> Dispute? { state.withLock { $0.disputes[name] } }

    func returns(since: Timestamp) async -> GatewayReturns {
        answer(GatewayReturns.unknown) { state in
            .known(
                state.disputes.sorted { $0.key < $1.key }.map { name, dispute in
                    GatewayReturn(
                        reference: name, payment: "charge-\(dispute.payment)", kind: .chargeback, state: dispute.state,
                        amount: Money(nanos: dispute.withdrawn), withdrawn: Money(nanos: dispute.withdrawn),
                        reinstated: Money(nanos: dispute.reinstated), fee: Money(nanos: dispute.fee), reason: "fraud",
                        evidenceDue: nil)
                })
        }
    }

    /// What was asked of it that may not be asked.
    var problems: [String] { state.withLock { $0.problems } }
    /// How many payments a customer had to confirm.
    var confirmations: Int { state.withLock { $0.confirmations } }
    /// How often it was asked.
    var asked: Int { state.withLock { $0.asked } }

    /// What it has on record of a payment, by the ledger's number.
    func charge(ofPayment number: Int64) -> Charge? {
        state.withLock { state in state.charges.values.first { $0.payment == number } }
    }

    var charges: [Charge] { state.withLock { $0.charges.values.sorted { $0.payment < $1.payment } } }

    // MARK: What the daemon asks

    /// What may happen to a question and its answer.
    private enum Trouble { case none, unreached, endsBefore, unanswered, endsAfter }

    private static func trouble(_ state: inout State) -> Trouble {
        guard !state.isReliable else { return .none }
        return switch Int.random(in: 0..<100, using: &state.random) {
        case 0..<4: .unreached
        case 4..<5: .endsBefore
        case 5..<9: .unanswered
        case 9..<11: .endsAfter
        default: .none
        }
    }

    /// Answers a question, where it and its answer get through.
    private func answer<Answer>(_ unknown: (String) -> Answer, _ body: (inout State) -> Answer) -> Answer {
        guard !process.isOver else { return unknown("the process is over") }
        let (answer, ends) = state.withLock { state -> (Answer, Bool) in
            state.asked += 1
            let trouble = Self.trouble(&state)
            switch trouble {
            case .unreached: return (unknown("not reached"), false)
            case .endsBefore: return (unknown("the process is over"), true)
            case .none, .unanswered, .endsAfter: break
            }
            let answer = body(&state)
            switch trouble {
            case .unanswered: return (unknown("no answer"), false)
            case .endsAfter: return (unknown("the process is over"), true)
            case .none, .unreached, .endsBefore: return (answer, false)
            }
        }
        if ends { process.end() }
        return answer
    }

    func charge(_ request: ChargeRequest, isRepeat: Bool) async -> ChargeResult {
        if !process.isOver { await process.interrupt() }
        return answer(ChargeResult.unknown) { state in
            switch fate(of: request, isRepeat: isRepeat, &state) {
            case .pending: .pending
            case .waiting: .waitsForCustomer(page: "https://gateway.example/\(request.payment)")
            case .succeeded: .succeeded(reference: "charge-\(request.payment)")
            case .declined(let reason): .declined(reason, reference: nil)
            }
        }
    }

    private func fate(of request: ChargeRequest, isRepeat: Bool, _ state: inout State) -> Fate {
        let amount = request.amount.nanos
        if let known = state.charges[request.key] {
            if known.amount != amount || known.payment != request.payment {
                state.problems.append("payment \(request.payment) was asked for as \(known.amount) and \(amount)")
            }
            if !isRepeat { state.problems.append("payment \(request.payment) was asked for as if it were new, again") }
            let now = clock.now.milliseconds
            let fate: Fate
            switch known.fate {
            case .pending(let until, let succeeds) where until <= now:
                fate = succeeds ? .succeeded : .declined(.refused)
            case .waiting(let until, let confirms) where until <= now:
                fate = confirms ? .succeeded : .declined(.notConfirmed)
            case .waiting:
                guard let confirmation = request.confirmation else {
                    state.problems.append("payment \(request.payment) waits for a customer who is not there")
                    return known.fate
                }
                fate = confirmation.isOpen ? known.fate : .declined(.notConfirmed)
            case .pending, .succeeded, .declined: fate = known.fate
            }
            state.charges[request.key]?.fate = fate
            return fate
        }
        if state.charges.values.contains(where: { $0.payment == request.payment }) {
            state.problems.append("payment \(request.payment) was asked for under two keys")
        }
        let fate: Fate
        if isRepeat, !state.isReliable, Int.random(in: 0..<3, using: &state.random) == 0 {
            fate = .declined(.neverArrived)
        } else if request.method == nil {
            fate = .declined(.noPaymentMethod)
        } else if state.refused.contains(request.org) {
            fate = .declined(.insufficientFunds)
        } else {
            switch state.isReliable ? 99 : Int.random(in: 0..<100, using: &state.random) {
            case 0..<8: fate = .declined(.refused)
            case 8..<15:
                let seconds = Int64.random(in: 60...259_200, using: &state.random)
                fate = .pending(
                    until: clock.now.milliseconds + seconds * 1000,
                    succeeds: Bool.random(using: &state.random))
            case 15..<25 where request.confirmation == nil: fate = .declined(.authenticationRequired)
            case 15..<25:
                // At once, within the day, or long after it is given up.
                state.confirmations += 1
                let seconds = Int64.random(in: 1...172_800, using: &state.random)
                fate = .waiting(
                    until: clock.now.milliseconds + seconds * 1000,
                    confirms: Int.random(in: 0..<3, using: &state.random) > 0)
            default: fate = .succeeded
            }
        }
        state.charges[request.key] = Charge(payment: request.payment, amount: amount, fate: fate)
        return fate
    }

    func refund(_ request: RefundRequest, isRepeat: Bool) async -> RefundResult {
        answer(RefundResult.unknown) { state in
            guard let (key, charge) = state.charges.first(where: { $0.value.payment == request.payment }),
                charge.fate == .succeeded
            else {
                state.problems.append("payment \(request.payment) is to go back and never came")
                return .unknown("no such charge")
            }
            // Once, however often it is asked for under its key.
            let known = charge.refunds[request.key]
            if known == nil {
                let back = charge.refunds.values.reduce(request.amount.nanos) { $0 + $1.amount }
                if back > charge.amount {
                    state.problems.append("more of payment \(request.payment) is to go back than came")
                }
            } else if known?.amount != request.amount.nanos {
                state.problems.append("a refund of payment \(request.payment) was asked for with two amounts")
            }
            var refund = known ?? Refund(amount: request.amount.nanos)
            refund.asked += 1
            // Now and then the money is on its way for a while, or an attempt fails.
            switch refund.state {
            case .pending where state.isReliable || refund.asked > 3: refund.state = .succeeded
            case .failed where request.isAnew: refund.state = .succeeded
            case .none:
                let chance = state.isReliable ? 99 : Int.random(in: 0..<100, using: &state.random)
                refund.state = chance < 15 ? .pending : chance < 25 ? .failed : .succeeded
            default: break
            }
            state.charges[key]?.refunds[request.key] = refund
            return switch refund.state {
            case .pending: .pending(reference: request.key)
            case .failed: .failed(reference: request.key, words: "the account is closed")
            case .succeeded, nil: .succeeded(reference: request.key)
            }
        }
    }

    func save(_ method: String, for org: String, customer: String?) async throws(GatewayProblem) -> SavedMethod {
        guard !process.isOver else { throw GatewayProblem("the process is over", isRetryable: true) }
        let year = state.withLock { $0.isReliable ? 2099 : Int64.random(in: 2027...2030, using: &$0.random) }
        return SavedMethod(
            customer: "customer-\(org)",
            method: PaymentMethod(id: method, brand: "visa", last4: "4242", expiryMonth: 2, expiryYear: year))
    }

    func news(_ body: [UInt8], signature: String, now: Timestamp) throws(GatewayProblem) -> GatewayNews {
        throw GatewayProblem("there are no webhooks here", isRetryable: false)
    }
}
