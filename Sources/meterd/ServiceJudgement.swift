import Foundation
import Glibc
import ServiceUnits

/// Judges a configuration as the service will: as its user, with its environment, and by what its unit lets it do.
struct ServiceJudgement {
    let units: UnitNames
    private let values: [String: String]

    /// The unit of that configuration file (the default one if nil); nil if systemd has no such unit, if this process can't take its
    /// user, or if it is the service itself that asks.
    init?(of file: String?) {
        guard let units = UnitNames(configurationFile: file ?? Settings.defaultFile),
            ProcessInfo.processInfo.environment["SYSTEMD_EXEC_PID"] != "\(getpid())"
        else { return nil }
        let values = SystemdUnit.show(
            units.daemon,
            [
                "LoadState", "User", "ExecStart", "Environment", "ProtectSystem", "ProtectHome", "ReadWritePaths",
                "InaccessiblePaths", "StateDirectory", "PrivateNetwork",
            ])
        guard values["LoadState"] == "loaded" else { return nil }
        self.units = units
        self.values = values
    }

    /// Whom it runs as.
    var user: String { values["User"].flatMap { $0.isEmpty ? nil : $0 } ?? "root" }

    /// The configuration file that it names.
    var configurationFile: String? {
        let words = (values["ExecStart"] ?? "").split(separator: " ").map(String.init)
        guard let index = words.firstIndex(of: "--config"), index + 1 < words.count else { return nil }
        return words[index + 1]
    }

    /// The variables that it sets. To be asked as root: the files of variables may be its own.
    var environment: [String: String] {
        var variables: [String: String] = [:]
        for word in (values["Environment"] ?? "").replacing("\"", with: "").split(separator: " ") {
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
        }
        for file in SystemdUnit.setting("EnvironmentFile", of: units.daemon) {
            let path = String(file.drop { $0 == "-" })
            for line in (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? [] {
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2, !line.hasPrefix("#") else { continue }
                variables[String(parts[0])] = parts[1].trimmingCharacters(in: ["\"", "'", " "])
            }
        }
        return variables
    }

    /// The names of the credentials that it is handed, and what is wrong with their files. To be asked as root, as systemd reads them.
    func credentials() -> (names: [String], problems: [String]) {
        var names: [String] = []
        var problems: [String] = []
        for setting in ["LoadCredential", "LoadCredentialEncrypted", "SetCredential", "SetCredentialEncrypted"] {
            for value in SystemdUnit.setting(setting, of: units.daemon) {
                let parts = value.split(separator: ":", maxSplits: 1).map(String.init)
                guard let name = parts.first else { continue }
                names.append(name)
                guard setting.hasPrefix("Load"), parts.count == 2, parts[1].hasPrefix("/"), access(parts[1], R_OK) != 0
                else { continue }
                problems.append(
                    "\(units.daemon): \(setting)=\(value): the file can't be read, so that the unit doesn't start: \(String(cString: strerror(errno)))"
                )
            }
        }
        return (names, problems)
    }

    /// Becomes the user that it runs as, for good.
    func becomeUser() throws(JudgementImpossible) {
        guard user != "root" else { return }
        guard let entry = getpwnam(user) else {
            throw JudgementImpossible(description: "\(units.daemon): User=\(user): this machine has no such user")
        }
        let (uid, gid) = (entry.pointee.pw_uid, entry.pointee.pw_gid)
        guard initgroups(user, gid) == 0, setgid(gid) == 0, setuid(uid) == 0 else {
            throw JudgementImpossible(
                description: "user \(user) can't be taken: \(String(cString: strerror(errno)))")
        }
    }

    /// What its unit doesn't let it do with those settings, a line each; what only narrows it are warnings.
    func problems(_ settings: Settings, credentials: [String]) -> (wrong: [String], warnings: [String]) {
        var wrong: [String] = []
        var warnings: [String] = []
        if let words = stateProblem(settings.stateDirectory) { wrong.append("state_dir: " + words) }
        for (key, unit, path, group) in [
            ("ingest", units.ingest, settings.ingestSocket, settings.ingestGroup),
            ("control", units.control, settings.controlSocket, settings.controlGroup),
        ] where SystemdUnit.show(unit, ["LoadState"])["LoadState"] != "loaded" {
            if group != nil {
                wrong.append(
                    "\(key).socket_group: without \(unit) the daemon makes the socket, and its sandbox lets it give no file away; leave it out, and \(key).socket_mode: \"0660\" lets the group of its user in"
                )
            }
            let folder = (path as NSString).deletingLastPathComponent
            if !isWritable(folder) { wrong.append("\(key).socket: the unit lets it write nothing in \(folder)") }
        }
        let hasNoNetwork = values["PrivateNetwork"] == "yes"
        if settings.metricsListen != nil, hasNoNetwork {
            warnings.append(
                "metrics.listen: the unit has no network; /usr/share/meterd/metrics.conf is a drop-in for that")
        }
        if settings.gateway == .stripe {
            if settings.stripeKeyFile == nil, !credentials.contains("stripe-key") {
                wrong.append("billing.gateway: stripe needs the credential stripe-key, or billing.stripe.key_file")
            }
            if hasNoNetwork {
                wrong.append(
                    "billing.gateway: stripe needs the network, which the unit doesn't have; /usr/share/meterd/stripe.conf is a drop-in for that"
                )
            }
        }
        if let folder = settings.backupFolder?.path {
            let backup = SystemdUnit.show(units.backup, ["LoadState", "ReadWritePaths"])
            if backup["LoadState"] == "loaded", !Self.contains(Self.paths(backup["ReadWritePaths"]), folder) {
                warnings.append(
                    "backup.folder: \(units.backup) may not write to \(folder); /usr/share/meterd/backup.conf is a drop-in for that"
                )
            }
        }
        return (wrong, warnings)
    }

    private func stateProblem(_ directory: String) -> String? {
        let homes = ["/home", "/root", "/run/user"]
        if values["ProtectHome"] != "no", Self.contains(homes, directory) {
            return "\(directory) is in a home, which the unit hides (ProtectHome=); choose a folder elsewhere"
        }
        if Self.contains(Self.paths(values["InaccessiblePaths"]), directory) {
            return "\(directory) is hidden by the unit (InaccessiblePaths=)"
        }
        guard isWritable(directory) else {
            return
                "the unit lets it write nothing in \(directory); /usr/share/meterd/state.conf is a drop-in for that (ReadWritePaths=)"
        }
        // systemd makes its own folder, and gives it to the user.
        if directory != ownStateDirectory, access(directory, W_OK) != 0 {
            return "\(directory) can't be written by \(user): \(String(cString: strerror(errno)))"
        }
        return nil
    }

    private var ownStateDirectory: String? {
        values["StateDirectory"].flatMap { $0.isEmpty ? nil : "/var/lib/" + $0 }
    }

    private func isWritable(_ path: String) -> Bool {
        guard values["ProtectSystem"] == "strict" else { return true }
        return Self.contains(Self.paths(values["ReadWritePaths"]) + [ownStateDirectory].compactMap { $0 }, path)
    }

    private static func paths(_ list: String?) -> [String] {
        (list ?? "").split(separator: " ").map { String($0.drop { $0 == "-" || $0 == "+" }) }
    }

    private static func contains(_ folders: [String], _ path: String) -> Bool {
        folders.contains { path == $0 || path.hasPrefix($0 + "/") }
    }
}

/// Why a configuration can't be judged as the service will.
struct JudgementImpossible: Error {
    let description: String
}
