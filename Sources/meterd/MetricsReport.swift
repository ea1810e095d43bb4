import Billing
import Control
import Foundation
import GRDBSQLite
import Ingest
import Ledger
import Metering

/// Puts together what `/metrics` says. Names and units follow <https://prometheus.io/docs/practices/naming/>; no label has more
/// values than there are codes, or types of webhooks.
struct MetricsReport: Sendable {
    let status: StatusReport
    /// Holds that expired unsettled since the start.
    let expired: Tally
    let backups: BackupLog
    private let started = Date().timeIntervalSince1970

    init(status: StatusReport, expired: Tally, backups: BackupLog) {
        self.status = status
        self.backups = backups
        self.expired = expired
    }

    func text() async throws -> PrometheusText {
        var text = PrometheusText()
        let writer = status.writer.statistics
        let seen = await status.ingest.statistics()
        text.gauge(
            "meterd_build_info", "The program that runs.",
            labels: [("version", Version.current), ("sqlite", String(cString: sqlite3_libversion()))], 1)
        text.gauge(
            "meterd_ready", "1 while records are taken, 0 where the disk is full or the daemon is stopping.",
            status.pulse.isStopping || writer.isDiskFull ? 0 : 1)
        text.gauge(
            "meterd_clock_in_doubt",
            "1 while the system's clock may be wrong, so that nothing is billed, expires or is erased.",
            status.clockWatch?.doubt != nil ? 1 : 0)
        addUsage(&text, writer, seen)
        addWriter(&text, writer)
        try await addLedger(&text)
        try await addPayments(&text)
        addBackups(&text)
        addProcess(&text)
        return text
    }

    private func addUsage(_ text: inout PrometheusText, _ writer: WriterStatistics, _ seen: IngestStatistics) {
        text.counter("meterd_records_total", "Usage records taken, duplicates not counted.", writer.records)
        text.counter(
            "meterd_unpriced_records_total", "Usage records that had no rate when they were taken.", writer.unpriced)
        text.counter(
            "meterd_holds_expired_total", "Holds that expired without usage: usage that may be lost.", expired.count)
        text.counters(
            "meterd_rejects_total", "Requests on the ingest socket that were refused.", by: "code",
            Refusal.Code.allCases.map { ($0.rawValue, seen.refusals[$0] ?? 0) })
        text.counters(
            "meterd_quarantined_total", "Usage lines that were refused for good and kept, equal ones counted each.",
            by: "code", Refusal.quarantinedCodeNames.map { ($0, writer.quarantined[$0] ?? 0) })
        text.histogram(
            "meterd_ingest_durable_seconds",
            "From a request's coming to its durable outcome; counted from the first request of its lot.", seen.latency)
        text.gauge("meterd_ingest_connections", "Connections of the ingest socket.", Double(seen.connections))
        text.gauge("meterd_ingest_open_requests", "Requests with the writer, without a reply.", Double(seen.open))
        text.gauge("meterd_ingest_open_bytes", "Memory that those hold.", Double(seen.openBytes))
    }

    private func addWriter(_ text: inout PrometheusText, _ writer: WriterStatistics) {
        text.counter("meterd_commits_total", "Commits.", writer.commits)
        text.histogram(
            "meterd_commit_seconds", "A batch's transaction: its statements, its log's write and sync.",
            writer.commitSeconds)
        text.histogram(
            "meterd_sync_seconds", "COMMIT alone: the log's write and sync, and a checkpoint where one was due.",
            writer.syncSeconds)
        text.histogram("meterd_commit_requests", "Requests in a commit.", writer.commitMutations)
        text.gauge("meterd_queue_requests", "Requests that wait for the writer.", Double(status.writer.queued))
        text.gauge("meterd_queue_capacity_requests", "Requests that may wait.", Double(status.writer.capacity))
        if let fed = status.pulse.watchdogFed {
            text.gauge(
                "meterd_watchdog_age_seconds", "Since systemd's watchdog was fed.",
                (ContinuousClock.now - fed) / .seconds(1))
        }
    }

    private func addBackups(_ text: inout PrometheusText) {
        text.counter("meterd_backup_failures_total", "Backups that failed since the start.", backups.failures)
        let path = status.databasePath
        let ledgerBytes = StatusReport.size(path) + StatusReport.size(path + "-wal")
        text.gauge(
            "meterd_backup_needs_bytes", "Bytes that must be free on the ledger's file system for another backup.",
            Double(backups.bytesNeeded(ledger: ledgerBytes, in: (path as NSString).deletingLastPathComponent)))
        if backups.folder != nil {
            let newest = backups.newest
            text.gauge(
                "meterd_backup_newest_timestamp_seconds",
                "When the newest backup in backup.folder was made; 0 if none is seen there.", Double(newest?.made ?? 0))
            text.gauge("meterd_backup_newest_bytes", "Its size.", Double(newest?.bytes ?? 0))
        }
        text.counter(
            "meterd_restore_test_failures_total", "Test restores of backups that failed since the start.",
            backups.restoreTestFailures)
        if let test = backups.restoreTest {
            text.gauge(
                "meterd_restore_test_last_ok",
                "1 if the latest test restore of a backup since the start succeeded, 0 if it failed.", test.ok ? 1 : 0)
        }
        guard let latest = backups.latest else { return }
        text.gauge(
            "meterd_backup_last_ok", "1 if the latest backup since the start is proven, 0 if it failed.",
            latest.ok ? 1 : 0)
        text.gauge("meterd_backup_last_duration_seconds", "How long that took.", latest.seconds)
    }

