/// The names of one meterd's units and folders: the package's, or those of an instance (`meterd@NAME`).
public struct UnitNames: Sendable, Hashable {
    /// The instance; nil for the package's own.
    public let instance: String?

    /// The units of an instance; of the package if it is nil.
    public init(instance: String?) { self.instance = instance }

    /// The units of the daemon whose control socket that is: an instance has its own in `/run/meterd-NAME`.
    public init(controlSocket path: String) {
        instance = path.wholeMatch(of: /\/run\/meterd-([^\/]+)\/control\.sock/).map { String($0.1) }
    }

    /// The units of the daemon whose configuration that is: an instance has its own, `/etc/meterd/NAME.yaml`. Nil for a file elsewhere.
    public init?(configurationFile path: String) {
        guard let name = path.wholeMatch(of: /\/etc\/meterd\/([^\/]+)\.yaml/).map({ String($0.1) }) else { return nil }
        instance = name == "meterd" ? nil : name
    }

    /// The daemon's unit.
    public var daemon: String { name("meterd", "service") }
    /// The unit of its ingest socket.
    public var ingest: String { name("meterd-ingest", "socket") }
    /// The unit of its control socket.
    public var control: String { name("meterd-control", "socket") }
    /// The unit that makes a backup.
    public var backup: String { name("meterd-backup", "service") }
    /// The timer of that.
    public var backupTimer: String { name("meterd-backup", "timer") }
    /// The file with its configuration.
    public var configurationFile: String { "/etc/meterd/\(instance ?? "meterd").yaml" }
    /// Where the ledger lies, if nothing else is configured.
    public var stateDirectory: String { "/var/lib/meterd" + suffix }
    /// Where backups lie, if nothing else is configured.
    public var backupFolder: String { "/var/backups/meterd" + suffix }
    /// The three that have to be started together.
    public var all: String { "\(ingest) \(control) \(daemon)" }

    private var suffix: String { instance.map { "-\($0)" } ?? "" }

    private func name(_ unit: String, _ kind: String) -> String { "\(unit)\(instance.map { "@\($0)" } ?? "").\(kind)" }
}
