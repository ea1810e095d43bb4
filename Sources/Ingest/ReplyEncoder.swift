import Ledger
import Metering
import NIOCore

/// Writes reply lines. Protocol, section 1.
enum ReplyEncoder {
    /// The line that answers a request with what the ledger made of it.
    static func write(
        _ outcome: Outcome, id: String?, warnings: LineWarnings = [], to buffer: inout ByteBuffer
    ) {
        switch outcome {
        case .usage(let reply): write(reply, id: id, warnings, to: &buffer)
        case .balance(let reply): write(reply, id: id, to: &buffer)
        case .hold(let reply): write(reply, id: id, to: &buffer)
        case .refused(let refusal): write(refusal, id: id, to: &buffer)
        case .orgAlias, .quarantined, .found, .org, .grant, .member, .budget, .policy, .alerts, .correction, .repriced,
            .erased, .card, .alias, .billed,
            .overtaken,
            .unheard, .alive:
            // No request of this socket leads to these.
            write(Refusal(.unknownOutcome, "the daemon gave an answer of another kind"), id: id, to: &buffer)
        }
    }

    /// The line that answers `ping`.
    static func writePong(version: String, id: String?, to buffer: inout ByteBuffer) {
        begin(id, ok: true, &buffer)
        buffer.writeStaticString(",\"version\":")
        writeString(version, to: &buffer)
        buffer.writeStaticString("}\n")
    }

    /// The line that answers `mode`.
    static func write(_ mode: ReplyMode, id: String?, to buffer: inout ByteBuffer) {
        begin(id, ok: true, &buffer)
        buffer.writeStaticString(",\"replies\":\"")
        buffer.writeString(mode.rawValue)
        buffer.writeStaticString("\"}\n")
    }

    /// The line that refuses a request.
    static func write(_ refusal: Refusal, id: String?, to buffer: inout ByteBuffer) {
        begin(id, ok: false, &buffer)
        buffer.writeStaticString(",\"error\":{\"code\":\"")
        buffer.writeString(refusal.code.rawValue)
        buffer.writeStaticString("\",\"message\":")
        writeString(refusal.message, to: &buffer)
        buffer.writeStaticString(",\"retryable\":")
        buffer.writeStaticString(refusal.code.isRetryable && !refusal.isQuarantined ? "true" : "false")
        if let missing = refusal.missing {
            buffer.writeStaticString(",\"missing\":\"")
            write(missing, to: &buffer)
            buffer.writeStaticString("\"")
        }
        if let retryAt = refusal.retryAt {
            buffer.writeStaticString(",\"retry_at\":\"")
            retryAt.withText { _ = buffer.writeBytes($0) }
            buffer.writeStaticString("\"")
        }
        buffer.writeStaticString(refusal.isQuarantined ? "},\"quarantined\":true}\n" : "}}\n")
    }

    private static func write(
        _ reply: ChargeReply, id: String?, _ warnings: LineWarnings, to buffer: inout ByteBuffer
    ) {
        begin(id, ok: true, &buffer)
        buffer.writeStaticString(",\"status\":\"")
        buffer.writeString(reply.status.name)
        buffer.writeStaticString("\",\"cost\":\"")
        write(reply.cost, to: &buffer)
        buffer.writeStaticString("\",\"balance\":\"")
        write(reply.balance, to: &buffer)
        buffer.writeStaticString("\",\"available\":\"")
        write(reply.available, to: &buffer)
        if let state = reply.holdState {
            buffer.writeStaticString("\",\"hold_state\":\"")
            buffer.writeString(state.name)
        }
        if let overrun = reply.overrun {
            buffer.writeStaticString("\",\"overrun\":\"")
            write(overrun, to: &buffer)
        }
        guard !reply.unpricedUnits.isEmpty || !warnings.isEmpty else {
            buffer.writeStaticString(reply.isDuplicate ? "\",\"duplicate\":true}\n" : "\"}\n")
            return
        }
        buffer.writeStaticString("\"")
        writeList("unpriced_units", reply.unpricedUnits, to: &buffer)
        if reply.isDuplicate { buffer.writeStaticString(",\"duplicate\":true") }
        writeList("warnings", warnings.names, to: &buffer)
        buffer.writeStaticString("}\n")
    }

    /// A member that is a list of strings; nothing if it is empty.
    private static func writeList(_ name: StaticString, _ texts: [String], to buffer: inout ByteBuffer) {
        guard !texts.isEmpty else { return }
        buffer.writeStaticString(",\"")
        buffer.writeStaticString(name)
        buffer.writeStaticString("\":[")
        for (index, text) in texts.enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            writeString(text, to: &buffer)
        }
        buffer.writeStaticString("]")
    }

    private static func write(_ reply: HoldReply, id: String?, to buffer: inout ByteBuffer) {
        begin(id, ok: true, &buffer)
        buffer.writeStaticString(",\"status\":\"")
        buffer.writeString(reply.status.name)
        buffer.writeStaticString("\",\"held\":\"")
        write(reply.held, to: &buffer)
        buffer.writeStaticString("\",\"balance\":\"")
        write(reply.balance, to: &buffer)
        buffer.writeStaticString("\",\"available\":\"")
        write(reply.available, to: &buffer)
        if reply.status == .held {
            buffer.writeStaticString("\",\"expires\":\"")
            reply.expires.withText { _ = buffer.writeBytes($0) }
        }
        if let state = reply.state {
            buffer.writeStaticString("\",\"hold_state\":\"")
            buffer.writeString(state.name)
        }
        buffer.writeStaticString(reply.isDuplicate ? "\",\"duplicate\":true}\n" : "\"}\n")
    }

    private static func write(_ reply: BalanceReply, id: String?, to buffer: inout ByteBuffer) {
        begin(id, ok: true, &buffer)
        buffer.writeStaticString(",\"org\":\"")
        buffer.writeString(reply.org)
        buffer.writeStaticString("\",\"state\":\"")
        buffer.writeString(reply.state.name)
        buffer.writeStaticString("\",\"balance\":\"")
        write(reply.balance, to: &buffer)
        buffer.writeStaticString("\",\"available\":\"")
        write(reply.available, to: &buffer)
        buffer.writeStaticString("\"}\n")
    }

    private static func begin(_ id: String?, ok: Bool, _ buffer: inout ByteBuffer) {
        if let id {
            buffer.writeStaticString("{\"id\":")
            writeString(id, to: &buffer)
            buffer.writeStaticString(ok ? ",\"ok\":true" : ",\"ok\":false")
        } else {
            buffer.writeStaticString(ok ? "{\"ok\":true" : "{\"ok\":false")
        }
    }

    /// Nano-dollars as a decimal with nine places; the same text as `Money.description`, without making a string.
    static func write(_ money: Money, to buffer: inout ByteBuffer) {
        if money.nanos < 0 { buffer.writeInteger(UInt8(ascii: "-")) }
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
            buffer.writeBytes(digits[start...])
        }
    }

    /// A JSON string: quotes, backslashes and control characters escaped.
    private static func writeString(_ text: String, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "\""))
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        if isPlain {
            buffer.writeString(text)
        } else {
            for byte in text.utf8 {
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                    buffer.writeInteger(UInt8(ascii: "\\"))
                    buffer.writeInteger(byte)
                case 0..<0x20:
                    let hex = String(byte, radix: 16)
                    buffer.writeString("\\u" + String(repeating: "0", count: 4 - hex.count) + hex)
                default:
                    buffer.writeInteger(byte)
                }
            }
        }
        buffer.writeInteger(UInt8(ascii: "\""))
    }
}