    private func addLedger(_ text: inout PrometheusText) async throws {
        let backlog = try await status.reader.backlog()
        text.gauge("meterd_open_holds", "Holds that reserve credits.", Double(backlog.openHolds))
        text.gauge("meterd_unpriced_records", "Usage records that wait for a rate.", Double(backlog.unpriced))
        let quarantine = try await status.reader.quarantineSummary()
        text.gauges(
            "meterd_quarantine_lines", "Usage lines that were refused for good and wait for somebody to decide.",
            by: "code", Refusal.quarantinedCodeNames.map { ($0, Double(quarantine.kept[$0] ?? 0)) })
        text.gauge("meterd_orgs", "Orgs, closed ones included.", Double(try await status.reader.counts().orgs))
        if let card = status.rates.current.entry(at: status.clock()) {
            let age = status.clock().milliseconds - card.recorded.milliseconds
            text.gauge("meterd_rate_card_age_seconds", "Since the rate card in force was recorded.", Double(age) / 1000)
        }
        text.gauge(
            "meterd_database_bytes", "The database file.", Double(StatusReport.size(status.databasePath)))
        text.gauge(
            "meterd_wal_bytes", "The write-ahead log.", Double(StatusReport.size(status.databasePath + "-wal")))
        if let disk = DiskSpace(of: status.databasePath) {
            text.gauge("meterd_disk_free_bytes", "Room on the ledger's file system.", Double(disk.free))
            text.gauge("meterd_disk_size_bytes", "Size of the ledger's file system.", Double(disk.size))
        }
    }

    private func addPayments(_ text: inout PrometheusText) async throws {
        let backlog = try await status.reader.paymentBacklog(manual: ManualGateway().name)
        let (contact, now) = (status.billing.contact.now, status.clock())
        func seconds(since moment: Timestamp?) -> Double {
            moment.map { Double(max(0, now.milliseconds - $0.milliseconds)) / 1000 } ?? 0
        }
        text.counters(
            "meterd_payments_total", "Payments that were settled: declined by a bank; problem: no bank was asked.",
            by: "outcome",
            [
                ("succeeded", contact.succeeded), ("declined", contact.declined), ("problem", contact.problems),
            ])
        text.gauge("meterd_payments_pending", "Payments that are not settled.", Double(backlog.pending))
        text.gauge(
            "meterd_payments_oldest_pending_seconds", "Age of the oldest payment that the gateway has to settle.",
            seconds(since: backlog.oldestPending))
        text.gauge(
            "meterd_gateway_failing_seconds", "Since the gateway gives no answer; 0 while it does.",
            seconds(since: contact.failingSince))
        text.gauge("meterd_refunds_due", "Refunds that are due or on their way.", Double(backlog.refundsDue))
        text.gauge("meterd_refunds_failed", "Refunds that failed.", Double(backlog.refundsFailed))
        text.gauge("meterd_chargebacks_open", "Chargebacks that are not decided.", Double(backlog.chargebacks))
        let webhooks = status.billing.webhooks.now
        text.counters(
            "meterd_webhooks_total", "Webhooks that were taken: the gateway was asked, or they had come before.",
            by: "outcome", [("asked", UInt64(webhooks.acted)), ("repeated", UInt64(webhooks.known))])
        text.counters(
            "meterd_webhooks_ignored_total", "Webhooks of types that are not acted on.", by: "type",
            webhooks.ignored.sorted { $0.key < $1.key }.map { ($0.key, UInt64($0.value)) })
    }

    /// What Prometheus expects of any process:
    /// <https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics>.
    private func addProcess(_ text: inout PrometheusText) {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        let seconds = [usage.ru_utime, usage.ru_stime].reduce(0.0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
        text.counter("process_cpu_seconds_total", "Processor time used.", seconds: seconds)
        text.gauge("process_start_time_seconds", "Start of the process since the Unix epoch.", started)
        let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        if pages.count > 1, let resident = Double(pages[1]) {
            text.gauge(
                "process_resident_memory_bytes", "Resident memory.", resident * Double(sysconf(Int32(_SC_PAGESIZE))))
        }
        if let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count {
            text.gauge("process_open_fds", "Open file descriptors.", Double(open))
        }
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            text.gauge("process_max_fds", "File descriptors that may be open.", Double(limit.rlim_cur))
        }
    }
}
