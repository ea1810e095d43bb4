import Billing
import Metering

/// What the model is told of the world beside mutations.
struct Surroundings: Sendable {
    /// What a client or an operator is asking for at the moment.
    enum Intent: Sendable, Equatable {
        case addSeats(Int64)
        case removeSeats(Int64)
        case buy(Int64)
        case topUp(threshold: Int64?)
        case credit(Int64, CreditDestination?)
        case refundCredits(payment: Int64)
    }

    var intent: Intent?
    /// What the gateway has on record of a payment.
    let charge: @Sendable (Int64) -> SimulatedGateway.Charge?
    /// What a bank has on record of a dispute.
    let dispute: @Sendable (String) -> SimulatedGateway.Dispute?
}
