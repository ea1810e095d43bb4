import Foundation
import TestSupport
import Testing

/// The control socket over HTTP, as a dashboard or a script would use it.
@Suite(.ownThread) struct ControlTests {
    /// One exchange; the status line's number, the head, and the body.
    private func exchange(
        _ daemon: RunningDaemon, _ method: String, _ path: String, key: String? = nil, body: String = ""
    ) throws -> (status: Int, head: String, body: String) {
        let client = try LineClient(daemon.controlSocket)
        let keyLine = key.map { "Idempotency-Key: \($0)\r\n" } ?? ""
        try client.write(
            Array(
                "\(method) \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(keyLine)Content-Length: \(body.utf8.count)\r\n\r\n\(body)\n"
                    .utf8))
        var lines: [String] = []
        while let line = try client.receive(includingLast: true) { lines.append(line) }
        let end = lines.firstIndex { $0 == "\r" } ?? lines.endIndex
        let head = lines[..<end].joined(separator: "\n")
        return (Int(head.split(separator: " ")[1]) ?? 0, head, lines[end...].dropFirst().joined(separator: "\n"))
    }

    @Test func aMutationIsDoneOnceUnderItsKey() throws {
        let daemon = try RunningDaemon()
        #expect(try exchange(daemon, "POST", "/v1/orgs", key: "a", body: #"{"org":"acme"}"#).status == 200)
        let first = try exchange(daemon, "POST", "/v1/orgs/acme/grants", key: "k", body: #"{"amount":"5"}"#)
        let again = try exchange(daemon, "POST", "/v1/orgs/acme/grants", key: "k", body: #"{ "amount" : "5.00" }"#)
        #expect(first.status == 200 && again.status == 200)
        #expect(first.body == again.body)
        #expect(again.head.lowercased().contains("idempotent-replayed: true"))
        let other = try exchange(daemon, "POST", "/v1/orgs/acme/grants", key: "k", body: #"{"amount":"6"}"#)
        #expect(other.status == 409)
        #expect(other.head.lowercased().contains("application/problem+json"))
        #expect(other.body.contains("\"code\":\"id_conflict\""))
        #expect(try exchange(daemon, "GET", "/v1/orgs/acme/balance").body.contains("\"balance\":\"5.000000000\""))
    }

    @Test func activityIsWhatWasChargedAfterARecordByOrgAndModel() throws {
        let daemon = try RunningDaemon()
        _ = try daemon.meterctl("org", "create", "acme")
        let start = try exchange(daemon, "GET", "/v1/usage/activity").body
        #expect(start.contains(#""through":0"#) && start.contains(#""items":[]"#), "\(start)")
        let client = try LineClient(daemon.ingestSocket)
        for number in 0..<3 {
            let usage = #"{"prompt_tokens":1000000}"#
            _ = try client.ask(#"{"id":"a\#(number)","org":"acme","model":"gpt-5","usage":\#(usage)}"#)
        }
        let activity = try exchange(daemon, "GET", "/v1/usage/activity?after=1").body
        #expect(activity.contains(#""through":3"#), "\(activity)")
        #expect(activity.contains(#""cost":"2.500000000""#) && activity.contains(#""records":2"#), "\(activity)")
        #expect(try exchange(daemon, "GET", "/v1/usage/activity?after=3").body.contains(#""items":[]"#))
        #expect(try exchange(daemon, "GET", "/v1/usage/activity?after=x").status == 400)
    }

    @Test func metricsAreInPrometheusTextFormat() throws {
        let daemon = try RunningDaemon()
        let metrics = try exchange(daemon, "GET", "/metrics")
        #expect(metrics.head.contains("text/plain; version=0.0.4"))
        for code in ["malformed", "forbidden", "storage_unavailable"] {
            #expect(metrics.body.contains("meterd_rejects_total{code=\"\(code)\"} 0"), "\(code)")
        }
        #expect(metrics.body.contains("meterd_ready 1"))
        #expect(metrics.body.contains("meterd_ingest_durable_seconds_bucket{le=\"+Inf\"} 0"))
        _ = try LineClient(daemon.ingestSocket).ask("{}")
        #expect(try exchange(daemon, "GET", "/metrics").body.contains("meterd_rejects_total{code=\"malformed\"} 1"))
    }

    @Test func errorsAreProblemDocumentsThatNameWhatIsWrong() throws {
        let daemon = try RunningDaemon()
        func problem(_ method: String, _ path: String, key: String? = "k", body: String = "") throws -> String {
            let answer = try exchange(daemon, method, path, key: key, body: body)
            #expect(answer.head.lowercased().contains("application/problem+json"), "\(path): \(answer)")
            return "\(answer.status) \(answer.body)"
        }
        #expect(try problem("GET", "/v1/nothing").hasPrefix("404"))
        #expect(try problem("DELETE", "/v1/orgs/acme").hasPrefix("405"))
        #expect(try problem("PUT", "/healthz").hasPrefix("405"))
        #expect(try problem("GET", "/v1/orgs/nobody").contains("unknown_org"))
        #expect(try problem("GET", "/v1/orgs?limit=0").contains("limit must be"))
        #expect(try problem("GET", "/v1/orgs?limit=many").contains("limit must be"))
        #expect(try problem("POST", "/v1/orgs", key: nil, body: #"{"org":"a"}"#).contains("Idempotency-Key is missing"))
        #expect(try problem("POST", "/v1/orgs", body: "{").contains("not valid JSON"))
        #expect(try problem("POST", "/v1/orgs", body: "{}").contains("org is missing"))
        #expect(try problem("POST", "/v1/orgs", body: #"{"org":7}"#).contains("org must be a string"))
        #expect(try problem("POST", "/v1/orgs", body: #"{"org":"A B"}"#).contains("org must be 1 to 64"))
        #expect(try problem("POST", "/v1/orgs", body: #"{"org":"a","country":"de"}"#).contains("country must be"))
        #expect(try problem("POST", "/v1/orgs/x/grants", body: #"{"amount":5}"#).contains("amount must be a string"))
        #expect(
            try problem("POST", "/v1/orgs", body: #"{"org":"\#(String(repeating: "x", count: 70_000))"}"#).hasPrefix(
                "413"))
        #expect(try exchange(daemon, "GET", "/healthz").status == 200)
        #expect(try exchange(daemon, "GET", "/readyz").status == 200)
    }

    @Test func theDescriptionKnowsEveryRouteThatAnswers() throws {
        let daemon = try RunningDaemon()
        let body = try exchange(daemon, "GET", "/openapi.json").body
        let document = try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
        #expect(document["openapi"] as? String == "3.1.0")
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        #expect(paths.count >= 25)
        // A stream doesn't end by itself; CreditTests follows it.
        for (path, operations) in paths where operations["get"] != nil && !path.hasSuffix("/stream") {
            var filled = path.replacingOccurrences(of: "{org}", with: "nobody").replacingOccurrences(
                of: "{id}", with: "x"
            ).replacingOccurrences(of: "{card}", with: "current").replacingOccurrences(of: "{number}", with: "1")
            if ["/v1/rates/model", "/v1/rates/history"].contains(path) { filled += "?model=gpt-5" }
            // There is one card, and so nothing to compare it with.
            let isThere = !path.contains("{org}") && !path.contains("{number}") && path != "/v1/rates/diff"
            let answer = try exchange(daemon, "GET", filled)
            #expect(answer.status == (isThere ? 200 : 404), "\(path): \(answer)")
            #expect(!answer.body.contains("there is no GET"), "\(path) is described and not served")
        }
    }
}
