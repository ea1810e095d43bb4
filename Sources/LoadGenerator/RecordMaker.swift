import Glibc

/// Makes usage records as Anthropic's come: a model that the shipped rate table prices, cached tokens, a user.
public struct RecordMaker: LoadRequests {
    private let plan: LoadPlan
    private var generator = SplitMix64(state: UInt64.random(in: .min ... .max))
    private var stamp: (second: Int, text: [UInt8]) = (0, [])

    /// Records as a plan wants them.
    public init(_ plan: LoadPlan) {
        self.plan = plan
    }

    /// Puts the next line in: a record, or the request for the hold that the next one settles. True for a record.
    public mutating func append(to bytes: inout [UInt8], hold: inout UInt64?) -> Bool {
        // The org of a hold's record is the hold's own.
        let random = hold ?? generator.next()
        let org = Int(random % UInt64(plan.orgs)) + 1
        if hold == nil, plan.holdsPercent > 0, Int(random >> 48) % 100 < plan.holdsPercent {
            hold = random
            append("{\"op\":\"authorize\",\"id\":\"hold_", to: &bytes)
            appendHex(random, to: &bytes)
            append("\",\"org\":\"", to: &bytes)
            bytes += plan.orgPrefix.utf8
            append(org, to: &bytes)
            append("\",\"user\":\"user-", to: &bytes)
            append(org * 7 % 1000, to: &bytes)
            append(
                "\",\"model\":\"claude-sonnet-4-5\",\"usage\":{\"input_tokens\":8192,\"output_tokens\":4096}}\n",
                to: &bytes)
            return false
        }
        let id = (plan.ids == .random ? generator.next() : ordered(), generator.next())
        appendRecord(id: id, org, random, settling: hold, to: &bytes)
        hold = nil
        return true
    }

    /// Puts the record of a number in, whose id and usage are always the same; gives its org's number.
    public mutating func append(record number: UInt64, to bytes: inout [UInt8]) -> Int {
        var numbers = SplitMix64(state: number)
        let random = numbers.next()
        let org = Int(random % UInt64(plan.orgs)) + 1
        appendRecord(id: (numbers.next(), number), org, random, settling: nil, to: &bytes)
        return org
    }

    private mutating func appendRecord(
        id: (UInt64, UInt64), _ org: Int, _ random: UInt64, settling hold: UInt64?, to bytes: inout [UInt8]
    ) {
        append("{\"op\":\"usage\",\"id\":\"msg_", to: &bytes)
        appendHex(id.0, to: &bytes)
        appendHex(id.1, to: &bytes)
        append("\",\"org\":\"", to: &bytes)
        bytes += plan.orgPrefix.utf8
        append(org, to: &bytes)
        append("\",\"user\":\"user-", to: &bytes)
        append(org * 7 % 1000, to: &bytes)
        append("\",\"model\":\"claude-sonnet-4-5\",\"provider\":\"anthropic\",\"at\":\"", to: &bytes)
        appendTime(to: &bytes)
        if let hold {
            append("\",\"hold\":\"hold_", to: &bytes)
            appendHex(hold, to: &bytes)
        }
        append("\",\"usage\":{\"input_tokens\":", to: &bytes)
        append(Int(random >> 8 & 8191), to: &bytes)
        append(",\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":", to: &bytes)
        append(Int(random >> 33 & 2047), to: &bytes)
        append(",\"output_tokens\":", to: &bytes)
        append(Int(random >> 21 & 4095), to: &bytes)
        append(",\"service_tier\":\"standard\"}}\n", to: &bytes)
    }

    /// Whether a piece of the answers has `"ok":f`, wherever it was cut.
    public func isRefusal(_ bytes: ArraySlice<UInt8>) -> Bool {
        let pattern = Array("\"ok\":f".utf8)
        return bytes.withUnsafeBytes { raw in
            guard raw.count >= pattern.count else { return false }
            for end in (pattern.count - 1)..<raw.count where raw[end] == UInt8(ascii: "f") {
                if raw[(end - pattern.count + 1)...end].elementsEqual(pattern) { return true }
            }
            return false
        }
    }

    /// Milliseconds in front, as in a UUID of version 7 (RFC 9562).
    private mutating func ordered() -> UInt64 {
        UInt64(Load.now(CLOCK_REALTIME) * 1000) << 16 | generator.next() & 0xFFFF
    }

    // Plain bytes: the client shares the cores with the daemon that it measures.
    private func append(_ text: StaticString, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private func append(_ number: Int, to bytes: inout [UInt8]) {
        if number >= 10 { append(number / 10, to: &bytes) }
        bytes.append(48 + UInt8(number % 10))
    }

    private mutating func appendTime(to bytes: inout [UInt8]) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        if now.tv_sec != stamp.second {
            var parts = tm()
            gmtime_r(&now.tv_sec, &parts)
            var text = [CChar](repeating: 0, count: 32)
            let count = strftime(&text, 32, "%Y-%m-%dT%H:%M:%S", &parts)
            stamp = (now.tv_sec, text[..<count].map { UInt8(bitPattern: $0) })
        }
        bytes += stamp.text
        bytes.append(UInt8(ascii: "Z"))
    }

    private func appendHex(_ value: UInt64, to bytes: inout [UInt8]) { Self.appendHex(value, to: &bytes) }

    /// Puts 16 hexadecimal digits in.
    public static func appendHex(_ value: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: 60, through: 0, by: -4) {
            let digit = UInt8(value >> UInt64(shift) & 15)
            bytes.append(digit < 10 ? digit + 48 : digit + 87)
        }
    }
}

/// Random enough for ids, and cheap: the system's generator costs a system call each.
public struct SplitMix64 {
    private var state: UInt64

    /// Numbers from a seed on.
    public init(state: UInt64) { self.state = state }

    /// The next number.
    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
