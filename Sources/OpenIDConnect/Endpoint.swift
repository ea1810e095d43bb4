import Foundation

/// Which URLs the library speaks to.
enum Endpoint {
    /// Whether a URL is absolute and safe to send secrets to: https, or http on this machine.
    ///
    /// OpenID Connect Core, section 3.1.2 and 3.1.3 ask for TLS. A URL with a user name or a fragment is refused too.
    ///
    /// - Parameter allowsLoopback: whether http on this machine is good enough.
    static func isSafe(_ text: String, allowsLoopback: Bool) -> Bool {
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }),
            let url = URLComponents(string: text), let host = url.host, !host.isEmpty,
            url.user == nil, url.password == nil, url.fragment == nil
        else { return false }
        return url.scheme == "https" || (allowsLoopback && url.scheme == "http" && isLoopback(host))
    }

    /// Whether a URL is http on this machine.
    static func isLoopback(url: String) -> Bool {
        guard let url = URLComponents(string: url), let host = url.host else { return false }
        return url.scheme == "http" && isLoopback(host)
    }

    private static func isLoopback(_ host: String) -> Bool {
        ["127.0.0.1", "localhost", "::1", "[::1]"].contains(host.lowercased())
    }
}
