import Foundation
import TestSupport
import Testing

/// Many proxies at once, each with the last dollar in sight.
@Suite(.ownThread) struct RaceTests {
    @Test func aThousandAuthorizesOnTwoHundredConnectionsForTheLastDollarGetExactlyWhatFits() async throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("credits", "grant", "acme", "1")
        let socket = daemon.ingestSocket
        let threads = (0..<20).map { thread in
            Background {
                let clients = try (0..<10).map { _ in try LineClient(socket) }
                for (number, client) in clients.enumerated() {
                    for round in 0..<5 {
                        try client.send(
                            #"{"op":"authorize","id":"h-\#(thread)-\#(number)-\#(round)","org":"acme","amount":"0.003"}"#
                        )
                    }
                }
                var granted: [String] = []
                for (number, client) in clients.enumerated() {
                    for round in 0..<5 {
                        let reply = try client.receive() ?? ""
                        if reply.contains("\"status\":\"held\"") {
                            granted.append("h-\(thread)-\(number)-\(round)")
                        } else if !reply.contains("\"code\":\"insufficient_credits\"") {
                            throw Unexpected(reply: reply)
                        }
                        // No reply ever shows less than nothing.
                        if reply.contains("\"available\":\"-") { throw Unexpected(reply: reply) }
                    }
                }
                return granted
            }
        }
        var granted: [String] = []
        for thread in threads { granted += try await thread.value }
        #expect(granted.count == 333)
        #expect(Set(granted).count == 333)
        #expect(try daemon.json("balance", "acme")["available"] as? String == "0.001000000")

        // After a crash the holds are all there, and what is released can be had again.
        daemon.kill9()
        try daemon.start()
        #expect(try daemon.json("balance", "acme")["available"] as? String == "0.001000000")
        let client = try LineClient(socket)
        for hold in granted {
            #expect(
                try client.ask(#"{"op":"release","id":"\#(hold)","org":"acme"}"#).contains("\"status\":\"released\""))
        }
        #expect(try daemon.json("balance", "acme")["available"] as? String == "1.000000000")
        #expect(try daemon.json("ledger", "verify")["ok"] as? Bool == true)
    }

    @Test func aThousandCapsAtOnceLeaveNoMoreUnreservedThanAllowedAlsoAfterACrash() async throws {
        let daemon = try RunningDaemon()
        _ = try daemon.json("org", "create", "acme")
        _ = try daemon.json("credits", "grant", "acme", "100")
        let socket = daemon.ingestSocket
        func ask(_ id: String) -> String {
            #"{"op":"authorize","id":"\#(id)","org":"acme","amount":"0.1","cap":"0.01"}"#
        }
        let lines = (0..<20).map { thread in (0..<50).map { ask("h-\(thread)-\($0)") } }
        let threads = lines.map { lines in
            Background {
                let client = try LineClient(socket)
                for line in lines { try client.send(line) }
                return try lines.reduce(0) { count, _ in
                    let reply = try client.receive() ?? ""
                    if reply.contains(#""status":"held","held":"0.010000000""#) { return count + 1 }
                    guard reply.contains(#""code":"limit_exceeded""#) else { throw Unexpected(reply: reply) }
                    return count
                }
            }
        }
        var granted = 0
        for thread in threads { granted += try await thread.value }
        // 0.09 each, of the 10.00 that are allowed.
        #expect(granted == 111)
        daemon.kill9()
        try daemon.start()
        #expect(try daemon.json("org", "policy", "acme")["capped_exposure"] as? String == "9.990000000")
        let client = try LineClient(socket)
        #expect(try client.ask(ask("more")).contains(#""missing":"0.080000000""#))
        let hold = try #require(
            (try daemon.json("hold", "list", "acme", "--limit", "1")["items"] as? [[String: Any]])?.first)
        #expect(hold["worst"] as? String == "0.100000000")
        #expect(
            try client.ask(#"{"op":"release","id":"\#(hold["id"] as? String ?? "")","org":"acme"}"#).contains(
                "released"))
        #expect(try client.ask(ask("more")).contains("held"))
        #expect(try daemon.json("ledger", "verify")["ok"] as? Bool == true)
    }

    struct Unexpected: Error {
        let reply: String
    }
}
