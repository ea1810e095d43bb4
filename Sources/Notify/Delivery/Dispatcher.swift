import Foundation
import Metering

/// Hands over what is due: of each recipient one after the other, of several at the same time.
actor Dispatcher {
    private let store: NotifyStore
    private let daemon: DaemonClient
    private let settings: NotifySettings
    private let log: NotifyLog
    private let clock: @Sendable () -> Timestamp
    private let bell: Bell
    /// Seconds between two looks at the clock at most.
    private let tick: Duration
    private let hostName: String

    /// Recipients to whom something is on its way.
    private var busy: Set<String> = []
    /// How the mail server answered last.
    private var relay = RelayState()

    /// How often a PDF is waited for: some 15 minutes in all. Then the mail is sent without.
    private static let drawingsMax: Int64 = 5
    /// Transfers at a time.
    private static let transfersMax = 8

    private struct RelayState {
        var failures: Int64 = 0
        var due: Timestamp?
        var since: Timestamp?

        /// How many mails may be on their way: one, to see whether it answers again, or none for now.
        func transfersMax(at now: Timestamp) -> Int {
            guard let due else { return Dispatcher.transfersMax }
            return due <= now ? 1 : 0
        }
    }

    init(
        store: NotifyStore, daemon: DaemonClient, settings: NotifySettings, log: NotifyLog, bell: Bell, tick: Duration,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.store = store
        self.daemon = daemon
        self.settings = settings
        self.log = log
        self.bell = bell
        self.tick = tick
        self.clock = clock
        hostName = ProcessInfo.processInfo.hostName
    }

    /// Goes on until the task is cancelled. What is on its way then still ends.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                for delivery in take() {
                    group.addTask { await self.hand(over: delivery) }
                }
                await bell.wait(pause())
            }
        }
    }

    /// What is due now and may be sent.
    private func take() -> [Delivery] {
        let now = clock()
        let room = min(relay.transfersMax(at: now), Self.transfersMax) - busy.count
        guard settings.mail != nil, room > 0 else { return [] }
        do throws(StoreError) {
            let due = try store.due("mail:", at: now, besides: busy, limit: room)
            for delivery in due { busy.insert(delivery.recipient) }
            return due
        } catch {
            log.note(.storeBroken, "\(error)", level: .error)
            return []
        }
    }

    private func pause() -> Duration {
        let now = clock()
        let dues = [relay.due, try? store.nextDue(after: now)].compactMap { $0 }.filter { $0 > now }
        guard let next = dues.min() else { return tick }
        return min(tick, .milliseconds(max(1, next.milliseconds - now.milliseconds)))
    }

    private func hand(over delivery: Delivery) async {
        let attempt = await attempt(delivery)
        let now = clock()
        do throws(StoreError) {
            try settle(delivery, attempt, now)
        } catch {
            // It was perhaps delivered, and is sent again with the same id.
            log.note(.storeBroken, "\(error)", level: .error)
            try? await Task.sleep(for: .seconds(1))
        }
        busy.remove(delivery.recipient)
        bell.ring()
    }

    private func settle(_ delivery: Delivery, _ attempt: Attempt, _ now: Timestamp) throws(StoreError) {
        let fields = ["METERD_DELIVERY": delivery.id, "METERD_ORG": delivery.org]
        switch attempt {
        case .delivered:
            relayAnswers()
            try store.delivered(delivery, at: now)
            log.note(.delivered, "delivery \(delivery.id), \(delivery.kind): delivered", fields, level: .info)
        case .refused(let words):
            relayAnswers()
            try store.gaveUp(delivery, words, at: now)
            gaveUp(delivery, "it was refused for good", fields)
        case .postponed(let words):
            relayAnswers()
            try postpone(delivery, words, fields, now)
        case .notReady(let words): try postpone(delivery, words, fields, now)
        case .relayAway(let words):
            relay.failures += 1
            relay.since = relay.since ?? now
            relay.due = now.advanced(bySeconds: min(300, Backoff.seconds(after: relay.failures)))
            if relay.failures == 1 {
                log.note(
                    .relayAway, "the mail server can't be used: \(words); mails wait, and it is tried again",
                    level: .error)
            }
            // Mail that is this old is of no use, whoever is to blame.
            guard isTooOld(delivery, now) else {
                // Another recipient's mail is the next to try: the server may hang up at this one only.
                return try store.putBehind(delivery, words, until: relay.due ?? now)
            }
            try store.gaveUp(delivery, words, at: now)
            gaveUp(delivery, "the mail server could not be used for 5 days", fields)
        }
    }

    private func postpone(
        _ delivery: Delivery, _ words: String, _ fields: [String: String], _ now: Timestamp
    ) throws(StoreError) {
        guard isTooOld(delivery, now) else {
            return try store.postponed(delivery, words, at: now)
        }
        try store.gaveUp(delivery, words, at: now)
        gaveUp(delivery, "it was tried for 5 days", fields)
    }

    private func gaveUp(_ delivery: Delivery, _ why: String, _ fields: [String: String]) {
        log.note(
            .gaveUp,
            "delivery \(delivery.id), \(delivery.kind): given up, as \(why). meterd-notify deliveries --state dead shows it, meterd-notify retry \(delivery.id) sends it again",
            fields, level: .warning)
    }

    private func isTooOld(_ delivery: Delivery, _ now: Timestamp) -> Bool {
        now >= delivery.created.advanced(bySeconds: Backoff.mailSeconds)
    }

    private func relayAnswers() {
        if relay.due != nil { log.note(.relayBack, "the mail server can be used again", level: .notice) }
        relay = RelayState()
    }

    /// How it goes, for `systemctl status`.
    var words: String {
        guard settings.mail != nil else { return "no mail server is configured" }
        return relay.since.map { "the mail server can't be used since \($0)" } ?? "the mail server answers"
    }

    // MARK: Mail

    private func attempt(_ delivery: Delivery) async -> Attempt {
        guard let mail = settings.mail else { return .notReady("no mail server is configured") }
        guard let data = delivery.body, let body = try? JSONDecoder().decode(MailBody.self, from: data) else {
            return .refused("what was to be sent can't be read")
        }
        var notice = body.notice
        var files: [MailMessage.File] = []
        if let invoice = notice.invoice {
            do throws(DaemonError) {
                let bytes = try await daemon.drawing(of: invoice, of: delivery.org)
                files = [MailMessage.File(name: Self.fileName(invoice), type: "application/pdf", bytes: bytes)]
            } catch {
                // A PDF that nobody can draw doesn't hold up the mails behind it, of which one may be a suspension.
                if case .away(let words) = error, delivery.attempts < Self.drawingsMax {
                    return .notReady("meterd gives no PDF of \(invoice): \(words)")
                }
                notice.paragraphs = ["The PDF of \(invoice) could not be attached. The document is on the dashboard."]
            }
        }
        let footer = NoticeFooter(org: body.org, support: body.support)
        let message = MailMessage(
            sender: mail.sender, replyTo: mail.replyTo, recipient: body.address, recipientName: body.name,
            subject: notice.subject, date: delivery.created, id: delivery.id, text: notice.text(footer),
            html: notice.html(footer).bytes, files: files)
        return await mail.relay.send(
            message.bytes(), to: body.address, from: mail.sender.address, as: Self.plain(hostName))
    }

    private static func fileName(_ invoice: String) -> String {
        String(invoice.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }) + ".pdf"
    }

    /// A host's name as it may stand in a URL.
    private static func plain(_ name: String) -> String {
        let kept = name.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") }
        return kept.isEmpty ? "localhost" : kept
    }
}
