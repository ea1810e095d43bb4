import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// A secret, which no log and no description ever shows.
public struct Secret: Sendable, CustomStringConvertible, CustomReflectable {
    let value: String

    /// A secret.
    public init(_ value: String) { self.value = value }

    /// Says nothing.
    public var description: String { "(secret)" }
    /// Says nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Why Stripe can't be spoken to as configured.
public struct StripeSetupError: Error, Sendable, CustomStringConvertible {
    /// In words.
    public let description: String
}

/// Speaks Stripe's HTTP API: form-encoded requests, JSON answers. See <https://docs.stripe.com/api>.
struct StripeClient: Sendable {
    /// What came of a request.
    enum Answer: Sendable {
        /// An answer of that status; its body may be no JSON.
        case answered(status: Int, Data)
        /// It isn't known whether the request arrived.
        case noAnswer(String)
    }

    /// The version of the API whose answers are read. See <https://docs.stripe.com/api/versioning>.
    static let version = "2024-06-20"
    private static let answerBytesMax = 4 << 20

    private let owned: Owned
    let base: String
    let key: Secret
    let timeout: TimeAmount

    /// - Parameter base: `https://api.stripe.com`; without TLS only on this machine.
    init(base: String, key: Secret, timeout: TimeAmount) throws(StripeSetupError) {
        guard let url = URL(string: base), let host = url.host, let scheme = url.scheme else {
            throw StripeSetupError(description: "'\(base)' is no URL such as https://api.stripe.com")
        }
        guard scheme == "https" || (scheme == "http" && ["127.0.0.1", "::1", "localhost"].contains(host)) else {
            throw StripeSetupError(
                description: "'\(base)' must be https: the API key would go over the network in clear")
        }
        var configuration = HTTPClient.Configuration.singletonConfiguration
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(10)
        owned = Owned(http: HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration))
        self.base = base.hasSuffix("/") ? String(base.dropLast()) : base
        self.key = key
        self.timeout = timeout
    }

    // Ends the client with the last who holds it.
    private final class Owned: Sendable {
        let http: HTTPClient
        init(http: HTTPClient) { self.http = http }
        deinit { http.shutdown { _ in } }
    }

    /// Reads something.
    func get(_ path: String, _ query: [(String, String)] = []) async -> Answer {
        let encoded = Self.encode(query)
        return await send(HTTPClientRequest(url: base + path + (encoded.isEmpty ? "" : "?\(encoded)")))
    }

    /// Changes something, once under a key. See <https://docs.stripe.com/api/idempotent_requests>.
    ///
    /// - Parameter key: nil for a change that is the same however often it is made.
    func post(_ path: String, _ form: [(String, String)], key: String?) async -> Answer {
        var request = HTTPClientRequest(url: base + path)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/x-www-form-urlencoded")
        if let key { request.headers.add(name: "Idempotency-Key", value: key) }
        request.body = .bytes(ByteBuffer(string: Self.encode(form)))
        return await send(request)
    }

    private func send(_ request: HTTPClientRequest) async -> Answer {
        var request = request
        request.headers.add(name: "Authorization", value: "Bearer \(key.value)")
        request.headers.add(name: "Stripe-Version", value: Self.version)
        do {
            let response = try await owned.http.execute(request, timeout: timeout)
            let body = try await response.body.collect(upTo: Self.answerBytesMax)
            return .answered(status: Int(response.status.code), Data(body.readableBytesView))
        } catch {
            return .noAnswer("\(base) gave no answer: \(error)")
        }
    }

    private static let plain = CharacterSet(
        charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")

    private static func encode(_ pairs: [(String, String)]) -> String {
        pairs.map { name, value in
            let value = value.addingPercentEncoding(withAllowedCharacters: plain) ?? ""
            return "\(name)=\(value)"
        }.joined(separator: "&")
    }
}
