import Metering

// The rows of refused usage and of orgs' other names, as the chain covers them.

/// What a quarantined line's row says that may be erased. Its digest stands with the row.
struct QuarantineDetail {
    var named, id, user: String?
    var message: String
    var line: [UInt8]
    var peer: Peer?

    func append(to bytes: inout RowBytes) {
        bytes.append(named)
        bytes.append(id)
        bytes.append(user)
        bytes.append(message)
        bytes.append(line)
        guard let peer else { return }
        bytes.append(Int64(peer.uid))
        bytes.append(Int64(peer.pid))
        bytes.append(peer.sender)
    }
}

/// A usage line that was refused for good, as it was kept; what became of it stands in ``QuarantineStepRow``s.
struct QuarantineRow {
    var number, received: Int64
    /// The org, if there was one of that name then.
    var org: Int64?
    var code: String
    var length: Int64
    var digest: [UInt8]

    func append(to bytes: inout RowBytes) {
        bytes.append(number)
        bytes.append(received)
        bytes.append(org)
        bytes.append(code)
        bytes.append(length)
        bytes.append(raw: digest)
    }
}

/// A decision about quarantined lines.
struct QuarantineStepRow {
    var number, quarantine, kind, at: Int64
    /// The record that the line became.
    var usage: Int64?
    /// The `at` and the id that were given in place of the line's own.
    var newAt: Int64?
    var newID: String?
    var actor: String

    func append(to bytes: inout RowBytes) {
        for value in [number, quarantine, kind, at] { bytes.append(value) }
        bytes.append(usage)
        bytes.append(newAt)
        bytes.append(newID)
        bytes.append(actor)
    }
}

/// Another name of an org, given by an operator, or taken back.
struct OrgAliasRow {
    var id: Int64
    var alias: String
    var org: Int64?
    var recorded: Int64
    var actor: String

    func append(to bytes: inout RowBytes) {
        bytes.append(id)
        bytes.append(alias)
        bytes.append(org)
        bytes.append(recorded)
        bytes.append(actor)
    }
}
