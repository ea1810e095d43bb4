import Access
import Billing
import Configuration
import Control
import Foundation
import Glibc
import Ingest
import Ledger
import Logging
import Metering
import SystemPackage
import SystemdSupport

/// What the daemon was told, checked.
struct Settings: Sendable, Equatable {
    var stateDirectory: String
    /// Where backups are looked for; nil for a ledger elsewhere than at the default place, if no folder is named.
    var backupFolder: BackupFolder?
    var ratesFile: String
    /// Whether another than the default rates file was named, so that it has to be there.
    var isRatesFileNamed: Bool
    /// The rate table that the installed package brings; nil for none.
    var packageRatesFile: String?
    /// Whether that table counts at every start and reload, so that an upgrade of the package changes prices.
    var followsPackageRates: Bool
    /// The file of plans; nil for the defaults.
    var plansFile: String?
    /// The file of taxes; nil for none.
    var taxFile: String?
    /// Who collects: `manual` or `stripe`.
    var gateway: Gateway
    /// The page that customers come to after confirming a payment; nil for none.
    var returnURL: ReturnURL?
    /// Where Stripe is.
    var stripeURL: String
    /// The file with Stripe's secret API key; nil for the credential.
    var stripeKeyFile: String?
    /// The file with what Stripe signs webhooks with; nil for the credential.
    var stripeWebhookSecretFile: String?
    /// Where a clock that only tests move begins; nil for the system's clock.
    var testClock: Timestamp?
    var ingestSocket: String
    var ingestMode: mode_t
    var connectionsMax: Int
    var openPerConnectionMax: Int
    var openMax: Int
    var openMebibytesMax: Int
    var controlSocket: String
    var controlMode: mode_t
    var controlGroup: String?
    var ingestGroup: String?
    var metricsListen: String?
    var healthListen: String?
    var logLevel: Logger.Level
    var logRecords: Bool
    /// How lines on standard error look.
    var logFormat: LogPump.Format
    /// Who may do what.
    var access: AccessPolicy
    /// What is done with costs that senders report.
    var costPolicies: CostPolicies
    /// A line for each rule that is about nobody on this machine.
    var unknownPeers: [String] = []
    /// Whether there is a configuration file.
    var isFileThere = false
    /// Wholly unpriced records of an org beyond which `authorize` is refused, if its policy doesn't say; 0 for any number.
    var unpricedRecordsMax: Int
    var cacheMebibytes: Int
    var checkpointPages: Int
    /// How much refused usage is kept.
    var quarantine: QuarantineLimits
    /// What people may do by themselves.
    var people = PeopleSettings()
    /// The socket behind which invoices are drawn as PDFs.
    var pdfSocket: String

    /// Who collects.
    enum Gateway: String, CaseIterable, Sendable {
        /// An operator records payments.
        case manual
        /// Stripe.
        case stripe
    }

    /// What each key means is told in `config/meterd.yaml`.
    static let keys = [
        "state_dir", "backup.folder", "rates.file", "rates.package_file",
        "rates.follow_package", "billing.plans", "billing.tax", "billing.gateway",
        "billing.return_url", "billing.pdf_socket",
        "billing.stripe.url", "billing.stripe.key_file", "billing.stripe.webhook_secret_file", "ingest.socket",
        "ingest.socket_mode",
        "ingest.connections_max",
        "ingest.open_per_connection_max", "ingest.open_max", "ingest.open_mib_max", "control.socket",
        "control.socket_mode", "ingest.socket_group", "control.socket_group", "metrics.listen", "health.listen",
        "log.level",
        "log.records", "log.format", "cost.policy", "cost.trust", "cost.fallback", "cost.tolerance_percent",
        "authorize.unpriced_records_max", "store.cache_mib", "store.checkpoint_pages", "quarantine.lines_per_minute",
        "quarantine.mib_per_minute", "quarantine.mib_max", "quarantine.retention_days",
        "dashboard.sign_up", "dashboard.orders_per_day_max", "dashboard.support",
    ]

    static let defaultStateDirectory = "/var/lib/meterd"
    static let defaultBackupFolder = "/var/backups/meterd"
    static let defaultRatesFile = "/etc/meterd/rates.yaml"

