import Ledger
import Metering

/// Reads one line of the ingest socket: known members only, in one pass, without a tree.
///
/// A wrong member doesn't end the pass, so that the id is found wherever it stands and the reply can name it.
public struct RequestDecoder {
    /// Who sells a model, for usage objects whose reading depends on it where the record names no provider.
    private let providerOfModel: (String) -> String?
    /// Whether `id` and `org` may be left out: so where a price is asked for and nothing is recorded.
    private let isPriceOnly: Bool
    /// Copies of a decoder share it: they read one line at a time.
    private let scratch = UsageScratch()
    /// The org that a name stands for besides its own; nil while there are no such names.
    var orgOfAlias: ((String) -> String?)?

    /// A decoder that asks `providerOfModel` where a record names no provider.
    public init(isPriceOnly: Bool = false, providerOfModel: @escaping (String) -> String?) {
        self.isPriceOnly = isPriceOnly
        self.providerOfModel = providerOfModel
    }

    /// Reads a line without its newline. It never throws: whatever the bytes are, there is an answer to them.
    public func decode(_ line: UnsafeBufferPointer<UInt8>) -> DecodedLine {
        var members = Members()
        do throws(JSONError) {
            var cursor = JSONCursor(line)
            guard cursor.peek() == UInt8(ascii: "{") else {
                return DecodedLine(
                    id: nil, result: .failure(Refusal(.malformed, "the line is not a JSON object")))
            }
            try members.read(&cursor)
            try cursor.expectEnd()
        } catch {
            let message = "the line is not valid JSON: \(error.message) at byte \(error.offset)"
            return DecodedLine(id: members.validID, result: .failure(Refusal(.malformed, message)))
        }
        let result: Result<Request, Refusal>
        do throws(Refusal) {
            result = .success(try request(&members, line))
        } catch {
            result = .failure(error)
        }
        return decoded(result, members)
    }

    private func decoded(_ result: Result<Request, Refusal>, _ members: Members) -> DecodedLine {
        var line = DecodedLine(
            id: members.validID, result: result, warnings: members.warnings, sender: members.sender)
        switch result {
        case .success(.usage(let record)):
            if line.id == nil, !record.id.isEmpty { line.id = record.id }
        case .success: line.warnings = []
        case .failure(let refusal):
            guard members.isUsage, refusal.code == .malformed else { break }
            line.refused = RefusedMembers(
                org: members.org.map { orgOfAlias?($0) ?? $0 }.flatMap(Self.short),
                user: members.user.flatMap(Self.short))
        }
        return line
    }

    /// A text that a row may name; nil if it is too long.
    private static func short(_ text: String) -> String? {
        (1...RequestLimits.userBytesMax).contains(text.utf8.count) && text.isOnly { $0 != 0 } ? text : nil
    }

    private func request(_ members: inout Members, _ line: UnsafeBufferPointer<UInt8>) throws(Refusal) -> Request {
        if let failure = members.failure { throw failure }
        if let sender = members.sender {
            try Self.check(sender, "sender", bytesMax: RequestLimits.senderBytesMax)
        }
        if let strict = members.failureUnlessUsage, !members.isUsage { throw strict }
        if let id = members.id, !RequestLimits.isID(id) {
            throw Refusal(.malformed, "id must be 1 to \(RequestLimits.idBytesMax) bytes of printable ASCII")
        }
        switch members.op ?? "usage" {
        case "usage": return .usage(try record(&members, line))
        case "authorize": return .authorize(try hold(members, line))
        case "release":
            guard let id = members.id else { throw missing("id", "the id of a hold") }
            return .release(org: try org(members), id: id)
        case "balance": return .balance(org: try org(members))
        case "ping": return .ping
        case "mode": return .mode(try mode(members.replies))
        case let op:
            throw Refusal(
                .unknownOp,
                "there is no op '\(op.prefix(32))'; there are usage, authorize, release, balance, ping and mode")
        }
    }

