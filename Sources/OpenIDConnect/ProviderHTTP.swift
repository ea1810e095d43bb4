import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

extension HTTPClient.Configuration {
    /// The configuration for a client that speaks to providers: no redirects, 5 seconds to connect.
    ///
    /// Redirects are an HTTP client's setting, not a request's. A client that follows them would repeat the code and
    /// the PKCE verifier to whatever host a provider names. RFC 9700, section 4.12.
    public static var openIDConnect: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = .seconds(5)
        configuration.decompression = .disabled
        return configuration
    }
}

/// Requests to a provider, bounded in time and size.
struct ProviderHTTP: Sendable {
    /// What a provider answered.
    struct Answer: Sendable {
        let status: Int
        let body: Data
    }

    /// The largest answer that is read, in bytes.
    static let bodyBytesMax = 256 << 10

    let http: HTTPClient
    /// How long a request may take, from its start to the last byte of the answer.
    let timeout: Duration

    /// Reads a JSON object.
    func get<Value: Decodable>(
        _ type: Value.Type, from url: String, bearer: String? = nil, for purpose: SignInError.ProviderRequest
    ) async throws(SignInError) -> Value {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "Accept", value: "application/json")
        if let bearer { request.headers.add(name: "Authorization", value: "Bearer \(bearer)") }
        let answer = try await send(request, for: purpose)
        guard answer.status == 200 else { throw .providerFailed(purpose, .status(answer.status)) }
        guard let value = try? JSONDecoder().decode(type, from: answer.body) else {
            throw .providerFailed(purpose, .notJSON)
        }
        return value
    }

    /// Sends a request once.
    func send(
        _ request: HTTPClientRequest, for purpose: SignInError.ProviderRequest
    ) async throws(SignInError) -> Answer {
        // AsyncHTTPClient's own deadline ends with the head of the answer, so a slow body would escape it.
        let result = await withTaskGroup(of: Result<Answer, SignInError>.self) { group in
            group.addTask { await receive(request, for: purpose) }
            group.addTask {
                try? await Task.sleep(for: timeout)
                return .failure(.providerFailed(purpose, .timedOut))
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? .failure(.providerFailed(purpose, .timedOut))
        }
        return try result.get()
    }

    private func receive(
        _ request: HTTPClientRequest, for purpose: SignInError.ProviderRequest
    ) async -> Result<Answer, SignInError> {
        do {
            let response = try await http.execute(request, deadline: .now() + .hours(1))
            guard response.history.count <= 1 else { return .failure(.misconfigured(.httpClientFollowsRedirects)) }
            let status = Int(response.status.code)
            guard !(300..<400).contains(status) else { return .failure(.providerFailed(purpose, .redirected)) }
            var body = Data()
            for try await chunk in response.body {
                guard body.count + chunk.readableBytes <= Self.bodyBytesMax else {
                    return .failure(.providerFailed(purpose, .tooLarge))
                }
                body.append(contentsOf: chunk.readableBytesView)
            }
            return .success(Answer(status: status, body: body))
        } catch {
            return .failure(.providerFailed(purpose, Self.problem(of: error)))
        }
    }

    private static func problem(of error: any Error) -> SignInError.TransportProblem {
        let timeouts: [HTTPClientError] = [.connectTimeout, .deadlineExceeded, .readTimeout]
        if error is CancellationError { return .timedOut }
        if let error = error as? HTTPClientError, timeouts.contains(error) { return .timedOut }
        // What the system says of a connection: never a part of the request.
        let words = String(describing: error).unicodeScalars.filter { $0.value >= 0x20 && $0.value < 0x7f }
        return .connection(String(String.UnicodeScalarView(words.prefix(200))))
    }
}
