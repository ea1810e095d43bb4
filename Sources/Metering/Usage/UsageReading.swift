/// A usage object made disjoint: every token in one bucket, and what else the object says that decides a price.
public struct UsageReading: Sendable, Hashable {
    /// What was used of the record's own model, each token once.
    public var buckets = UsageBuckets()
    /// What was used of other models that the object names: an adviser, or everything by model.
    public var parts: [UsagePart] = []
    /// The tier that the object names, which beats the record's own.
    public var servedTier: ServiceTier?
    /// What it says beside counts that may change the price: `speed.fast`, `geo.us`, `tier.scale`.
    public var conditions: [String] = []
    /// What it says the request cost.
    public var reportedCost: ReportedCost?
    /// Members that nobody knows, with a number above zero.
    public var unread: [UnreadMember] = []

    /// Grows whenever objects are read otherwise than before; kept with each charge.
    public static let version = 2

    /// Nothing used.
    public init() {}

    /// An object that says nothing at all, of a request whose cost its sender reports. Without that cost it has no price.
    private static let silent: UsageReading = {
        var reading = UsageReading()
        reading.conditions = ["usage.none"]
        return reading
    }()

    /// Reads the JSON of a usage object.
    ///
    /// - Parameters:
    ///   - json: the object, verbatim.
    ///   - provider: who served the request, in the spelling of rate files; nil if it isn't known.
    ///   - model: the record's model. Provider and model's family decide what the same members mean; see
    ///     ``ContainmentRules``.
    ///   - hasCost: whether the record says what the request cost; an empty object is an error otherwise.
    ///   - scratch: room to read in; nil for room of its own.
    public init(
        json: UnsafeBufferPointer<UInt8>, provider: String?, model: String, hasCost: Bool = false,
        scratch: UsageScratch? = nil
    ) throws(UsageError) {
        let object = scratch?.object ?? UsageObject()
        try object.fill(json)
        if hasCost, object.isSilent {
            self = Self.silent
            return
        }
        do throws(UsageError) {
            try self.init(object, provider: provider, model: model)
        } catch {
            // LangChain's callback has nothing but objects by model: `{"gpt-4o-mini-2024-07-18": {"input_tokens": …}, …}`.
            guard let byModel = UsageObject(modelsOf: json, insteadOf: object) else { throw error }
            try self.init(byModel, provider: provider, model: model)
        }
    }

