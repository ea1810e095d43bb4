import Access
import Glibc
import Metering
import Yams

/// Reads one rule of `peers`: about whom it is, and what it allows.
struct PeerRuleReader {
    private let entry: Node
    private let name: String
    private(set) var problems: [String] = []
    /// What it is about that this machine doesn't have: no mistake of the file's alone, and no reason not to start.
    private(set) var unknown: [String] = []

    private static let keys: Set<String> = ["user", "group", "orgs", "ingest", "control"]
    private static let senderKeys: Set<String> = ["name", "orgs", "ops", "cost_policy"]

    init(_ entry: Node, name: String) {
        self.entry = entry
        self.name = name
    }

    mutating func rule() -> AccessRule? {
        guard let mapping = entry.mapping else {
            problems.append("\(name): expected 'user' or 'group', and what they may do")
            return nil
        }
        for (key, _) in mapping {
            guard let text = key.scalar?.string, !Self.keys.contains(text) else { continue }
            problems.append(
                "\(name).\(text): there is no such key; there are \(Self.keys.sorted().joined(separator: ", "))")
        }
        var rule = AccessRule()
        rule.uid = id(of: "user") { getpwnam($0)?.pointee.pw_uid }
        rule.gid = id(of: "group") { getgrnam($0)?.pointee.gr_gid }
        if mapping["user"] == nil, mapping["group"] == nil {
            problems.append("\(name): is about nobody; expected 'user' or 'group'")
        }
        rule.orgs = orgs()
        rule.ingest = values("ingest", all: IngestOperation.requests)
        rule.control = values("control", all: Set(ControlRole.allCases))
        if mapping["ingest"] == nil, mapping["control"] == nil {
            problems.append("\(name): allows nothing; expected 'ingest' or 'control'")
        }
        // A rule about a user of a group must not become one about the group.
        return problems.isEmpty && unknown.isEmpty ? rule : nil
    }

    /// One of `senders`: on whose behalf a peer may speak.
    mutating func sender() -> Sender? {
        guard let mapping = entry.mapping else {
            problems.append("\(name): expected 'name', and what the sender may do")
            return nil
        }
        for (key, _) in mapping {
            guard let text = key.scalar?.string, !Self.senderKeys.contains(text) else { continue }
            problems.append(
                "\(name).\(text): there is no such key; there are \(Self.senderKeys.sorted().joined(separator: ", "))")
        }
        let named = mapping["name"]?.scalar?.string ?? ""
        if !(1...Sender.nameBytesMax).contains(named.utf8.count) || named.utf8.contains(where: { $0 < 0x20 }) {
            problems.append("\(name).name: expected 1 to \(Sender.nameBytesMax) bytes without control characters")
        }
        var sender = Sender(name: named, orgs: orgs())
        if mapping["ops"] != nil {
            sender.operations = values("ops", all: IngestOperation.requests)
            if sender.operations.contains(.delegate) {
                problems.append("\(name).ops: a sender can't delegate; it is a peer's right")
            }
        }
        if let node = mapping["cost_policy"] {
            let text = node.scalar?.string ?? ""
            if let policy = SenderCostPolicy(rawValue: text) {
                sender.costPolicy = policy
            } else {
                let known = SenderCostPolicy.allCases.map(\.rawValue).joined(separator: ", ")
                problems.append("\(name).cost_policy: '\(text)' is not one of \(known)")
            }
        }
        return problems.isEmpty ? sender : nil
    }

    /// The orgs that somebody may speak for; nil for all.
    private mutating func orgs() -> Set<String>? {
        let orgs = texts("orgs").map(Set.init)
        for org in orgs ?? [] where !OrgName.isValid(org) {
            problems.append("\(name).orgs: '\(org)' can be no org's name: 1 to 64 of a-z 0-9 - _ .")
        }
        if orgs == ["all"] {
            problems.append("\(name).orgs: 'all' would be an org of that name; leave orgs out for all of them")
        }
        return orgs
    }

    /// A number, or the number that the system knows a name by.
    private mutating func id(of key: String, _ find: (String) -> UInt32?) -> UInt32? {
        guard let node = entry.mapping?[key] else { return nil }
        guard let text = node.scalar?.string, !text.isEmpty else {
            problems.append("\(name).\(key): expected a name or a number")
            return nil
        }
        if let number = UInt32(text) { return number }
        guard let number = find(text) else {
            unknown.append("\(name).\(key): this machine has no \(key) '\(text)'; the rule is about nobody")
            return nil
        }
        return number
    }

    mutating func values<Value: RawRepresentable & CaseIterable & Hashable>(
        _ key: String, all: Set<Value>
    ) -> Set<Value> where Value.RawValue == String {
        guard let texts = texts(key) else { return [] }
        var values: Set<Value> = []
        for text in texts {
            if text == "all" {
                values.formUnion(all)
            } else if let value = Value(rawValue: text) {
                values.insert(value)
            } else {
                let known = Value.allCases.map(\.rawValue).joined(separator: ", ")
                problems.append("\(name).\(key): '\(text)' is not one of all, \(known)")
            }
        }
        return values
    }

    /// A list of texts, or a single one.
    mutating func texts(_ key: String) -> [String]? {
        guard let node = entry.mapping?[key] else { return nil }
        let nodes = node.sequence.map(Array.init) ?? [node]
        let texts = nodes.compactMap { $0.scalar?.string }.filter { !$0.isEmpty }
        guard texts.count == nodes.count, !texts.isEmpty else {
            problems.append("\(name).\(key): expected a list of names")
            return nil
        }
        return texts
    }
}
