import FaultDisk
import Foundation
import GRDB
import Ledger
import Metering
import TestSupport

/// The course of a ledger's life on a disk that fails, with a journal of what was acknowledged; and what has to be true when it
/// is opened again.
///
/// The course passes everything that writes: migration, cards, orgs, grants, holds, usage, expiries, sealed ids, checkpoints,
/// corrections, a copy made beside it, an orderly end and another start.
final class FaultCourse {
    let disk: FaultDisk
    let directory: TemporaryDirectory
    let clock = ManualClock()
    private var random: SeededGenerator
    private var database: LedgerDatabase?
    private var store: SQLiteStore?
    private var watch = CopyWatch()

    /// What was answered, and how it was.
    private(set) var acknowledged: [(mutation: Mutation, outcome: Outcome)] = []
    /// What was asked and not answered, or refused because the disk was full.
    private(set) var unanswered: [Mutation] = []
    /// Batches that were refused because the disk was full.
    private(set) var fullBatches = 0
    /// Copies that were made, and that could not be.
    private(set) var copies = (made: 0, failed: 0)
    private(set) var copyError = ""
    /// What the course does when a batch meets a full disk.
    var onFull: (FaultDisk) -> Void = { _ in }
    /// Whether usage that is refused is kept too.
    private let refusesUsage: Bool
    /// The operations that were counted when the ledger was first open.
    private(set) var countedAtStart: UInt64 = 0
    private var counter = 0

    /// Whether an org has holds charged that expire unsettled, with a policy of its own.
    private let chargesExpired: Bool

    /// - Parameters:
    ///   - seed: of what is done, and of what a cut leaves.
    ///   - refusesUsage: whether usage that is refused is kept too.
    ///   - chargesExpired: whether holds that expire are charged.
    init(seed: UInt64, refusesUsage: Bool = true, chargesExpired: Bool = true) throws {
        self.refusesUsage = refusesUsage
        self.chargesExpired = chargesExpired
        directory = try TemporaryDirectory()
        disk = FaultDisk(folder: directory.path, seed: seed)
        random = SeededGenerator(seed: seed)
    }

    // MARK: The course

