// The buckets of a chosen reading: the parts of the prompt and of the completion, each token once.
extension UsageReading {
    static func buckets(
        _ counts: UsageCounts, _ object: UsageObject, _ chosen: Choice
    ) throws(UsageError) -> UsageBuckets {
        var buckets = UsageBuckets()
        try splitWrites(counts.written, object, into: &buckets)
        let written = buckets[.cacheWrite5m] + buckets[.cacheWrite1h] + buckets[.cacheWrite12h]
        if chosen.cacheIsBeside {
            // The prompt holds neither, so that its other parts are of what was not cached.
            try splitPrompt(
                counts.prompt, cached: 0, object, counts, into: &buckets)
            buckets[.cacheRead] += counts.cached
        } else {
            try require(counts.cached <= counts.prompt, "\(counts.cachedName) is larger than \(counts.promptName)")
            try require(
                counts.cached + written <= counts.prompt,
                "cached tokens read and written are more than \(counts.promptName)")
            try splitPrompt(
                counts.prompt - written, cached: counts.cached, object, counts, into: &buckets)
        }
        if object.isCacheExplicit {
            buckets[.cacheReadExplicit] = buckets[.cacheRead]
            buckets[.cacheRead] = 0
        }
        try addToolUse(counts, object, to: &buckets)
        try splitCompletion(
            chosen.reasoningIsBeside ? counts.completion + counts.reasoning : counts.completion, counts, object,
            into: &buckets)
        // LiteLLM's counts have the compactions in.
        guard counts.family != .chat else { return buckets }
        buckets[.input] += object[.compactionInput] ?? 0
        buckets[.cacheRead] += object[.compactionCacheRead] ?? 0
        buckets[.cacheWrite5m] += object[.compactionCacheWrite] ?? 0
        buckets[.output] += object[.compactionOutput] ?? 0
        return buckets
    }

    /// Splits cache writes by their time to live; what isn't split has the base one (Anthropic: 5 minutes, OpenAI: 30).
    private static func splitWrites(
        _ whole: Int64, _ object: UsageObject, into buckets: inout UsageBuckets
    ) throws(UsageError) {
        let (hour, twelve) = (object[.write1h] ?? 0, object[.write12h] ?? 0)
        let split = (object[.write5m] ?? 0) + (object[.write30m] ?? 0) + hour + twelve
        // LangChain reports no writes at all beside their parts by time to live.
        let total = whole == 0 ? split : whole
        try require(split <= total, "the cache writes by time to live are more than all cache writes")
        buckets[.cacheWrite1h] = hour
        buckets[.cacheWrite12h] = twelve
        buckets[.cacheWrite5m] = total - hour - twelve
    }

    /// Splits a prompt into text, audio, image and video, each cached or not.
    ///
    /// If the object doesn't say of what kind cached tokens are, they are of text first, as far as there is text.
    private static func splitPrompt(
        _ whole: Int64, cached: Int64, _ object: UsageObject, _ counts: UsageCounts, into buckets: inout UsageBuckets
    ) throws(UsageError) {
        guard cached > 0 || !object.nonzero.intersection(promptParts).isEmpty else {
            buckets[.input] = whole
            return
        }
        // Audio that is billed by the second has its tokens outside the prompt.
        let audio = object[.promptAudioMilliseconds] ?? 0 > 0 ? 0 : object[.audioInput] ?? 0
        let (image, video) = (object[.imageInput] ?? 0, object[.videoInput] ?? 0)
        let text = whole - audio - image - video
        try require(text >= 0, "audio, image and video tokens are more than \(counts.promptName)")
        let cachedImage = cached == 0 ? 0 : object[.cachedImage]
        let cachedAudio = cached == 0 ? 0 : object[.cachedAudio]
        let cachedVideo = cached == 0 ? 0 : object[.cachedVideo]
        let beyondText = max(0, cached - (cachedImage ?? 0) - (cachedVideo ?? 0) - text)
        let audioCached = cachedAudio ?? min(audio, beyondText)
        try require(audioCached <= audio, "cached audio tokens are more than the audio tokens of \(counts.promptName)")
        let imageCached = cachedImage ?? min(image, max(0, cached - audioCached - text))
        try require(imageCached <= image, "cached image tokens are more than the image tokens of \(counts.promptName)")
        let rest = cached - audioCached - imageCached
        try require(rest >= 0, "cached audio and image tokens are more than the cached tokens of \(counts.promptName)")
        let videoCached = cachedVideo.map { min($0, rest) } ?? (rest - min(rest, text))
        let textCached = rest - videoCached
        try require(textCached <= text, "cached text tokens are more than the text tokens of \(counts.promptName)")
        try require(videoCached <= video, "cached tokens are more than the tokens of \(counts.promptName)")
        buckets[.input] = text - textCached
        buckets[.cacheRead] = textCached + videoCached
        buckets[.audioInput] = audio - audioCached
        buckets[.audioCacheRead] = audioCached
        buckets[.imageInput] = image - imageCached
        buckets[.imageCacheRead] = imageCached
        buckets[.videoInput] = video - videoCached
    }

    private static let toolParts = FieldSet(.toolAudioInput, .toolImageInput, .toolVideoInput)
    private static let promptParts = FieldSet(.audioInput, .imageInput, .videoInput)

    /// Gemini's prompts of tools are further input. <https://ai.google.dev/api/generate-content#UsageMetadata>
    private static func addToolUse(
        _ counts: UsageCounts, _ object: UsageObject, to buckets: inout UsageBuckets
    ) throws(UsageError) {
        guard counts.toolUse > 0 || !object.nonzero.intersection(toolParts).isEmpty else { return }
        let (audio, image) = (object[.toolAudioInput] ?? 0, object[.toolImageInput] ?? 0)
        let video = object[.toolVideoInput] ?? 0
        let text = counts.toolUse - audio - image - video
        try require(text >= 0, "toolUsePromptTokensDetails is larger than toolUsePromptTokenCount")
        buckets[.input] += text
        buckets[.audioInput] += audio
        buckets[.imageInput] += image
        buckets[.videoInput] += video
    }

    /// Splits a completion that holds its reasoning, audio, image and video tokens.
    private static func splitCompletion(
        _ completion: Int64, _ counts: UsageCounts, _ object: UsageObject, into buckets: inout UsageBuckets
    ) throws(UsageError) {
        let (audio, image) = (object[.audioOutput] ?? 0, object[.imageOutput] ?? 0)
        let video = object[.videoOutput] ?? 0
        try require(counts.reasoning <= completion, "\(counts.reasoningName) is larger than \(counts.completionName)")
        let text = completion - counts.reasoning - audio - image - video
        try require(text >= 0, "reasoning, audio, image and video tokens are more than \(counts.completionName)")
        buckets[.reasoning] = counts.reasoning
        buckets[.audioOutput] = audio
        buckets[.imageOutput] = image
        buckets[.videoOutput] = video
        buckets[.output] = text
    }

    static func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(UsageError) {
        if !condition { throw UsageError(message()) }
    }
}
