import Ledger
import Metering

/// Writes reply lines. Protocol, section 1.
enum ReplyEncoder {
    /// The line that answers a request with what the ledger made of it.
    static func write(
        _ outcome: Outcome, id: String?, warnings: LineWarnings = [], to line: inout [UInt8]
    ) {
        switch outcome {
        case .usage(let reply): write(reply, id: id, warnings, to: &line)
        case .balance(let reply): write(reply, id: id, to: &line)
        case .hold(let reply): write(reply, id: id, to: &line)
        case .refused(let refusal): write(refusal, id: id, to: &line)
        case .orgAlias, .quarantined, .found, .org, .grant, .member, .teamMember, .invitation, .signedIn, .budget,
            .policy,
            .alerts, .correction, .repriced,
            .erased, .card, .alias, .billed,
            .overtaken,
            .unheard, .alive:
            // No request of this socket leads to these.
            write(Refusal(.unknownOutcome, "the daemon gave an answer of another kind"), id: id, to: &line)
        }
    }

    /// The line that answers `ping`.
    static func writePong(version: String, id: String?, to line: inout [UInt8]) {
        begin(id, ok: true, &line)
        line.add(",\"version\":")
        writeString(version, to: &line)
        line.add("}\n")
    }

    /// The line that answers `mode`.
    static func write(_ mode: ReplyMode, id: String?, to line: inout [UInt8]) {
        begin(id, ok: true, &line)
        line.add(",\"replies\":\"")
        line.add(text: mode.rawValue)
        line.add("\"}\n")
    }

    /// The line that refuses a request.
    static func write(_ refusal: Refusal, id: String?, to line: inout [UInt8]) {
        begin(id, ok: false, &line)
        line.add(",\"error\":{\"code\":\"")
        line.add(text: refusal.code.rawValue)
        line.add("\",\"message\":")
        writeString(refusal.message, to: &line)
        line.add(",\"retryable\":")
        line.add(refusal.isRetryable ? "true" : "false")
        if let missing = refusal.missing {
            line.add(",\"missing\":\"")
            write(missing, to: &line)
            line.add("\"")
        }
        if let retryAt = refusal.retryAt {
            line.add(",\"retry_at\":\"")
            retryAt.withText { line += $0 }
            line.add("\"")
        }
        line.add(refusal.isQuarantined ? "},\"quarantined\":true}\n" : "}}\n")
    }

    private static func write(
        _ reply: ChargeReply, id: String?, _ warnings: LineWarnings, to line: inout [UInt8]
    ) {
        begin(id, ok: true, &line)
        line.add(",\"status\":\"")
        line.add(text: reply.status.name)
        line.add("\",\"cost\":\"")
        write(reply.cost, to: &line)
        line.add("\",\"balance\":\"")
        write(reply.balance, to: &line)
        line.add("\",\"available\":\"")
        write(reply.available, to: &line)
        if let state = reply.holdState {
            line.add("\",\"hold_state\":\"")
            line.add(text: state.name)
        }
        if let overrun = reply.overrun {
            line.add("\",\"overrun\":\"")
            write(overrun, to: &line)
        }
        guard !reply.unpricedUnits.isEmpty || !warnings.isEmpty else {
            line.add(reply.isDuplicate ? "\",\"duplicate\":true}\n" : "\"}\n")
            return
        }
        line.add("\"")
        writeList("unpriced_units", reply.unpricedUnits, to: &line)
        if reply.isDuplicate { line.add(",\"duplicate\":true") }
        writeList("warnings", warnings.names, to: &line)
        line.add("}\n")
    }

    /// A member that is a list of strings; nothing if it is empty.
    private static func writeList(_ name: StaticString, _ texts: [String], to line: inout [UInt8]) {
        guard !texts.isEmpty else { return }
        line.add(",\"")
        line.add(name)
        line.add("\":[")
        for (index, text) in texts.enumerated() {
            if index > 0 { line.add(",") }
            writeString(text, to: &line)
        }
        line.add("]")
    }

    private static func write(_ reply: HoldReply, id: String?, to line: inout [UInt8]) {
        begin(id, ok: true, &line)
        line.add(",\"status\":\"")
        line.add(text: reply.status.name)
        line.add("\",\"held\":\"")
        write(reply.held, to: &line)
        line.add("\",\"balance\":\"")
        write(reply.balance, to: &line)
        line.add("\",\"available\":\"")
        write(reply.available, to: &line)
        if reply.status == .held {
            line.add("\",\"expires\":\"")
            reply.expires.withText { line += $0 }
        }
        if let state = reply.state {
            line.add("\",\"hold_state\":\"")
            line.add(text: state.name)
        }
        line.add(reply.isDuplicate ? "\",\"duplicate\":true" : "\"")
        if let data = reply.data { write(data, to: &line) }
        line.add("}\n")
    }

    private static func write(_ data: DataPolicy, to line: inout [UInt8]) {
        var mark = ",\"data_policy\":{\""
        for case (let name, let allows?) in data.choices {
            line.add(text: mark)
            line.add(text: name)
            line.add(allows ? "\":true" : "\":false")
            mark = ",\""
        }
        line.add("}")
    }

    private static func write(_ reply: BalanceReply, id: String?, to line: inout [UInt8]) {
        begin(id, ok: true, &line)
        line.add(",\"org\":\"")
        line.add(text: reply.org)
        line.add("\",\"state\":\"")
        line.add(text: reply.state.name)
        line.add("\",\"balance\":\"")
        write(reply.balance, to: &line)
        line.add("\",\"available\":\"")
        write(reply.available, to: &line)
        line.add("\"}\n")
    }

    private static func begin(_ id: String?, ok: Bool, _ line: inout [UInt8]) {
        if let id {
            line.add("{\"id\":")
            writeString(id, to: &line)
            line.add(ok ? ",\"ok\":true" : ",\"ok\":false")
        } else {
            line.add(ok ? "{\"ok\":true" : "{\"ok\":false")
        }
    }

    /// Nano-dollars as a decimal with nine places; the same text as `Money.description`, without making a string.
    static func write(_ money: Money, to line: inout [UInt8]) {
        if money.nanos < 0 { line.append(UInt8(ascii: "-")) }
        var rest = money.nanos.magnitude
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 32) { digits in
            var start = 32
            var places = 0
            repeat {
                if places == 9 {
                    start -= 1
                    digits[start] = UInt8(ascii: ".")
                }
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
                places += 1
            } while rest > 0 || places < 10
            line.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }

    /// A JSON string: quotes, backslashes and control characters escaped.
    private static func writeString(_ text: String, to line: inout [UInt8]) {
        line.append(UInt8(ascii: "\""))
        let isPlain = text.isOnly { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        if isPlain {
            line.add(text: text)
        } else {
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                    line.append(UInt8(ascii: "\\"))
                    line.append(byte)
                case 0..<0x20:
                    let hex = String(byte, radix: 16)
                    line.add(text: "\\u" + String(repeating: "0", count: 4 - hex.count) + hex)
                default:
                    line.append(byte)
                }
            }
        }
        line.append(UInt8(ascii: "\""))
    }
}

extension [UInt8] {
    fileprivate mutating func add(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    fileprivate mutating func add(text: String) {
        append(contentsOf: text.utf8)
    }
}