    /// Lives it through, up to the first failure; throws what the ledger threw.
    func live() throws {
        try open()
        countedAtStart = disk.counted
        try ask([card("m: 1000", "late: 0")])
        for org in ["a", "b"] {
            try ask([
                .createOrg(NewOrg(name: org, displayName: nil, country: nil, region: nil), key("org")),
                .grant(
                    NewGrant(
                        org: org, amount: Money(nanos: 50_000_000_000), source: .promotion, priority: 10,
                        expires: clock.now.advanced(bySeconds: 700), reason: nil), key("grant")),
                .grant(NewGrant(org: org, amount: Money(nanos: 900_000_000_000), reason: "first"), key("grant")),
                .addMember(
                    org: org, user: "ana",
                    EarlierSpend(day: .zero, month: .zero, throughSequence: 0, moment: clock.now), key("member")),
            ])
        }
        if chargesExpired {
            var policy = OrgPolicyChange()
            policy.chargesExpiredHolds = true
            try ask([.setPolicy(org: "b", policy, key("policy"))])
        }
        for round in 0..<8 {
            try ask(try usage(round))
            clock.advance(seconds: 90)
            try ownWork()
            switch round {
            case 2: try copy()
            case 3: try ask([card("m: 1500", "late: 700")])
            case 4:
                try ask([
                    .correct(
                        NewCorrection(
                            org: "a", id: "a0-0", reason: "wrong", actor: "me", usage: #"{"prompt_tokens":3}"#),
                        key("correct")),
                    .limitMember(
                        org: "b", user: "ana", daily: Money(nanos: 1_000_000_000_000), monthly: nil, key("limit")),
                ])
            case 5:
                try close()
                try open()
            default: break
            }
        }
        try close()
    }

    private func usage(_ round: Int) throws -> [Mutation] {
        var batch: [Mutation] = []
        for org in ["a", "b"] {
            for number in 0..<Int.random(in: 1...4, using: &random) {
                // "never" waits for a rate for ever, "late" gets one.
                let model = ["m", "m", "late", "never"][Int.random(in: 0..<4, using: &random)]
                let padding = String(repeating: "x", count: Int.random(in: 0..<1500, using: &random))
                batch.append(try record("\(org)\(round)-\(number)", org, model, tokens: number + round, note: padding))
            }
            let hold = "\(org)\(round)"
            batch.append(
                .authorize(
                    HoldRequest(
                        id: hold, org: org, user: "ana", worst: .amount(Money(nanos: 5_000_000_000)),
                        ttlSeconds: round % 3 == 0 ? 60 : 600)))
            if round % 3 == 1 { batch.append(try record("\(org)\(round)-settled", org, "m", tokens: 2, hold: hold)) }
            if round % 3 == 2 { batch.append(.release(org: org, id: hold)) }
            // The hold of the round before has expired: of org b it was charged, which its usage replaces.
            if round == 4 { batch.append(try record("\(org)\(round)-late", org, "m", tokens: 3, hold: "\(org)3")) }
            if round == 7 { batch.append(.release(org: org, id: "\(org)6")) }
        }
        if refusesUsage {
            let line = "{\"round\":\(round),\"x\":\"\(String(repeating: "y", count: 400 * round))\"}"
            batch.append(
                .quarantine(
                    RefusedLine(
                        refusal: Refusal(.malformed, "id is missing"), id: nil, org: "a", user: nil,
                        received: clock.now, peer: nil, line: KeptLine(Array(line.utf8)))))
        }
        return batch
    }

    private func record(
        _ id: String, _ org: String, _ model: String, tokens: Int, hold: String? = nil, note: String = ""
    ) throws -> Mutation {
        let json = #"{"prompt_tokens":\#(tokens),"note":"\#(note)"}"#
        let record = UsageRecord(
            id: id, org: org, user: "ana", model: model, provider: "p", hold: hold, usage: json,
            reading: try UsageReading(json: json, provider: "p", model: "m"))
        return .usage(record, received: clock.now)
    }

    private func card(_ prices: String...) -> Mutation {
        let rates = prices.filter { !$0.hasSuffix(" 0") }.map { price in
            let words = price.split(separator: ":")
            return "  - {model: \(words[0]), provider: p, price: {input:\(words[1]), output: 1}}\n"
        }
        let document = "format: meterd/1\neffective: 2026-01-01T00:00:00Z\nrates:\n\(rates.joined())"
        guard let card = try? RateDocument.parse(document) else { fatalError("the course's own rates can't be read") }
        return .recordCard(NewCard(document: document, card: card, source: "test"), key("card"))
    }

    private func key(_ route: String) -> IdempotencyKey {
        counter += 1
        return IdempotencyKey(route: route, key: "\(counter)", body: "\(counter)")
    }

    // MARK: The ledger

    func open() throws {
        let database = try LedgerDatabase(in: directory.path, makesLedger: true)
        self.database = database
        var options = StoreOptions(clock: { [clock] in clock.now })
        // Small, so that a short course passes every boundary.
        options.sealIdsAt = 12
        options.checkpointPages = 24
        options.cacheKiB = 64
        options.sweepRecordsMax = 2
        options.expiriesMax = 2
        watch = options.copies
        store = try SQLiteStore.open(path: database.path, options: options)
    }

    func close() throws {
        try store?.close()
        letGo()
    }

    /// Lets go of the ledger as a process does that ends.
    private func letGo() {
        store = nil
        database = nil
    }

    private func ask(_ batch: [Mutation]) throws {
        let outcomes: [Outcome]
        do {
            outcomes = try commit(batch)
        } catch {
            unanswered += batch
            throw error
        }
        let isFull = outcomes.contains(where: \.isStorageUnavailable)
        guard !isFull else {
            guard outcomes.allSatisfy(\.isStorageUnavailable) else { throw Wrong("a batch was refused in part") }
            fullBatches += 1
            unanswered += batch
            return onFull(disk)
        }
        acknowledged += zip(batch, outcomes).map { ($0, $1) }
    }

    private func commit(_ batch: [Mutation]) throws -> [Outcome] {
        guard let outcomes = try store?.commit(batch) else { throw Wrong("the ledger is not open") }
        return outcomes
    }

    /// What the writer's thread does when nobody asks for anything.
    private func ownWork() throws {
        for _ in 0..<4 where store?.timeToOwnWork == .zero { _ = try commit([]) }
    }

    private func copy() throws {
        var ended: (any Error)?
        var nudges = 0
        do {
            let copy = try LedgerSnapshot.make(
                of: directory.path + "/meterd.db", watch, in: directory.path,
                nudge: { [self] in
                    nudges += 1
                    // The log can't be moved while the disk is full.
                    guard nudges < 5 else { throw StorageFailure(description: "the log is not moved") }
                    do {
                        _ = try commit([])
                    } catch {
                        ended = error
                        throw error
                    }
                }, isCancelled: { false })
            copies.made += 1
            guard copy.contents.commit > 0 else { throw Wrong("the copy is empty") }
        } catch let error as Wrong {
            throw error
        } catch {
            copies.failed += 1
            copyError = "\(error)"
        }
        // What fails in the writer ends the process, whoever asked for it.
        if let ended { throw ended }
        let left = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0 != "lock" }
        guard left.isEmpty else { throw Wrong("a copy left \(left) behind") }
    }

    // MARK: Afterwards

    /// The process ends: what it has not asked of the system by now, it never will.
    func endProcess() {
        if !disk.isCut { disk.fail(.all, at: 1, with: .processEnd) }
        letGo()
    }

