import Foundation
import Ingest
import Ledger
import LoadGenerator
import Metering
import Synchronization

/// Records as the ingest socket reads them, and the cards that price them.
final class RecordSource {
    let book: RateBook
    let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
    let document: String
    private let decoder: RequestDecoder
    private var maker: RecordMaker

    init(_ rates: String, directory: String, orgs: Int) throws {
        document = try String(contentsOfFile: rates, encoding: .utf8)
        book = try LedgerCommits.book(document, in: directory, now: now)
        decoder = RequestDecoder { _ in nil }
        var plan = LoadPlan(socket: "")
        plan.orgs = orgs
        maker = RecordMaker(plan)
    }

    /// Lines without their newline.
    func lines(_ count: Int) -> [[UInt8]] {
        (0..<count).map { _ in
            var line: [UInt8] = []
            var hold: UInt64?
            _ = maker.append(to: &line, hold: &hold)
            return line.dropLast()
        }
    }

    func record(_ line: [UInt8]) -> UsageRecord? {
        line.withUnsafeBufferPointer { bytes in
            if case .success(.usage(let record)) = decoder.decode(bytes).result { record } else { nil }
        }
    }
}
