import Billing
import Hummingbird
import Ledger
import Metering

/// A clock that goes on only when it is told to, so that a year of bills can be tried in minutes.
public protocol MovableClock: Sendable {
    /// The present time.
    var now: Timestamp { get }
    /// Moves it; false, and nothing moved, where that is back.
    func move(to moment: Timestamp) throws -> Bool
}

/// The body of `POST /v1/test-clock`, and its answer.
public struct TestClockBody: Codable, Sendable, Hashable {
    /// The time, RFC 3339.
    public var now: String

    /// A body of that time.
    public init(now: String) {
        self.now = now
    }
}

// The clock that a test moves; without one there are no such routes. And the word that the system's clock is right.
extension ControlService {
    var clockEndpoints: [Endpoint] {
        guard let confirmClock else { return testClockEndpoints }
        return [
            Endpoint(
                method: .post, path: "/v1/clock/confirm", name: "confirmClock",
                summary: "Say that the system's clock is right: what waits for that is billed, expires and is erased",
                response: .members([("now", .time)], required: ["now"]), takesKey: false
            ) { _, _ in
                let now = await confirmClock()
                _ = await writer.perform(.note)
                return try Endpoint.json(TestClockBody(now: now.description))
            }
        ] + testClockEndpoints
    }

    var testClockEndpoints: [Endpoint] {
        guard let testClock else { return [] }
        let time: OpenAPIValue = .members([("now", .time)], required: ["now"])
        return [
            Endpoint(
                method: .get, path: "/v1/test-clock", name: "showTestClock",
                summary: "What the clock of this test shows",
                response: time
            ) { _, _ in try Endpoint.json(TestClockBody(now: testClock.now.description)) },
            Endpoint(
                method: .post, path: "/v1/test-clock", name: "moveTestClock",
                summary: "Move the clock of this test ahead, and do all that is due by then", body: time, response: time
            ) { request, context in
                let body = try await Endpoint.body(TestClockBody.self, request, context)
                guard let moment = Timestamp(rfc3339: body.now) else {
                    throw Problem(.malformed, "now must be an RFC 3339 time, such as 2026-12-01T00:00:00Z")
                }
                _ = try Endpoint.key(request, route: "moveTestClock", body: body)
                guard try testClock.move(to: moment) else {
                    throw Problem(.conflict, "the clock shows \(testClock.now) already and does not go back")
                }
                // What expires by then does so with the next commit.
                _ = await writer.perform(.probe)
                _ = try await billing.advanceAll { _, _ in }
                return try Endpoint.json(TestClockBody(now: testClock.now.description))
            },
        ]
    }
}
