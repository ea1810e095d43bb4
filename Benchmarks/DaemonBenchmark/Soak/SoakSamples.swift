import Foundation

/// What was seen of the daemon at a moment of a soak.
struct SoakSample: Sendable {
    /// Seconds since the soak began.
    let at: Double
    /// In the database.
    let records: Int
    /// Since the sample before.
    let perSecond: Double
    /// Microseconds, of the records since the sample before.
    let p50, p99: Double
    let figures: ProcessFigures
    let walBytes: Int
    let databaseBytes: Int
    /// Whether no backup was under way, nor shortly before.
    let isCalm: Bool

    /// Memory without the filters that the daemon keeps of ids, by design (ARCHITECTURE.md): in KiB.
    var restKibibytes: Double { Double(figures.residentKibibytes) - Double(IdFilters.bytes(for: records)) / 1024 }
}

/// The filters that are kept of ids: two bytes an id in its segment's, and as many in that of the segment's group, which has its
/// full size from the group's first segment on.
enum IdFilters {
    private static let segmentIds = 131_072
    private static let groupSegments = 64

    static func bytes(for records: Int) -> Int {
        let segments = records / segmentIds
        let groups = (segments + groupSegments - 1) / groupSegments
        return 2 * segmentIds * (segments + groups * groupSegments)
    }
}

/// A straight line through points by least squares, and what it says of flatness.
struct Trend {
    /// By how much the line rises from the first point to the last.
    let rise: Double
    /// For each unit of `x`.
    let slope: Double

    init(_ points: [(x: Double, y: Double)]) {
        let count = Double(points.count)
        let (meanX, meanY) = (points.reduce(0) { $0 + $1.x } / count, points.reduce(0) { $0 + $1.y } / count)
        let spread = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
        let slope = spread > 0 ? points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) } / spread : 0
        self.slope = slope
        rise = slope * ((points.last?.x ?? 0) - (points.first?.x ?? 0))
    }
}

/// Whether what was seen is flat over the last two thirds.
struct SoakVerdict {
    /// One of the things looked at.
    struct Finding {
        let what: String
        let words: String
        let isFlat: Bool
    }

    let findings: [Finding]
    var isFlat: Bool { findings.allSatisfy(\.isFlat) }

    /// What the ledger keeps of the log file's length, once it was that long.
    private static let logBytesKept: Int = 64 << 20

    /// What memory may rise by beside the filters: pages that the allocator keeps, and a thirtieth of what there is.
    private static func allowance(_ kibibytes: Double) -> Double { max(8192, kibibytes / 30) }

    init(_ samples: [SoakSample]) {
        let last = Array(samples.dropFirst(samples.count / 3))
        let calm = last.filter(\.isCalm)
        guard let end = last.last, calm.count > 1 else {
            findings = [Finding(what: "samples", words: "too few", isFlat: false)]
            return
        }
        func trend(_ samples: [SoakSample], _ value: (SoakSample) -> Double) -> Trend {
            Trend(samples.map { ($0.at, value($0)) })
        }
        func mebibytes(_ value: Double) -> String { String(format: "%+.1f MiB", value / 1024) }
        let whole = trend(last) { Double($0.figures.residentKibibytes) }
        let rest = trend(last, \.restKibibytes)
        let perRecord = Trend(last.map { (Double($0.records), Double($0.figures.residentKibibytes) * 1024) }).slope
        let allowed = Self.allowance(end.restKibibytes)
        let (threads, descriptors) = (calm.map(\.figures.threads), calm.map(\.figures.descriptors))
        let wal = trend(calm) { Double($0.walBytes) / 1024 }
        func range(_ values: [Int]) -> String {
            let (low, high) = (values.min() ?? 0, values.max() ?? 0)
            return "\(low == high ? "\(low)" : "\(low) to \(high)") at the \(values.count) samples without a backup"
        }
        findings = [
            Finding(
                what: "memory",
                words:
                    "\(mebibytes(whole.rise)), \(String(format: "%.1f", perRecord)) bytes a record; without the filters of "
                    + "ids \(mebibytes(rest.rise)), up to \(mebibytes(allowed)) allowed",
                isFlat: rest.rise <= allowed),
            Finding(what: "threads", words: range(threads), isFlat: Self.isBounded(threads)),
            Finding(
                what: "descriptors", words: range(descriptors),
                isFlat: descriptors.max() == descriptors.min()),
            Finding(
                what: "log file",
                words: "\(mebibytes(wal.rise)) without a backup, at most "
                    + "\((samples.map(\.walBytes).max() ?? 0) >> 20) MiB, \(end.walBytes >> 20) MiB at the end",
                isFlat: wal.rise <= Self.allowance(0) || calm.allSatisfy { $0.walBytes <= Self.logBytesKept }),
        ]
    }

    /// Threads come and go with what is asked: no more in the second half than there were in the first, but for two.
    private static func isBounded(_ values: [Int]) -> Bool {
        let half = values.count / 2
        return (values.dropFirst(half).max() ?? 0) <= (values.prefix(half).max() ?? 0) + 2
    }
}
