import Foundation
import Glibc
import ServiceUnits

/// Judges a configuration as the service will: as its user, with its environment, and by what its unit lets it do.
struct ServiceJudgement {
    let units: UnitNames
    private let values: [String: String]

    /// The unit of that configuration file (the default one if nil); nil if systemd has no such unit, or if it is the service itself that
    /// asks. An instance counts once its unit is enabled or runs: any other file in that folder may be a draft.
    init?(of file: String?) {
        guard let units = UnitNames(configurationFile: file ?? Settings.defaultFile),
            ProcessInfo.processInfo.environment["SYSTEMD_EXEC_PID"] != "\(getpid())"
        else { return nil }
        let values = SystemdUnit.show(
            units.daemon,
            [
                "LoadState", "UnitFileState", "ActiveState", "User", "Group", "SupplementaryGroups", "ExecStart",
                "Environment", "ProtectSystem", "ProtectHome", "PrivateTmp", "ReadWritePaths", "InaccessiblePaths",
                "StateDirectory", "PrivateNetwork",
            ])
        guard values["LoadState"] == "loaded",
            units.instance == nil || values["UnitFileState"]?.hasPrefix("enabled") == true
                || values["ActiveState"] != "inactive"
        else { return nil }
        self.units = units
        self.values = values
    }

    /// Whom it runs as.
    var user: String { values["User"].flatMap { $0.isEmpty ? nil : $0 } ?? "root" }

    /// The configuration file that it names.
    var configurationFile: String? {
        SystemdUnit.option("--config", ofCommand: values["ExecStart"] ?? "")
    }

