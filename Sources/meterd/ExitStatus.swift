import ArgumentParser
import Foundation
import Ledger

/// The daemon's exit statuses, after sysexits.h; systemd restarts none of the first two by itself.
enum ExitStatus: Int32 {
    /// The configuration is wrong, or the state belongs to a newer version.
    case configuration = 78
    /// A file or socket can't be created or is in use.
    case cannotCreate = 73
    /// The store failed; a restart recovers.
    case storage = 74
    /// The ledger is not there, or can't be read.
    case data = 65

    /// The status of a state directory that can't be used.
    init(_ kind: LedgerOpenError.Kind) {
        switch kind {
        case .unwritable, .locked: self = .cannotCreate
        case .newerSchema: self = .configuration
        case .unreadable, .missing, .another: self = .data
        case .failed: self = .storage
        }
    }

    /// Says why on standard error, in one line, and gives the error that ends the command.
    func ending(_ words: String) -> ExitCode {
        // Where nobody can be told, the status still says what kind of failure it is.
        try? FileHandle.standardError.write(contentsOf: Data("meterd: \(words)\n".utf8))
        return ExitCode(rawValue)
    }
}
