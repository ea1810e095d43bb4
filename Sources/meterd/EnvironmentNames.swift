/// The names of the environment's variables for settings: a key in capitals behind `METERD_`, with `_` for the dot.
enum EnvironmentNames {
    /// Variables of that beginning that are no settings: the configuration file, and those of `meterctl`, `make` and packages.
    private static let others: Set<String> = ["METERD_CONFIG", "METERD_PURGE", "METERD_TEST_CLOCK"]

    /// The variable of a key.
    static func name(of key: String) -> String {
        "METERD_" + key.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
    }

    /// A line for each variable that looks like a setting and is none: in a container, a name that is misspelt is a setting that isn't
    /// made.
    static func problems(_ environment: [String: String]) -> [String] {
        let known = Set(Settings.keys.map(name(of:)))
        return
            environment
            .filter { name, value in
                name.hasPrefix("METERD_") && !known.contains(name) && !others.contains(name)
                    && !isServiceLink(name, value)
            }
            .keys.sorted()
            .map { name in
                if ["METERD_PEERS", "METERD_SENDERS"].contains(name) {
                    return "\(name): peers and senders are lists, which only the configuration file can hold"
                }
                let nearest = known.min { distance($0, name) < distance($1, name) } ?? ""
                return "\(name): there is no such setting; the nearest is \(nearest)"
            }
    }

    /// Whether Kubernetes made it, of a Service whose name begins with `meterd`: `METERD_SERVICE_HOST`, `METERD_PORT`,
    /// `METERD_WEB_PORT_8080_TCP_ADDR`. See <https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables>.
    private static func isServiceLink(_ name: String, _ value: String) -> Bool {
        name.wholeMatch(of: /METERD_(.+_)?SERVICE_(HOST|PORT(_.+)?)/) != nil
            || name.wholeMatch(of: /METERD_(.+_)?PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?/) != nil
            || name.hasSuffix("_PORT") && value.wholeMatch(of: /(tcp|udp|sctp):\/\/.+/) != nil
    }

    /// How many letters have to be changed, added or left out to make one name of the other (Levenshtein).
    private static func distance(_ left: String, _ right: String) -> Int {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        var row = Array(0...right.count)
        for (i, letter) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, other) in right.enumerated() {
                let replaced = diagonal + (letter == other ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
