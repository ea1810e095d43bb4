import Billing
import Metering
import Stripe
import TestSupport
import Testing

/// Payments by Stripe, against a real HTTP peer.
@Suite(.ownThread, .enabled(if: StripeDouble.isInstalled, "scripts/install-stripe-double installs the peer"))
struct StripeGatewayTests {
    private let stripe: StripeDouble
    private let now: Timestamp

    init() throws {
        stripe = try StripeDouble()
        now = try #require(Timestamp(rfc3339: "2026-11-25T10:00:00Z"))
    }

    private func gateway(key: String = "sk_test_123", timeout: Int64 = 10) throws -> StripeGateway {
        try StripeGateway(
            base: stripe.address, key: Secret(key), webhookSecret: Secret("whsec_test"), ledgerID: "l1",
            timeoutSeconds: timeout)
    }

    /// A payment of twelve dollars with a card that is saved here.
    private func request(
        _ number: Int64 = 1, card: String = "4242424242424242", laterBy seconds: Int64 = 0
    ) async throws -> ChargeRequest {
        let saved = try await gateway().save(try stripe.card(card), for: "acme", customer: nil)
        return ChargeRequest(
            org: "acme", payment: number, key: "meterd-l1-payment-\(number)", amount: Money(nanos: 12_000_000_000),
            description: "seats & more", customer: saved.customer, method: saved.method, opened: now,
            now: now.advanced(bySeconds: seconds))
    }

    private func later(_ request: ChargeRequest, hours: Int64) -> ChargeRequest {
        ChargeRequest(
            org: request.org, payment: request.payment, key: request.key, amount: request.amount,
            description: request.description, customer: request.customer, method: request.method,
            opened: request.opened,
            now: request.opened.advanced(bySeconds: hours * 3600))
    }

