import Access
import Billing
import Control
import Foundation
import Glibc
import Ledger
import Logging
import Metering
import Synchronization

/// A request is answered, by no more than a clear refusal; the books balance whatever was asked.
///
/// The first line is the method and the path, the rest is the body; a first byte of '!' has everything behind it sent as it is.
func fuzzControl(_ bytes: UnsafeBufferPointer<UInt8>) -> CInt {
    guard let first = bytes.first else { return 0 }
    let daemon = ControlUnderFuzz.shared
    if first == UInt8(ascii: "!") {
        _ = daemon.ask(Array(bytes.dropFirst()))
        return 0
    }
    let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
    let head = parts[0].filter { $0 > 0x20 && $0 < 0x7f || $0 == 0x20 }
    let body = parts.count > 1 ? Array(parts[1]) : []
    let words = String(decoding: head, as: UTF8.self)
    // Not a copy of the ledger, a wait for news, nor a whole verification for each.
    guard !words.contains("backup"), !words.contains("stream"), !words.contains("verification") else { return -1 }
    let fields =
        "Host: f\r\nConnection: close\r\nIdempotency-Key: k\(daemon.asked.add(1, ordering: .relaxed).newValue)\r\nContent-Length: \(body.count)"
    let answer = daemon.ask(Array("\(words) HTTP/1.1\r\n\(fields)\r\n\r\n".utf8) + body)
    if let status = answer.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) {
        hold(status < 500 || status == 503, "\(words) is answered by \(answer.prefix(300))")
    }
    daemon.verifyNowAndThen()
    return 0
}

/// The real control server over a real ledger, in this process.
private final class ControlUnderFuzz: Sendable {
    static let shared = ControlUnderFuzz()
    let asked = Atomic(0)
    private let path: String
    private let databasePath: String
    private let database: LedgerDatabase
    private let server: ControlServer

    private init() {
        let folder = NSTemporaryDirectory() + "meterd-fuzz-\(getpid())"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/c.sock"
        let clock: @Sendable () -> Timestamp = { Timestamp(milliseconds: 1_795_514_304_000) }
        do {
            database = try LedgerDatabase(in: folder, makesLedger: true)
            let store = try SQLiteStore.open(path: database.path, options: StoreOptions(clock: clock))
            let writer = LedgerWriter(store: store, capacity: 4096) { fatalError("the store failed: \($0)") }
            let reader = try LedgerReader(path: database.path)
            databasePath = database.path
            let billing = BillingService(
                writer: writer, reader: reader, gateway: ManualGateway(), plan: { (Plan(), .none) }, clock: clock,
                ledgerID: "fuzz")
            let service = ControlService(
                writer: writer, reader: reader, billing: billing, testClock: nil, version: "fuzz", clock: clock,
                systemClock: clock,
                rates: {
                    RateBook(
                        [],
                        cards: RateCards { _ throws(RateCardUnavailable) in throw RateCardUnavailable("none") })
                },
                bell: EventBell(), access: { .open }, onForbidden: { _, _, _ in }, metrics: { PrometheusText() },
                makeSnapshot: { throw Refusal(.conflict, "no copies here") },
                verify: { throw Refusal(.conflict, "no copies here") }, onBackup: { _ in },
                status: { throw Refusal(.conflict, "no status here") })
            server = try ControlServer(service, logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
        } catch {
            fatalError("no ledger to fuzz: \(error)")
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        let bound = Self.withAddress(path) { bind(descriptor, $0, $1) }
        guard bound == 0, listen(descriptor, 64) == 0 else { fatalError("no socket to fuzz") }
        let server = server
        Self.wait { try await server.start(listening: descriptor) }
        _ = ask(request("POST", "/v1/orgs", #"{"org":"acme","country":"DE"}"#))
        _ = ask(request("POST", "/v1/orgs/acme/grants", #"{"amount":"1000"}"#))
    }

    private func request(_ method: String, _ path: String, _ body: String) -> [UInt8] {
        Array(
            "\(method) \(path) HTTP/1.1\r\nHost: f\r\nConnection: close\r\nIdempotency-Key: \(path)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
                .utf8)
    }

    /// Sends bytes and gives everything that comes back.
    func ask(_ bytes: [UInt8]) -> String {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        guard Self.withAddress(path, { connect(descriptor, $0, $1) }) == 0 else { fatalError("the server is gone") }
        _ = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        shutdown(descriptor, Int32(SHUT_WR))
        var answer: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = piece.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { break }
            answer += piece[..<count]
        }
        return String(decoding: answer, as: UTF8.self)
    }

    func verifyNowAndThen() {
        guard asked.load(ordering: .relaxed) % 2000 == 0 else { return }
        let path = databasePath
        Self.wait {
            let report = try Verification.run(databaseFile: path, isWholeFile: false)
            hold(report.ok, "the books: \(report.problems.prefix(3))")
        }
    }

    private static func wait(_ body: @escaping @Sendable () async throws -> Void) {
        let done = DispatchSemaphore(value: 0)
        Task {
            do {
                try await body()
            } catch {
                fatalError("\(error)")
            }
            done.signal()
        }
        done.wait()
    }

    private static func withAddress(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix(107)) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}
