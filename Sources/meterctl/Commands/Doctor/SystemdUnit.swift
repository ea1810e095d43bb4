import Foundation

/// The units of one meterd: the package's, or those of an instance (`meterd@NAME`).
struct UnitNames {
    /// The instance; nil for the package's own.
    let instance: String?

    /// The units of the daemon whose control socket that is: an instance has its own in `/run/meterd-NAME`.
    init(controlSocket path: String) {
        instance = path.wholeMatch(of: /\/run\/meterd-([^\/]+)\/control\.sock/).map { String($0.1) }
    }

    var daemon: String { name("meterd", "service") }
    var ingest: String { name("meterd-ingest", "socket") }
    var control: String { name("meterd-control", "socket") }
    var backup: String { name("meterd-backup", "service") }
    var backupTimer: String { name("meterd-backup", "timer") }
    var stateDirectory: String { "/var/lib/meterd" + suffix }
    var backupFolder: String { BackupCommand.defaultFolder + suffix }
    /// The three that have to be started together.
    var all: String { "\(ingest) \(control) \(daemon)" }

    private var suffix: String { instance.map { "-\($0)" } ?? "" }

    private func name(_ unit: String, _ kind: String) -> String { "\(unit)\(instance.map { "@\($0)" } ?? "").\(kind)" }
}

/// What systemd says of units.
enum SystemdUnit {
    /// Properties of a unit; empty if there is no systemd to ask.
    static func show(_ unit: String, _ properties: [String]) -> [String: String] {
        let output = output(["systemctl", "show", unit, "-p", properties.joined(separator: ",")]) ?? ""
        var values: [String: String] = [:]
        for line in output.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        return values
    }

    /// What a program prints; nil if it isn't there or fails.
    static func output(_ words: [String]) -> String? {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return nil }
        let data = try? pipe.fileHandleForReading.readToEnd()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? data.map { String(decoding: $0, as: UTF8.self) } : nil
    }
}
