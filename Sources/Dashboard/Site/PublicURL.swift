import Foundation

/// The address at which browsers reach the dashboard: a scheme, a host, perhaps a port, and nothing else.
public struct PublicURL: Sendable, Hashable, CustomStringConvertible {
    /// As browsers send it in `Origin`. See RFC 6454, section 6.2.
    public let origin: String
    /// As browsers send it in `Host`.
    public let authority: String
    /// The host without its port: the relying party of passkeys.
    public let host: String
    /// Whether it is https.
    public let isSecure: Bool

    /// Reads it. Plain http is for this machine only; nil if it is anything else.
    public init?(_ text: String) {
        guard let parts = URLComponents(string: text), let scheme = parts.scheme?.lowercased(),
            let host = parts.host?.lowercased(), !host.isEmpty, parts.user == nil, parts.password == nil,
            parts.query == nil, parts.fragment == nil, ["", "/"].contains(parts.path)
        else { return nil }
        guard scheme == "https" || (scheme == "http" && ["localhost", "127.0.0.1", "[::1]"].contains(host)) else {
            return nil
        }
        isSecure = scheme == "https"
        self.host = host
        let standard = isSecure ? 443 : 80
        authority = parts.port.flatMap { $0 == standard ? nil : "\(host):\($0)" } ?? host
        origin = "\(scheme)://\(authority)"
    }

    /// The origin.
    public var description: String { origin }
}
