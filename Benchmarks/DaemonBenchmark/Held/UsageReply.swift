import Glibc

/// What a reply line says of the record that it must be for. Read byte by byte: the client shares the cores with the daemon.
enum UsageReply: Equatable {
    /// It is on disk at this cost, in nano-dollars.
    case charged(nanos: Int64, isDuplicate: Bool)
    /// It is to be sent again.
    case again

    /// Nil where it is for another record, or neither of these.
    init?(_ reply: UnsafeBufferPointer<UInt8>, to line: UnsafeBufferPointer<UInt8>) {
        // {"op":"usage","id":"msg_…" on the one side, {"id":"msg_…" on the other.
        let idAt = "{\"op\":\"usage\",".utf8.count
        let idBytes = "\"id\":\"msg_".utf8.count + 32 + 1
        guard reply.count > 1 + idBytes, line.count > idAt + idBytes, let answered = reply.baseAddress,
            let asked = line.baseAddress, memcmp(answered + 1, asked + idAt, idBytes) == 0
        else { return nil }
        var reader = Reader(bytes: reply, offset: 1 + idBytes)
        if reader.take(",\"ok\":true,\"status\":\"") {
            guard reader.take("charged\",\"cost\":\"") || reader.take("overdrawn\",\"cost\":\""),
                let nanos = reader.nanos(), reader.take("\",\"balance\":\"")
            else { return nil }
            self = .charged(nanos: nanos, isDuplicate: Reader.ends(reply, ",\"duplicate\":true}"))
        } else if reader.take(",\"ok\":false,\"error\":{\"code\":\""),
            reader.take("shutting_down\"") || reader.take("storage_unavailable\"")
        {
            self = .again
        } else {
            return nil
        }
    }

    private struct Reader {
        let bytes: UnsafeBufferPointer<UInt8>
        var offset: Int

        /// Passes over a text, where it comes next.
        mutating func take(_ text: StaticString) -> Bool {
            let count = text.utf8CodeUnitCount
            guard offset + count <= bytes.count, let base = bytes.baseAddress,
                memcmp(base + offset, text.utf8Start, count) == 0
            else { return false }
            offset += count
            return true
        }

        /// A decimal of exactly nine places.
        mutating func nanos() -> Int64? {
            var value: Int64 = 0
            var places: Int?
            while offset < bytes.count {
                let byte = bytes[offset]
                if byte == UInt8(ascii: "."), places == nil {
                    places = 0
                } else if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                    let (tenfold, overflow) = value.multipliedReportingOverflow(by: 10)
                    let (sum, carry) = tenfold.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
                    guard !overflow, !carry else { return nil }
                    value = sum
                    places = places.map { $0 + 1 }
                } else {
                    break
                }
                offset += 1
            }
            return places == 9 ? value : nil
        }

        static func ends(_ bytes: UnsafeBufferPointer<UInt8>, _ text: StaticString) -> Bool {
            var reader = Reader(bytes: bytes, offset: max(0, bytes.count - text.utf8CodeUnitCount))
            return reader.take(text)
        }
    }
}
