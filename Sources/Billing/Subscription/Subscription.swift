import Metering

/// An org's seats: how many in this period, and from the next one on.
public struct Subscription: Sendable, Hashable, Codable {
    /// The day it began: the billing day.
    public let signup: CalendarDay
    /// The number of the present period.
    public private(set) var number: Int64
    /// Seats that this period is paid for.
    public private(set) var seats: Int64
    /// Seats from the next period on; never more than there are.
    public private(set) var nextSeats: Int64

    /// A subscription that begins on a day.
    public init(signup: CalendarDay, seats: Int64) {
        self.signup = signup
        number = 0
        self.seats = seats
        nextSeats = seats
    }

    /// The present period.
    public var period: BillingPeriod { BillingPeriod(number: number, signup: signup) }

    /// Members there may be: nobody may fill a seat that is about to go. Nil for any number, where no seats are sold.
    public var membersMax: Int64? { seats == 0 && nextSeats == 0 ? nil : nextSeats }

    /// Why seats can't be changed.
    public enum ChangeError: Error, Sendable, Hashable {
        /// There has to be one more, one fewer, at least.
        case nothing
        /// More than the plan allows.
        case tooMany(max: Int64)
        /// More than there are from the next period on, less the one that has to stay.
        case tooFew(left: Int64)
        /// Members hold them.
        case held(members: Int64)
        /// No removal is waiting.
        case noRemoval
        /// The period is over; its successor has to be billed first.
        case periodOver
    }

    /// Seats that are added within a period.
    public struct Addition: Sendable, Hashable {
        /// The subscription with them.
        public let subscription: Subscription
        /// How many.
        public let quantity: Int64
        /// Days of the period that are paid for, that of the change included.
        public let days: Int64
        /// What they cost for those days, without tax.
        public let amount: Money
    }

    /// How many of so many wanted seats are there already: they are paid until the period ends and were to go with it.
    public func returning(of quantity: Int64) -> Int64 { max(0, min(quantity, seats - nextSeats)) }

    /// The subscription with a part of a removal taken back.
    public func takingBack(_ quantity: Int64) -> Subscription {
        var new = self
        new.nextSeats += returning(of: quantity)
        return new
    }

    /// More seats from a day on, paid for until the period ends.
    public func adding(_ quantity: Int64, on day: CalendarDay, _ plan: Plan) throws(ChangeError) -> Addition {
        guard quantity > 0 else { throw .nothing }
        guard quantity <= plan.seatsMax, seats + quantity <= plan.seatsMax else { throw .tooMany(max: plan.seatsMax) }
        guard day >= period.start, day < period.end else { throw .periodOver }
        guard let amount = Proration.amount(of: plan.seatPrice, quantity: quantity, from: day, in: period) else {
            throw .tooMany(max: plan.seatsMax)
        }
        return Addition(
            subscription: with(quantity), quantity: quantity, days: period.remaining(from: day), amount: amount)
    }

    /// The subscription with so many seats more, from now on.
    public func with(_ quantity: Int64) -> Subscription {
        var new = self
        new.seats += quantity
        new.nextSeats += quantity
        return new
    }

    /// Fewer seats from the next period on.
    public func removing(_ quantity: Int64, members: Int64) throws(ChangeError) -> Subscription {
        guard quantity > 0 else { throw .nothing }
        guard quantity < nextSeats else { throw .tooFew(left: nextSeats) }
        guard nextSeats - quantity >= members else { throw .held(members: members) }
        var new = self
        new.nextSeats -= quantity
        return new
    }

    /// All seats stay.
    public func cancellingRemoval() throws(ChangeError) -> Subscription {
        guard nextSeats < seats else { throw .noRemoval }
        var new = self
        new.nextSeats = seats
        return new
    }

    /// The subscription in its next period.
    public func renewed() -> Subscription { renewed(in: number + 1) }

    /// The subscription in a later period: after a suspension those that went by are not billed.
    public func renewed(in number: Int64) -> Subscription {
        var new = self
        new.number = max(number, self.number + 1)
        new.seats = nextSeats
        return new
    }
}
