import Foundation
import Metering

/// A mail: its text, the same as HTML, and perhaps a file. See RFC 5322 and RFC 2046.
public struct MailMessage: Sendable {
    /// Whom it is from, as people see it.
    public struct Sender: Sendable, Hashable {
        /// Before the address; nil for none.
        public let name: String?
        /// The address, also of the envelope.
        public let address: String

        /// Reads `NAME <ADDRESS>` or `ADDRESS`; nil if there is no address in it.
        public init?(_ text: String) {
            let trimmed = text.trimmingCharacters(in: .whitespaces)
            if let open = trimmed.lastIndex(of: "<"), trimmed.hasSuffix(">") {
                address = String(trimmed[trimmed.index(after: open)...].dropLast())
                let before = trimmed[..<open].trimmingCharacters(in: CharacterSet(charactersIn: " \""))
                name = before.isEmpty ? nil : before
            } else {
                (name, address) = (nil, trimmed)
            }
            guard MailAddress.isValid(address) else { return nil }
        }
    }

    /// A file that is attached.
    public struct File: Sendable {
        let name: String
        let type: String
        let bytes: [UInt8]
    }

    let sender: Sender
    let replyTo: String?
    let recipient: String
    let recipientName: String?
    let subject: String
    let date: Timestamp
    /// What is unique before the `@`; the same delivery has the same, however often it is sent.
    let id: String
    let text: String
    let html: [UInt8]
    let files: [File]

    /// The message, with CR LF at each line's end.
    func bytes() -> [UInt8] {
        var fields = [
            "From: \(HeaderText.mailbox(sender.name, sender.address))",
            "To: \(HeaderText.mailbox(recipientName, recipient))",
            "Subject: \(HeaderText.encode(subject))",
            "Date: \(Self.date(date))",
            "Message-ID: <\(id)@\(sender.address.split(separator: "@").last ?? "localhost")>",
            "MIME-Version: 1.0",
            // No answering machine is to answer. See RFC 3834, section 5.
            "Auto-Submitted: auto-generated",
        ]
        if let replyTo { fields.append("Reply-To: <\(replyTo)>") }
        let outer = "meterd-\(id)-outer", inner = "meterd-\(id)-inner"
        func part(_ type: String, _ content: String, _ encoding: String, _ more: [String] = []) -> String {
            (["Content-Type: \(type)", "Content-Transfer-Encoding: \(encoding)"] + more).joined(separator: "\r\n")
                + "\r\n\r\n" + content + "\r\n"
        }
        func parts(_ parts: [String], _ boundary: String) -> String {
            parts.map { "--\(boundary)\r\n\($0)" }.joined() + "--\(boundary)--\r\n"
        }
        let words = parts(
            [
                part("text/plain; charset=utf-8", QuotedPrintable.encode(Array(text.utf8)), "quoted-printable"),
                part("text/html; charset=utf-8", QuotedPrintable.encode(html), "quoted-printable"),
            ], inner)
        let alternative = "multipart/alternative; boundary=\"\(inner)\""
        guard !files.isEmpty else {
            fields.append("Content-Type: \(alternative)")
            return Array((fields.joined(separator: "\r\n") + "\r\n\r\n" + words).utf8)
        }
        fields.append("Content-Type: multipart/mixed; boundary=\"\(outer)\"")
        let attached = files.map { file in
            part(
                "\(file.type); name=\"\(file.name)\"", Base64.lines(file.bytes), "base64",
                ["Content-Disposition: attachment; filename=\"\(file.name)\""])
        }
        let first = "Content-Type: \(alternative)\r\n\r\n" + words
        return Array((fields.joined(separator: "\r\n") + "\r\n\r\n" + parts([first] + attached, outer)).utf8)
    }

    /// `Mon, 30 Nov 2026 14:05:09 +0000`. See RFC 5322, section 3.3.
    static func date(_ time: Timestamp) -> String {
        let day = CalendarDay(time)
        let (year, month, number) = day.civil
        let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let clock = time.description.dropFirst(11).prefix(8)
        let since = day.daysSinceEpoch % 7
        return
            "\(names[Int(since < 0 ? since + 7 : since)]), \(number) \(months[Int(month) - 1]) \(year) \(clock) +0000"
    }
}

/// What an e-mail address may look like here: the daemon checks the members' addresses in the same way.
public enum MailAddress {
    /// Whether mail can be sent to it. Addresses with quotes, which nobody uses, are none.
    public static func isValid(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        return text.utf8.count <= 254 && parts.count == 2
            && parts.allSatisfy { !$0.isEmpty && !$0.hasPrefix(".") && !$0.hasSuffix(".") }
            && text.unicodeScalars.allSatisfy {
                $0.value > 0x20 && $0.value != 0x7F && !"\"<>(),;:\\[]".unicodeScalars.contains($0)
            }
    }
}
