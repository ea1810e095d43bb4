import Logging

/// A swift-log backend on ``LogPump``: metadata become journal fields (`org` → `METERD_ORG`, `message_id` →
/// `MESSAGE_ID`).
public struct SystemdLogHandler: LogHandler {
    /// Below which nothing is written; what is set here is not kept, the level is the process's.
    public var logLevel: Logger.Level {
        get { level() }
        set {}
    }
    /// Fields of every entry.
    public var metadata: Logger.Metadata = [:]
    private let pump: LogPump
    private let level: @Sendable () -> Logger.Level

    /// A backend that asks `level` for the level each time, so that it can change while loggers live.
    public init(level: @escaping @Sendable () -> Logger.Level, pump: LogPump) {
        self.level = level
        self.pump = pump
    }

    /// A field of every entry.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Takes an entry; never waits.
    public func log(event: LogEvent) {
        var fields = metadata
        fields.merge(event.metadata ?? [:]) { _, new in new }
        let named = fields.sorted { $0.key < $1.key }.map { (Self.field($0.key), "\($0.value)") }
        pump.put(LogPump.Entry(priority: Self.priority(event.level), message: "\(event.message)", fields: named))
    }

    /// Journal field names are upper case ASCII; ours have a prefix, so that they can't meet another's.
    private static func field(_ key: String) -> String {
        let upper = String(
            key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
        return upper == "MESSAGE_ID" ? upper : "METERD_" + upper
    }

    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }
}
