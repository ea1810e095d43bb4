import Foundation
import Metering
import ServiceUnits

/// Where a daemon that can't be asked has its ledger and its backups, by its unit and its configuration file.
struct ConfiguredPlaces {
    /// Where the ledger lies.
    let stateDirectory: String
    /// Where backups lie.
    let backups: String
    /// Why the configuration says nothing, so that the default places are assumed; nil if it could be read.
    let assumption: String?

    init(_ units: UnitNames) {
        let file = units.configurationFile
        var members: [DocumentNode.Member] = []
        var assumption: String?
        do {
            members = try DocumentNode(yaml: String(contentsOfFile: file, encoding: .utf8))?.mapping ?? []
        } catch {
            assumption = "\(file) can't be read"
        }
        func value(_ key: String, in members: [DocumentNode.Member]) -> DocumentNode? {
            members.first { $0.key == key }?.value
        }
        // Variables of the unit beat the file.
        let variables = SystemdUnit.assignments(
            SystemdUnit.show(units.daemon, ["Environment"])["Environment"] ?? "")
        stateDirectory =
            variables["METERD_STATE_DIR"] ?? value("state_dir", in: members)?.text ?? units.stateDirectory
        let backup = value("backup", in: members)?.mapping ?? []
        backups = variables["METERD_BACKUP_FOLDER"] ?? value("folder", in: backup)?.text ?? units.backupFolder
        self.assumption = variables["METERD_STATE_DIR"] == nil ? assumption : nil
    }
}
