import Foundation
import Glibc
import Logging
import TestSupport
import Testing

@testable import SystemdSupport

/// A log that can't be written: entries are lost, counted and told of, and nothing else happens.
@Suite struct LogPumpTests {
    @Test func whatCouldNotBeWrittenIsCountedAndToldOfLater() throws {
        let pipe = try LogFile()
        let pump = LogPump(to: .standardError, descriptor: pipe.writer) { 1_790_000_000_007 }
        pump.put(Self.entry("one"))
        #expect(try pipe.line() == "2026-09-21T14:13:20.007Z warning one")
        try pipe.become("/dev/full")
        for number in 0..<5 { pump.put(Self.entry("lost \(number)")) }
        pump.flush()
        try pipe.become(nil)
        pump.put(Self.entry("two"))
        #expect(
            try pipe.line()
                == "2026-09-21T14:13:20.007Z warning 5 log entries could not be written: No space left on device")
        #expect(try pipe.line() == "2026-09-21T14:13:20.007Z warning two")
        // Told once.
        pump.put(Self.entry("three"))
        #expect(try pipe.line() == "2026-09-21T14:13:20.007Z warning three")
        pump.close()
    }

    @Test func aLineThatWasCutOffIsNotGluedToTheNext() throws {
        let pipe = try LogFile()
        #expect(fcntl(pipe.writer, F_SETFL, O_NONBLOCK) == 0)
        let pump = LogPump(to: .standardError, descriptor: pipe.writer) { 1_790_000_000_007 }
        let long = String(repeating: "x", count: 200_000)
        pump.put(Self.entry(long))
        pump.flush()
        let kept = try pipe.drain()
        #expect(kept.count < long.utf8.count && !kept.contains(UInt8(ascii: "\n")))
        pump.put(Self.entry("next"))
        #expect(try pipe.line() == "")
        #expect(
            try pipe.line()
                == "2026-09-21T14:13:20.007Z warning 1 log entries could not be written: Resource temporarily unavailable"
        )
        #expect(try pipe.line() == "2026-09-21T14:13:20.007Z warning next")
        pump.close()
    }

    @Test func aLineIsAnObjectIfThatIsWanted() throws {
        let pipe = try LogFile()
        let pump = LogPump(to: .standardError, descriptor: pipe.writer) { 1_790_000_000_007 }
        pump.setFormat(.json)
        pump.put(
            LogPump.Entry(
                priority: 3, message: "a \"word\"\n",
                fields: [("METERD_ORG", "acme/x"), ("MESSAGE_ID", "1"), ("METERD_TIME", "no")]))
        let expected =
            #"{"level":"error","message":"a \"word\"\n","message_id":"1","org":"acme/x","time":"2026-09-21T14:13:20.007Z"}"#
        #expect(try pipe.line() == expected)
        pump.close()
    }

    private static func entry(_ message: String) -> LogPump.Entry {
        LogPump.Entry(priority: 4, message: message, fields: [])
    }
}

/// A descriptor that lines are written to: a pipe's, which can become another file's and a pipe's again.
private final class LogFile {
    let writer: Int32
    private let pipeWriter: Int32
    private let reader: Int32
    private var rest: [UInt8] = []

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failed() }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (reader, pipeWriter) = (ends[0], ends[1])
        writer = fcntl(pipeWriter, F_DUPFD_CLOEXEC, 0)
        guard writer >= 0, fcntl(reader, F_SETFL, O_NONBLOCK) == 0 else { throw Failed() }
    }

    deinit {
        for descriptor in [writer, pipeWriter, reader] { close(descriptor) }
    }

    /// Has what is written go to a file; nil for the pipe.
    func become(_ path: String?) throws {
        let other = path.map { open($0, O_WRONLY | O_CLOEXEC) } ?? pipeWriter
        guard dup2(other, writer) == writer else { throw Failed() }
        if path != nil { close(other) }
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
