import LoadGenerator

/// What the clients were told.
struct HeldTally: Sendable {
    /// By org, from 1: the sum of the costs in nano-dollars.
    var costs: [Int64]
    var answered = 0
    var duplicates = 0
    /// Answers that came between the order to stop a daemon and the first answer of the next one.
    var answeredWhileOut = 0
    /// Of records whose connection did not break while they were open.
    var calm = Latencies()
    /// Of those that were sent again.
    var resent = Latencies()

    init(orgs: Int) {
        costs = Array(repeating: 0, count: orgs + 1)
    }

    /// Counts an answer.
    mutating func take(_ answer: PatientClient.Answer) {
        costs[answer.org] += answer.nanos
        answered += 1
        if answer.isDuplicate { duplicates += 1 }
        if answer.isResent { resent.record(answer.seconds) } else { calm.record(answer.seconds) }
    }

    /// Counts what another was told.
    mutating func add(_ other: HeldTally) {
        for org in costs.indices { costs[org] += other.costs[org] }
        (answered, duplicates) = (answered + other.answered, duplicates + other.duplicates)
        answeredWhileOut += other.answeredWhileOut
        calm.add(other.calm)
        resent.add(other.resent)
    }
}
