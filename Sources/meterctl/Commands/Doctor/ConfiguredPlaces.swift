import Foundation
import ServiceUnits

/// Where a daemon that can't be asked has its ledger and its backups, by its unit and its configuration file.
///
/// The file is read by lines, as it is shipped and as people edit it; the daemon itself reads YAML. What is not found there is at its default
/// place.
struct ConfiguredPlaces {
    private(set) var stateDirectory: String
    private(set) var backups: String

    init(_ units: UnitNames) {
        (stateDirectory, backups) = (units.stateDirectory, units.backupFolder)
        let text = (try? String(contentsOfFile: units.configurationFile, encoding: .utf8)) ?? ""
        var section = ""
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            if let key = line.prefixMatch(of: /([a-z_]+):/) { section = String(key.1) }
            if section == "state_dir", let match = line.firstMatch(of: /state_dir:\s*["']?([^"'\s#]+)/) {
                stateDirectory = String(match.1)
            }
            if section == "backup", let match = line.firstMatch(of: /folder:\s*["']?([^"'\s#}]+)/) {
                backups = String(match.1)
            }
        }
        // Variables of the unit beat the file.
        for word in (SystemdUnit.show(units.daemon, ["Environment"])["Environment"] ?? "").split(separator: " ") {
            if let match = word.wholeMatch(of: /METERD_STATE_DIR=(.+)/) { stateDirectory = String(match.1) }
            if let match = word.wholeMatch(of: /METERD_BACKUP_FOLDER=(.+)/) { backups = String(match.1) }
        }
    }
}