    /// The file that is read where none is named; it may be missing.
    static let defaultFile = "/etc/meterd/meterd.yaml"

    var ingestLimits: IngestLimits {
        var limits = IngestLimits()
        limits.connectionsMax = connectionsMax
        limits.openPerConnectionMax = openPerConnectionMax
        limits.openMax = openMax
        limits.openBytesMax = openMebibytesMax << 20
        return limits
    }
}

/// Everything that is wrong with a configuration, a line each: the key, what it holds, what was expected.
struct SettingsError: Error {
    let problems: [String]
}

/// Where settings come from: flags, then `METERD_*`, then the file, then defaults.
struct SettingsSource: Sendable {
    /// The file named by `--config` or `METERD_CONFIG`; nil for the default one.
    var file: String?
    /// Values of flags, by key.
    var flags: [String: String] = [:]
    var environment = ProcessInfo.processInfo.environment

    func load() async throws(SettingsError) -> Settings {
        let named = file ?? environment["METERD_CONFIG"]
        let path = named ?? Settings.defaultFile
        var problems = EnvironmentNames.problems(environment)
        var providers: [any ConfigProvider] = []
        var peers: [AccessRule]?
        var senders: [Sender] = []
        var flagValues: [AbsoluteConfigKey: ConfigValue] = [:]
        for (key, value) in flags {
            flagValues[Self.key(key)] = ConfigValue(.string(value), isSecret: false)
        }
        providers.append(InMemoryProvider(name: "flags", values: flagValues))
        providers.append(EnvironmentVariablesProvider(environmentVariables: environment).prefixKeys(with: "meterd"))

        var unknownPeers: [String] = []
        let isFileThere = access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR)
        if named != nil || isFileThere {
            do {
                let text = try Self.text(path)
                let file = try SettingsFile(text, knowing: Settings.keys)
                problems += file.problems.map { "\(path): \($0)" }
                peers = file.peers
                senders = file.senders
                unknownPeers = file.unknownPeers
                var values: [AbsoluteConfigKey: ConfigValue] = [:]
                for (key, value) in file.values { values[Self.key(key)] = ConfigValue(.string(value), isSecret: false) }
                providers.append(InMemoryProvider(name: path, values: values))
            } catch {
                let words = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
                let isFile = (try? Self.text(path)) != nil
                let reason = isFile ? "is not valid: \(words)" : "can't be read: \(Self.reason(path))"
                throw SettingsError(problems: ["configuration file \(path) \(reason)"])
            }
        }
        var settings = try settings(
            ConfigReader(providers: providers),
            AccessPolicy(
                rules: peers, senders: senders, programs: AccessPolicy.programsHere()),
            problems)
        for sender in senders {
            guard let name = sender.costPolicy?.rawValue, let policy = CostPolicy(name: name) else { continue }
            settings.costPolicies.senders[sender.name] = policy
        }
        settings.unknownPeers = unknownPeers
        settings.isFileThere = isFileThere
        return settings
    }

    /// A file's text; also that of a pipe or /dev/null.
    private static func text(_ path: String) throws -> String {
        guard let file = FileHandle(forReadingAtPath: path),
            let text = String(validating: try file.readToEnd() ?? Data(), as: UTF8.self)
        else { throw CocoaError(.fileReadCorruptFile) }
        return text
    }

    private static func key(_ name: String) -> AbsoluteConfigKey {
        AbsoluteConfigKey(name.split(separator: ".").map(String.init))
    }

    private func settings(
        _ reader: ConfigReader, _ access: AccessPolicy, _ earlier: [String]
    ) throws(SettingsError) -> Settings {
        var values = SettingsReader(reader: reader, problems: earlier)
        let ratesFile = values.path("rates.file", default: Settings.defaultRatesFile)
        let stateDirectory = values.path("state_dir", default: Settings.defaultStateDirectory)
        // Backups at the default place are those of the ledger at the default place.
        var backupFolder =
            values.optionalPath("backup.folder")
            ?? (stateDirectory == Settings.defaultStateDirectory ? Settings.defaultBackupFolder : nil)
        // The shipped file names the default folder, which is not that of a ledger that a flag names.
        if flags["state_dir"] != nil, stateDirectory != Settings.defaultStateDirectory,
            backupFolder == Settings.defaultBackupFolder
        {
            backupFolder = nil
        }
        let settings = Settings(
            stateDirectory: stateDirectory, backupFolder: backupFolder.map { BackupFolder($0) },
            ratesFile: ratesFile, isRatesFileNamed: ratesFile != Settings.defaultRatesFile,
            packageRatesFile: values.optionalPath("rates.package_file", default: "/usr/share/meterd/rates.yaml"),
            followsPackageRates: values.truth("rates.follow_package", default: false),
            plansFile: values.optionalPath("billing.plans"), taxFile: values.optionalPath("billing.tax"),
            gateway: values.choice("billing.gateway", default: .manual),
            returnURL: values.returnURL("billing.return_url"),
            stripeURL: values.path("billing.stripe.url", default: "https://api.stripe.com"),
            stripeKeyFile: values.optionalPath("billing.stripe.key_file"),
            stripeWebhookSecretFile: values.optionalPath("billing.stripe.webhook_secret_file"),
            testClock: values.time("test_clock"),
            ingestSocket: values.path("ingest.socket", default: "/run/meterd/ingest.sock"),
            ingestMode: values.mode("ingest.socket_mode", default: 0o660),
            connectionsMax: values.number("ingest.connections_max", default: 4096, in: 1...1_000_000),
            openPerConnectionMax: values.number("ingest.open_per_connection_max", default: 4096, in: 1...1_000_000),
            openMax: values.number("ingest.open_max", default: 16_384, in: 1...1_000_000),
            openMebibytesMax: values.number("ingest.open_mib_max", default: 64, in: 1...65_536),
            controlSocket: values.path("control.socket", default: "/run/meterd/control.sock"),
            controlMode: values.mode("control.socket_mode", default: 0o600),
            controlGroup: values.group("control.socket_group"), ingestGroup: values.group("ingest.socket_group"),
            metricsListen: values.address("metrics.listen", loopbackOnly: true),
            healthListen: values.address("health.listen", loopbackOnly: false),
            logLevel: values.choice("log.level", default: .info),
            logRecords: values.truth("log.records", default: false),
            logFormat: values.choice("log.format", default: .text),
            access: access,
            costPolicies: values.costPolicies(),
            unpricedRecordsMax: values.number(
                "authorize.unpriced_records_max", default: Int(LedgerLimits.unpricedRecordsDefault),
                in: 0...Int(LedgerLimits.unpricedRecordsMax)),
            cacheMebibytes: values.number("store.cache_mib", default: 32, in: 1...65_536),
            checkpointPages: values.number("store.checkpoint_pages", default: 2048, in: 100...1_000_000),
            quarantine: values.quarantine(), people: values.people(),
            pdfSocket: values.path("billing.pdf_socket", default: "/run/meterd/invoice-pdf.sock"))
        for (key, path) in [("ingest.socket", settings.ingestSocket), ("control.socket", settings.controlSocket)]
        where path.utf8.count > ListeningSocket.pathBytesMax {
            let length = path.utf8.count
            values.problems.append(
                "\(key): is \(length) bytes long, at most \(ListeningSocket.pathBytesMax) fit: \(path)")
        }
        if settings.followsPackageRates, settings.packageRatesFile == nil {
            values.problems.append("rates.follow_package: is true, and rates.package_file names none")
        }
        if settings.followsPackageRates, settings.isRatesFileNamed {
            values.problems.append(
                "rates.follow_package: is true, and rates.file names a table of your own; expected one of the two")
        }
        if settings.ingestSocket == settings.controlSocket {
            values.problems.append("control.socket: is the same path as ingest.socket; they must differ")
        }
        guard values.problems.isEmpty else { throw SettingsError(problems: values.problems) }
        return settings
    }

    private static func reason(_ path: String) -> String {
        var isDirectory: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue {
            return "it is a directory"
        }
        return access(path, R_OK) == 0 ? "it is not a text file" : String(cString: strerror(errno))
    }
}
