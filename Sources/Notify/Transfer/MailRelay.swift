import CCurl
import Foundation

/// The server that takes our mail: SMTP submission (RFC 6409), by libcurl.
public struct MailRelay: Sendable, Hashable {
    /// Where it is.
    public let address: Address
    /// Who we are there; nil if it asks nobody.
    public let user: String?
    let password: String?
    /// The certificates that are trusted, as a file; nil for the system's.
    public let caFile: String?

    /// An SMTP server's address.
    public struct Address: Sendable, Hashable, CustomStringConvertible {
        /// Whether TLS begins at once (`smtps`), and not by STARTTLS. See RFC 8314, section 3.
        public let isImplicitTLS: Bool
        /// A name or an IP address.
        public let host: String
        /// 1 to 65535.
        public let port: Int

        /// Reads `smtp://HOST[:PORT]` or `smtps://HOST[:PORT]`; nil for anything else. Without a port it is 587 or 465.
        public init?(_ text: String) {
            let scheme = ["smtp://", "smtps://"].first { text.hasPrefix($0) }
            guard let scheme else { return nil }
            isImplicitTLS = scheme == "smtps://"
            var rest = text.dropFirst(scheme.utf8.count)
            if rest.hasSuffix("/") { rest = rest.dropLast() }
            let colon =
                rest.hasPrefix("[")
                ? rest.lastIndex(of: "]").flatMap { rest[$0...].firstIndex(of: ":") } : rest.firstIndex(of: ":")
            host = String(colon.map { rest[..<$0] } ?? rest)
            let port = colon.map { Int(rest[rest.index(after: $0)...]) } ?? (isImplicitTLS ? 465 : 587)
            guard let port, (1...65535).contains(port), !host.isEmpty,
                host.utf8.allSatisfy({ Self.isHostByte($0) })
            else { return nil }
            self.port = port
        }

        private static func isHostByte(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "-._[]:".utf8.contains(byte)
            }
        }

        /// Whether it is this machine, so that nobody on a network hears what is said without TLS.
        public var isLoopback: Bool {
            ["localhost", "[::1]"].contains(host)
                || (host.hasPrefix("127.")
                    && host.utf8.allSatisfy { $0 == UInt8(ascii: ".") || (0x30...0x39).contains($0) })
        }

        /// The address as a URL.
        public var description: String { "\(isImplicitTLS ? "smtps" : "smtp")://\(host):\(port)" }
    }

    /// A relay.
    public init(_ address: Address, user: String? = nil, password: String? = nil, caFile: String? = nil) {
        self.address = address
        self.user = user
        self.password = password
        self.caFile = caFile
    }

    /// Seconds in which it has to answer a connection, and to have taken a mail.
    private static let (connectSeconds, totalSeconds) = (20, 120)

    /// Hands in a message for one address. It was delivered if the server says that it has taken it.
    ///
    /// - Parameters:
    ///   - sender: the envelope's sender, to whom bounces go.
    ///   - name: what this machine calls itself.
    public func send(_ message: [UInt8], to recipient: String, from sender: String, as name: String) async -> Attempt {
        let relay = self
        return await TransferThread.run("mail") { relay.transfer(message, to: recipient, from: sender, as: name) }
    }

    private func transfer(_ message: [UInt8], to recipient: String, from sender: String, as name: String) -> Attempt {
        func optional(_ text: String?, _ body: (UnsafePointer<CChar>?) -> ccurl_outcome) -> ccurl_outcome {
            text.map { $0.withCString(body) } ?? body(nil)
        }
        let url = "\(address)/\(name)"
        let outcome = message.withUnsafeBytes { bytes in
            url.withCString { url in
                recipient.withCString { recipient in
                    sender.withCString { sender in
                        optional(user) { user in
                            optional(password) { password in
                                optional(caFile) { caFile in
                                    var mail = ccurl_mail()
                                    (mail.url, mail.user, mail.password) = (url, user, password)
                                    (mail.sender, mail.recipient, mail.ca_file) = (sender, recipient, caFile)
                                    mail.message = bytes.bindMemory(to: CChar.self).baseAddress
                                    mail.length = bytes.count
                                    mail.requires_tls = !address.isLoopback
                                    mail.connect_milliseconds = Self.connectSeconds * 1000
                                    mail.total_milliseconds = Self.totalSeconds * 1000
                                    return ccurl_send_mail(&mail)
                                }
                            }
                        }
                    }
                }
            }
        }
        return Self.attempt(
            code: outcome.code, status: outcome.status, command: Self.text(outcome.command),
            words: Self.text(outcome.words))
    }

    /// What a server's answer means. See RFC 5321, section 4.2.1: 4yz is for now, 5yz for good.
    ///
    /// An answer to RCPT or DATA is about this mail; anything else is about all of them.
    static func attempt(code: Int32, status: Int, command: String, words: String) -> Attempt {
        if code == 0 { return .delivered }
        // At MAIL it is if the message is too large. See RFC 1870, section 6.
        let isTooLarge = command == "MAIL" && status == 552
        let isAboutThisMail =
            isTooLarge || (["RCPT", "DATA"].contains(command) && (400..<600).contains(status) && status != 421)
        guard isAboutThisMail else { return .relayAway(words) }
        return status >= 500 ? .refused(words) : .postponed(words)
    }

    /// A C array of characters that ends with a NUL.
    private static func text<Characters>(_ characters: Characters) -> String {
        withUnsafeBytes(of: characters) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
