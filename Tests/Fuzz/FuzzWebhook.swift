import Crypto
import Foundation
import Metering

@testable import Stripe

private let secret = "whsec_fuzz"

/// What is accepted bears a signature of its very bytes, made lately.
func fuzzWebhook(_ bytes: UnsafeBufferPointer<UInt8>) -> CInt {
    // Header and body, with a newline between them; a first byte of 's' has the header signed as it should be.
    let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return 0 }
    let body = Array(parts[1])
    var header = String(decoding: parts[0], as: UTF8.self)
    let now = Timestamp(milliseconds: 1_795_514_304_000)
    let right = signature(of: body, at: 1_795_514_304)
    if header.first == "s" { header = "t=1795514304,v1=\(right)" + header.dropFirst() }
    let isAccepted = (try? WebhookSignature(secret: Secret(secret)).verify(body, header, now: now)) != nil
    if isAccepted {
        let stamps = header.split(separator: ",").filter { $0.hasPrefix("t=") }.compactMap { Int64($0.dropFirst(2)) }
        hold(
            stamps.contains { header.contains(signature(of: body, at: $0)) }, "accepted without a signature: \(header)")
    }
    return 0
}

private func signature(of body: [UInt8], at seconds: Int64) -> String {
    let key = SymmetricKey(data: Data(secret.utf8))
    let code = HMAC<SHA256>.authenticationCode(for: Data("\(seconds).".utf8) + Data(body), using: key)
    return code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
