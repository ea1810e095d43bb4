import Ledger
import Metering
import Synchronization

/// Holds the ledger to the model: every answer when it is given, everything that is on record when it is looked at.
///
/// Of a batch that nobody heard the end of it isn't known whether it was made. Both are possible until one of them is refuted; where
/// all are, something is wrong.
final class Checker: Sendable {
    private struct State {
        var models: [Model]
        var wrong: String?
        var intent: Surroundings.Intent?
        var commits = 0
        var answers = 0
        var unheard = 0
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    }

    private let state: Mutex<State>
    private let charge: @Sendable (Int64) -> SimulatedGateway.Charge?
    private let dispute: @Sendable (String) -> SimulatedGateway.Dispute?
    /// Whether everything is printed while it is done.
    let isTold: Bool

    init(
        _ model: Model, isTold: Bool, charge: @escaping @Sendable (Int64) -> SimulatedGateway.Charge?,
        dispute: @escaping @Sendable (String) -> SimulatedGateway.Dispute?
    ) {
        self.dispute = dispute
        self.isTold = isTold
        state = Mutex(State(models: [model]))
        self.charge = charge
    }

    /// What is wrong; nil for nothing.
    var wrong: String? { state.withLock { $0.wrong } }

    /// One that is not refuted: what is drawn by it may fit another, which then refuses.
    var model: Model { state.withLock { $0.models[0] } }

    /// Batches, answers, and mutations whose answer nobody heard.
    var counts: (commits: Int, answers: Int, unheard: Int) {
        state.withLock { ($0.commits, $0.answers, $0.unheard) }
    }

    /// Of everything that was answered: equal for equal runs.
    var digest: UInt64 { state.withLock { $0.digest } }

    func intend(_ intent: Surroundings.Intent?) { state.withLock { $0.intent = intent } }

    private static func mix(_ number: UInt64, _ state: inout State) {
        state.digest = (state.digest ^ number) &* 0x100_0000_01b3
    }

    /// A batch was answered.
    func check(_ lots: [[Mutation]], _ outcomes: [[Outcome]], _ now: Timestamp) {
        let (mutations, answers) = (Array(lots.joined()), Array(outcomes.joined()))
        let isFull = answers.contains {
            if case .refused(let refusal) = $0 { refusal.code == .storageUnavailable } else { false }
        }
        if isTold {
            for (mutation, answer) in zip(mutations, answers) { print("    \(mutation.words): \(answer)") }
        }
        state.withLock { state in
            state.commits += 1
            state.answers += answers.count
            guard !isFull else {
                let isWhole = answers.allSatisfy {
                    if case .refused(let refusal) = $0 { refusal.code == .storageUnavailable } else { false }
                }
                if !isWhole { state.wrong = state.wrong ?? "a batch was refused in part" }
                return
            }
            for answer in answers { Self.mix(answer.number, &state) }
            Self.refute(&state, Surroundings(intent: state.intent, charge: charge, dispute: dispute)) {
                model, world throws(Wrong) in
                for (mutation, answer) in zip(mutations, answers) {
                    do throws(Wrong) {
                        try model.take(mutation, answer, now.milliseconds, world)
                    } catch {
                        throw Wrong("\(mutation.words): \(error)")
                    }
                }
            }
        }
    }

    /// A batch was under way when the process ended.
    func lost(_ lots: [[Mutation]], _ now: Timestamp) {
        let mutations = Array(lots.joined())
        guard !mutations.isEmpty else { return }
        state.withLock { state in
            state.unheard += mutations.count
            let world = Surroundings(intent: state.intent, charge: charge, dispute: dispute)
            let made = state.models.compactMap { model -> Model? in
                var model = model
                do throws(Wrong) {
                    for mutation in mutations { try model.take(mutation, nil, now.milliseconds, world) }
                    return model
                } catch {
                    state.wrong = state.wrong ?? "what was under way: \(error)"
                    return nil
                }
            }
            state.models += made
        }
    }

    func didOwnWork(_ now: Timestamp) {
        state.withLock { state in
            for index in state.models.indices { state.models[index].didOwnWork(now.milliseconds) }
        }
    }

    /// Looks at what is on record; says what differs, nil for nothing.
    func compare(_ look: (Model) -> String?) {
        state.withLock { state in
            Self.refute(&state, Surroundings(intent: nil, charge: charge, dispute: dispute)) { model, _ throws(Wrong) in
                if let words = look(model) { throw Wrong(words) }
            }
        }
    }

    private static func refute(
        _ state: inout State, _ world: Surroundings, _ body: (inout Model, Surroundings) throws(Wrong) -> Void
    ) {
        guard state.wrong == nil else { return }
        if state.models.count == 1, var model = state.models.popLast() {
            // In place: a model is not copied for a batch that was answered.
            do throws(Wrong) {
                try body(&model, world)
            } catch {
                state.wrong = "\(error)"
            }
            state.models = [model]
            return
        }
        var left: [Model] = []
        var words: [String] = []
        for model in state.models {
            var model = model
            do throws(Wrong) {
                try body(&model, world)
                left.append(model)
            } catch {
                words.append("\(error)")
            }
        }
        if left.isEmpty { state.wrong = words.joined(separator: "; or ") } else { state.models = left }
        // Models that nothing has told apart so far are equal.
        if state.models.count > 64 { state.models.removeLast(state.models.count - 64) }
    }
}

extension Mutation {
    /// The same, read by the daemon at that moment.
    func arriving(at now: Timestamp) -> Mutation {
        guard case .usage(let record, _, let peer, let prepared, _) = self else { return self }
        return .usage(record, received: now, peer: peer, prepared: prepared)
    }

    /// In short, for people.
    var words: String {
        switch self {
        case .usage(let record, _, _, _, _): "usage \(record.org) \(record.id) \(record.model) \(record.usage)"
        case .authorize(let request): "authorize \(request.org) \(request.id)"
        case .bill(let change, let key): "bill \(change.org) \(change.kind) \(key?.key ?? "")"
        case .recordCard: "card"
        case .correct(let correction, _):
            "correct \(correction.org) \(correction.id) to \(correction.usage ?? "nothing")"
        case .createOrg(let org, _): "create \(org.name)"
        case .closeOrg(let org, _): "close \(org)"
        case .grant(let grant, let key): "grant \(grant.org) \(grant.amount) \(grant.source) \(key.key)"
        case .addMember(let org, let user, _, _, _): "add \(user) to \(org)"
        case .removeMember(let org, let user, _): "remove \(user) from \(org)"
        case .postponeBill(let org, let after, let due, _):
            "postpone \(org) after \(after) to \(due?.description ?? "never")"
        default: "\(self)"
        }
    }
}

extension Outcome {
    /// Something that tells answers apart.
    fileprivate var number: UInt64 {
        switch self {
        case .usage(let reply):
            UInt64(bitPattern: reply.balance.nanos &* 31 &+ reply.available.nanos) &+ (reply.isDuplicate ? 1 : 0)
        case .hold(let reply): UInt64(bitPattern: reply.available.nanos &* 37 &+ reply.expires.milliseconds)
        case .balance(let reply): UInt64(bitPattern: reply.balance.nanos &* 41 &+ reply.available.nanos)
        case .billed(let applied, let isReplay): UInt64(bitPattern: applied.change) &* 43 &+ (isReplay ? 1 : 0)
        case .refused(let refusal):
            UInt64(truncatingIfNeeded: refusal.code.rawValue.utf8.reduce(0) { $0 &* 31 &+ Int($1) })
        default: 7
        }
    }
}
