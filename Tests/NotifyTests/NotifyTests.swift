import Testing

@testable import Notify

/// What no mail server shows from outside.
@Suite struct NotifyTests {
    @Test func aTimerThatWasStoppedIsNoStroke() async {
        let bell = Bell()
        for _ in 0..<100 {
            bell.ring()
            await bell.wait(.seconds(3600))
            #expect(!bell.isRung, "the next wait would end at once, and so on for ever")
        }
    }

    @Test func whatAServerSaysIsAboutOneMailOrAboutAll() {
        func attempt(_ command: String, _ status: Int) -> Attempt {
            MailRelay.attempt(code: 55, status: status, command: command, words: "w")
        }
        #expect(MailRelay.attempt(code: 0, status: 250, command: "QUIT", words: "") == .delivered)
        #expect(attempt("RCPT", 550) == .refused("w"))
        #expect(attempt("RCPT", 452) == .postponed("w"))
        #expect(attempt("DATA", 554) == .refused("w"))
        #expect(attempt("MAIL", 552) == .refused("w"), "too large for this server")
        for (command, status) in [("MAIL", 550), ("AUTH", 535), ("EHLO", 500), ("RCPT", 421), ("DATA", 354), ("", 0)] {
            #expect(attempt(command, status) == .relayAway("w"), "\(command) \(status)")
        }
    }

    @Test func noTextBeginsAFieldOfItsOwn() {
        for text in ["a\r\nBcc: x@y.example", "a\nb", "a\u{2028}b", "ü\r\nX: y", "=?utf-8?B?eA==?="] {
            let encoded = HeaderText.encode(text)
            // A field goes on in lines that begin with a blank.
            for line in encoded.replacing("\r\n ", with: "").split(whereSeparator: \.isNewline).dropFirst() {
                Issue.record("a line of its own: \(line)")
            }
        }
        #expect(HeaderText.mailbox("Ana \"A\" B", "ana@acme.example") == #""Ana \"A\" B" <ana@acme.example>"#)
    }

    @Test func anAddressIsAServersAndNothingElse() {
        #expect(MailRelay.Address("smtp://mail.example.com")?.port == 587)
        #expect(MailRelay.Address("smtps://[2001:db8::1]:4650")?.port == 4650)
        #expect(MailRelay.Address("smtp://127.0.0.1")?.isLoopback == true)
        #expect(MailRelay.Address("smtp://127.evil.example")?.isLoopback == false)
        for text in ["http://a", "smtp://", "smtp://a:0", "smtp://a:b", "smtp://u@a", "smtp://a/b", "smtp://a\r\nb"] {
            #expect(MailRelay.Address(text) == nil, "\(text)")
        }
    }
}
