import Foundation
import TestSupport
import Testing

/// Bills that Stripe collects, with the built programs and a real HTTP peer.
@Suite(.ownThread, .enabled(if: StripeDouble.isInstalled, "scripts/install-stripe-double installs the peer"))
struct StripeTests {
    private let stripe: StripeDouble
    private let daemon: RunningDaemon

    init() throws {
        stripe = try StripeDouble()
        let folder = try TemporaryDirectory()
        for (name, secret) in [("stripe-key", "sk_test_verysecret"), ("stripe-webhook-secret", "whsec_test")] {
            try secret.write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
        }
        self.folder = folder
        // As systemd hands them in.
        daemon = try RunningDaemon(
            arguments: ["--test-clock", "2026-01-31T10:00:00Z"],
            environment: [
                "CREDENTIALS_DIRECTORY": folder.path, "METERD_BILLING_GATEWAY": "stripe",
                "METERD_BILLING_STRIPE_URL": stripe.address,
            ])
        _ = try daemon.json("org", "create", "acme")
    }

    private let folder: TemporaryDirectory

    private func save(_ number: String, year: Int = 2090, month: Int = 12) throws {
        _ = try daemon.json("payment-method", "set", "acme", try stripe.card(number, year: year, month: month))
    }

    private func move(to day: String) throws {
        #expect(try daemon.meterctl("clock", "\(day)T00:00:00Z").status == 0)
    }

    private func standing() throws -> String? {
        try daemon.json("subscription", "show", "acme")["standing"] as? String
    }

    private func balance() throws -> String? { try daemon.json("balance", "acme")["balance"] as? String }

    /// The books balance, and what Stripe took is what the ledger has.
    private func agree() throws {
        #expect(try daemon.meterctl("ledger", "verify").status == 0)
        var paid: [Int: Int] = [:]
        for item in try daemon.json("payments", "list", "acme")["items"] as? [[String: Any]] ?? []
        where item["state"] as? String == "succeeded" {
            let cents = Int((item["amount"] as? String ?? "").replacing(".", with: ""))
            paid[item["payment"] as? Int ?? 0] = cents
        }
        var taken: [Int: Int] = [:]
        for payment in try stripe.captured() where payment.refunded == 0 {
            let number = Int(payment.mark.split(separator: "-").last ?? "") ?? 0
            #expect(taken[number] == nil, "payment \(number) was taken twice")
            taken[number] = payment.amount
        }
        #expect(paid == taken)
    }