    @Test func aSavedCardIsChargedOnceHoweverOftenItIsAsked() async throws {
        let request = try await request()
        guard case .succeeded(let reference) = try await gateway().charge(request, isRepeat: false) else {
            Issue.record("not charged")
            return
        }
        #expect(reference.hasPrefix("pi_"))
        #expect(try await gateway().charge(request, isRepeat: true) == .succeeded(reference: reference))
        #expect(try await gateway().charge(request, isRepeat: false) == .succeeded(reference: reference))
        // Also when Stripe has forgotten the key.
        #expect(
            try await gateway().charge(later(request, hours: 48), isRepeat: true) == .succeeded(reference: reference))
        let captured = try stripe.captured()
        #expect(captured.map(\.mark) == ["meterd-l1-payment-1"])
        #expect(captured.map(\.amount) == [1200])
    }

    @Test(arguments: [
        ("4000000000000341", DeclineReason.refused), ("4000002500003155", .authenticationRequired),
    ])
    func aDeclinedCardSaysWhy(card: String, reason: DeclineReason) async throws {
        let request = try await request(card: card)
        guard case .declined(reason, let reference?) = try await gateway().charge(request, isRepeat: false) else {
            Issue.record("not declined for that reason")
            return
        }
        #expect(reference.hasPrefix("pi_"))
        #expect(try stripe.captured().isEmpty)
        // It was given up there too.
        let requests = try stripe.ask(["cmd": "requests"])["requests"] as? [[Any]] ?? []
        #expect(requests.contains { $0[1] as? String == "/v1/payment_intents/\(reference)/cancel" })
    }

    @Test(arguments: [
        ("insufficient_funds", DeclineReason.insufficientFunds), ("expired_card", .expiredCard),
        ("card_velocity_exceeded", .cardLimit), ("authentication_required", .authenticationRequired),
        ("stolen_card", .cardBlocked), ("do_not_honor", .refused),
    ])
    func declineCodesAreWords(code: String, reason: DeclineReason) async throws {
        let request = try await request()
        try stripe.fault("decline:\(code)")
        guard case .declined(reason, _) = try await gateway().charge(request, isRepeat: false) else {
            Issue.record("not declined for that reason")
            return
        }
    }

    @Test(arguments: ["drop_after", "error_after"])
    func whatWasDoneWithoutAnAnswerIsFoundAndNotDoneAgain(fault: String) async throws {
        let request = try await request()
        try stripe.fault(fault)
        guard case .unknown = try await gateway().charge(request, isRepeat: false) else {
            Issue.record("nobody can know")
            return
        }
        guard case .succeeded = try await gateway().charge(later(request, hours: 30), isRepeat: true) else {
            Issue.record("not found")
            return
        }
        #expect(try stripe.captured().count == 1)
    }

    @Test(arguments: ["drop_before", "error_before"])
    func whatWasNotDoneIsDoneOnce(fault: String) async throws {
        let request = try await request()
        try stripe.fault(fault, times: 2)
        for isRepeat in [false, true] {
            guard case .unknown = try await gateway().charge(request, isRepeat: isRepeat) else {
                Issue.record("nobody can know")
                return
            }
        }
        guard case .succeeded = try await gateway().charge(request, isRepeat: true) else {
            Issue.record("not charged")
            return
        }
        #expect(try stripe.captured().count == 1)
    }

    @Test func whatNeverArrivedInADayIsGivenUpAndNotSentAnyMore() async throws {
        let request = try await request()
        try stripe.fault("drop_before")
        _ = try await gateway().charge(request, isRepeat: false)
        #expect(
            try await gateway().charge(later(request, hours: 23), isRepeat: true)
                == .declined(.neverArrived, reference: nil))
        #expect(try stripe.captured().isEmpty)
    }

    @Test func whileItCannotBeSaidWhetherItIsThereNothingIsSent() async throws {
        let request = try await request()
        try stripe.fault("error_before", method: "GET")
        guard case .unknown = try await gateway().charge(request, isRepeat: true) else {
            Issue.record("nobody can know")
            return
        }
        #expect(try stripe.captured().isEmpty)
    }

    @Test func aPeerThatNeverAnswersIsGivenUpOn() async throws {
        let request = try await request()
        try stripe.fault("hang")
        guard case .unknown = try await gateway(timeout: 1).charge(request, isRepeat: false) else {
            Issue.record("it never answered")
            return
        }
    }

    @Test func aPaymentIsFoundAmongMany() async throws {
        let first = try await request()
        _ = try await gateway().charge(first, isRepeat: false)
        for number in Int64(2)...120 {
            let other = ChargeRequest(
                org: "acme", payment: number, key: "meterd-l1-payment-\(number)", amount: first.amount,
                description: "", customer: first.customer, method: first.method, opened: first.opened, now: first.now)
            _ = try await gateway().charge(other, isRepeat: false)
        }
        guard case .succeeded = try await gateway().charge(later(first, hours: 40), isRepeat: true) else {
            Issue.record("not found")
            return
        }
        #expect(try stripe.captured().count == 120)
    }

    @Test func aPaymentGoesBackOnce() async throws {
        let request = try await request()
        guard case .succeeded(let reference) = try await gateway().charge(request, isRepeat: false) else {
            Issue.record("not charged")
            return
        }
        let refund = RefundRequest(
            org: "acme", payment: 1, key: "meterd-l1-payment-1-refund", amount: request.amount, reference: reference)
        try stripe.fault("drop_after", on: "/v1/refunds")
        guard case .unknown = try await gateway().refund(refund, isRepeat: false),
            case .succeeded(let name?) = try await gateway().refund(refund, isRepeat: true)
        else {
            Issue.record("not given back")
            return
        }
        #expect(name.hasPrefix("re_"))
        #expect(try stripe.captured().map(\.refunded) == [1200])
    }

    private func refund(_ number: Int, _ cents: Int64, _ reference: String, isAnew: Bool = false) -> RefundRequest {
        RefundRequest(
            org: "acme", payment: 1, key: "meterd-l1-refund-\(number)", amount: Money(nanos: cents * 10_000_000),
            reference: reference, isAnew: isAnew)
    }

    private func paid() async throws -> String {
        guard case .succeeded(let reference) = try await gateway().charge(try await request(), isRepeat: false) else {
            throw StripeDouble.NotThere()
        }
        return reference
    }

    @Test func partsGoBackEachOnce() async throws {
        let reference = try await paid()
        for number in 1...2 {
            for isRepeat in [false, true, true] {
                guard case .succeeded = try await gateway().refund(refund(number, 500, reference), isRepeat: isRepeat)
                else {
                    Issue.record("not given back")
                    return
                }
            }
        }
        #expect(try stripe.captured().map(\.refunded) == [1000])
    }

    @Test func aRefundHasGoneBackOnlyWhenStripeSaysSo() async throws {
        let reference = try await paid()
        try stripe.fault("refund:pending", on: "/v1/refunds")
        guard case .pending(let name?) = try await gateway().refund(refund(1, 500, reference), isRepeat: false),
            case .pending(name) = try await gateway().refund(refund(1, 500, reference), isRepeat: true)
        else {
            Issue.record("it is on its way")
            return
        }
        #expect(try stripe.captured().map(\.refunded) == [0])
        try stripe.settle(refund: name, as: "failed")
        guard case .failed(name, _) = try await gateway().refund(refund(1, 500, reference), isRepeat: true) else {
            Issue.record("it failed")
            return
        }
        // Only who asks for it gets another attempt.
        guard
            case .succeeded(let second?) = try await gateway().refund(
                refund(1, 500, reference, isAnew: true), isRepeat: true)
        else {
            Issue.record("not given back")
            return
        }
        #expect(second != name)
        #expect(try stripe.captured().map(\.refunded) == [500])
    }

    @Test(arguments: ["requires_action", "canceled"]) func otherStatesOfARefund(status: String) async throws {
        let reference = try await paid()
        try stripe.fault("refund:\(status)", on: "/v1/refunds")
        switch (status, try await gateway().refund(refund(1, 1200, reference), isRepeat: false)) {
        case ("requires_action", .pending), ("canceled", .failed): break
        case (_, let result): Issue.record("\(status) is \(result)")
        }
    }

    @Test func aWrongKeyIsNoDecline() async throws {
        let request = try await request()
        guard case .unknown(let words) = try await gateway(key: "wrong").charge(request, isRepeat: false) else {
            Issue.record("a wrong key says nothing about a card")
            return
        }
        #expect(words.contains("API key"))
        #expect(!words.contains("wrong"))
    }

    @Test func aCardIsSavedForTheOrgsOneCustomer() async throws {
        let gateway = try gateway()
        let first = try await gateway.save(
            try stripe.card("4242424242424242", year: 2031, month: 4), for: "acme", customer: nil)
        #expect(first.customer.hasPrefix("cus_"))
        #expect((first.method.brand, first.method.last4, first.method.expiryMonth) == ("visa", "4242", 4))
        let second = try await gateway.save(
            try stripe.card("4000000000000341"), for: "acme", customer: first.customer)
        #expect(second.customer == first.customer)
        // One that is another customer's is not taken.
        await #expect(throws: GatewayProblem.self) {
            try await gateway.save(first.method.id, for: "globex", customer: "cus_other")
        }
        // But an org without a customer takes over the one that saved it, as a checkout page does.
        #expect(try await gateway.save(first.method.id, for: "initech", customer: nil).customer == first.customer)
        let problem = await #expect(throws: GatewayProblem.self) {
            try await gateway.save(try stripe.card("4000000000000002"), for: "acme", customer: first.customer)
        }
        #expect(problem?.words.contains("can't be saved") == true)
        await #expect(throws: GatewayProblem.self) {
            try await gateway.save("pm_none", for: "acme", customer: first.customer)
        }
    }

    @Test(arguments: ["http://example.com", "ftp://127.0.0.1", "nothing", ""])
    func aKeyNeverGoesOverANetworkInClear(base: String) {
        #expect(throws: StripeSetupError.self) {
            try StripeGateway(base: base, key: Secret("sk_1"), webhookSecret: nil, ledgerID: "l1")
        }
    }

    @Test func aSecretIsInNoText() {
        let secret = Secret("sk_live_42")
        #expect(!"\(secret)".contains("42"))
        #expect(!String(reflecting: secret).contains("42"))
        var text = ""
        dump(secret, to: &text)
        #expect(!text.contains("42"))
    }
}
