import Yams

/// The configuration file: one value per key.
enum DashboardFile {
    /// The values, and a line for each thing that means nothing.
    static func read(_ text: String, named name: String) -> (values: [String: String], problems: [String]) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            return ([:], ["\(name) is not YAML: \(error)"])
        }
        guard let root, root.scalar?.string != "" else { return ([:], []) }
        guard let mapping = root.mapping else { return ([:], ["\(name): expected keys and values"]) }
        var values: [String: String] = [:]
        var problems: [String] = []
        for (key, value) in mapping {
            let place = key.mark.map { "\(name), line \($0.line): " } ?? "\(name): "
            let key = key.scalar?.string ?? "?"
            guard DashboardSettings.keys.contains(key) else {
                problems.append("\(place)\(key): there is no such key")
                continue
            }
            guard let scalar = value.scalar else {
                problems.append("\(place)\(key): expected a single value")
                continue
            }
            if scalar.style != .plain || !["", "~", "null"].contains(scalar.string) { values[key] = scalar.string }
        }
        return (values, problems)
    }
}
