extension UsageObject {
    /// Reads the object that `bytes` hold.
    init(json bytes: UnsafeBufferPointer<UInt8>) throws(UsageError) {
        do {
            var cursor = JSONCursor(bytes)
            try read(&cursor, .top, name: "usage", depth: 0)
            try cursor.expectEnd()
        } catch let error as UsageError {
            throw error
        } catch let error as JSONError {
            throw UsageError("usage is not valid JSON: \(error.message) at byte \(error.offset)")
        } catch {
            throw UsageError("\(error)")
        }
    }

    /// Which object's members are being read.
    private enum Container {
        case top, inputDetails, cachedDetails, outputDetails, cacheCreation, serverToolUse, xaiToolUse
    }

    /// What a member is.
    private enum Member {
        case count(Field)
        case object(Container)
        case modalities(audio: Field?, image: Field?, video: Field?)
        case bedrockCacheDetails
        case iterations
        case tier, speed, geo
    }

    private mutating func read(
        _ cursor: inout JSONCursor, _ container: Container, name: String, depth: Int
    ) throws {
        guard depth < 5 else { throw UsageError("\(name) is nested too deep") }
        guard cursor.peek() == UInt8(ascii: "{") else { throw UsageError("\(name) must be an object") }
        try cursor.beginObject()
        while let key = try cursor.nextMember() {
            guard let (known, member) = Self.member(key, cursor, in: container) else {
                try cursor.checkEscapes(key)
                try cursor.skipValue()
                continue
            }
            if try cursor.takeNull() { continue }
            let path = name == "usage" ? known.description : "\(name).\(known)"
            switch member {
            case .count(let field):
                try set(field, try Self.count(&cursor, path), name: path)
            case .object(let inner):
                try read(&cursor, inner, name: path, depth: depth + 1)
            case .modalities(let audio, let image, let video):
                try readModalities(&cursor, audio: audio, image: image, video: video, name: path)
            case .bedrockCacheDetails:
                try readBedrockCacheDetails(&cursor, name: path)
            case .iterations:
                try readIterations(&cursor, name: path)
            case .tier:
                servedTier = ServiceTier.served(as: try Self.word(&cursor, path))
            case .speed: speed = try Self.word(&cursor, path).lowercased()
            case .geo: geo = try Self.word(&cursor, path).lowercased()
            }
        }
    }

    private static func word(_ cursor: inout JSONCursor, _ path: String) throws -> String {
        guard cursor.peek() == UInt8(ascii: "\"") else { throw UsageError("\(path) must be a string") }
        return try cursor.text(try cursor.string())
    }

