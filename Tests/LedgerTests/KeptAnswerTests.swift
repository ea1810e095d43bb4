import Foundation
import GRDB
import Ledger
import Metering
import TestSupport
import Testing

/// Answers that are kept under a key, as every release kept them: each is given again by this one.
///
/// A file `KeptAnswers/N.jsonl` has what release N kept, and is never changed. A kind of answer that is new in a release, or is kept
/// otherwise than before, gets a line in that release's file.
@Suite struct KeptAnswerTests {
    private struct Kept: Decodable {
        /// The mutation that it answered.
        let kind: Kind
        /// The bytes that were kept, in hexadecimal.
        let bytes: String
    }

    private enum Kind: String, Decodable, CaseIterable {
        case org, closed, grant, voided, member, budget, policy, alerts, correction, repriced, card, alias, orgAlias
        case discarded, billed, teamMember, invitation, signedIn

        /// A mutation that such an answer is given to.
        func mutation(_ key: IdempotencyKey) throws -> Mutation {
            switch self {
            case .org: .createOrg(NewOrg(name: "acme", displayName: nil, country: nil, region: nil), key)
            case .closed: .closeOrg("acme", key)
            case .grant: .grant(NewGrant(org: "acme", amount: Money(nanos: 1), reason: nil), key)
            case .voided: .voidGrant(org: "acme", grant: 1, reason: nil, key)
            case .member:
                .addMember(
                    org: "acme", user: "ana",
                    EarlierSpend(day: .zero, month: .zero, throughSequence: 0, moment: Timestamp(milliseconds: 0)), key)
            case .budget: .setBudget(org: "acme", nil, key)
            case .policy: .setPolicy(org: "acme", OrgPolicyChange(), key)
            case .alerts: .setAlerts(org: "acme", [], key)
            case .correction: .correct(NewCorrection(org: "acme", id: "r", reason: "", actor: "", usage: "{}"), key)
            case .repriced:
                .reprice(Repricing(records: [], examined: 0, nextCursor: nil, reason: "", actor: ""), key)
            case .card:
                .recordCard(
                    NewCard(
                        document: LedgerFixture.rates, card: try RateDocument.parse(LedgerFixture.rates), source: ""),
                    key)
            case .alias: .nameModel(ModelAlias(alias: "m", model: nil, provider: nil), actor: "", key)
            case .orgAlias: .nameOrg(alias: "A", org: nil, actor: "", key)
            case .discarded: .discardQuarantined(1, erase: false, actor: "", key)
            case .billed: .recall(org: "acme", key)
            case .teamMember: .changeMember(org: "acme", member: 1, .remove, key)
            case .invitation: .changeInvitation(org: "acme", invitation: 1, .withdraw, key)
            case .signedIn:
                .signIn(try #require(SignInIdentity(issuer: "https://id.example", subject: "s")), key)
            }
        }

        /// The org that its key is kept for.
        var org: String {
            switch self {
            case .org, .closed, .grant, .voided, .member, .budget, .policy, .alerts, .correction, .billed,
                .teamMember, .invitation:
                "acme"
            case .repriced, .card, .alias, .orgAlias, .discarded, .signedIn: ""
            }
        }
    }

    private static let key = IdempotencyKey(route: "r", key: "k", body: "b")

    @Test func everyAnswerThatAReleaseKeptIsGivenAgain() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "KeptAnswers")
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        var seen: Set<String> = []
        for line in try files.flatMap({ try String(contentsOf: $0, encoding: .utf8).split(separator: "\n") }) {
            let kept = try JSONDecoder().decode(Kept.self, from: Data(line.utf8))
            seen.insert(kept.kind.rawValue)
            let bytes = try #require(Self.bytes(kept.bytes))
            let outcome = try Self.outcome(of: kept.kind, keeping: bytes)
            let sent = try Self.answer(outcome)
            let answer = try #require(sent, "\(kept.kind): \(outcome)")
            // Everything that was said is said again.
            let json = bytes.drop { $0 != UInt8(ascii: "{") }
            try Self.expect(try JSONValue(answer), has: try JSONValue(json), "\(kept.kind)")
        }
        #expect(seen.sorted() == Kind.allCases.map(\.rawValue).sorted())
    }

    @Test func anAnswerThatCannotBeReadIsAnUnknownOutcomeAndEndsNothing() throws {
        for bytes in ["", "{", "{}", "[]", "\u{1}{\"org\":7}", "\u{9}{}"] {
            for kind in Kind.allCases {
                let outcome = try Self.outcome(of: kind, keeping: Array(bytes.utf8))
                guard case .refused(let refusal) = outcome else {
                    Issue.record("\(kind) of '\(bytes)': \(outcome)")
                    continue
                }
                #expect(refusal.code == .unknownOutcome && refusal.message.contains("'k'") && !refusal.isRetryable)
            }
        }
    }

    /// What a mutation is answered under whose key those bytes are kept.
    private static func outcome(of kind: Kind, keeping bytes: [UInt8]) throws -> Outcome {
        let fixture = try LedgerFixture()
        try fixture.store.close()
        let queue = try DatabaseQueue(path: fixture.path)
        try queue.write { database in
            let triggers = try String.fetchAll(
                database, sql: "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'idempotency'")
            for trigger in triggers { try database.execute(sql: "DROP TRIGGER \(trigger)") }
            try database.execute(
                sql: "INSERT INTO idempotency VALUES(?, ?, ?, ?, ?, ?)",
                arguments: [key.route, kind.org, key.key, key.body, Data(bytes), fixture.clock.now.milliseconds])
        }
        try queue.close()
        try fixture.reopen()
        return try fixture.one(try kind.mutation(key))
    }

    /// The answer as it is sent; nil for what is none that was given before.
    private static func answer(_ outcome: Outcome) throws -> Data? {
        switch outcome {
        case .org(let view, true): try WireJSON.encode(view)
        case .grant(let view, true): try WireJSON.encode(view)
        case .member(let view, true): try WireJSON.encode(view)
        case .budget(let view, true): try WireJSON.encode(view)
        case .policy(let view, true): try WireJSON.encode(view)
        case .alerts(let view, true): try WireJSON.encode(view)
        case .correction(let view, true): try WireJSON.encode(view)
        case .repriced(let view, true): try WireJSON.encode(view)
        case .card(let view, false): try WireJSON.encode(view)
        case .alias(let view, true): try WireJSON.encode(view)
        case .orgAlias(let view, true): try WireJSON.encode(view)
        case .quarantined(let view, true): try WireJSON.encode(view)
        case .billed(let applied, true): try WireJSON.encode(applied)
        case .teamMember(let view, true): try WireJSON.encode(view)
        case .invitation(let view, true): try WireJSON.encode(view)
        case .signedIn(let view, true): try WireJSON.encode(view)
        default: nil
        }
    }

    private static func expect(_ whole: JSONValue, has part: JSONValue, _ what: String) throws {
        guard case .object(let part) = part, case .object(let whole) = whole else {
            Issue.record("\(what) is no object")
            return
        }
        for (name, value) in part { #expect(whole[name] == value, "\(what).\(name)") }
    }

    private static func bytes(_ hexadecimal: String) -> [UInt8]? {
        let digits = Array(hexadecimal)
        let bytes = stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(digits[$0...$0 + 1]), radix: 16)
        }
        return bytes.count * 2 == digits.count ? bytes : nil
    }
}
