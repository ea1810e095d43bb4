import Foundation
import Glibc

/// Runs programs to their end. Their output goes through a file: the end of a pipe could be handed to whatever else is started
/// at the same time, and then nobody would see it close.
enum Subprocess {
    /// What became of one.
    struct Ended {
        /// Its exit status, or 128 and the signal.
        let status: Int32
        let output: String
        let seconds: Double
    }

    /// Runs a program, with its output and its complaints in a file of that name.
    static func run(_ program: String, _ arguments: [String], output path: String) throws -> Ended {
        unlink(path)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let file = try appending(path)
        (process.standardOutput, process.standardError) = (file, file)
        let start = ContinuousClock.now
        try process.run()
        process.waitUntilExit()
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let status = process.terminationStatus + (process.terminationReason == .exit ? 0 : 128)
        return Ended(
            status: status, output: (try? String(contentsOfFile: path, encoding: .utf8)) ?? "", seconds: seconds)
    }

    /// A file to write at the end of, which no other program gets.
    static func appending(_ path: String) throws -> FileHandle {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchmarkError("\(path): \(String(cString: strerror(errno)))") }
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}
