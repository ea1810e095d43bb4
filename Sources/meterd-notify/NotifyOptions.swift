import ArgumentParser
import Foundation
import Logging
import Metering
import Notify
import Yams

/// Flags, which beat the configuration file.
struct NotifyOptions: ParsableArguments {
    @Option(name: .long, help: "The configuration file.")
    var config = "/etc/meterd/notify.yaml"

    @Option(name: .long, help: "Where meterd's control socket is.")
    var controlSocket: String?

    @Option(name: .customLong("state-dir"), help: "The folder of meterd-notify's own file.")
    var stateDirectory: String?

    @Option(name: .long, help: .hidden)
    var testClock: String?

    /// The settings in force, or everything that is wrong with them.
    func settings() throws(SettingsProblems) -> NotifyConfiguration {
        var file = NotifyFile()
        if let text = FileManager.default.contents(atPath: config) {
            file = NotifyFile(String(decoding: text, as: UTF8.self), named: config)
        } else if FileManager.default.fileExists(atPath: config) {
            file.problems.append("\(config) can't be read")
        }
        if let controlSocket { file.values["control_socket"] = controlSocket }
        if let stateDirectory { file.values["state_directory"] = stateDirectory }
        return try NotifyConfiguration(file)
    }

    /// The time: the system's; in tests as many seconds ahead as a file says.
    func clock() -> @Sendable () -> Timestamp {
        let system: @Sendable () -> Timestamp = {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            return Timestamp(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
        }
        guard let file = testClock else { return system }
        return {
            let text = FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) } ?? ""
            return system().advanced(bySeconds: Int64(text.filter { $0.isNumber || $0 == "-" }) ?? 0)
        }
    }

    /// Their own file, for the commands that look into it.
    func store() throws -> NotifyStore {
        let settings: NotifyConfiguration
        do throws(SettingsProblems) {
            settings = try self.settings()
        } catch {
            throw ValidationError(error.words)
        }
        guard FileManager.default.fileExists(atPath: settings.stateDirectory + "/notify.db") else {
            throw ValidationError(
                "\(settings.stateDirectory)/notify.db isn't there; is the service running, and may you read it?")
        }
        return try NotifyStore(folder: settings.stateDirectory)
    }
}

/// Everything that is wrong with a configuration.
struct SettingsProblems: Error {
    let problems: [String]

    /// One line.
    var words: String { problems.joined(separator: "; ") }
}

/// The configuration file: values by key; those of `smtp` with a dot.
struct NotifyFile {
    var values: [String: String] = [:]
    var operators: [String] = []
    /// A line for each thing that is wrong.
    var problems: [String] = []

    private static let keys = ["control_socket", "state_directory", "dashboard_url", "log_level"]
    private static let mailKeys = ["url", "user", "password_file", "from", "reply_to", "ca_file"]

    init() {}

    /// Reads a file's text.
    init(_ text: String, named name: String) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            problems = ["\(name) is not YAML: \(error)"]
            return
        }
        guard let root, root.scalar?.string != "" else { return }
        guard let mapping = root.mapping else {
            problems = ["\(name): expected keys and values"]
            return
        }
        for (key, value) in mapping {
            let place = key.mark.map { "\(name), line \($0.line): " } ?? "\(name): "
            switch key.scalar?.string ?? "?" {
            case "smtp":
                guard let smtp = value.mapping else {
                    problems.append("\(place)smtp: expected keys and values")
                    continue
                }
                for (key, value) in smtp { take(key, value, "smtp.", Self.mailKeys, place) }
            case "operators":
                guard let list = value.sequence else {
                    problems.append("\(place)operators: expected a list of e-mail addresses")
                    continue
                }
                for address in list { operators.append(address.scalar?.string ?? "") }
            default: take(key, value, "", Self.keys, place)
            }
        }
    }

    private mutating func take(_ key: Node, _ value: Node, _ prefix: String, _ keys: [String], _ place: String) {
        let name = key.scalar?.string ?? "?"
        guard keys.contains(name) else {
            problems.append("\(place)\(prefix)\(name): there is no such key")
            return
        }
        guard let scalar = value.scalar else {
            problems.append("\(place)\(prefix)\(name): expected a single value")
            return
        }
        // A key without a value is as if it weren't there.
        if scalar.style != .plain || !["", "~", "null"].contains(scalar.string), !scalar.string.isEmpty {
            values[prefix + name] = scalar.string
        }
    }
}

