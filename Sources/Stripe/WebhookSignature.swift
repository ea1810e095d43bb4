import Billing
import Crypto
import Foundation
import Metering
import Synchronization

/// Whether a webhook is Stripe's and made just now, and whether it came before: its header `Stripe-Signature`. See
/// <https://docs.stripe.com/webhooks/signature>.
public final class WebhookSignature: Sendable {
    /// How far its time may lie from ours.
    static let toleranceSeconds: Int64 = 300
    /// Signatures that are remembered: as many as come in the time for which one holds, and no more.
    private static let seenMax = 10_000

    private let secret: Secret
    // Signatures that were taken, with their time.
    private let seen = Mutex<[[UInt8]: Int64]>([:])

    /// Verifies by a secret.
    public init(secret: Secret) {
        self.secret = secret
    }

    /// Whether a delivery is new. Throws if the body is not what was signed, or not by who knows the secret, or not just now.
    ///
    /// A delivery that came before is no error: who forwards webhooks sends one again if the answer to it was lost.
    public func verify(_ body: [UInt8], _ header: String, now: Timestamp) throws(GatewayProblem) -> Bool {
        var time: String?
        var signatures: [[UInt8]] = []
        for part in header.split(separator: ",").prefix(32) {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            switch pair[0].trimmingCharacters(in: .whitespaces) {
            case "t": time = time ?? String(pair[1])
            case "v1": if let bytes = Self.bytes(pair[1]) { signatures.append(bytes) }
            default: break
            }
        }
        guard let time, let seconds = Int64(time), seconds >= 0, !signatures.isEmpty else {
            throw Self.refused("the header Stripe-Signature has no time and signature")
        }
        let key = SymmetricKey(data: Data(secret.value.utf8))
        let signed = Data("\(time).".utf8) + body
        // In constant time, each of them: a new secret and an old one may both sign for a while.
        let right = signatures.filter {
            HMAC<SHA256>.isValidAuthenticationCode($0, authenticating: signed, using: key)
        }
        guard let signature = right.first else { throw Self.refused("the webhook's signature is wrong") }
        let (age, isFar) = (now.milliseconds / 1000).subtractingReportingOverflow(seconds)
        guard !isFar, abs(age) <= Self.toleranceSeconds else {
            throw Self.refused("the webhook is not from now: it is \(age) seconds old")
        }
        return seen.withLock { seen -> Bool in
            guard seen[signature] == nil else { return false }
            if seen.count >= Self.seenMax {
                seen = seen.filter { abs($0.value - now.milliseconds / 1000) <= Self.toleranceSeconds }
            }
            // One that can't be remembered is acted on, perhaps twice: asking twice changes nothing.
            if seen.count < Self.seenMax { seen[signature] = seconds }
            return true
        }
    }

    private static func refused(_ words: String) -> GatewayProblem { GatewayProblem(words, isRetryable: false) }

    private static func bytes(_ hexadecimal: Substring) -> [UInt8]? {
        let digits = Array(hexadecimal.utf8)
        guard digits.count == 64 else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Self.value(digits[index]), let low = Self.value(digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
