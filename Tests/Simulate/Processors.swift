import Foundation

/// The processors that this process may run on: `Cpus_allowed_list` of proc_pid_status(5), such as `0-3,6`.
enum Processors {
    static let allowed: [Int] = {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") } ?? ""
        return line.drop { $0 != "\t" }.dropFirst().split(separator: ",").flatMap { range -> [Int] in
            let bounds = range.split(separator: "-").compactMap { Int($0) }
            guard let first = bounds.first, let last = bounds.last, first <= last else { return [] }
            return Array(first...last)
        }
    }()

    /// A command that keeps to one of them: what hands every step from thread to thread is a third faster when no other processor
    /// has to be woken for it. Where taskset(1) is not there, it is slower and no different.
    static func command(_ program: URL, _ arguments: [String], keptTo number: Int) -> (URL, [String]) {
        let taskset = URL(filePath: "/usr/bin/taskset")
        guard !allowed.isEmpty, FileManager.default.isExecutableFile(atPath: taskset.path) else {
            return (program, arguments)
        }
        return (taskset, ["--cpu-list", "\(allowed[number % allowed.count])", program.path] + arguments)
    }
}
