import Metering

// The rows that the chain covers, each with the bytes by which it enters. Writer and verification share them, so that
// both mean the same row.

/// An org as it was founded, and its account.
struct OrgRow {
    var id: Int64
    var name: String
    var created, account: Int64

    func append(to bytes: inout RowBytes) {
        bytes.append(id)
        bytes.append(name)
        bytes.append(created)
        bytes.append(account)
    }
}

/// A rate card; its hash stands for its document.
struct CardRow {
    var id: Int64
    var hash: String
    var effective, recorded: Int64

    func append(to bytes: inout RowBytes) {
        bytes.append(id)
        bytes.append(hash)
        bytes.append(effective)
        bytes.append(recorded)
    }
}

/// Another name of a model, given by an operator.
struct AliasRow {
    var id: Int64
    var alias: String
    var model, provider: String?
    var recorded: Int64
    var actor: String

    func append(to bytes: inout RowBytes) {
        bytes.append(id)
        bytes.append(alias)
        bytes.append(model)
        bytes.append(provider)
        bytes.append(recorded)
        bytes.append(actor)
    }
}

/// A transfer.
struct TransferRow {
    var id, previous, debit, credit, amount, code, reference, at, pending: Int64
    var draws: [UInt8]?

    func append(to bytes: inout RowBytes) {
        for value in [id, previous, debit, credit, amount, code, reference, at, pending] { bytes.append(value) }
        bytes.append(draws)
    }
}

/// What a usage record's row says beside its money: what a retention may erase. Its digest stands with the charge.
struct UsageDetail {
    var id: String
    var user: String?
    var model: String
    var provider: String?
    var at, received: Int64
    var isAtGiven: Bool
    var tier: Int64
    var hold: String?
    var usage: String
    var tags: String?
    var billedTier: Int64
    var tierFellBack: Bool
    var lines: [UInt8]
    var peer: Peer?

    func append(to bytes: inout RowBytes) {
        bytes.append(id)
        bytes.append(user)
        bytes.append(model)
        bytes.append(provider)
        bytes.append(at)
        bytes.append(received)
        bytes.append(tier << 3 | billedTier << 16 | (isAtGiven ? 1 : 0) | (tierFellBack ? 2 : 0))
        bytes.append(hold)
        bytes.append(usage)
        bytes.append(tags)
        bytes.append(lines)
        // Records from before peers were kept have the digest that they had.
        if let peer {
            bytes.append(Int64(peer.uid))
            bytes.append(Int64(peer.pid))
            if let sender = peer.sender { bytes.append(sender) }
        }
    }
}

/// A usage record's money.
struct UsageRow {
    var sequence, previous, org, status, cost: Int64
    var card: Int64?
    var balance, held: Int64
    var holdNumber, holdState, transfer: Int64?
    var digest: [UInt8]

    func append(to bytes: inout RowBytes) {
        bytes.append(sequence)
        bytes.append(previous)
        bytes.append(org)
        bytes.append(status)
        bytes.append(cost)
        bytes.append(card)
        bytes.append(balance)
        bytes.append(held)
        bytes.append(holdNumber)
        bytes.append(holdState)
        bytes.append(transfer)
        bytes.append(raw: digest)
    }
}

/// What a hold says beside its money.
struct HoldDetail {
    var id: String
    var user, model, provider: String?
    var tier: Int64
    var usage: String?
    /// See ``HoldTerms``.
    var terms: String?
    /// The worst case, if it reserves less.
    var worst: Int64?

    func append(to bytes: inout RowBytes) {
        bytes.append(id)
        bytes.append(user)
        bytes.append(model)
        bytes.append(provider)
        bytes.append(tier)
        bytes.append(usage)
        // Holds from before there were terms have the digest that they had.
        if terms != nil || worst != nil {
            bytes.append(terms)
            bytes.append(worst)
        }
    }
}