    private func record(_ members: inout Members, _ line: UnsafeBufferPointer<UInt8>) throws(Refusal) -> UsageRecord {
        guard let id = members.id ?? members.hold ?? (isPriceOnly ? "" : nil) else { throw missing("id", "a string") }
        let org = isPriceOnly ? (members.org ?? "") : try self.org(members)
        guard let model = members.model else { throw missing("model", "a string") }
        try Self.check(model, "model", bytesMax: RequestLimits.modelBytesMax)
        if members.user?.isEmpty == true {
            members.user = nil
            members.warnings.insert(.userEmpty)
        }
        if let user = members.user { try Self.check(user, "user", bytesMax: RequestLimits.userBytesMax) }
        if let hold = members.hold, !RequestLimits.isID(hold) {
            throw Refusal(.malformed, "hold must be 1 to \(RequestLimits.idBytesMax) bytes of printable ASCII")
        }
        let provider = try self.provider(members)
        let tier = try self.tier(members)
        var at: Timestamp?
        if let text = members.at {
            guard let moment = LineTime(text) else { throw Refusal(.malformed, "at must be \(LineTime.expected)") }
            at = moment.time
            members.warnings.formUnion(moment.warnings)
        }
        let tags = members.tags.flatMap { range -> String? in
            let json = UnsafeBufferPointer(rebasing: line[range])
            return members.warnings.contains(.tagsNotText)
                ? LineTags.text(json) : String(decoding: json, as: UTF8.self)
        }
        let (usage, reading) = try self.usage(members, line, model: model, provider: provider)
        return UsageRecord(
            id: id, org: org, user: members.user, model: model, provider: provider, at: at, tier: tier,
            hold: members.hold, usage: usage,
            tags: tags, cost: cost(&members), reading: reading)
    }

    /// What the request cost by the record's own word. Nothing and less is no price: LiteLLM says 0 of a model that it doesn't
    /// know.
    private func cost(_ members: inout Members) -> ReportedCost? {
        guard let text = members.cost else { return nil }
        guard let amount = Money(roundingDecimal: text) else {
            members.warnings.insert(.costNotDecimal)
            return nil
        }
        return ReportedCost(amount, source: .record)
    }

    private func hold(_ members: Members, _ line: UnsafeBufferPointer<UInt8>) throws(Refusal) -> HoldRequest {
        guard let id = members.id else { throw missing("id", "a string") }
        let org = try self.org(members)
        if let user = members.user { try Self.check(user, "user", bytesMax: RequestLimits.userBytesMax) }
        if let model = members.model { try Self.check(model, "model", bytesMax: RequestLimits.modelBytesMax) }
        if let models = members.models { return try hold(members, line, id: id, org: org, models: models) }
        let provider = try self.provider(members)
        let worst: HoldRequest.Worst
        let amount = try Self.amount(members.amount, "amount")
        switch (amount, members.usage) {
        case (let amount?, nil): worst = .amount(amount)
        case (_, .some):
            guard let model = members.model else { throw missing("model", "a string, to price usage by") }
            let (json, reading) = try usage(members, line, model: model, provider: provider)
            worst = .usage(json: json, reading: reading)
        case (nil, nil): throw missing("usage", "the worst case as a usage object, or an amount")
        }
        return HoldRequest(
            id: id, org: org, user: members.user, model: members.model, provider: provider, tier: try tier(members),
            worst: worst, amountWithoutRate: members.usage == nil ? nil : amount,
            cap: try Self.amount(members.cap, "cap"), statesOutput: Self.statesOutput(worst),
            ttlSeconds: try ttl(members))
    }

    func provider(_ members: Members) throws(Refusal) -> String? {
        guard let named = members.provider else { return nil }
        try Self.check(named, "provider", bytesMax: RequestLimits.modelBytesMax)
        return RateCard.canonicalProvider(named)
    }

    func tier(_ members: Members) throws(Refusal) -> ServiceTier {
        guard let name = members.tier else { return .standard }
        if name == "auto" { return .standard }
        guard let tier = ServiceTier(name: name) ?? ServiceTier(spelling: name) else {
            throw Refusal(.malformed, "tier must be one of \(ServiceTier.names)")
        }
        return tier
    }

    func usage(
        _ members: Members, _ line: UnsafeBufferPointer<UInt8>, model: String, provider: String?
    ) throws(Refusal) -> (String, UsageReading) {
        guard let range = members.usage else { throw missing("usage", "the provider's usage object") }
        let bytes = UnsafeBufferPointer(rebasing: line[range])
        do throws(UsageError) {
            let reading = try UsageReading(
                json: bytes, provider: provider ?? providerOfModel(model), model: model, hasCost: members.cost != nil,
                scratch: scratch)
            return (String(decoding: bytes, as: UTF8.self), reading)
        } catch {
            throw Refusal(.malformed, error.message)
        }
    }

