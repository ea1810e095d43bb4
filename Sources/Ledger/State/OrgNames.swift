/// Orgs by their other names, with what the present batch changed.
struct OrgNames {
    private var names: [String: String]
    private var committed: [String: String]
    private var isTouched = false

    init(_ names: [String: String]) {
        self.names = names
        committed = names
    }

    /// The org that a name stands for.
    subscript(name: String) -> String? { names[name] }

    var count: Int { names.count }

    /// The other names of an org.
    func names(of org: String) -> [String] {
        names.filter { $0.value == org }.keys.sorted()
    }

    /// Those that are committed.
    var all: [String: String] { committed }

    /// Lets a name stand for an org; nil for none any more.
    mutating func set(_ name: String, to org: String?) {
        names[name] = org
        isTouched = true
    }

    mutating func didCommit(_ tell: ([String: String]) -> Void) {
        guard isTouched else { return }
        isTouched = false
        committed = names
        tell(committed)
    }

    mutating func rollBack() {
        guard isTouched else { return }
        isTouched = false
        names = committed
    }
}
