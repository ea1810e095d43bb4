/// Forbidden models of which usage came in the present hour, so that each is told of once an hour.
struct ForbiddenUse: Equatable {
    /// Models that are told apart in an hour; the rest are one.
    static let modelsMax = 100
    /// The name of the rest.
    static let rest = "other"

    private var hour: Int64 = 0
    private var models: Set<String> = []

    /// Whether usage of a model in an hour (whole ones since the epoch) is to be told of, and under which name.
    mutating func note(_ model: String, hour: Int64) -> String? {
        if hour > self.hour { (self.hour, models) = (hour, []) }
        let name = models.contains(model) || models.count < Self.modelsMax ? model : Self.rest
        return models.insert(name).inserted ? name : nil
    }
}
