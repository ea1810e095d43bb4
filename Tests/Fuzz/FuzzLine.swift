import Foundation
import NIOCore

@testable import Ingest

/// However the bytes come in, the lines are the same and so is what they mean; what we take for JSON others take for it too.
func fuzzLine(_ bytes: UnsafeBufferPointer<UInt8>) -> CInt {
    let decoder = RequestDecoder { $0 == "claude" ? "anthropic" : nil }
    let whole = lines(bytes, pieces: bytes.count, decoder)
    let step = 1 + Int(bytes.first ?? 0) % 7
    hold(lines(bytes, pieces: step, decoder) == whole, "pieces of \(step) mean something else")
    return 0
}

private func lines(_ bytes: UnsafeBufferPointer<UInt8>, pieces: Int, _ decoder: RequestDecoder) -> [String] {
    var framer = LineFramer()
    var found: [String] = []
    var rest = bytes[...]
    while !rest.isEmpty {
        let piece = rest.prefix(max(pieces, 1))
        rest = rest.dropFirst(piece.count)
        var buffer = ByteBuffer(bytes: piece)
        framer.append(&buffer)
        reading: while true {
            switch framer.next({ line in (decoder.decode(line), Data(buffer: line)) }) {
            case .line(let (decoded, data)):
                found.append(words(decoded))
                if case .success = decoded.result {
                    hold((try? JSONSerialization.jsonObject(with: data)) != nil, "Foundation does not take it for JSON")
                }
            case .needsMore: break reading
            case .tooLong: return found + ["too long"]
            }
        }
    }
    return found
}

private func words(_ line: DecodedLine) -> String {
    switch line.result {
    case .failure(let refusal): "\(line.id ?? "-"): \(refusal)"
    case .success(.usage(let record)):
        "\(record.id) \(record.org) \(record.user ?? "-") \(record.model) \(record.usage) \(record.tags ?? "-") \(record.reading)"
    case .success(.authorize(let hold)): "\(hold.id) \(hold.org) \(hold.worst) \(hold.ttlSeconds)"
    case .success(let request): "\(request)"
    }
}
