import Ledger
import Logging

/// Writes the outbox's events to the journal as well, each kind under a `MESSAGE_ID` of its own
/// (systemd.journal-fields(7)): `journalctl MESSAGE_ID=…` shows one kind, `METERD_ORG=acme` one org's.
enum EventJournal {
    static func write(_ event: LedgerEvent, to logger: Logger) {
        var metadata: Logger.Metadata = [
            "org": "\(event.org)", "event": "\(event.number)", "event_kind": "\(event.kind)",
        ]
        for (name, value) in event.data { metadata[name] = "\(value)" }
        guard let kind = LedgerEvent.Kind(rawValue: event.kind) else { return }
        metadata["message_id"] = "\(messageID(kind))"
        logger.log(level: level(kind), "\(words(kind, event))", metadata: metadata)
    }

    /// The kinds' ids; they never change. Made with `systemd-id128 new`.
    static func messageID(_ kind: LedgerEvent.Kind) -> String {
        switch kind {
        case .balanceLow: "d5046cf8fefb40d6b806d44dbd330f77"
        case .creditsExpired: "361c21032a2248e4960659ab7c6f0bc1"
        case .creditsVoided: "dff6619630294fb094f002f04afa5d51"
        }
    }

    private static func level(_ kind: LedgerEvent.Kind) -> Logger.Level {
        switch kind {
        case .balanceLow: .warning
        case .creditsExpired, .creditsVoided: .notice
        }
    }

    private static func words(_ kind: LedgerEvent.Kind, _ event: LedgerEvent) -> String {
        func value(_ name: String) -> String { event.data[name] ?? "?" }
        return switch kind {
        case .balanceLow:
            "org \(event.org) has USD \(value("balance")) left, below its alert at USD \(value("threshold"))"
        case .creditsExpired:
            "USD \(value("amount")) of org \(event.org)'s grant \(value("grant")) expired unspent"
        case .creditsVoided:
            "USD \(value("amount")) of org \(event.org)'s grant \(value("grant")) was taken back"
        }
    }
}
