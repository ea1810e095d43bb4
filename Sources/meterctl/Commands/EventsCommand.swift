import ArgumentParser
import Foundation
import Ledger

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "What happened: low balances, expired credits, …",
        discussion: """
            Examples: meterctl events --after 120
                      meterctl events --follow --json | while read -r event; do …; done

            Events are numbered and kept for 46 days. --follow prints what comes, one a line, and comes back by itself when \
            the daemon was restarted; keep the last number you handled and give it to --after: then none is missed.
            """)

    @Flag(help: "Go on with what comes.") var follow = false
    @Option(help: "Only events with a larger number.") var after: Int64 = 0
    @Option(help: "Events at most, without --follow.") var limit = 100
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try await orExit {
            if follow { return try await followEvents() }
            let page = try await common.client.list(
                LedgerEvent.self, ["v1", "events"], cursorName: "after", from: "\(after)", limit: limit)
            try common.show(page: page) { page in
                var table = Table(("NUMBER", .right), ("AT", .left), ("ORG", .left), ("EVENT", .left), ("", .left))
                table.rows = page.items.map { ["\($0.number)", $0.at, $0.org, $0.kind, Self.words($0)] }
                return table.text
            }
        }
    }

    private func followEvents() async throws {
        // A daemon that is not there at all is told; one that was there comes back.
        _ = try await common.client.get(Page<LedgerEvent>.self, ["v1", "events"], ["limit": "1"])
        var cursor = after
        var isGone = false
        while true {
            do {
                try await common.client.events(after: cursor) { event in
                    cursor = event.number
                    isGone = false
                    Terminal.write((try line(event) + "\n").utf8)
                }
            } catch let failure as Failure where failure.status == .unreachable {
                if !isGone { Terminal.complain("meterd is not there; trying again until it is") }
                isGone = true
            }
            try await Task.sleep(for: .seconds(1))
        }
    }

    private func line(_ event: LedgerEvent) throws -> String {
        guard !common.json else { return String(decoding: try WireJSON.encode(event), as: UTF8.self) }
        let words = "\(event.number)  \(event.at)  \(event.org)  \(event.kind)  \(Self.words(event))"
        return Terminal.printable(words, lines: false)
    }

    private static func words(_ event: LedgerEvent) -> String {
        event.data.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
    }
}
