import Billing
import Metering
import Stripe
import TestSupport
import Testing

/// Who may say that there is news.
@Suite(.ownThread, .enabled(if: StripeDouble.isInstalled, "scripts/install-stripe-double installs the peer"))
struct WebhookSignatureTests {
    private let stripe: StripeDouble
    private let body = #"{"id":"evt_1","type":"payment_intent.succeeded","data":{"object":{}}}"#
    private let now = Timestamp(milliseconds: 1_800_000_000_000)

    init() throws { stripe = try StripeDouble() }

    private func header(_ time: Int = 1_800_000_000, secret: String = "whsec_test") throws -> String {
        try stripe.sign(body, secret: secret, time: time)
    }

    private func isTaken(_ header: String, _ body: String? = nil, _ signature: WebhookSignature? = nil) -> Bool {
        let signature = signature ?? WebhookSignature(secret: Secret("whsec_test"))
        return (try? signature.verify(Array((body ?? self.body).utf8), header, now: now)) != nil
    }

    @Test func whatCameBeforeIsNoError() throws {
        let signature = WebhookSignature(secret: Secret("whsec_test"))
        let header = try header()
        #expect(try signature.verify(Array(body.utf8), header, now: now))
        #expect(try !signature.verify(Array(body.utf8), header, now: now))
        #expect(try signature.verify(Array(body.utf8), try self.header(1_800_000_001), now: now))
    }

    @Test func anythingElseIsNot() throws {
        let header = try header()
        #expect(!isTaken(header, body + " "))
        #expect(!isTaken(try self.header(secret: "whsec_other")))
        #expect(!isTaken(header.replacing("t=1800000000", with: "t=1800000001")))
        #expect(!isTaken(header.replacing("v1=", with: "v0=")))
        for other in [
            "", "t=1800000000", "v1=00", "t=x,v1=y", String(repeating: ",", count: 4000),
            "t=-1,v1=\(header.suffix(64))",
        ] {
            #expect(!isTaken(other), "\(other.prefix(20))")
        }
    }

    @Test func onlyFiveMinutesLieBetween() throws {
        for (seconds, isTaken) in [(-300, true), (-301, false), (300, true), (301, false)] {
            #expect(self.isTaken(try header(1_800_000_000 + seconds)) == isTaken, "\(seconds)")
        }
    }

    @Test func aSecretThatIsBeingChangedMaySignBesideTheOther() throws {
        let other = try header(secret: "whsec_other").replacing("t=1800000000,", with: "")
        #expect(isTaken("\(try header()),\(other)"))
        #expect(isTaken("t=1800000000,\(other),\(try header().replacing("t=1800000000,", with: ""))"))
    }

    @Test func newsNameThePaymentOfThisLedgerAndNoOther() throws {
        let gateway = try StripeGateway(
            base: stripe.address, key: Secret("sk_1"), webhookSecret: Secret("whsec_test"), ledgerID: "l1")
        func news(_ mark: String, _ time: Int, object: String = "payment_intent") throws -> GatewayNews {
            let body =
                #"{"id":"evt_1","type":"payment_intent.succeeded","data":{"object":{"object":"\#(object)","metadata":{"meterd_payment":"\#(mark)"}}}}"#
            return try gateway.news(
                Array(body.utf8), signature: try stripe.sign(body, secret: "whsec_test", time: time), now: now)
        }
        #expect(try news("meterd-l1-payment-7", 1_800_000_000) == .payment(7))
        #expect(try news("meterd-l2-payment-7", 1_800_000_001) == .nothing(type: "payment_intent.succeeded"))
        #expect(try news("meterd-l1-payment-x", 1_800_000_002) == .nothing(type: "payment_intent.succeeded"))
        #expect(
            try news("meterd-l1-payment-7", 1_800_000_003, object: "charge")
                == .nothing(type: "payment_intent.succeeded"))
        for object in ["dispute", "refund"] {
            #expect(try news("", object == "refund" ? 1_800_000_004 : 1_800_000_005, object: object) == .returns)
        }
        #expect(try news("meterd-l1-payment-7", 1_800_000_000) == .known)
    }
}
