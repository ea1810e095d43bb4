import Foundation
import Metering

/// A payment that somebody is there to confirm, if the bank wants that (3-D Secure).
public struct Confirmation: Sendable, Hashable {
    /// Where the customer's browser goes after the gateway's page.
    public let returnURL: String
    /// Whether the payment still waits for the customer. If not, the gateway gives it up.
    public let isOpen: Bool

    /// A confirmation.
    public init(returnURL: String, isOpen: Bool) {
        self.returnURL = returnURL
        self.isOpen = isOpen
    }

    /// Seconds after which a payment that nobody confirmed is given up. An idempotency key at Stripe lives as long.
    static let seconds: Int64 = 23 * 3600
}

/// The address of the page to which the gateway sends a customer back. `{org}` and `{payment}` in it are filled in.
public struct ReturnURL: Sendable, Hashable {
    /// As it was given.
    public let template: String

    private static let lengthMax = 1024

    /// Nil unless it is an absolute https URL; http is accepted for this machine only.
    public init?(_ text: String) {
        guard (1...Self.lengthMax).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            let url = URLComponents(string: Self.fill(text, org: "org", payment: 1)), let host = url.host,
            !host.isEmpty, url.user == nil, url.password == nil
        else { return nil }
        switch url.scheme?.lowercased() {
        case "https": break
        case "http": guard ["localhost", "127.0.0.1", "[::1]", "::1"].contains(host) else { return nil }
        default: return nil
        }
        template = text
    }

    static func fill(_ template: String, org: String, payment: Int64) -> String {
        let org = org.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return template.replacing("{org}", with: org).replacing("{payment}", with: "\(payment)")
    }
}

/// The gateway's pages on which customers confirm payments. They are not on disk: after a restart, the gateway is asked about every
/// open payment, and names them again.
actor ConfirmationPages {
    private var pages: [Int64: String] = [:]

    func set(_ page: String?, of payment: Int64) { pages[payment] = page }

    func page(of payment: Int64) -> String? { pages[payment] }
}
