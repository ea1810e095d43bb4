import Metering

/// Why a request changed nothing, as both sockets say it.
public struct Refusal: Error, Sendable, Hashable {
    /// The codes of the protocol.
    public enum Code: String, Sendable, CaseIterable {
        /// Not the JSON that was expected.
        case malformed
        /// The line is over its limit.
        case tooLong = "too_long"
        /// No such operation.
        case unknownOp = "unknown_op"
        /// No such org.
        case unknownOrg = "unknown_org"
        /// The id was used for something else.
        case idConflict = "id_conflict"
        /// `at` too far ahead or back.
        case timeOutOfRange = "time_out_of_range"
        /// There is no hold of that id.
        case unknownHold = "unknown_hold"
        /// The hold would take more than is available.
        case insufficientCredits = "insufficient_credits"
        /// The org doesn't take part at present.
        case orgSuspended = "org_suspended"
        /// The member would pass a limit of theirs.
        case memberLimit = "member_limit"
        /// The org would pass its monthly budget.
        case orgBudget = "org_budget"
        /// There is as much of it as there may be.
        case limitExceeded = "limit_exceeded"
        /// A price was asked for and the model has no rate.
        case unknownModel = "unknown_model"
        /// The org's policy does not allow the model.
        case modelNotAllowed = "model_not_allowed"
        /// The org has too many usage records that have no price.
        case tooManyUnpriced = "too_many_unpriced"
        /// This peer may not speak for that org, or not do that.
        case forbidden
        /// It takes a sign-in that was made of late.
        case signInRequired = "sign_in_required"
        /// The org would be without an owner.
        case lastOwner = "last_owner"
        /// It would cost something else than was shown.
        case priceChanged = "price_changed"
        /// The org is closed.
        case orgClosed = "org_closed"
        /// Every seat is filled, or is about to go.
        case seatsFull = "seats_full"

        /// There is no saved payment method.
        case noPaymentMethod = "no_payment_method"
        /// The payment gateway can't be reached.
        case gatewayUnavailable = "gateway_unavailable"
        /// It can't be done as things stand.
        case conflict
        /// No such thing at that address of the control socket.
        case notFound = "not_found"
        /// Such a thing is there, and that can't be done with it.
        case methodNotAllowed = "method_not_allowed"
        /// The disk is full; nothing was recorded.
        case storageUnavailable = "storage_unavailable"
        /// It was refused for good, and there is no room to keep it.
        case quarantineFull = "quarantine_full"
        /// The daemon is stopping.
        case shuttingDown = "shutting_down"
        /// The daemon's clock may be wrong, and nobody has confirmed it yet.
        case clockUnconfirmed = "clock_unconfirmed"
        /// What is asked for stands in a row of the ledger that can't be read.
        case ledgerDamaged = "ledger_damaged"
        /// The daemon failed; what became of the request is not known.
        case unknownOutcome = "unknown_outcome"

        /// Whether a request that was refused so can succeed if it is sent again.
        public var isRetryable: Bool {
            switch self {
            case .malformed, .tooLong, .unknownOp, .unknownOrg, .idConflict, .timeOutOfRange, .unknownModel,
                .orgClosed, .notFound, .unknownHold, .insufficientCredits, .orgSuspended, .memberLimit, .orgBudget,
                .limitExceeded, .modelNotAllowed, .tooManyUnpriced, .forbidden, .seatsFull, .noPaymentMethod, .conflict,
                .ledgerDamaged, .methodNotAllowed, .signInRequired, .lastOwner, .priceChanged:
                false
            case .storageUnavailable, .shuttingDown, .unknownOutcome, .gatewayUnavailable, .quarantineFull,
                .clockUnconfirmed:
                true
            }
        }
    }

    /// Which of the reasons.
    public let code: Code
    /// What it was about, and what was expected.
    public let message: String
    /// Whether the line that was refused is kept until somebody decides about it.
    public var isQuarantined = false
    /// Whether it stands for good, whatever others of its code do.
    var isFinal = false
    /// Whether the same request, sent again later, can succeed.
    public var isRetryable: Bool { code.isRetryable && !isFinal && !isQuarantined }
    /// How much more would have to be available, or allowed; nil if that is not the reason.
    public var missing: Money?
    /// When the window of the limit that was passed ends; nil if no such limit was.
    public var retryAt: Timestamp?

    /// A refusal of that kind.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    init(_ code: Code, _ message: String, missing: Money, retryAt: Timestamp? = nil) {
        self.init(code, message)
        self.missing = missing
        self.retryAt = retryAt
    }

    /// The disk is full and the batch was rolled back.
    static let storageUnavailable = Refusal(
        .storageUnavailable, "the disk is full; nothing was recorded; send it again later")
}

extension Mutation {
    /// What is said to it where the disk is full: a probe was to prove that the writer moves, and it does.
    var outcomeOnAFullDisk: Outcome {
        if case .probe = self { .alive } else { .refused(.storageUnavailable) }
    }
}

extension Refusal {
    /// Why nothing is billed while the time can't be believed: a bill that was made at a wrong time stays.
    public static let clockUnconfirmed = Refusal(
        .clockUnconfirmed,
        "the daemon's clock jumped by more than a day and nothing keeps it right: nothing is billed until meterctl clock confirm says that it is right"
    )
}
