import Logging

/// What meterd-notify tells its operator. No name, address, link or secret is ever in it: `meterd-notify deliveries` shows them.
public struct NotifyLog: Sendable {
    private let logger: Logger

    /// A log.
    public init(_ logger: Logger) { self.logger = logger }

    /// What happened.
    public enum Event: String, Sendable, CaseIterable {
        /// Something was delivered.
        case delivered = "8ac6f5dbdd6642bea0faa5d6174b3abb"
        /// Something was given up.
        case gaveUp = "b82a23929011438ea512787f89fbcd89"
        /// The mail server can't be used.
        case relayAway = "54dbc9c19fec45b686959be2d5f075db"
        /// It can be used again.
        case relayBack = "00ffa4bfb1c2451fa69d61cbf62b6bb4"
        /// The daemon gives no answer.
        case daemonAway = "290babf4fc924f978ef1c9e797d0c538"
        /// Events are missing: they were removed before they were read, or the ledger is an older one.
        case eventsMissed = "38ec79144eaa42caa44a797bf5310c99"
        /// The own file can't be used.
        case storeBroken = "90ffb3988d3e44d38c87b7444a30b4a6"
    }

    func note(_ event: Event, _ words: String, _ fields: [String: String] = [:], level: Logger.Level) {
        var metadata: Logger.Metadata = ["MESSAGE_ID": "\(event.rawValue)"]
        for (name, value) in fields { metadata[name] = "\(value)" }
        logger.log(level: level, "\(words)", metadata: metadata)
    }
}
