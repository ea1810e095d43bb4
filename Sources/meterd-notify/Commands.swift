import ArgumentParser
import CCurl
import Foundation
import Metering
import Notify

/// Checks the configuration and says everything that is wrong with it.
struct CheckConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config", abstract: "Checks the configuration and changes nothing.")

    @OptionGroup var options: NotifyOptions

    func run() throws {
        do throws(SettingsProblems) {
            let settings = try options.settings()
            print("control_socket   \(settings.controlSocket)")
            print("state_directory  \(settings.stateDirectory)")
            print(
                "mail             \(settings.notify.mail.map { "\($0.relay.address)" } ?? "none: smtp.url is not set")")
            print(
                "operators        \(settings.notify.operators.isEmpty ? "nobody" : settings.notify.operators.joined(separator: ", "))"
            )
        } catch {
            for problem in error.problems { complain(problem) }
            throw ExitCode(78)
        }
    }
}

/// Sends a mail to see whether the mail server takes it.
struct TestMailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test-mail", abstract: "Sends a test mail, and shows what the mail server says.")

    @OptionGroup var options: NotifyOptions

    @Argument(help: "The address that the mail goes to.")
    var address: String

    func run() async throws {
        ccurl_begin()
        let settings: NotifyConfiguration
        do throws(SettingsProblems) {
            settings = try options.settings()
        } catch {
            for problem in error.problems { complain(problem) }
            throw ExitCode(78)
        }
        guard let mail = settings.notify.mail else {
            complain("no mail server is configured: set smtp.url and smtp.from in \(options.config)")
            throw ExitCode(78)
        }
        guard MailAddress.isValid(address) else { throw ValidationError("'\(address)' is no e-mail address") }
        switch await TestMail.send(to: address, mail) {
        case .delivered: print("\(mail.relay.address) has taken the mail for \(address)")
        case .refused(let words), .postponed(let words):
            complain("\(mail.relay.address) refuses mail for \(address): \(words)")
            throw ExitCode(1)
        case .relayAway(let words), .notReady(let words):
            complain("\(mail.relay.address) can't be used: \(words)")
            throw ExitCode(1)
        }
    }
}

/// What waits, what was delivered, what was given up.
struct DeliveriesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deliveries", abstract: "Lists deliveries, the newest first.")

    @OptionGroup var options: NotifyOptions

    @Option(name: .long, help: "Only waiting, delivered or dead ones.")
    var state: String?

    @Option(name: .long, help: "How many at most.")
    var limit = 100

    @Flag(name: .long, help: "JSON, one delivery per line.")
    var json = false

    private struct Line: Encodable {
        let id, kind, org, recipient, state, created: String
        let attempts: Int64
        let words: String?
    }

    func run() throws {
        let chosen = Delivery.State.allCases.first { $0.name == state }
        guard state == nil || chosen != nil else { throw ValidationError("--state must be waiting, delivered or dead") }
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be from 1 to 10000") }
        let list = try options.store().list(chosen, limit: limit)
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            for item in list {
                let line = Line(
                    id: item.id, kind: item.kind, org: item.org, recipient: item.recipient, state: item.state.name,
                    created: item.created.description, attempts: item.attempts, words: item.words)
                print(String(decoding: try encoder.encode(line), as: UTF8.self))
            }
            return
        }
        guard !list.isEmpty else { return print("no deliveries") }
        for item in list {
            let words = item.words.map { "  \($0)" } ?? ""
            print(
                "\(item.created)  \(item.state.name)  \(item.id)  \(item.kind)  \(item.org)  \(item.recipient)\(words)")
        }
    }
}

/// Has what was given up tried again.
struct RetryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Has deliveries that were given up tried again.")

    @OptionGroup var options: NotifyOptions

    @Argument(help: "The delivery's id.")
    var id: String?

    @Flag(name: .long, help: "All that were given up.")
    var all = false

    func run() throws {
        guard (id == nil) == all else { throw ValidationError("name a delivery, or say --all") }
        let count = try options.store().revive(id: id, at: options.clock()())
        guard count > 0 else {
            complain("nothing was given up\(id.map { " as \($0)" } ?? "")")
            throw ExitCode(1)
        }
        print("\(count) \(count == 1 ? "delivery is" : "deliveries are") tried again within 30 seconds")
    }
}

private func complain(_ words: String) {
    try? FileHandle.standardError.write(contentsOf: Data("meterd-notify: \(words)\n".utf8))
}
