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

    struct Unexpected: Error {
        let reply: String
    }
}
