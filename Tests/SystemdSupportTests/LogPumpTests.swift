import Foundation
import Glibc
import Logging
import TestSupport
import Testing

@testable import SystemdSupport

/// A log that can't be written: entries are lost, counted and told of, and nothing else happens.
@Suite struct LogPumpTests {
    @Test func whatCouldNotBeWrittenIsCountedAndToldOfLater() throws {
        let pipe = try Fifo()
        let pump = LogPump(to: .standardError, descriptor: pipe.writer)
        pump.put(Self.entry("one"))
        #expect(try pipe.line() == "warning one")
        try pipe.stopReading()
        for number in 0..<5 { pump.put(Self.entry("lost \(number)")) }
        pump.flush()
        try pipe.startReading()
        pump.put(Self.entry("two"))
        #expect(try pipe.line() == "warning 5 log entries could not be written: Broken pipe")
        #expect(try pipe.line() == "warning two")
        // Told once.
        pump.put(Self.entry("three"))
        #expect(try pipe.line() == "warning three")
        pump.close()
    }

    @Test func aLineThatWasCutOffIsNotGluedToTheNext() throws {
        let pipe = try Fifo()
        #expect(fcntl(pipe.writer, F_SETFL, O_NONBLOCK) == 0)
        let pump = LogPump(to: .standardError, descriptor: pipe.writer)
        let long = String(repeating: "x", count: 200_000)
        pump.put(Self.entry(long))
        pump.flush()
        let kept = try pipe.drain()
        #expect(kept.count < long.utf8.count && !kept.contains(UInt8(ascii: "\n")))
        pump.put(Self.entry("next"))
        #expect(try pipe.line() == "")
        #expect(try pipe.line() == "warning 1 log entries could not be written: Resource temporarily unavailable")
        #expect(try pipe.line() == "warning next")
        pump.close()
    }

    private static func entry(_ message: String) -> LogPump.Entry {
        LogPump.Entry(priority: 4, message: message, fields: [])
    }
}

/// A named pipe whose reader comes and goes.
private final class Fifo {
    let writer: Int32
    private var reader: Int32
    private let directory: TemporaryDirectory
    private var rest: [UInt8] = []

    init() throws {
        directory = try TemporaryDirectory()
        guard mkfifo(directory.path + "/p", 0o600) == 0 else { throw Failed() }
        reader = open(directory.path + "/p", O_RDONLY | O_NONBLOCK)
        writer = open(directory.path + "/p", O_WRONLY)
        guard reader >= 0, writer >= 0 else { throw Failed() }
        signal(SIGPIPE, SIG_IGN)
    }

    deinit {
        close(writer)
        close(reader)
    }

    func stopReading() throws {
        close(reader)
        reader = -1
    }

    func startReading() throws {
        reader = open(directory.path + "/p", O_RDONLY | O_NONBLOCK)
        guard reader >= 0 else { throw Failed() }
    }

    /// The next line.
    func line() throws -> String {
        while true {
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                defer { rest.removeFirst(end + 1) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            var watched = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
            guard poll(&watched, 1, 60_000) > 0 else { throw Failed() }
            rest += try drain()
        }
    }

    /// What is in it.
    func drain() throws -> [UInt8] {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(reader, &piece, piece.count)
            guard count > 0 else { return bytes }
            bytes += piece[..<count]
        }
    }

    struct Failed: Error {}
}
