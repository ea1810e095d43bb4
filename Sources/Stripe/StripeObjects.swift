import Foundation

// What is read of Stripe's objects; everything else in them is ignored.

struct StripeIntent: Decodable, Sendable {
    struct Failure: Decodable, Sendable {
        let code: String?
        let decline_code: String?
    }

    let id: String
    let status: String
    let amount: Int64?
    let metadata: [String: String]?
    let last_payment_error: Failure?
    let next_action: NextAction?

    /// See <https://docs.stripe.com/api/payment_intents/object#payment_intent_object-next_action>.
    struct NextAction: Decodable, Sendable {
        struct Redirect: Decodable, Sendable {
            let url: String?
        }

        let redirect_to_url: Redirect?
    }
}

struct StripeList<Item: Decodable & Sendable>: Decodable, Sendable {
    let data: [Item]
    let has_more: Bool?
}

struct StripeCustomer: Decodable, Sendable {
    let id: String
}

/// See <https://docs.stripe.com/api/checkout/sessions/object>.
struct StripeSession: Decodable, Sendable {
    struct SetupIntent: Decodable, Sendable {
        let payment_method: String?
    }

    let id: String
    let url: String?
    let status: String?
    let expires_at: Int64?
    let metadata: [String: String]?
    let setup_intent: SetupIntent?
}

struct StripeMethod: Decodable, Sendable {
    struct Card: Decodable, Sendable {
        let brand: String?
        let last4: String?
        let exp_month: Int64?
        let exp_year: Int64?
        let fingerprint: String?
    }

    let id: String
    let type: String?
    let customer: String?
    let card: Card?
}

/// What lists have, by pages.
protocol StripeItem: Decodable, Sendable {
    var id: String { get }
}

struct StripeDispute: StripeItem {
    struct Movement: Decodable, Sendable {
        let amount: Int64
        let fee: Int64?
    }

    struct Evidence: Decodable, Sendable {
        let due_by: Int64?
    }

    let id: String
    let status: String
    let amount: Int64
    let payment_intent: String?
    let reason: String?
    let balance_transactions: [Movement]?
    let evidence_details: Evidence?
}

struct StripeRefund: StripeItem {
    let id: String
    let payment_intent: String?
    let reason: String?
    let status: String?
    let amount: Int64?
    let failure_reason: String?
    let metadata: [String: String]?
}

struct StripeProblem: Decodable, Sendable {
    struct Contents: Decodable, Sendable {
        let type: String?
        let code: String?
        let decline_code: String?
        let message: String?
        let payment_intent: StripeIntent?
    }

    let error: Contents
}

struct StripeEvent: Decodable, Sendable {
    struct Payload: Decodable, Sendable {
        let object: Subject
    }

    struct Subject: Decodable, Sendable {
        let object: String?
        let metadata: [String: String]?
    }

    let id: String
    let type: String
    let data: Payload
}
