import Ledger

// The outbox's events, in the journal too: `journalctl MESSAGE_ID=…` shows one kind, `METERD_ORG=acme` one org's.
extension Journal {
    func write(_ backup: Result<LedgerSnapshot, any Error>) {
        switch backup {
        case .success(let snapshot):
            write(
                .backup, "a copy of the ledger was made, \(snapshot.bytes) bytes",
                ["bytes": "\(snapshot.bytes)", "records": "\(snapshot.contents.records)"])
        case .failure(let error):
            let words = (error as? Refusal)?.message ?? "\(error)"
            write(.backupFailed, "no copy of the ledger could be made: \(words)", ["error": words])
        }
    }

    func write(_ event: LedgerEvent) {
        guard let kind = LedgerEvent.Kind(rawValue: event.kind) else { return }
        var fields: [String: String?] = event.data.mapValues { $0 }
        fields["org"] = event.org
        fields["event"] = "\(event.number)"
        fields["event_kind"] = event.kind
        func value(_ name: String) -> String { event.data[name] ?? "?" }
        switch kind {
        case .balanceLow:
            write(
                .balanceLow,
                "org \(event.org) has USD \(value("balance")) left, below its alert at USD \(value("threshold"))",
                fields)
        case .creditsExpired:
            write(
                .creditsExpired, "USD \(value("amount")) of org \(event.org)'s grant \(value("grant")) expired unspent",
                fields)
        case .creditsVoided:
            write(
                .creditsVoided, "USD \(value("amount")) of org \(event.org)'s grant \(value("grant")) was taken back",
                fields)
        }
    }
}
