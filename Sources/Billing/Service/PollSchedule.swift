import Metering

/// When to ask a gateway again about payments and refunds that are under way: soon, then ever later. Not kept: after a restart all are
/// asked about.
actor PollSchedule {
    /// What is asked about.
    enum Subject: Hashable {
        case payment(Int64)
        case refund(Int64)
    }

    private var polls: [Subject: (next: Timestamp, seconds: Int64)] = [:]

    /// Seconds after the first time, and at most.
    private static let (first, most): (Int64, Int64) = (5, 600)

    /// Whether a subject's time has come.
    func isDue(_ subject: Subject, now: Timestamp) -> Bool { polls[subject].map { $0.next <= now } ?? true }

    /// Asks about it later.
    func postpone(_ subject: Subject, now: Timestamp) {
        let seconds = polls[subject].map { min($0.seconds * 2, Self.most) } ?? Self.first
        polls[subject] = (now.advanced(bySeconds: seconds), seconds)
    }

    /// Asks about it at once: there is news.
    func hasten(_ subject: Subject) { polls[subject] = nil }

    /// It is settled.
    func forget(_ subject: Subject) { polls[subject] = nil }

    /// The earliest time at which to ask.
    var earliest: Timestamp? { polls.values.map(\.next).min() }
}