/// What meterd-notify was told, checked.
struct NotifyConfiguration: Sendable {
    let controlSocket: String
    let stateDirectory: String
    let logLevel: Logger.Level
    let notify: NotifySettings

    init(_ file: NotifyFile) throws(SettingsProblems) {
        var problems = file.problems
        let values = file.values
        controlSocket = values["control_socket"] ?? "/run/meterd/control.sock"
        stateDirectory =
            values["state_directory"] ?? ProcessInfo.processInfo.environment["STATE_DIRECTORY"]
            ?? "/var/lib/meterd-notify"
        logLevel = values["log_level"].flatMap { Logger.Level(rawValue: $0) } ?? .info
        if let level = values["log_level"], Logger.Level(rawValue: level) == nil {
            problems.append("log_level must be debug, info, notice, warning or error")
        }
        let dashboard = values["dashboard_url"].flatMap { DashboardAddress($0) }
        if values["dashboard_url"] != nil, dashboard == nil {
            problems.append("dashboard_url must be https://HOST with nothing behind it; http is for localhost only")
        }
        for address in file.operators where !MailAddress.isValid(address) {
            problems.append("operators: '\(address)' is no e-mail address")
        }
        let mail = Self.mail(values, &problems)
        guard problems.isEmpty else { throw SettingsProblems(problems: problems) }
        notify = NotifySettings(mail: mail, dashboard: dashboard, operators: file.operators)
    }

    private static func mail(_ values: [String: String], _ problems: inout [String]) -> MailSettings? {
        guard let url = values["smtp.url"] else {
            if let other = values.keys.sorted().first(where: { $0.hasPrefix("smtp.") }) {
                problems.append(
                    "smtp.url is missing, and \(other) is there: the server that takes mail, such as smtp://mail.example.com:587"
                )
            }
            return nil
        }
        guard let address = MailRelay.Address(url) else {
            problems.append("smtp.url must be smtp://HOST:PORT, for STARTTLS, or smtps://HOST:PORT")
            return nil
        }
        guard let from = values["smtp.from"], let sender = MailMessage.Sender(from) else {
            problems.append("smtp.from must be an e-mail address, such as Acme Billing <billing@acme.example>")
            return nil
        }
        let replyTo = values["smtp.reply_to"]
        if let replyTo, !MailAddress.isValid(replyTo) { problems.append("smtp.reply_to must be an e-mail address") }
        let password = values["smtp.password_file"].flatMap { secret($0, &problems) }
        if (values["smtp.user"] == nil) != (values["smtp.password_file"] == nil) {
            problems.append("smtp.user and smtp.password_file go together")
        }
        if password != nil, !address.isLoopback, values["smtp.user"]?.isEmpty == true {
            problems.append("smtp.user is empty")
        }
        let caFile = values["smtp.ca_file"]
        if let caFile, !FileManager.default.isReadableFile(atPath: caFile) {
            problems.append("smtp.ca_file: \(caFile) can't be read")
        }
        return MailSettings(
            relay: MailRelay(address, user: values["smtp.user"], password: password, caFile: caFile), sender: sender,
            replyTo: replyTo)
    }

    /// A secret is a file: one that systemd hands in, if only its name is given. See systemd.exec(5), `LoadCredential=`.
    private static func secret(_ path: String, _ problems: inout [String]) -> String? {
        let folder = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"]
        let full = path.hasPrefix("/") ? path : (folder ?? ".") + "/" + path
        guard let data = FileManager.default.contents(atPath: full), data.count <= 4096 else {
            problems.append("smtp.password_file: \(full) can't be read")
            return nil
        }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        // The unit's word for a credential whose file isn't there.
        guard !text.isEmpty, text != "not-set" else {
            problems.append(
                "smtp.password_file: \(full) is empty; the unit's credential smtp-password is /etc/meterd/smtp-password"
            )
            return nil
        }
        return text
    }
}
