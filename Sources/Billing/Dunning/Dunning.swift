import Metering

/// What time alone brings an org that owes.
public enum DunningStep: Sendable, Hashable {
    /// The owed invoice's payment is tried again.
    case retry
    /// Requests are refused from now on.
    case suspend
    /// Told that detail and members are erased so many days from now.
    case announceErasure(days: Int64)
    /// Detail and members are erased.
    case erase
}

// Every way from one standing to the next.
extension Standing {
    private static let day: Int64 = 86_400

    /// After a period invoice was declined. Of several declines the first counts.
    public func declined(at moment: Timestamp) -> Standing {
        guard case .current = self else { return self }
        return .grace(Arrears(declined: moment, retries: 0))
    }

    /// After what is owed was paid: everything is as before, at once.
    public var paid: Standing { .current }

    /// After a dispute ended in which nothing followed: the grace, or the retention, begins anew.
    public func resumed(at now: Timestamp, _ terms: DunningTerms) -> Standing {
        switch self {
        case .current, .erased: return self
        case .grace: return .grace(Arrears(declined: now, retries: 0))
        case .suspended(let arrears, var suspension):
            suspension.announced = 0
            suspension.erases = now.advanced(bySeconds: terms.retentionDays * Self.day)
            return .suspended(arrears, suspension)
        }
    }

    /// What time brings next, and when; nil where it brings nothing. Of what is due at once, the step that helps comes first: a
    /// retry before a suspension.
    public func next(_ terms: DunningTerms) -> (step: DunningStep, due: Timestamp)? {
        switch self {
        case .current, .erased: return nil
        case .grace(let arrears):
            let suspension = arrears.declined.advanced(bySeconds: terms.graceDays * Self.day)
            if let retry = Self.retry(arrears, terms), retry <= suspension { return (.retry, retry) }
            return (.suspend, suspension)
        case .suspended(let arrears, let suspension):
            var next: (step: DunningStep, due: Timestamp) = (.erase, suspension.erases)
            if suspension.announced < terms.announceDays.count {
                let days = terms.announceDays[suspension.announced]
                let due = suspension.erases.advanced(bySeconds: -days * Self.day)
                next = (.announceErasure(days: days), due)
            }
            if let retry = Self.retry(arrears, terms), retry <= next.due { return (.retry, retry) }
            return next
        }
    }

    /// After the next step was taken at a moment at which it is due. What came late catches up: retries that were missed are one;
    /// a suspension began when it was due, and its retention when it was told; an erasure waits until it was announced as long before as was
    /// promised.
    public func taking(_ step: DunningStep, at now: Timestamp, _ terms: DunningTerms) -> Standing {
        switch (self, step) {
        case (.grace(var arrears), .retry):
            arrears.retries = Self.retriesDue(arrears, at: now, terms)
            return .grace(arrears)
        case (.suspended(var arrears, let suspension), .retry):
            arrears.retries = Self.retriesDue(arrears, at: now, terms)
            return .suspended(arrears, suspension)
        case (.grace(let arrears), .suspend):
            let since = arrears.declined.advanced(bySeconds: terms.graceDays * Self.day)
            return .suspended(
                arrears,
                Suspension(
                    since: since, erases: now.advanced(bySeconds: terms.retentionDays * Self.day), announced: 0))
        case (.suspended(let arrears, var suspension), .announceErasure(let days)):
            suspension.announced += 1
            suspension.erases = max(suspension.erases, now.advanced(bySeconds: days * Self.day))
            return .suspended(arrears, suspension)
        case (.suspended(let arrears, _), .erase):
            return .erased(arrears, at: now)
        case (.current, _), (.erased, _), (.grace, _), (.suspended, .suspend):
            return self
        }
    }

    private static func retry(_ arrears: Arrears, _ terms: DunningTerms) -> Timestamp? {
        guard arrears.retries < terms.retryDays.count else { return nil }
        return arrears.declined.advanced(bySeconds: terms.retryDays[arrears.retries] * day)
    }

    private static func retriesDue(_ arrears: Arrears, at now: Timestamp, _ terms: DunningTerms) -> Int {
        let due = terms.retryDays.filter { arrears.declined.advanced(bySeconds: $0 * day) <= now }.count
        return max(arrears.retries + 1, due)
    }
}