    private func org(_ members: Members) throws(Refusal) -> String {
        guard let org = members.org else { throw missing("org", "a string") }
        if let orgOfAlias, let real = orgOfAlias(org) { return real }
        guard OrgName.isValid(org) else {
            throw Refusal(.malformed, "org must be 1 to \(OrgName.bytesMax) of a-z 0-9 - _ .")
        }
        return org
    }

    func missing(_ name: String, _ expected: String) -> Refusal {
        Refusal(.malformed, "\(name) is missing; expected \(expected)")
    }

    static func check(_ text: String, _ name: String, bytesMax: Int) throws(Refusal) {
        guard (1...bytesMax).contains(text.utf8.count), text.isOnly({ $0 != 0 }) else {
            throw Refusal(.malformed, "\(name) must be 1 to \(bytesMax) bytes, without NUL")
        }
    }
}

/// The known members of a request as they stand in the line.
struct Members {
    var op, id, org, user, model, provider, at, tier, hold, amount, cost, sender, cap, replies: String?
    var ttl: Int64?
    var usage, tags, models: Range<Int>?
    /// The first member that was wrong.
    var failure: Refusal?
    /// The first member whose form only a usage line may have.
    var failureUnlessUsage: Refusal?
    /// What was odd and is taken all the same.
    var warnings: LineWarnings = []
    /// Whether `op` is there and is no text.
    var isOpWrong = false

    /// Whether it asks for usage.
    var isUsage: Bool { !isOpWrong && (op ?? "usage") == "usage" }

    /// The id, where it is one that may be echoed.
    var validID: String? { id.flatMap { RequestLimits.isID($0) ? $0 : nil } }

    mutating func read(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.beginObject()
        while let key = try cursor.nextMember() {
            // In the order in which a usage record usually has them.
            if cursor.matches(key, "op") {
                isOpWrong = cursor.peek() != UInt8(ascii: "\"") && cursor.peek() != UInt8(ascii: "n")
                op = try Self.text(&cursor, "op", op, &failure)
            } else if cursor.matches(key, "id") {
                id = try Self.text(&cursor, "id", id, &failure)
            } else if cursor.matches(key, "org") {
                org = try Self.text(&cursor, "org", org, &failure)
            } else if cursor.matches(key, "user") {
                user = try Self.text(&cursor, "user", user, &failure)
            } else if cursor.matches(key, "model") {
                model = try Self.text(&cursor, "model", model, &failure)
            } else if cursor.matches(key, "provider") {
                provider = try Self.text(&cursor, "provider", provider, &failure)
            } else if cursor.matches(key, "at") {
                at = try time(&cursor)
            } else if cursor.matches(key, "usage") {
                usage = try Self.object(&cursor, "usage", usage, &failure)
            } else if cursor.matches(key, "tier") {
                tier = try Self.text(&cursor, "tier", tier, &failure)
            } else if cursor.matches(key, "hold") {
                hold = try Self.text(&cursor, "hold", hold, &failure)
            } else if cursor.matches(key, "amount") {
                amount = try Self.text(&cursor, "amount", amount, &failure)
            } else if cursor.matches(key, "cost") {
                cost = try Self.decimal(&cursor, cost, &warnings)
            } else if cursor.matches(key, "cap") {
                cap = try Self.text(&cursor, "cap", cap, &failure)
            } else if cursor.matches(key, "models") {
                models = try Self.list(&cursor, "models", models, &failure)
            } else if cursor.matches(key, "replies") {
                replies = try Self.text(&cursor, "replies", replies, &failure)
            } else if cursor.matches(key, "ttl") {
                ttl = try Self.seconds(&cursor, "ttl", ttl, &failure)
            } else if cursor.matches(key, "sender") {
                sender = try Self.text(&cursor, "sender", sender, &failure)
            } else if cursor.matches(key, "tags") {
                tags = try Self.object(&cursor, "tags", tags, &failure)
                if failure == nil, let tags { try checkTags(cursor, tags) }
            } else {
                _ = try cursor.text(key)
                try cursor.skipValue()
            }
        }
    }

    static func fail(_ message: String, _ failure: inout Refusal?) {
        if failure == nil { failure = Refusal(.malformed, message) }
    }

