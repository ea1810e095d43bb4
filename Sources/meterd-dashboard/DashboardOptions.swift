import ArgumentParser
import Dashboard
import Foundation
import Logging
import OpenIDConnect

/// Flags, which beat the configuration file.
struct DashboardOptions: ParsableArguments {
    @Option(name: .long, help: "The configuration file.")
    var config = "/etc/meterd/dashboard.yaml"

    @Option(name: .customLong("public-url"), help: "The address at which browsers reach the dashboard.")
    var publicURL: String?

    @Option(name: .long, help: "Where meterd's control socket is.")
    var controlSocket: String?

    @Option(name: .customLong("state-dir"), help: "The folder of the dashboard's own file.")
    var stateDirectory: String?

    @Option(name: .long, help: "Where to listen, if systemd holds no socket: HOST:PORT, or a path.")
    var listen: String?

    @Option(name: .long, help: .hidden)
    var testClock: String?

    /// The settings in force, or everything that is wrong with them.
    func settings() throws(SettingsProblems) -> DashboardSettings {
        var file = DashboardFile()
        var problems: [String] = []
        if let text = FileManager.default.contents(atPath: config) {
            file = DashboardFile(String(decoding: text, as: UTF8.self), named: config)
            problems = file.problems
        } else if FileManager.default.fileExists(atPath: config) {
            problems.append("\(config) can't be read")
        }
        var values = file.values
        let flags = [
            ("public_url", publicURL), ("control_socket", controlSocket), ("state_directory", stateDirectory),
            ("listen", listen),
        ]
        for (name, value) in flags { if let value { values[name] = value } }
        return try DashboardSettings(values, file.providers, problems: problems)
    }
}

/// Everything that is wrong with a configuration.
struct SettingsProblems: Error {
    let problems: [String]

    /// One line.
    var words: String { problems.joined(separator: "; ") }
}

/// What the dashboard was told.
struct DashboardSettings: Sendable {
    let address: PublicURL
    let controlSocket: String
    let stateDirectory: String
    /// Where to listen if systemd holds no socket.
    let listen: String?
    /// Whether every connection is a reverse proxy's.
    let isBehindProxy: Bool
    let logLevel: Logger.Level
    /// Where people can sign in beside passkeys and links.
    let providers: [ProviderReader.Named]

    /// Keys of the file.
    static let keys = ["public_url", "control_socket", "state_directory", "listen", "behind_proxy", "log_level"]

    init(_ values: [String: String], _ providers: [ProviderReader.Named], problems: [String]) throws(SettingsProblems) {
        var problems = problems
        self.providers = providers
        let address = values["public_url"].flatMap { PublicURL($0) }
        if values["public_url"] == nil {
            problems.append("public_url is missing: the address at which browsers reach the dashboard")
        } else if address == nil {
            problems.append(
                "public_url must be https://HOST with nothing behind it; http is for localhost only")
        }
        isBehindProxy = Self.flag("behind_proxy", values, &problems)
        logLevel = values["log_level"].flatMap { Logger.Level(rawValue: $0) } ?? .info
        if let level = values["log_level"], Logger.Level(rawValue: level) == nil {
            problems.append("log_level must be debug, info, notice, warning or error")
        }
        controlSocket = values["control_socket"] ?? "/run/meterd/control.sock"
        stateDirectory =
            values["state_directory"] ?? ProcessInfo.processInfo.environment["STATE_DIRECTORY"]
            ?? "/var/lib/meterd-dashboard"
        listen = values["listen"]
        guard problems.isEmpty, let address else { throw SettingsProblems(problems: problems) }
        self.address = address
    }

    private static func flag(_ name: String, _ values: [String: String], _ problems: inout [String]) -> Bool {
        switch values[name] {
        case nil, "false": return false
        case "true": return true
        default:
            problems.append("\(name) must be true or false")
            return false
        }
    }
}
