/// What was changed on somebody's behalf, as the chain covers it. Its detail may be erased; the digest of that stays.
struct AuditRow {
    var number: Int64
    var org: Int64?
    var at: Int64
    var action: String
    var uid, member, subject, change: Int64?
    var digest: [UInt8]

    func append(to bytes: inout RowBytes) {
        bytes.append(number)
        bytes.append(org)
        bytes.append(at)
        bytes.append(action)
        for value in [uid, member, subject, change] { bytes.append(value) }
        bytes.append(raw: digest)
    }

    /// What the digest of a row's detail is made of.
    static func append(detail: String, to bytes: inout RowBytes) {
        bytes.append(detail)
    }
}