    /// A member that is a string; `old` where it is null.
    static func text(
        _ cursor: inout JSONCursor, _ name: String, _ old: String?, _ failure: inout Refusal?
    ) throws(JSONError) -> String? {
        if try cursor.takeNull() { return old }
        guard cursor.peek() == UInt8(ascii: "\"") else {
            fail("\(name) must be a string", &failure)
            try cursor.skipValue()
            return old
        }
        if old != nil { fail("\(name) is there twice", &failure) }
        return try cursor.text(try cursor.string())
    }

    /// A member that is a decimal, as a string or as a number, by its text.
    private static func decimal(
        _ cursor: inout JSONCursor, _ old: String?, _ warnings: inout LineWarnings
    ) throws(JSONError) -> String? {
        if try cursor.takeNull() { return old }
        switch cursor.peek() {
        case UInt8(ascii: "\"")?: return try cursor.text(try cursor.string())
        case UInt8(ascii: "-")?, (48...57)?:
            let range = try cursor.number()
            return String(decoding: UnsafeBufferPointer(rebasing: cursor.bytes[range]), as: UTF8.self)
        default:
            warnings.insert(.costNotDecimal)
            try cursor.skipValue()
            return old
        }
    }

    /// A member that is a whole number; 0 where it is another kind of number, which no limit allows.
    private static func seconds(
        _ cursor: inout JSONCursor, _ name: String, _ old: Int64?, _ failure: inout Refusal?
    ) throws(JSONError) -> Int64? {
        if try cursor.takeNull() { return old }
        let range = try cursor.skipValue()
        if old != nil { fail("\(name) is there twice", &failure) }
        return Int64(String(decoding: UnsafeBufferPointer(rebasing: cursor.bytes[range]), as: UTF8.self)) ?? 0
    }

    /// The place of a member that is an object; `old` where it is null.
    private static func object(
        _ cursor: inout JSONCursor, _ name: String, _ old: Range<Int>?, _ failure: inout Refusal?
    ) throws(JSONError) -> Range<Int>? {
        if try cursor.takeNull() { return old }
        let isObject = cursor.peek() == UInt8(ascii: "{")
        if !isObject { fail("\(name) must be an object", &failure) }
        let range = try cursor.skipValue()
        if old != nil { fail("\(name) is there twice", &failure) }
        return isObject ? range : old
    }

    /// `at`: a string, or a number, which only a usage line may have.
    private mutating func time(_ cursor: inout JSONCursor) throws(JSONError) -> String? {
        guard let byte = cursor.peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else {
            return try Self.text(&cursor, "at", at, &failure)
        }
        let number = try cursor.number()
        if at != nil { Self.fail("at is there twice", &failure) }
        Self.fail("at must be a string", &failureUnlessUsage)
        return String(decoding: UnsafeBufferPointer(rebasing: cursor.bytes[number]), as: UTF8.self)
    }

    /// The place of a member that is a list; `old` if it is null.
    private static func list(
        _ cursor: inout JSONCursor, _ name: String, _ old: Range<Int>?, _ failure: inout Refusal?
    ) throws(JSONError) -> Range<Int>? {
        if try cursor.takeNull() { return old }
        let isList = cursor.peek() == UInt8(ascii: "[")
        if !isList { fail("\(name) must be a list", &failure) }
        let range = try cursor.skipValue()
        if old != nil { fail("\(name) is there twice", &failure) }
        return isList ? range : old
    }

    private mutating func checkTags(_ outer: JSONCursor, _ range: Range<Int>) throws(JSONError) {
        var cursor = JSONCursor(outer.bytes, at: range.lowerBound)
        var count = 0
        try cursor.beginObject()
        while let key = try cursor.nextMember() {
            _ = try cursor.text(key)
            count += 1
            switch cursor.peek() {
            case UInt8(ascii: "\""): break
            case UInt8(ascii: "{"), UInt8(ascii: "["): Self.fail("tags must be an object of strings", &failure)
            default:
                warnings.insert(.tagsNotText)
                Self.fail("tags must be an object of strings", &failureUnlessUsage)
            }
            try cursor.skipValue()
        }
        if count > RequestLimits.tagsMax {
            Self.fail("tags must have at most \(RequestLimits.tagsMax) pairs", &failure)
        }
    }
}
