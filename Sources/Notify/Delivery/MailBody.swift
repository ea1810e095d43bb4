import Foundation

/// A mail that waits, as the file has it.
struct MailBody: Codable, Sendable {
    let address: String
    let name: String?
    let notice: Notice
    /// The org, as people call it.
    let org: String
    let support: String?
}

/// Who gets mail, and how.
public struct MailSettings: Sendable {
    /// The server that takes it.
    public let relay: MailRelay
    /// Whom it is from.
    public let sender: MailMessage.Sender
    /// Whom answers go to; nil for the sender.
    public let replyTo: String?

    /// Settings.
    public init(relay: MailRelay, sender: MailMessage.Sender, replyTo: String? = nil) {
        self.relay = relay
        self.sender = sender
        self.replyTo = replyTo
    }
}

/// What meterd-notify was told.
public struct NotifySettings: Sendable {
    /// How mail is sent; nil if none is.
    public let mail: MailSettings?
    /// Where people reach the dashboard; nil if there is none.
    public let dashboard: DashboardAddress?
    /// Addresses of those who run meterd.
    public let operators: [String]

    /// Settings.
    public init(mail: MailSettings?, dashboard: DashboardAddress?, operators: [String]) {
        self.mail = mail
        self.dashboard = dashboard
        self.operators = operators
    }
}
