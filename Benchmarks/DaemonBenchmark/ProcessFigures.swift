import Foundation
import Glibc

/// What the kernel says of a process: proc_pid_status(5), proc_pid_fd(5).
struct ProcessFigures {
    let residentKibibytes: Int
    let peakResidentKibibytes: Int
    let threads: Int
    let descriptors: Int

    /// Zeros, where it is gone.
    init(of process: pid_t) {
        let status = (try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)) ?? ""
        func number(_ name: String) -> Int {
            let line = status.split(separator: "\n").first { $0.hasPrefix(name) }
            return line?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
        }
        residentKibibytes = number("VmRSS:")
        peakResidentKibibytes = number("VmHWM:")
        threads = number("Threads:")
        descriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/fd"))?.count ?? 0
    }

    /// Processor time that it has used.
    static func processorSeconds(of process: pid_t) -> Double {
        // utime and stime come 12th and 13th after the name in brackets: proc_pid_stat(5).
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        let fields = (text.split(separator: ")").last ?? "").split(separator: " ")
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Bytes of a file; 0 where there is none.
    static func bytes(of path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }
}
