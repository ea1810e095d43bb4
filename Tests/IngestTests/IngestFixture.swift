import Access
import Foundation
import Ingest
import Ledger
import Logging
import Metering
import Synchronization
import SystemdSupport
import TestSupport

/// The real server on a real socket over a real ledger, in this process.
final class IngestFixture: Sendable {
    let directory: TemporaryDirectory
    let socket: String
    let writer: LedgerWriter
    let server: IngestServer
    private let database: LedgerDatabase

    static let rates = """
        format: meterd/1
        effective: 2020-01-01T00:00:00Z
        rates:
          - {model: m, provider: p, price: {input: 1000, output: 2000}}
        """

    static let clock: @Sendable () -> Timestamp = {
        Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    }

    init(
        limits: IngestLimits = IngestLimits(), access: AccessPolicy = .open,
        quarantine: QuarantineLimits = QuarantineLimits(), observer: (any IngestObserver)? = nil,
        store wrap: ((SQLiteStore) -> GatedStore)? = nil,
        onFailure: @escaping @Sendable (StorageFailure) -> Void = { _ in }
    ) async throws {
        directory = try TemporaryDirectory()
        database = try LedgerDatabase(in: directory.path, makesLedger: true)
        let book = Book()
        var options = StoreOptions(clock: Self.clock)
        options.onBook = { book.current = $0 }
        let names = Names()
        options.onOrgNames = { names.current = $0 }
        options.quarantine = quarantine
        let store = try SQLiteStore(path: database.path, options: options)
        if let wrap {
            writer = LedgerWriter(store: wrap(store), capacity: 100_000, onFailure: onFailure)
        } else {
            writer = LedgerWriter(store: store, capacity: 100_000, onFailure: onFailure)
        }
        let card = NewCard(document: Self.rates, card: try RateDocument.parse(Self.rates), source: "test")
        _ = await writer.perform(.recordCard(card, nil))
        _ = await writer.perform(
            .createOrg(
                NewOrg(name: "acme", displayName: nil, country: nil, region: nil),
                IdempotencyKey(route: "createOrg", key: "k", body: "acme")))
        server = try await IngestServer(
            limits: limits, version: "test", writer: writer,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            access: access, observer: observer, clock: Self.clock, book: { book.current },
            orgNames: { names.current })
        socket = directory.path + "/i.sock"
        try await server.start(listening: try ListeningSocket.bind(path: socket, mode: 0o600).descriptor)
    }

    /// The cards as the writer has them.
    private final class Book: Sendable {
        private let book = Mutex(RateBook.empty)

        var current: RateBook {
            get { book.withLock { $0 } }
            set { book.withLock { $0 = newValue } }
        }
    }

    /// Orgs' other names as the writer has them.
    private final class Names: Sendable {
        private let names = Mutex<[String: String]>([:])

        var current: [String: String] {
            get { names.withLock { $0 } }
            set { names.withLock { $0 = newValue } }
        }
    }

    /// What lies in quarantine, newest first.
    func quarantined() async throws -> [QuarantineView] {
        let reader = try LedgerReader(path: database.path)
        defer { try? reader.close() }
        return try await reader.quarantined(.init(state: nil), before: nil, limit: 100).items
    }

    /// One line that lies in quarantine, as it came.
    func line(_ number: Int64) async throws -> [UInt8]? {
        let reader = try LedgerReader(path: database.path)
        defer { try? reader.close() }
        return try await reader.quarantined(number)?.line
    }

    func stop() async throws {
        try await server.stop()
        await writer.close()
    }

    static func usage(_ id: String, tokens: Int = 1) -> String {
        #"{"id":"\#(id)","org":"acme","model":"m","usage":{"prompt_tokens":\#(tokens)}}"#
    }
}

extension IngestLimits {
    /// Every batch on the writer's thread.
    static let withoutInline: IngestLimits = {
        var limits = IngestLimits()
        limits.inlineMax = 0
        return limits
    }()
}

/// The real store, held before each commit of usage once a test has closed its gate: a disk that stands still.
struct GatedStore: LedgerStore {
    var store: SQLiteStore
    let gate: Gate
    /// Whether a commit of usage fails, once its gate is open, as of a disk that is gone.
    var fails = false
    /// Called with what is committed.
    var onLots: @Sendable ([[Mutation]]) -> Void = { _ in }

    mutating func commit(lots: [[Mutation]]) throws(StorageFailure) -> [[Outcome]] {
        onLots(lots)
        if lots.joined().contains(where: { if case .usage = $0 { true } else { false } }) {
            gate.enter()
            if fails { throw StorageFailure(description: "the disk is gone") }
        }
        return try store.commit(lots: lots)
    }

    var timeToOwnWork: Duration? { store.timeToOwnWork }
    var lastSync: Duration { store.lastSync }

    mutating func close() throws(StorageFailure) {
        try store.close()
    }
}
