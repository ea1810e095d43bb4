import ArgumentParser
import Foundation

/// What went wrong, and the exit status that says so to scripts.
struct Failure: Error {
    /// The exit statuses of `meterctl`. Wrong usage is ArgumentParser's own 64.
    enum Status: Int32 {
        case refused = 1
        case unreachable = 69
        case configuration = 78
    }

    let status: Status
    let message: String

    /// Says it on standard error and ends the command.
    func ending() -> ExitCode {
        Terminal.complain(message)
        return ExitCode(status.rawValue)
    }
}

/// Runs a command's body and turns its failures into a line and an exit status.
func orExit(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let failure as Failure {
        throw failure.ending()
    }
}
