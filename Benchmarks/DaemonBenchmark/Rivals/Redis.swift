import Foundation
import LoadGenerator

/// Redis that syncs before it answers: an id seen once, a balance, a line of a stream; a far smaller row than ours.
final class Redis: Contender {
    let name = "Redis always"
    private let process = Process()
    private let socket: String
    private let digest: String

    /// The debit as a script: https://redis.io/docs/latest/develop/interact/programmability/eval-intro/.
    private static let script = """
        if redis.call('SET', 'id:' .. KEYS[1], 1, 'NX', 'EX', 604800) == false then return -1 end
        local balance = redis.call('DECRBY', KEYS[2], ARGV[1])
        redis.call('XADD', 'ledger', '*', 'id', KEYS[1], 'a', KEYS[2], 'c', ARGV[1], 'b', balance, 'u', ARGV[2])
        return balance
        """

    init(_ directory: String) throws {
        let directory = directory + "/redis"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        socket = directory + "/r.sock"
        process.executableURL = URL(fileURLWithPath: "/usr/bin/redis-server")
        process.arguments = [
            "--port", "0", "--unixsocket", socket, "--dir", directory, "--appendonly", "yes", "--appendfsync", "always",
            "--save", "", "--daemonize", "no",
        ]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        let load = Self.command(["SCRIPT", "LOAD", Self.script])
        for _ in 0..<250 {
            if let socket = try? UnixSocket(connectingTo: socket) {
                defer { socket.close() }
                try socket.writeAll(load + Self.command(["QUIT"]))
                let lines = String(decoding: socket.readAll(), as: UTF8.self).split(separator: "\r\n")
                guard lines.count == 3, lines[0] == "$40" else { throw BenchmarkError("redis: \(lines)") }
                digest = String(lines[1])
                return
            }
            usleep(20_000)
        }
        throw BenchmarkError("redis-server did not start")
    }

    func run(_ point: Point, seconds: Double) throws -> Measured {
        var plan = LoadPlan(socket: socket)
        (plan.connections, plan.window, plan.seconds, plan.orgs) = (
            point.connections, point.window, seconds, point.orgs
        )
        return Measured(try Load(plan).run(requests: Requests(digest, orgs: point.orgs)))
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }

    fileprivate static func command(_ words: [String]) -> [UInt8] {
        Array(
            (["*\(words.count)"] + words.flatMap { ["$\($0.utf8.count)", $0] } + [""]).joined(separator: "\r\n").utf8)
    }

    /// Calls of the script, in Redis' protocol: https://redis.io/docs/latest/develop/reference/protocol-spec/.
    private struct Requests: LoadRequests {
        private let head: [UInt8]
        private let orgs: Int
        private var generator = SplitMix64(state: UInt64.random(in: .min ... .max))

        init(_ digest: String, orgs: Int) {
            head = Array("*7\r\n$7\r\nEVALSHA\r\n$40\r\n\(digest)\r\n$1\r\n2\r\n".utf8)
            self.orgs = orgs
        }

        mutating func append(to bytes: inout [UInt8], hold: inout UInt64?) -> Bool {
            bytes += head
            append("$36\r\nmsg_", to: &bytes)
            RecordMaker.appendHex(generator.next(), to: &bytes)
            RecordMaker.appendHex(generator.next(), to: &bytes)
            let random = generator.next()
            // Numbers of one width, so that their lengths needn't be counted.
            append("\r\n$9\r\norg-1", to: &bytes)
            append(Int(random % UInt64(orgs)), digits: 4, to: &bytes)
            append("\r\n$5\r\n1", to: &bytes)
            append(Int(random >> 40 & 4095), digits: 4, to: &bytes)
            append("\r\n$8\r\nuser-", to: &bytes)
            append(Int(random >> 20 % 1000), digits: 3, to: &bytes)
            append("\r\n", to: &bytes)
            return true
        }

        /// A line that begins with a minus is an error; a number below zero has its colon in front.
        func isRefusal(_ bytes: ArraySlice<UInt8>) -> Bool {
            var previous = UInt8(ascii: "\n")
            for byte in bytes {
                if byte == UInt8(ascii: "-"), previous == UInt8(ascii: "\n") { return true }
                previous = byte
            }
            return false
        }

        private func append(_ text: StaticString, to bytes: inout [UInt8]) {
            bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }

        private func append(_ number: Int, digits: Int, to bytes: inout [UInt8]) {
            if digits > 1 { append(number / 10, digits: digits - 1, to: &bytes) }
            bytes.append(48 + UInt8(number % 10))
        }
    }
}
