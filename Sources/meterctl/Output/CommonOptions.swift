import ArgumentParser
import Foundation
import Ledger

/// What every command that asks the daemon takes.
struct CommonOptions: ParsableArguments {
    @Option(name: .customLong("socket"), help: "The control socket (or METERD_CONTROL_SOCKET).")
    var socketPath: String?

    @Flag(help: "Print one JSON document.")
    var json = false

    var client: ControlClient {
        let path = socketPath ?? ProcessInfo.processInfo.environment["METERD_CONTROL_SOCKET"]
        return ControlClient(socketPath: path ?? "/run/meterd/control.sock")
    }

    /// Prints a result: the document itself for scripts, or what `table` makes of it.
    func show<Result: Encodable>(_ result: Result, _ table: (Result) -> String) throws {
        if json {
            Terminal.print(String(decoding: try WireJSON.encode(result), as: UTF8.self))
        } else {
            Terminal.print(Terminal.printable(table(result)))
        }
    }

    /// Prints a list; people are told where it goes on.
    func show<Item>(page: Page<Item>, _ table: (Page<Item>) -> String) throws {
        try show(page, table)
        if !json, page.nextCursor != nil { Terminal.complain("there are more; --limit shows more of them") }
    }
}

/// The key that makes a change happen once.
struct KeyOption: ParsableArguments {
    @Option(name: .customLong("id"), help: "An idempotency key: the same call with the same key is done once.")
    var key: String?
}