    /// The same of a text.
    public init(json: String, provider: String?, model: String, hasCost: Bool = false) throws(UsageError) {
        var copy = json
        let result = copy.withUTF8 { bytes -> Result<UsageReading, UsageError> in
            do throws(UsageError) {
                return .success(
                    try UsageReading(json: bytes, provider: provider, model: model, hasCost: hasCost))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    init(_ object: UsageObject, provider: String?, model: String) throws(UsageError) {
        unread = object.unread
        reportedCost = object.reportedCost
        switch object.servedTier {
        case .tier(let tier)?: servedTier = tier
        case .unpublished(let name)?: conditions.append("tier." + name)
        case .undecided?, nil: break
        }
        if let speed = object.speed, speed != "standard" { conditions.append("speed." + speed) }
        if let geo = object.geo, geo != "global", geo != "not_available" { conditions.append("geo." + geo) }
        for used in object.models {
            let reading = try UsageReading(used.object, provider: provider, model: used.model)
            if !reading.buckets.isEmpty { add(reading.buckets, of: used.model) }
            unread += reading.unread
        }
        guard !object.isByModel else {
            splitWritesOfOne(object)
            return
        }
        if let standIn = object.standIn {
            try replace(with: standIn, object, provider: provider)
            return
        }
        if let billable = object[.billableMilliseconds], billable > 0 {
            // <https://docs.x.ai/developers/pricing>: a voice is charged by the second, whatever its tokens.
            buckets[.inputMillisecond] = billable
            return
        }
        if let native = object.native?.object {
            try prefer(native, over: object, provider: provider, model: model)
            return
        }
        try readCounts(object, provider: provider, model: model)
        readUnits(object)
        if object[.promptChat] != nil { try takeOutParts() }
    }

    /// Adds what was used of a model.
    private mutating func add(_ used: UsageBuckets, of model: String) {
        guard let place = parts.firstIndex(where: { $0.model == model }) else {
            parts.append(UsagePart(model: model, buckets: used))
            return
        }
        for (unit, quantity) in used.used { parts[place].buckets[unit] += quantity }
    }

    /// Takes the provider's own object for what a tool made of it: it has times to live and kinds that the tool drops.
    private mutating func prefer(
        _ native: UsageObject, over object: UsageObject, provider: String?, model: String
    ) throws(UsageError) {
        let own = try UsageReading(native, provider: provider, model: model)
        let reasoning = object[.reasoning] ?? object[.reasoningTop] ?? 0
        buckets = own.buckets
        if own.buckets[.reasoning] == 0, reasoning > 0, reasoning <= own.buckets[.output] {
            buckets[.reasoning] = reasoning
            buckets[.output] -= reasoning
        }
        servedTier = own.servedTier ?? servedTier
        conditions += own.conditions
        unread += own.unread
    }

    /// Charges a request that another model answered at that model's price.
    private mutating func replace(
        with standIn: ModelUsage, _ object: UsageObject, provider: String?
    ) throws(UsageError) {
        let reading = try UsageReading(standIn.object, provider: provider, model: standIn.model)
        let isWhole =
            standIn.object[.promptSnake] == object[.promptSnake]
            && standIn.object[.completionSnake] == object[.completionSnake]
        guard isWhole else {
            throw UsageError("iterations has a fallback_message that isn't what the counts beside it say")
        }
        parts.append(UsagePart(model: standIn.model, buckets: reading.buckets))
    }

    /// LiteLLM's totals have an adviser's tokens in, which are priced as those of its own model.
    private mutating func takeOutParts() throws(UsageError) {
        for part in parts {
            for (unit, quantity) in part.buckets.used {
                try Self.require(buckets[unit] >= quantity, "iterations has more tokens than the counts beside it")
                buckets[unit] -= quantity
            }
        }
    }

    /// The Claude Agent SDK splits cache writes by their time to live beside the models, not by model: with one model they are
    /// its.
    private mutating func splitWritesOfOne(_ object: UsageObject) {
        let (hour, twelve) = (object[.write1h] ?? 0, object[.write12h] ?? 0)
        guard parts.count == 1, hour + twelve > 0,
            parts[0].buckets[.cacheWrite5m] == hour + twelve + (object[.write5m] ?? 0)
        else { return }
        parts[0].buckets[.cacheWrite5m] -= hour + twelve
        parts[0].buckets[.cacheWrite1h] = hour
        parts[0].buckets[.cacheWrite12h] = twelve
    }

    /// What is billed beside tokens.
    private mutating func readUnits(_ object: UsageObject) {
        guard !object.nonzero.intersection(Self.countedUnits).isEmpty || object.searchContextSize != nil else { return }
        for (field, unit) in Self.units where object.nonzero.contains(field) { buckets[unit] = object[field] ?? 0 }
        buckets[.inputMillisecond] += (object[.videoMilliseconds] ?? 0) + (object[.promptAudioMilliseconds] ?? 0)
        // Characters and images beside tokens are the same text and the same images.
        if buckets.promptTokens > 0 { buckets[.character] = 0 }
        if buckets[.imageInput] > 0 { buckets[.inputImage] = 0 }
        if buckets[.output] + buckets[.imageOutput] > 0 { buckets[.outputImage] = 0 }
        // Images of a tool are further ones.
        buckets[.outputImage] += object[.imageCalls] ?? 0
        // pydantic-ai before 1 merges both sides' audio into one count.
        if let audio = object[.audioOfEitherSide], audio > 0, object[.audioInput] == nil, object[.audioOutput] == nil {
            unread.append(UnreadMember(name: object.origin(of: .audioOfEitherSide).path, count: audio))
        }
        switch object.searchContextSize {
        case "low"?: buckets[.requestLow] = 1
        case "medium"?: buckets[.requestMedium] = 1
        case "high"?: buckets[.requestHigh] = 1
        default: break
        }
    }

    private static let countedUnits = units.reduce(
        into: FieldSet(.imageCalls, .videoMilliseconds, .promptAudioMilliseconds, .audioOfEitherSide)
    ) { $0.insert($1.field) }

    static let units: [(field: UsageObject.Field, unit: UsageUnit)] = [
        (.webSearch, .webSearch), (.xSearch, .xSearch), (.codeExecution, .codeExecution), (.fileSearch, .fileSearch),
        (.documentSearch, .documentSearch), (.urlFetch, .urlFetch), (.mapsGrounding, .mapsGrounding),
        (.citation, .citation), (.searchUnits, .searchUnit), (.inputMilliseconds, .inputMillisecond),
        (.outputMilliseconds, .outputMillisecond), (.inputImages, .inputImage), (.outputImages, .outputImage),
        (.pages, .page),
        (.annotatedPages, .annotatedPage), (.characters, .character),
    ]
}

/// Room that one usage object after the other is read in: for whoever reads many, one at a time.
public final class UsageScratch {
    let object = UsageObject()

    /// Room of its own.
    public init() {}
}

/// What was used of another model than the record's.
public struct UsagePart: Sendable, Hashable {
    /// The model, as the object names it.
    public let model: String
    /// What was used of it.
    public internal(set) var buckets: UsageBuckets
}