    /// The variables that it sets, and what is wrong with its files of them. To be asked as root, as systemd reads them.
    func environment() -> (variables: [String: String], problems: [String]) {
        var variables: [String: String] = [:]
        var problems: [String] = []
        variables.merge(SystemdUnit.assignments(values["Environment"] ?? "")) { _, new in new }
        for file in SystemdUnit.setting("EnvironmentFile", of: units.daemon) where !file.contains("%") {
            let path = String(file.drop { $0 == "-" })
            guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
                if !file.hasPrefix("-") { problems.append("\(units.daemon): EnvironmentFile=\(path) can't be read") }
                continue
            }
            for line in text.split(separator: "\n") where !line.hasPrefix("#") && !line.hasPrefix(";") {
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard parts.count == 2 else { continue }
                let name = parts[0].trimmingCharacters(in: .whitespaces)
                variables[name] = SystemdUnit.words(String(parts[1])).joined(separator: " ")
            }
        }
        return (variables, problems)
    }

    /// Settings of a file that the unit's variables beat, a line each.
    func shadowed(by variables: [String: String], _ file: String) -> [String] {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8),
            let values = try? SettingsFile(text, knowing: Settings.keys).values
        else { return [] }
        return values.keys.sorted().compactMap { key in
            let name = EnvironmentNames.name(of: key)
            guard let other = variables[name], other != values[key] else { return nil }
            return "\(key): \(file) says \(values[key] ?? ""), and \(name)=\(other) of \(units.daemon) beats it"
        }
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
                guard setting.hasPrefix("Load"), parts.count == 2, parts[1].hasPrefix("/"), !parts[1].contains("%"),
                    access(parts[1], R_OK) != 0
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
        let uid = entry.pointee.pw_uid
        var gid = entry.pointee.pw_gid
        if let name = values["Group"], !name.isEmpty, let group = getgrnam(name) { gid = group.pointee.gr_gid }
        guard initgroups(user, gid) == 0 else { throw Self.impossible(user) }
        var groups = [gid_t](repeating: 0, count: max(0, Int(getgroups(0, nil))))
        _ = getgroups(Int32(groups.count), &groups)
        for name in (values["SupplementaryGroups"] ?? "").split(separator: " ") {
            if let group = getgrnam(String(name)) { groups.append(group.pointee.gr_gid) }
        }
        guard setgroups(groups.count, groups) == 0, setgid(gid) == 0, setuid(uid) == 0 else {
            throw Self.impossible(user)
        }
    }

    private static func impossible(_ user: String) -> JudgementImpossible {
        JudgementImpossible(description: "user \(user) can't be taken: \(String(cString: strerror(errno)))")
    }

    /// What was found.
    struct Findings {
        /// The service doesn't start, or not as it is meant to.
        var wrong: [String] = []
        /// The service starts, and something that was asked for doesn't work.
        var warnings: [String] = []
    }

    /// What its unit doesn't let it do with those settings.
    func findings(_ settings: Settings, credentials: [String]) -> Findings {
        var findings = Findings()
        if let words = stateProblem(settings.stateDirectory) { findings.wrong.append("state_dir: " + words) }
        judge("ingest", units.ingest, settings.ingestSocket, settings.ingestGroup, &findings)
        judge("control", units.control, settings.controlSocket, settings.controlGroup, &findings)
        judgeFiles(settings, &findings)
        judgeNetwork(settings, credentials, &findings)
        if let folder = settings.backupFolder?.path { judgeBackups(folder, &findings) }
        return findings
    }

    /// A socket: systemd's, or one that the daemon makes itself.
    private func judge(_ key: String, _ unit: String, _ path: String, _ group: String?, _ findings: inout Findings) {
        let socket = SystemdUnit.show(unit, ["LoadState", "Listen"])
        if socket["LoadState"] == "loaded" {
            let listens = socket["Listen"] ?? ""
            if !listens.isEmpty, !listens.split(separator: " ").contains(Substring(path)) {
                findings.warnings.append(
                    "\(key).socket: \(unit) holds the socket, and listens on \(listens), not on \(path)")
            }
            return
        }
        if group != nil {
            findings.wrong.append(
                "\(key).socket_group: without \(unit) the daemon makes the socket, and its sandbox lets it give no file away; leave it out, and \(key).socket_mode: \"0660\" lets the group of its user in"
            )
        }
        let folder = (path as NSString).deletingLastPathComponent
        if !isWritable(folder) { findings.wrong.append("\(key).socket: the unit lets it write nothing in \(folder)") }
    }

    private func judgeFiles(_ settings: Settings, _ findings: inout Findings) {
        for (key, path) in [
            ("rates.file", settings.isRatesFileNamed ? settings.ratesFile : nil),
            ("rates.package_file", settings.packageRatesFile), ("billing.plans", settings.plansFile),
            ("billing.tax", settings.taxFile), ("billing.stripe.key_file", settings.stripeKeyFile),
            ("billing.stripe.webhook_secret_file", settings.stripeWebhookSecretFile),
        ] {
            if let path, let words = hidden(path) { findings.wrong.append("\(key): \(words)") }
        }
    }

    private func judgeNetwork(_ settings: Settings, _ credentials: [String], _ findings: inout Findings) {
        let hasNoNetwork = values["PrivateNetwork"] == "yes"
        if settings.metricsListen != nil, hasNoNetwork {
            findings.warnings.append(
                "metrics.listen: the unit has no network; /usr/share/meterd/metrics.conf is a drop-in for that")
        }
        if settings.healthListen != nil, hasNoNetwork {
            findings.warnings.append(
                "health.listen: the unit has no network; meterctl status --ready is the probe there")
        }
        guard settings.gateway == .stripe else { return }
        if settings.stripeKeyFile == nil, !credentials.contains("stripe-key") {
            findings.wrong.append("billing.gateway: stripe needs the credential stripe-key, or billing.stripe.key_file")
        }
        if hasNoNetwork {
            findings.wrong.append(
                "billing.gateway: stripe needs the network, which the unit doesn't have; /usr/share/meterd/stripe.conf is a drop-in for that"
            )
        }
    }

    private func judgeBackups(_ folder: String, _ findings: inout Findings) {
        let backup = SystemdUnit.show(units.backup, ["LoadState", "ReadWritePaths", "ExecStart"])
        if let into = SystemdUnit.option("--into", ofCommand: backup["ExecStart"] ?? ""), into != folder {
            findings.warnings.append("backup.folder: \(units.backup) makes backups in \(into), not in \(folder)")
        } else if access(folder, W_OK) != 0 {
            findings.warnings.append(
                "backup.folder: \(folder) can't be written by \(user): \(String(cString: strerror(errno)))")
        }
        if backup["LoadState"] == "loaded", !Self.contains(Self.paths(backup["ReadWritePaths"]), folder) {
            findings.warnings.append(
                "backup.folder: \(units.backup) may not write to \(folder); /usr/share/meterd/backup.conf is a drop-in for that"
            )
        }
    }

    private func stateProblem(_ directory: String) -> String? {
        if let words = hidden(directory) { return words }
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

    /// Why the unit doesn't see a path, if it doesn't.
    private func hidden(_ path: String) -> String? {
        if values["ProtectHome"] != "no", Self.contains(["/home", "/root", "/run/user"], path) {
            return "\(path) is in a home, which the unit hides (ProtectHome=); choose a place elsewhere"
        }
        if values["PrivateTmp"] == "yes", Self.contains(["/tmp", "/var/tmp"], path) {
            return
                "\(path) is hidden by the unit, whose /tmp and /var/tmp are its own (PrivateTmp=); choose a place elsewhere"
        }
        guard Self.contains(Self.paths(values["InaccessiblePaths"]), path) else { return nil }
        return "\(path) is hidden by the unit (InaccessiblePaths=)"
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
