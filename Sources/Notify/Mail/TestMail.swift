import Foundation
import Metering

/// A mail that says nothing but that mail works.
public enum TestMail {
    /// Sends it now.
    public static func send(to address: String, _ mail: MailSettings) async -> Attempt {
        let notice = Notice(
            subject: "meterd can send mail", paragraphs: ["This is a test. An operator of meterd asked for it."])
        let footer = NoticeFooter(org: "this service", support: nil)
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let message = MailMessage(
            sender: mail.sender, replyTo: mail.replyTo, recipient: address, recipientName: nil, subject: notice.subject,
            date: Timestamp(milliseconds: Int64(now.tv_sec) * 1000), id: UUID().uuidString.lowercased(),
            text: notice.text(footer), html: notice.html(footer).bytes, files: [])
        return await mail.relay.send(message.bytes(), to: address, from: mail.sender.address, as: "localhost")
    }
}