    @Test func aCardIsEnteredOnStripesPageAndSeenNowhereElse() throws {
        _ = try daemon.json("org", "create", "other")
        let peer = try ControlPeer(daemon.controlSocket, isStranger: false)
        func post(
            _ path: String, _ body: [String: String], key: String = UUID().uuidString
        ) throws -> ControlPeer.Answer {
            try peer.ask("POST", "/v1/orgs/\(path)", body, key: key)
        }
        let back = ["return_url": "https://a.example/{org}/method?tab=billing"]
        let begun = try post("acme/payment-method/entry", back, key: "k")
        let again = try post("acme/payment-method/entry", back, key: "k")
        let session = try #require(begun.json["session"] as? String, "\(begun)")
        #expect(again.json["session"] as? String == session && begun.json["expires"] != nil, "\(again)")
        let page = try #require(begun.json["url"] as? String)
        let finish = "acme/payment-method/entry/finish"
        // Not before a card was entered, and not by another org.
        #expect(try post(finish, ["session": session]).code == "conflict")
        #expect(try stripe.enter(nil, on: page) == "https://a.example/acme/method?tab=billing&session=\(session)")
        #expect(try post(finish, ["session": session]).code == "conflict")
        #expect(
            try stripe.enter("4242424242424242", on: page)
                == "https://a.example/acme/method?tab=billing&session=\(session)")
        for (path, name) in [("other/payment-method/entry/finish", session), (finish, "cs_test_99"), (finish, "x/y")] {
            let answer = try post(path, ["session": name])
            #expect(answer.status == 404 && answer.code == "not_found", "\(answer)")
        }
        let finished = try post(finish, ["session": session], key: "f")
        #expect(finished.json["last4"] as? String == "4242", "\(finished)")
        #expect(try post(finish, ["session": session], key: "f").json["last4"] as? String == "4242")
        #expect(try daemon.json("credits", "buy", "acme", "100")["state"] as? String == "succeeded")
        // A page that nobody used in time; a gateway that is silent for a moment.
        let second = try #require(try post("acme/payment-method/entry", back).json["session"] as? String)
        try stripe.ask(["cmd": "expire", "session": second])
        #expect(try post(finish, ["session": second]).body.contains("begin again"))
        try stripe.fault("error_before", on: "/v1/checkout/sessions")
        let silent = try post("acme/payment-method/entry", back)
        #expect(silent.code == "gateway_unavailable" && silent.status == 503, "\(silent)")
        #expect(try post("acme/payment-method/entry", ["return_url": "http://evil.example"]).code == "malformed")
        try agree()
    }

    @Test func aSavedCardPaysAtOnce() throws {
        let without = try daemon.meterctl("credits", "buy", "acme", "100")
        #expect(without.status == 1)
        #expect(without.errors.contains("meterctl payment-method set acme"))
        try save("4242424242424242", year: 2031, month: 4)
        let method = try daemon.json("payment-method", "show", "acme")
        #expect((method["brand"] as? String, method["last4"] as? String) == ("visa", "4242"))
        #expect(method["expiry"] as? String == "2031-04")
        let payment = try daemon.json("credits", "buy", "acme", "100", "--id", "order-1")
        #expect((payment["state"] as? String, payment["method"] as? String) == ("succeeded", "visa ending in 4242"))
        #expect(try balance() == "100.000000000")
        #expect(try daemon.json("credits", "buy", "acme", "100", "--id", "order-1")["payment"] as? Int == 1)
        #expect(try daemon.json("seats", "add", "acme", "2")["state"] as? String == "succeeded")
        #expect(try balance() == "100.000000000")
        try agree()
        // No secret and no card is in any text.
        #expect(daemon.terminate() == 0)
        for secret in ["verysecret", "whsec_test", "42424242"] { #expect(!daemon.log.contains(secret)) }
        let state = try FileManager.default.contentsOfDirectory(atPath: daemon.stateDirectory)
        for name in state {
            let bytes = try Data(contentsOf: URL(filePath: "\(daemon.stateDirectory)/\(name)"))
            for secret in ["verysecret", "whsec_test", "42424242"] {
                #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(name) has \(secret)")
            }
        }
    }

    @Test func aDeclineSaysWhyAndChangesNothing() throws {
        try save("4000000000000341")
        let declined = try daemon.meterctl("credits", "buy", "acme", "100")
        #expect(declined.status == 1)
        #expect(declined.errors.contains("the bank refused without a reason"))
        try save("4000002500003155")
        #expect(try daemon.meterctl("seats", "add", "acme", "2").errors.contains("3-D Secure"))
        try save("4242424242424242")
        try stripe.fault("decline:insufficient_funds")
        #expect(try daemon.meterctl("credits", "buy", "acme", "50").errors.contains("insufficient funds"))
        #expect(try balance() == "0.000000000")
        #expect(try standing() == "none")
        try agree()
        let refused = try daemon.meterctl("payment-method", "set", "acme", try stripe.card("4000000000000002"))
        #expect(refused.errors.contains("can't be saved"))
        #expect(try daemon.json("payment-method", "show", "acme")["last4"] as? String == "4242")
    }

    @Test func aPageToConfirmOnIsStillThereAfterACrash() throws {
        try save("4000002760003184")
        // Without a page of its own to lead back to, the daemon can only be asked with one.
        #expect(try daemon.meterctl("doctor").output.contains("set billing.return_url"))
        let page = "https://a.example/{org}/{payment}"
        let words = try daemon.meterctl("credits", "buy", "acme", "100", "--id", "o1", "--return-url", page)
        #expect(words.status == 0)
        #expect(words.output.contains("confirm at"))
        daemon.kill9()
        try daemon.start()
        let waiting = try daemon.json("credits", "buy", "acme", "100", "--id", "o1")
        let confirm = try #require(waiting["confirm"] as? [String: Any])
        let url = try #require(confirm["url"] as? String)
        #expect(words.output.contains(url))
        #expect(try stripe.confirm(on: url).hasPrefix("https://a.example/acme/1?"))
        #expect(try balance() == "0.000000000")
        #expect(try daemon.json("payments", "check", "acme", "1")["state"] as? String == "succeeded")
        #expect(try balance() == "100.000000000")
        let refused = try daemon.meterctl("payments", "cancel", "acme", "1")
        #expect(refused.status == 1 && refused.errors.contains("payment 1 is succeeded"))
        let wrong = try daemon.meterctl("credits", "buy", "acme", "50", "--return-url", "javascript:alert(1)")
        #expect(wrong.errors.contains("return_url must be an https URL"))
        #expect(try daemon.json("seats", "add", "acme", "1", "--return-url", "https://a.example")["confirm"] != nil)
        #expect(try daemon.json("payments", "cancel", "acme", "2")["state"] as? String == "canceled")
        try agree()
    }

    @Test(arguments: ["drop_after", "drop_before", "error_after", "error_before"])
    func aCrashBetweenTheGatewayAndTheLedgerIsSettledByTheNextStart(fault: String) throws {
        try save("4242424242424242")
        try stripe.fault(fault)
        let payment = try daemon.json("credits", "buy", "acme", "100", "--id", "order-1")
        #expect(payment["state"] as? String == "pending")
        #expect(try balance() == "0.000000000")
        daemon.kill9()
        try daemon.start()
        // The same order again is the same payment, whoever comes first.
        let again = try daemon.json("credits", "buy", "acme", "100", "--id", "order-1")
        #expect((again["payment"] as? Int, again["state"] as? String) == (1, "succeeded"))
        #expect(try balance() == "100.000000000")
        try agree()
    }

    @Test func aDaemonKilledWhileStripeIsSilentAsksAgain() async throws {
        try save("4242424242424242")
        try stripe.fault("hang")
        let socket = daemon.controlSocket
        let order = Background {
            try Binaries.run(
                "meterctl", ["credits", "buy", "acme", "100", "--id", "o1"],
                environment: ["METERD_CONTROL_SOCKET": socket])
        }
        // When Stripe has the request, the payment is on record.
        try stripe.ask(["cmd": "arrived", "method": "POST", "path": "/v1/payment_intents"])
        daemon.kill9()
        #expect(try await order.value.status == 69)
        try daemon.start()
        let again = try daemon.json("credits", "buy", "acme", "100", "--id", "o1")
        #expect((again["payment"] as? Int, again["state"] as? String) == (1, "succeeded"))
        try agree()
    }

    @Test func aDeclinedInvoiceIsTriedAgainAndPaymentRestores() throws {
        try save("4242424242424242")
        _ = try daemon.json("seats", "add", "acme", "3")
        try save("4000000000000341")
        try move(to: "2026-02-28")
        #expect(try standing() == "grace")
        for day in ["2026-03-01", "2026-03-02", "2026-03-03"] { try move(to: day) }
        #expect(try standing() == "suspended")
        let retry = try daemon.meterctl("payments", "retry", "acme")
        #expect(retry.status == 1)
        #expect(try standing() == "suspended")
        // The next retry of the schedule finds another card.
        try save("4242424242424242")
        try move(to: "2026-03-05")
        #expect(try standing() == "current")
        let client = try LineClient(daemon.ingestSocket)
        #expect(!(try client.ask(#"{"op":"authorize","id":"h1","org":"acme","amount":"0"}"#)).contains("org_suspended"))
        try move(to: "2026-03-31")
        let invoices = try daemon.json("invoice", "list", "acme")["items"] as? [[String: Any]] ?? []
        #expect(invoices.map { $0["state"] as? String } == ["paid", "paid"])
        try agree()
    }

    @Test func withoutACardAnInvoiceIsDeclinedAndACardThatExpiresIsWarnedOf() throws {
        try save("4242424242424242", year: 2026, month: 3)
        _ = try daemon.json("seats", "add", "acme", "1")
        for day in ["2026-03-01", "2026-03-02", "2026-03-25"] { try move(to: day) }
        let events = try daemon.meterctl("events").output.split(separator: "\n").filter {
            $0.contains("payment_method_expiring")
        }
        #expect(events.count == 2)
        #expect(events.first?.contains("days=30") == true)
        #expect(events.last?.contains("days=7") == true)
    }

    @Test func creditsTopThemselvesUp() throws {
        try save("4242424242424242")
        _ = try daemon.json("credits", "buy", "acme", "50")
        _ = try daemon.json("credits", "top-up", "acme", "--below", "49.999", "--buy", "100", "--per-day", "2")
        let client = try LineClient(daemon.ingestSocket)
        #expect(
            try client.ask(#"{"id":"r1","org":"acme","model":"gpt-5","usage":{"prompt_tokens":1000}}"#).contains(
                "charged"))
        try move(to: "2026-02-01")
        #expect(try balance() == "149.998750000")
        #expect(try daemon.json("credits", "top-up", "acme")["bought"] as? Int == 1)
        try agree()
    }

    // MARK: Webhooks

    /// Hands a webhook in over the control socket, and gives the status.
    private func post(_ body: String, _ signature: String) throws -> Int {
        let client = try LineClient(daemon.controlSocket)
        try client.write(
            Array(
                "POST /v1/webhooks/stripe HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nStripe-Signature: \(signature)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                    .utf8))
        let line = try client.receive() ?? ""
        return Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0
    }

    @Test func aWebhookSettlesWhatWasUnknown() throws {
        try save("4242424242424242")
        try stripe.fault("drop_after")
        #expect(try daemon.json("credits", "buy", "acme", "100")["state"] as? String == "pending")
        // What Stripe itself signs and sends of it.
        while true {
            let webhook = try stripe.ask(["cmd": "webhook"])
            guard let body = webhook["body"] as? String, let signature = webhook["signature"] as? String else { break }
            #expect(try post(body, signature) == 200)
            // Who forwards it may have lost the first answer.
            #expect(try post(body, signature) == 200)
            if body.contains("payment_intent.succeeded") { break }
        }
        #expect(try daemon.json("payments", "show", "acme", "1")["state"] as? String == "succeeded")
        #expect(try balance() == "100.000000000")
        try agree()
    }

    @Test func whoDoesNotKnowTheSecretSaysNothing() throws {
        let now = Int(Date().timeIntervalSince1970)
        let body = #"{"id":"evt_1","type":"payment_intent.succeeded","data":{"object":{"object":"payment_intent"}}}"#
        #expect(try post(body, try stripe.sign(body, secret: "whsec_test", time: now)) == 200)
        #expect(try post(body, try stripe.sign(body, secret: "whsec_guess", time: now)) == 400)
        #expect(try post(body, try stripe.sign(body, secret: "whsec_test", time: now - 400)) == 400)
        #expect(try post(body + " ", try stripe.sign(body, secret: "whsec_test", time: now - 1)) == 400)
        #expect(try post("{}", "") == 400)
        let huge = String(repeating: "x", count: 300_000)
        // The daemon may have closed before all of it was written.
        let status = try? post(huge, try stripe.sign(huge, secret: "whsec_test", time: now))
        #expect(status == nil || status == 413)
    }
}
