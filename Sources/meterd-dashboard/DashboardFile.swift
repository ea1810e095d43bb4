import OpenIDConnect
import Yams

/// The configuration file: one value per key, and a list of providers.
struct DashboardFile {
    private(set) var values: [String: String] = [:]
    private(set) var providers: [ProviderReader.Named] = []
    /// A line for each thing that is wrong.
    private(set) var problems: [String] = []

    /// Nothing.
    init() {}

    /// Reads a file's text.
    init(_ text: String, named name: String) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            problems = ["\(name) is not YAML: \(error)"]
            return
        }
        guard let root, root.scalar?.string != "" else { return }
        guard let mapping = root.mapping else {
            problems = ["\(name): expected keys and values"]
            return
        }
        for (key, value) in mapping {
            let place = key.mark.map { "\(name), line \($0.line): " } ?? "\(name): "
            let key = key.scalar?.string ?? "?"
            if key == "providers" {
                let read = ProviderReader.read(value, place)
                providers = read.providers
                problems += read.problems
                continue
            }
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
    }
}
