import Background
import Glibc
import HTTPTypes
import Hummingbird
import Ledger
import NIOCore

/// What became of a backup, as its maker says; the body of `POST /v1/ledger/backup-reports`.
public struct BackupReport: Codable, Sendable, Hashable {
    /// Whether the copy is proven and has its name.
    public var ok: Bool
    /// Its size.
    public var bytes: Int
    /// How long it took.
    public var seconds: Double
    /// What went wrong.
    public var error: String?
    /// Whether it is the report of a test restore, not of a copy.
    public var restoreTest: Bool?

    /// A report of those.
    public init(ok: Bool, bytes: Int, seconds: Double, error: String? = nil, restoreTest: Bool? = nil) {
        (self.ok, self.bytes, self.seconds, self.error) = (ok, bytes, seconds, error)
        self.restoreTest = restoreTest
    }
}

// A copy of the whole ledger.
extension ControlService {
    private static let pieceBytes = 512 << 10

    var backupEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/ledger/backup", name: "backup",
                summary: "A consistent copy of the database, made at this moment; prove it before you rely on it",
                response: .string, contentType: "application/vnd.sqlite3", roles: []
            ) { _, context in
                let snapshot: LedgerSnapshot
                do {
                    snapshot = try await makeSnapshot()
                } catch let refusal as Refusal {
                    onBackup(.failure(refusal))
                    throw Problem(refusal)
                } catch {
                    onBackup(.failure(error))
                    throw Problem(
                        .storageUnavailable,
                        "no copy could be made: \(error); the state directory needs as much room as the ledger is large"
                    )
                }
                onBackup(.success(snapshot))
                var headers: HTTPFields = [.contentType: "application/vnd.sqlite3"]
                headers[.contentLength] = "\(snapshot.bytes)"
                return Response(
                    status: .ok, headers: headers,
                    body: .init(contentLength: Int(snapshot.bytes)) { writer in
                        var offset: Int64 = 0
                        // A copy takes room for as long as it is read: who doesn't read theirs is ended.
                        let patience = StallGuard(context.channel)
                        defer { patience.end() }
                        while offset < snapshot.bytes {
                            let piece = try await Self.read(snapshot, offset)
                            offset += Int64(piece.readableBytes)
                            try await writer.write(piece)
                            patience.didProgress()
                        }
                        try await writer.finish(nil)
                    })
            },
            Endpoint(
                method: .post, path: "/v1/ledger/backup-reports", name: "reportBackup",
                summary: "Say what became of a backup or a test restore, for metrics",
                body: .members(
                    [
                        ("ok", .boolean), ("bytes", .integer), ("seconds", ["type": "number"]), ("error", .string),
                        ("restore_test", .boolean),
                    ],
                    required: ["ok", "bytes", "seconds"]),
                response: .members([("received", .boolean)], required: ["received"]), takesKey: false
            ) { request, context in
                onBackupReport(try await Endpoint.body(BackupReport.self, request, context))
                return try Endpoint.json(["received": true])
            },
        ]
    }

    private static func read(_ snapshot: LedgerSnapshot, _ offset: Int64) async throws -> ByteBuffer {
        let piece = try await BackgroundThread.run("backup") {
            var buffer = ByteBufferAllocator().buffer(capacity: pieceBytes)
            _ = try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: pieceBytes) { bytes in
                let count = pread(snapshot.descriptor, bytes.baseAddress, pieceBytes, off_t(offset))
                guard count > 0 else { throw Problem(.unknownOutcome, "the copy can't be read") }
                return count
            }
            return buffer
        }
        // A copy, whose memory is not that thread's: it is given back by the one that serves everybody's requests.
        var buffer = ByteBufferAllocator().buffer(capacity: piece.readableBytes)
        buffer.writeImmutableBuffer(piece)
        return buffer
    }
}
