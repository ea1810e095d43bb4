import Metering

// The rows of money that goes back, as the chain covers them.

/// A refund as it was opened; whether the money went back stands in transfers.
struct RefundRow {
    var id, org, payment, cause, net, tax: Int64
    var note: Int64?
    var gateway, reason: String
    var created: Int64

    func append(to bytes: inout RowBytes) {
        for value in [id, org, payment, cause, net, tax] { bytes.append(value) }
        bytes.append(note)
        bytes.append(gateway)
        bytes.append(reason)
        bytes.append(created)
    }
}

/// Money that went back otherwise, or came again.
struct ReturnRow {
    var id, org, payment, kind, reinstated, amount, credits, tax, carried, fee, excess: Int64
    var reference: String?
    var reason: String
    var created: Int64

    /// Its columns up to the reference.
    var numbers: [Int64] { [id, org, payment, kind, reinstated, amount, credits, tax, carried, fee, excess] }

    func append(to bytes: inout RowBytes) {
        for value in numbers { bytes.append(value) }
        bytes.append(reference)
        bytes.append(reason)
        bytes.append(created)
    }
}