/// A hold as it was granted; how it ended stands in the transfer that closes it.
struct HoldRow {
    var number, org, ttl, amount, balance, available, created, expires: Int64
    var transfer: Int64?
    var digest: [UInt8]

    func append(to bytes: inout RowBytes) {
        for value in [number, org, ttl, amount, balance, available, created, expires] { bytes.append(value) }
        bytes.append(transfer)
        bytes.append(raw: digest)
    }
}

/// A grant as it was made; what became of it stands in transfers.
struct GrantRow {
    var id, org, amount, source, priority: Int64
    var expires: Int64?
    var reason: String?
    var key: String
    var transfer, balanceAfter, created: Int64

    func append(to bytes: inout RowBytes) {
        for value in [id, org, amount, source, priority] { bytes.append(value) }
        bytes.append(expires)
        bytes.append(reason)
        bytes.append(key)
        for value in [transfer, balanceAfter, created] { bytes.append(value) }
    }
}

/// What a correction says beside its money.
struct CorrectionDetail {
    var reason, actor, raw: String?
    var billedTier: Int64
    var tierFellBack: Bool
    var lines: [UInt8]

    func append(to bytes: inout RowBytes) {
        bytes.append(reason)
        bytes.append(actor)
        bytes.append(raw)
        bytes.append(billedTier << 1 | (tierFellBack ? 1 : 0))
        bytes.append(lines)
    }
}

/// A correction's money.
struct CorrectionRow {
    var number, usage, previous, kind, at, cost: Int64
    var card, transfer: Int64?
    var digest: [UInt8]

    func append(to bytes: inout RowBytes) {
        for value in [number, usage, previous, kind, at, cost] { bytes.append(value) }
        bytes.append(card)
        bytes.append(transfer)
        bytes.append(raw: digest)
    }
}

/// A range of records whose detail was erased.
struct ErasureRow {
    var number, org, lastSequence, at: Int64

    func append(to bytes: inout RowBytes) {
        for value in [number, org, lastSequence, at] { bytes.append(value) }
    }
}

/// A step of an org's bill.
struct ChangeRow {
    var number, org, previous, at: Int64
    var kind, actor, state: String

    func append(to bytes: inout RowBytes) {
        for value in [number, org, previous, at] { bytes.append(value) }
        bytes.append(kind)
        bytes.append(actor)
        bytes.append(state)
    }
}

/// A payment as it was asked for; what became of it stands in transfers.
struct PaymentRow {
    var id, org, amount: Int64
    var product, net, tax, invoice: Int64?
    var key, gateway, body: String
    var created: Int64
    var fromBalance: Int64 = 0
    /// Who ordered it in the dashboard.
    var member: Int64?

    func append(to bytes: inout RowBytes) {
        for value in [id, org, amount, created] { bytes.append(value) }
        for value in [product, net, tax, invoice] { bytes.append(value) }
        bytes.append(key)
        bytes.append(gateway)
        bytes.append(body)
        // Payments from before there was a balance have the bytes that they had.
        if fromBalance != 0 || member != nil { bytes.append(fromBalance) }
        if let member { bytes.append(member) }
    }
}

/// An invoice as it was issued; whether it was paid stands in transfers.
struct InvoiceRow {
    var id, org, kind: Int64
    var series: String
    var number, net, tax, netDue, taxDue: Int64
    var refersTo: Int64?
    var body: String
    var issued: Int64

    func append(to bytes: inout RowBytes) {
        for value in [id, org, kind, number, net, tax, netDue, taxDue, issued] { bytes.append(value) }
        bytes.append(series)
        bytes.append(refersTo)
        bytes.append(body)
    }
}

/// Something that was said about an invoice.
struct NoteRow {
    var number, invoice, at, kind: Int64
    var actor, text: String

    func append(to bytes: inout RowBytes) {
        for value in [number, invoice, at, kind] { bytes.append(value) }
        bytes.append(actor)
        bytes.append(text)
    }
}
