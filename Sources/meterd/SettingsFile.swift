import Access
import Yams

/// The configuration file, read: its values by key, who may speak, and everything in it that means nothing.
struct SettingsFile {
    private(set) var values: [String: String] = [:]
    /// The rules of `peers`; nil where the file has no such key.
    private(set) var peers: [AccessRule]?
    /// Those on whose behalf a peer may speak.
    private(set) var senders: [Sender] = []
    /// A line for each rule that is about nobody on this machine.
    private(set) var unknownPeers: [String] = []
    /// A line for each thing that is wrong, with its place.
    private(set) var problems: [String] = []

    /// Reads a file's text, knowing those keys. Throws where it is not YAML.
    init(_ text: String, knowing keys: [String]) throws {
        guard let root = try Yams.compose(yaml: text), root.scalar?.string != "" else { return }
        guard root.mapping != nil else {
            problems = ["expected keys and values"]
            return
        }
        collect(root, under: [], Set(keys))
    }

    private mutating func collect(_ node: Node, under path: [String], _ known: Set<String>) {
        guard let mapping = node.mapping else { return }
        for (key, value) in mapping {
            let isEmpty = value.scalar.map { ["", "~", "null"].contains($0.string) } ?? false
            let part = key.scalar?.string ?? "?"
            let name = (path + [part]).joined(separator: ".")
            let isSection = known.contains { $0.hasPrefix(name + ".") }
            if name == "peers" {
                readPeers(value)
            } else if name == "senders" {
                readSenders(value)
            } else if value.mapping != nil, isSection {
                collect(value, under: path + [part], known)
            } else if isEmpty, isSection {
                // A section whose keys are all left out.
                continue
            } else if !known.contains(name) {
                problems.append("\(Self.place(key))\(name): there is no such key")
            } else if let scalar = value.scalar, !(scalar.style == .plain && ["~", "null"].contains(scalar.string)) {
                values[name] = scalar.string
            } else {
                problems.append("\(name): expected a single value")
            }
        }
    }

    private mutating func readPeers(_ node: Node) {
        guard let sequence = node.sequence else {
            problems.append("peers: expected a list of rules, each with 'user' or 'group'")
            return
        }
        peers = []
        for (index, entry) in sequence.enumerated() {
            var reader = PeerRuleReader(entry, name: "\(Self.place(entry))peers[\(index)]")
            if let rule = reader.rule() { peers?.append(rule) }
            problems += reader.problems
            unknownPeers += reader.unknown
        }
    }

    private mutating func readSenders(_ node: Node) {
        if node.scalar.map({ ["", "~", "null"].contains($0.string) }) == true { return }
        guard let sequence = node.sequence else {
            problems.append("senders: expected a list, each with 'name'")
            return
        }
        var names: Set<String> = []
        for (index, entry) in sequence.enumerated() {
            let name = "\(Self.place(entry))senders[\(index)]"
            var reader = PeerRuleReader(entry, name: name)
            if let sender = reader.sender() {
                if !names.insert(sender.name).inserted {
                    problems.append("\(name).name: there is one of that name already")
                }
                senders.append(sender)
            }
            problems += reader.problems
        }
    }

    private static func place(_ node: Node) -> String {
        node.mark.map { "line \($0.line): " } ?? ""
    }
}