    /// Gemini's `[{"modality":"AUDIO","tokenCount":12}, …]`.
    private mutating func readModalities(
        _ cursor: inout JSONCursor, audio: Field?, image: Field?, video: Field?, name: String
    ) throws {
        guard cursor.peek() == UInt8(ascii: "[") else { throw UsageError("\(name) must be an array") }
        try cursor.beginArray()
        while try cursor.nextElement() {
            var modality = ""
            var tokens: Int64 = 0
            guard cursor.peek() == UInt8(ascii: "{") else { throw UsageError("\(name) must hold objects") }
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                if cursor.matches(key, "modality") {
                    modality = try cursor.text(try cursor.string())
                } else if cursor.matches(key, "tokenCount") {
                    tokens = try Self.count(&cursor, "\(name).tokenCount")
                } else {
                    try cursor.skipValue()
                }
            }
            switch modality {
            case "AUDIO": if let audio { try add(audio, tokens) }
            case "IMAGE": if let image { try add(image, tokens) }
            case "VIDEO": if let video { try add(video, tokens) }
            default: break
            }
        }
    }

    /// Bedrock's `[{"ttl":"1h","inputTokens":12}, …]`.
    private mutating func readBedrockCacheDetails(_ cursor: inout JSONCursor, name: String) throws {
        guard cursor.peek() == UInt8(ascii: "[") else { throw UsageError("\(name) must be an array") }
        try cursor.beginArray()
        while try cursor.nextElement() {
            var lifetime = ""
            var tokens: Int64 = 0
            guard cursor.peek() == UInt8(ascii: "{") else { throw UsageError("\(name) must hold objects") }
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                if cursor.matches(key, "ttl") {
                    lifetime = try cursor.text(try cursor.string())
                } else if cursor.matches(key, "inputTokens") {
                    tokens = try Self.count(&cursor, "\(name).inputTokens")
                } else {
                    try cursor.skipValue()
                }
            }
            switch lifetime {
            case "5m": try add(.bedrockCacheWrite5m, tokens)
            case "1h": try add(.bedrockCacheWrite1h, tokens)
            default: throw UsageError("\(name).ttl is neither 5m nor 1h")
            }
        }
    }

    /// Anthropic's `[{"type":"compaction","input_tokens":180000,"output_tokens":3500}, {"type":"message", …}]`: the
    /// counts beside it leave the compactions out, which are billed all the same.
    private mutating func readIterations(_ cursor: inout JSONCursor, name: String) throws {
        guard cursor.peek() == UInt8(ascii: "[") else { throw UsageError("\(name) must be an array") }
        try cursor.beginArray()
        while try cursor.nextElement() {
            var kind = ""
            var counts: [(Field, Int64)] = []
            guard cursor.peek() == UInt8(ascii: "{") else { throw UsageError("\(name) must hold objects") }
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                if cursor.matches(key, "type") {
                    kind = try cursor.text(try cursor.string())
                } else if let entry = Self.iterationMembers.first(where: { cursor.matches(key, $0.0) }) {
                    if try cursor.takeNull() { continue }
                    counts.append((entry.1, try Self.count(&cursor, "\(name).\(entry.0)")))
                } else {
                    try cursor.skipValue()
                }
            }
            guard kind == "compaction" else { continue }
            for (field, count) in counts { try add(field, count) }
        }
    }

    private static let iterationMembers: [(StaticString, Field)] = [
        ("input_tokens", .compactionInput), ("output_tokens", .compactionOutput),
        ("cache_read_input_tokens", .compactionCacheRead), ("cache_creation_input_tokens", .compactionCacheWrite),
    ]

    /// One count: a whole number of at most 2⁴⁰, also where it is written `1200.0` or `1.2e3`.
    private static func count(_ cursor: inout JSONCursor, _ path: String) throws -> Int64 {
        guard let first = cursor.peek(), first == UInt8(ascii: "-") || (48...57).contains(first) else {
            throw UsageError("\(path) must be a number")
        }
        let text = cursor.bytes[try cursor.number()]
        if text.count <= 13, text.allSatisfy({ (48...57).contains($0) }) {
            let count = text.reduce(0) { $0 * 10 + Int64($1 - 48) }
            guard count <= countMax else { throw UsageError("\(path) is above 2^40") }
            return count
        }
        guard first != UInt8(ascii: "-") else { throw UsageError("\(path) is negative") }
        let written = String(decoding: text, as: UTF8.self)
        if let whole = ExactDecimal.parse(written, scale: 0) {
            guard whole <= countMax else { throw UsageError("\(path) is above 2^40") }
            return Int64(whole)
        }
        let isLarge = !written.contains { ".eE-".contains($0) }
        throw UsageError("\(path) is \(isLarge ? "above 2^40" : "not a whole number of at most 2^40")")
    }

    private static func member(
        _ key: JSONString, _ cursor: JSONCursor, in container: Container
    ) -> (StaticString, Member)? {
        let members =
            switch container {
            case .top: topMembers
            case .inputDetails: inputDetailsMembers
            case .cachedDetails: cachedDetailsMembers
            case .outputDetails: outputDetailsMembers
            case .cacheCreation: cacheCreationMembers
            case .serverToolUse: serverToolUseMembers
            case .xaiToolUse: xaiToolUseMembers
            }
        for entry in members where cursor.matches(key, entry.0) { return entry }
        return nil
    }

    // StaticString and enum without references: safe to share, though the compiler can't see it of the tuple's array.
    private static let topMembers: [(StaticString, Member)] = [
        ("input_tokens", .count(.inputTokens)), ("output_tokens", .count(.outputTokens)),
        ("prompt_tokens", .count(.promptTokens)), ("completion_tokens", .count(.completionTokens)),
        ("total_tokens", .count(.totalTokens)),
        ("cache_creation_input_tokens", .count(.cacheCreationInputTokens)),
        ("cache_read_input_tokens", .count(.cacheReadInputTokens)),
        ("service_tier", .tier), ("iterations", .iterations), ("trafficType", .tier),
        ("speed", .speed), ("inference_geo", .geo),
        ("prompt_tokens_details", .object(.inputDetails)), ("input_tokens_details", .object(.inputDetails)),
        ("input_token_details", .object(.inputDetails)),
        ("completion_tokens_details", .object(.outputDetails)), ("output_tokens_details", .object(.outputDetails)),
        ("output_token_details", .object(.outputDetails)),
        ("cache_creation", .object(.cacheCreation)), ("server_tool_use", .object(.serverToolUse)),
        ("prompt_cache_hit_tokens", .count(.promptCacheHitTokens)),
        ("prompt_cache_miss_tokens", .count(.promptCacheMissTokens)),
        ("num_search_queries", .count(.numSearchQueries)), ("citation_tokens", .count(.citationTokens)),
        ("reasoning_tokens", .count(.reasoningTokens)), ("server_side_tool_usage_details", .object(.xaiToolUse)),
        ("promptTokenCount", .count(.promptTokenCount)), ("candidatesTokenCount", .count(.candidatesTokenCount)),
        ("thoughtsTokenCount", .count(.thoughtsTokenCount)),
        ("toolUsePromptTokenCount", .count(.toolUsePromptTokenCount)),
        ("cachedContentTokenCount", .count(.cachedContentTokenCount)), ("totalTokenCount", .count(.totalTokenCount)),
        (
            "promptTokensDetails",
            .modalities(audio: .geminiAudioInput, image: .geminiImageInput, video: .geminiVideoInput)
        ),
        ("cacheTokensDetails", .modalities(audio: .geminiAudioCached, image: .geminiImageCached, video: nil)),
        (
            "candidatesTokensDetails",
            .modalities(audio: .geminiAudioOutput, image: .geminiImageOutput, video: .geminiVideoOutput)
        ),
        (
            "toolUsePromptTokensDetails",
            .modalities(audio: .geminiToolAudioInput, image: .geminiToolImageInput, video: .geminiToolVideoInput)
        ),
        ("usageMetadata", .object(.top)),
        ("inputTokens", .count(.bedrockInputTokens)), ("outputTokens", .count(.bedrockOutputTokens)),
        ("totalTokens", .count(.bedrockTotalTokens)),
        ("cacheReadInputTokens", .count(.bedrockCacheRead)), ("cacheWriteInputTokens", .count(.bedrockCacheWrite)),
        ("cacheDetails", .bedrockCacheDetails),
    ]
    private static let inputDetailsMembers: [(StaticString, Member)] = [
        ("cached_tokens", .count(.detailsCached)),
        ("cache_write_tokens", .count(.detailsCacheWrite)), ("cache_creation_tokens", .count(.detailsCacheWrite)),
        ("cache_creation_token_details", .object(.cacheCreation)),
        ("cache_write_tokens_details", .object(.cacheCreation)),
        ("audio_tokens", .count(.detailsAudioInput)), ("image_tokens", .count(.detailsImageInput)),
        ("video_tokens", .count(.detailsVideoInput)), ("web_search_requests", .count(.detailsWebSearch)),
        ("cached_tokens_details", .object(.cachedDetails)),
    ]
    private static let cachedDetailsMembers: [(StaticString, Member)] = [
        ("audio_tokens", .count(.detailsCachedAudio)), ("image_tokens", .count(.detailsCachedImage)),
    ]
    private static let outputDetailsMembers: [(StaticString, Member)] = [
        ("reasoning_tokens", .count(.detailsReasoning)),
        ("audio_tokens", .count(.detailsAudioOutput)), ("image_tokens", .count(.detailsImageOutput)),
        ("video_tokens", .count(.detailsVideoOutput)),
    ]
    private static let cacheCreationMembers: [(StaticString, Member)] = [
        ("ephemeral_5m_input_tokens", .count(.ephemeral5m)), ("ephemeral_1h_input_tokens", .count(.ephemeral1h)),
        ("ephemeral_30m_input_tokens", .count(.cacheWrite30m)), ("ephemeral_12h_input_tokens", .count(.cacheWrite12h)),
        ("ttl_30m_tokens", .count(.cacheWrite30m)), ("ttl_12h_tokens", .count(.cacheWrite12h)),
    ]
    private static let serverToolUseMembers: [(StaticString, Member)] = [
        ("web_search_requests", .count(.webSearchRequests))
    ]
    private static let xaiToolUseMembers: [(StaticString, Member)] = [("web_search_calls", .count(.webSearchCalls))]
}
