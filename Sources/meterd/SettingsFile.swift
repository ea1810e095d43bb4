import Yams

/// What swift-configuration doesn't look at in a file: keys that mean nothing.
enum SettingsFile {
    /// A line for each key that is not known, with its place.
    static func unknownKeys(in text: String, knowing known: [String]) throws -> [String] {
        guard let root = try Yams.compose(yaml: text), root.scalar?.string != "" else { return [] }
        guard root.mapping != nil else { return ["expected keys and values"] }
        var problems: [String] = []
        collect(root, under: [], Set(known), &problems)
        return problems
    }

    /// Whether a file has no value at all, only comments.
    static func isEmpty(_ text: String) throws -> Bool {
        guard let root = try Yams.compose(yaml: text) else { return true }
        return root.mapping?.isEmpty ?? (root.scalar?.string == "")
    }

    private static func collect(_ node: Node, under path: [String], _ known: Set<String>, _ problems: inout [String]) {
        guard let mapping = node.mapping else { return }
        for (key, value) in mapping {
            let isEmpty = value.scalar.map { $0.string.isEmpty || $0.string == "null" } ?? false
            let name = (path + [key.scalar?.string ?? "?"]).joined(separator: ".")
            if value.mapping != nil, known.contains(where: { $0.hasPrefix(name + ".") }) {
                collect(value, under: path + [key.scalar?.string ?? "?"], known, &problems)
            } else if isEmpty, known.contains(where: { $0.hasPrefix(name + ".") }) {
                // A section whose keys are all left out.
                continue
            } else if !known.contains(name) {
                let line = key.mark.map { "line \($0.line): " } ?? ""
                problems.append("\(line)\(name): there is no such key")
            } else if value.scalar == nil {
                problems.append("\(name): expected a single value")
            }
        }
    }
}
