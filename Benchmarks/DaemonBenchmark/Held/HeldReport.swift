import LoadGenerator

/// What a load came to.
struct HeldFigures {
    var tally: HeldTally
    var seconds: Double
    var outSeconds: Double
    var peakKibibytes: Int
    var walBytes: Int
    /// Of the daemon, in all its lives.
    var processorSeconds: Double
    var databaseBytes: Int
    /// Records in the database, the slow proxy's among them.
    var stored: Int

    init(_ lives: Lives, _ tally: HeldTally, seconds: Double) throws {
        (self.tally, self.seconds) = (tally, seconds)
        databaseBytes = try lives.status("database_bytes") + lives.status("wal_bytes")
        stored = try lives.status("records")
        lives.look()
        let book = lives.book
        outSeconds = book.outages.reduce(0) { $0 + $1.seconds }
        (peakKibibytes, walBytes) = (book.peakKibibytes, book.walBytes)
        processorSeconds = book.processorSeconds + lives.processorSeconds
    }

    /// Adds a further run on the same ledger.
    mutating func add(_ next: HeldFigures) {
        tally.add(next.tally)
        seconds += next.seconds
        peakKibibytes = max(peakKibibytes, next.peakKibibytes)
        walBytes = max(walBytes, next.walBytes)
        (processorSeconds, databaseBytes, stored) = (next.processorSeconds, next.databaseBytes, next.stored)
    }

    var perSecond: Double { Double(tally.answered) / seconds }
    /// While it was up.
    var perSecondUp: Double { Double(tally.answered - tally.answeredWhileOut) / (seconds - outSeconds) }
}

/// The figures of a load that was disturbed, beside those of the same load alone.
struct HeldReport {
    let alone: HeldFigures
    let held: HeldFigures
    let lives: Lives.Book
    let done: Disturbances.Done

    var text: String {
        [Report.table(["", "alone", "all at once", "ratio"], rows), outages, meanwhile].joined(separator: "\n\n")
    }

    private var rows: [[String]] {
        [
            ["records", "\(alone.tally.answered)", "\(held.tally.answered)", ""],
            ["time", Report.seconds(alone.seconds), Report.seconds(held.seconds), ""],
            row("records/s", { $0.perSecond }, Report.rate),
            row("records/s, stops and starts left out", { $0.perSecondUp }, Report.rate),
        ]
            + [50, 99, 99.9, 100].map { percentile in
                row(
                    percentile == 100 ? "latency: longest" : "latency: p\(Report.plain(percentile))",
                    { $0.tally.calm.micros(percentile: percentile) }, Report.micros)
            } + resent + [
                ["answered as duplicates", "\(alone.tally.duplicates)", "\(held.tally.duplicates)", ""],
                row("processor time a record", { $0.processorSeconds / Double($0.stored) * 1e6 }, Report.micros),
                row("peak memory (MiB)", { Double($0.peakKibibytes) / 1024 }, Report.whole),
                row("largest log file (MiB)", { Double($0.walBytes) / 1_048_576 }, Report.whole),
                row("database and log (MiB)", { Double($0.databaseBytes) / 1_048_576 }, Report.whole),
                row("bytes a record", { Double($0.databaseBytes) / Double($0.stored) }, Report.whole),
            ]
    }

    private func row(_ name: String, _ value: (HeldFigures) -> Double, _ text: (Double) -> String) -> [String] {
        [name, text(value(alone)), text(value(held)), Report.ratio(value(held) / value(alone))]
    }

    /// Records that were sent again, since their connection broke.
    private var resent: [[String]] {
        let times = held.tally.resent
        guard times.count > 0 else { return [] }
        return [["in flight over a restart", "", "\(times.count)", ""]]
            + [50, 99, 99.9, 100].map { percentile in
                [
                    percentile == 100 ? "their latency: longest" : "their latency: p\(Report.plain(percentile))", "",
                    Report.micros(times.micros(percentile: percentile)), "",
                ]
            }
    }

    private var outages: String {
        Report.table(
            ["ended by", "at record", "until it was gone", "start to healthy", "start to first answer"],
            lives.outages.map { outage in
                [
                    outage.isKill ? "kill -9" : "SIGTERM", "\(outage.records)",
                    Report.seconds(outage.ended - outage.ordered),
                    outage.healthy.map { Report.seconds($0 - outage.started) } ?? "never",
                    outage.answered.map { Report.seconds($0 - outage.started) } ?? "never",
                ]
            })
    }

    private var meanwhile: String {
        let backups = done.backups.map(\.seconds)
        let imports = done.imports.map { Report.seconds($0) }.joined(separator: ", ")
        return """
            meanwhile: \(lives.reloads) reloads; \(backups.count) backups, each proven, \(Report.seconds(backups.min() ?? 0)) to \
            \(Report.seconds(backups.max() ?? 0)), the last of \(done.backups.last?.records ?? 0) records, and \
            \(done.backupsGivenUp) given up at a restart; rates imports of \(imports); \(done.reads) commands that read, the \
            slowest \(Report.seconds(done.slowestRead.seconds)) (\(done.slowestRead.words)); a proxy that reads at a trickle, \
            \(done.slow.answered) records (\(done.slow.duplicates) duplicates); a journal read at a trickle, \
            \(done.journalBytes >> 10) KiB
            """
    }
}
