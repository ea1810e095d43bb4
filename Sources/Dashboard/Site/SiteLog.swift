import Logging

/// What the dashboard tells its operator. No cookie, code, link, address or name is ever in it.
struct SiteLog: Sendable {
    private let logger: Logger

    init(_ logger: Logger) { self.logger = logger }

    /// What happened.
    enum Event: String, Sendable, CaseIterable {
        case signedIn = "440c41ded3d9485885f0a3c5f6f73995"
        case signInRefused = "dd0cef4b5a964aae8aa5eff47a84380b"
        case signedOut = "60a879528bb3495789b53c33816359eb"
        case forgedForm = "19100cad653e47a3a0cf9b38e2c7a271"
        case daemonAway = "c7114efe998d4a57b7e24a24e6f341f0"
        case storeBroken = "9566cd7ce52947b69f683660529a4648"
    }

    func note(_ event: Event, _ words: String, _ fields: [String: String] = [:], level: Logger.Level = .info) {
        var metadata: Logger.Metadata = ["MESSAGE_ID": "\(event.rawValue)"]
        for (name, value) in fields { metadata[name] = "\(value)" }
        logger.log(level: level, "\(words)", metadata: metadata)
    }
}