    /// Starts again, and has the power cut in the middle of it, where it does so many operations.
    func dieWhileOpening(at nth: UInt64) throws {
        letGo()
        disk.restart()
        disk.fail(.all, at: nth, with: .powerCut)
        do {
            try open()
        } catch {
            guard disk.isCut else { throw error }
        }
        disk.cut()
        letGo()
    }

    /// Starts again after the end of a process, hears that what it was asked last is known, and has the power cut without
    /// writing anything more.
    func hearAndDie() throws {
        letGo()
        disk.restart()
        try open()
        for mutation in unanswered {
            guard case .usage = mutation else { continue }
            guard let outcome = try commit([mutation]).first else { throw Wrong("no answer") }
            // The first that is new is written, and with it all before.
            guard case .usage(let reply) = outcome, reply.isDuplicate else { break }
            acknowledged.append((mutation, outcome))
        }
        disk.cut()
        letGo()
    }

    /// Starts again, the disk whole again, and looks at everything that was acknowledged.
    func checkAfterRestart() throws {
        letGo()
        disk.restart()
        try open()
        let report = try Verification.run(databaseFile: directory.path + "/meterd.db")
        guard report.ok else { throw Wrong("the books: \(report.problems.prefix(5))") }
        let kept = Int64(acknowledged.count { if case .quarantine = $0.mutation { true } else { false } })
        guard report.quarantined >= kept else {
            throw Wrong("\(kept) lines were kept, \(report.quarantined) are there")
        }
        for (mutation, first) in acknowledged { try check(mutation, first) }
        // What was not answered is there whole or not at all: sent again it is taken once.
        try resend(unanswered)
        for mutation in unanswered { try check(mutation, nil) }
        let taken = acknowledged.filter { if case .usage = $0.outcome { true } else { false } }.map(\.mutation)
        let records = Set((taken + unanswered).compactMap(\.recordID)).count
        let again = try Verification.run(databaseFile: directory.path + "/meterd.db")
        guard again.ok else { throw Wrong("the books, all sent again: \(again.problems.prefix(5))") }
        let estimates = try estimates()
        guard again.records == Int64(records) + estimates else {
            throw Wrong("\(again.records) records of \(records), and \(estimates) estimates")
        }
        let refused = kept + Int64(unanswered.count { if case .quarantine = $0 { true } else { false } })
        guard again.quarantined == refused else { throw Wrong("\(again.quarantined) lines of \(refused) are kept") }
        try close()
    }

    /// Records that charge expired holds.
    private func estimates() throws -> Int64 {
        let queue = try DatabaseQueue(path: directory.path + "/meterd.db", configuration: Self.looking)
        defer { try? queue.close() }
        return try queue.read { try Int64.fetchOne($0, sql: "SELECT count(*) FROM usage WHERE status = 4") ?? 0 }
    }

    private static var looking: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        return configuration
    }

    private func resend(_ batch: [Mutation]) throws {
        guard !batch.isEmpty else { return }
        guard try !commit(batch).contains(where: \.isStorageUnavailable) else {
            throw Wrong("the disk is whole, and full")
        }
    }

    /// Sends something again: it has to be known, with the same answer where that is on record.
    private func check(_ mutation: Mutation, _ first: Outcome?) throws {
        guard let outcome = try commit([mutation]).first else { throw Wrong("no answer") }
        switch (outcome, first) {
        case (.usage(var reply), .usage(let first)?):
            guard reply.isDuplicate else { throw Wrong("\(mutation.recordID ?? "?") was acknowledged and is lost") }
            reply.isDuplicate = first.isDuplicate
            guard reply == first else { throw Wrong("answered \(reply), at first \(first)") }
        case (.usage(let reply), _): guard reply.isDuplicate else { throw Wrong("a record was taken twice") }
        case (.hold(let reply), _):
            guard reply.isDuplicate || reply.state != nil else { throw Wrong("a hold was acknowledged and is lost") }
        case (.org(_, let isReplay), _), (.grant(_, let isReplay), _), (.member(_, let isReplay), _),
            (.correction(_, let isReplay), _), (.policy(_, let isReplay), _):
            guard isReplay else { throw Wrong("\(mutation) was acknowledged and is lost") }
        case (.card, _): break
        // What was never taken may be too late now.
        case (.refused, nil) where mutation.recordID == nil: break
        case (.refused(let refusal), nil): throw Wrong("\(mutation): \(refusal)")
        case (.refused, .refused): break
        default: throw Wrong("\(mutation) is answered by \(outcome)")
        }
    }
}

/// What is not as it has to be.
struct Wrong: Error, CustomStringConvertible {
    let description: String
    init(_ words: String) { description = words }
}

extension Outcome {
    var isStorageUnavailable: Bool {
        if case .refused(let refusal) = self { refusal.code == .storageUnavailable } else { false }
    }
}

extension Mutation {
    var recordID: String? {
        if case .usage(let record, _, _, _, _) = self { record.id } else { nil }
    }
}
