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
        rule.orgs = texts("orgs").map(Set.init)
        rule.ingest = values("ingest")
        rule.control = values("control")
        if mapping["ingest"] == nil, mapping["control"] == nil {
            problems.append("\(name): allows nothing; expected 'ingest' or 'control'")
        }
        for org in rule.orgs ?? [] where !OrgName.isValid(org) {
            problems.append("\(name).orgs: '\(org)' can be no org's name: 1 to 64 of a-z 0-9 - _ .")
        }
        if rule.orgs == ["all"] {
            problems.append("\(name).orgs: 'all' would be an org of that name; leave orgs out for all of them")
        }
        // A rule about a user of a group must not become one about the group.
        return problems.isEmpty && unknown.isEmpty ? rule : nil
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

    private mutating func values<Value: RawRepresentable & CaseIterable & Hashable>(
        _ key: String
    ) -> Set<Value> where Value.RawValue == String {
        guard let texts = texts(key) else { return [] }
        var values: Set<Value> = []
        for text in texts {
            if text == "all" {
                values.formUnion(Value.allCases)
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
    private mutating func texts(_ key: String) -> [String]? {
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
