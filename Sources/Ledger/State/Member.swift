import Metering

/// A person in an org, with what they spent in the present day and month.
final class Member {
    /// What changes seldom; a change is undone by the record before it.
    struct Record: Equatable {
        var role: OrgRole
        var state: MemberState
        /// Personal, like ``email``; nil if it isn't known or was erased.
        var name: String?
        var email: String?
        /// When they were invited or added.
        var added: Timestamp
        var removed: Timestamp?
        var dailyLimit: Money?
        var monthlyLimit: Money?
        /// Their newest sign-in.
        var authenticated: Timestamp?
        /// The newest thing that they did themselves, usage left out.
        var active: Timestamp?
        /// The names that usage records have, in the order in which they were given.
        var users: [String] = []
        /// Until when their open invitation can be accepted; nil if there is none.
        var invitedUntil: Timestamp?
    }

    /// What is written once per batch, and what is held.
    struct State: Equatable {
        var day: Int64 = 0
        var daySpend: Int64 = 0
        var month: Int64 = 0
        var monthSpend: Int64 = 0
        /// When usage of theirs was charged last, in milliseconds; 0 for never.
        var lastUsed: Int64 = 0
        /// The sum of their open holds; not written.
        var held: Int64 = 0
    }

    let id: Int64
    let org: Int64
    var record: Record
    var state = State()
    var committed = State()
    var isTouched = false

    init(id: Int64, org: Int64, record: Record) {
        self.id = id
        self.org = org
        self.record = record
    }

    var dailyLimit: Money? { record.dailyLimit }
    var monthlyLimit: Money? { record.monthlyLimit }

    /// Whether limits count for them and usage is theirs. An invited member may have names already.
    var takesPart: Bool { record.state != .removed }

    /// Whether they fill a seat: an invitation does until it expires.
    func fillsSeat(at now: Timestamp) -> Bool {
        switch record.state {
        case .active: true
        case .invited: record.invitedUntil.map { now < $0 } ?? false
        case .removed: false
        }
    }

    // A clock that was set back is still in the window that it had come to: nothing is forgotten by it.
    func spend(inDay day: Int64) -> Int64 { state.day >= day ? state.daySpend : 0 }
    func spend(inMonth month: Int64) -> Int64 { state.month >= month ? state.monthSpend : 0 }

    /// Adds to what they spent in a window; in a later one, if that was begun already.
    func add(_ amount: Int64, _ window: Window) {
        state.daySpend = spend(inDay: window.day) + amount
        state.day = max(state.day, window.day)
        state.monthSpend = spend(inMonth: window.month) + amount
        state.month = max(state.month, window.month)
    }
}
