import Testing

@testable import Metering

/// Usage objects in the forms that the providers document, and the disjoint buckets they mean.
@Suite struct UsageReadingTests {
    private func expect(
        _ json: String, provider: String? = nil, model: String = "m", _ quantities: [UsageUnit: Int64],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var buckets = UsageBuckets()
        for (unit, quantity) in quantities { buckets[unit] = quantity }
        #expect(
            try UsageReading(json: json, provider: provider, model: model).buckets == buckets,
            sourceLocation: sourceLocation)
    }

    private func refusal(_ json: String, provider: String? = nil, model: String = "m") -> String? {
        do {
            _ = try UsageReading(json: json, provider: provider, model: model)
            return nil
        } catch {
            return error.message
        }
    }

    @Test func openAIChatHasCachedWithinThePromptAndReasoningWithinTheCompletion() throws {
        try expect(
            """
            {"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,
             "prompt_tokens_details":{"cached_tokens":1920,"audio_tokens":0},
             "completion_tokens_details":{"reasoning_tokens":100,"audio_tokens":0,
              "accepted_prediction_tokens":10,"rejected_prediction_tokens":5}}
            """, provider: "openai", [.input: 86, .cacheRead: 1920, .output: 200, .reasoning: 100])
    }

    @Test func openAIAudioIsItsOwnBucketOnBothSides() throws {
        try expect(
            """
            {"prompt_tokens":100,"completion_tokens":50,"prompt_tokens_details":{"audio_tokens":60,"cached_tokens":10},
             "completion_tokens_details":{"audio_tokens":30}}
            """, [.input: 30, .cacheRead: 10, .audioInput: 60, .output: 20, .audioOutput: 30])
    }

    @Test func cachedTokensAreOfTextFirstWhereTheObjectDoesNotSay() throws {
        try expect(
            #"{"prompt_tokens":100,"completion_tokens":1,"prompt_tokens_details":{"audio_tokens":60,"cached_tokens":70}}"#,
            [.cacheRead: 40, .audioInput: 30, .audioCacheRead: 30, .output: 1])
        try expect(
            """
            {"prompt_tokens":100,"completion_tokens":1,"prompt_tokens_details":
             {"audio_tokens":60,"cached_tokens":70,"cached_tokens_details":{"text_tokens":20,"audio_tokens":50}}}
            """, [.input: 20, .cacheRead: 20, .audioInput: 10, .audioCacheRead: 50, .output: 1])
    }

    @Test func openAIResponsesIsLikeChatUnderOtherNames() throws {
        try expect(
            """
            {"input_tokens":328,"input_tokens_details":{"cached_tokens":28},"output_tokens":52,
             "output_tokens_details":{"reasoning_tokens":12},"total_tokens":380}
            """, [.input: 300, .cacheRead: 28, .output: 40, .reasoning: 12])
    }

    @Test func anthropicIsDisjointAndSplitsWritesByTimeToLive() throws {
        try expect(
            """
            {"input_tokens":100,"cache_creation_input_tokens":3000,"cache_read_input_tokens":50000,
             "cache_creation":{"ephemeral_5m_input_tokens":1000,"ephemeral_1h_input_tokens":2000},
             "output_tokens":500,"server_tool_use":{"web_search_requests":3},"service_tier":"standard"}
            """,
            [
                .input: 100, .cacheRead: 50000, .cacheWrite5m: 1000, .cacheWrite1h: 2000, .output: 500, .webSearch: 3,
            ])
    }

    @Test func anthropicWritesThatAreNotSplitHaveTheBaseTimeToLive() throws {
        try expect(
            #"{"input_tokens":1,"cache_creation_input_tokens":30,"cache_creation":null,"output_tokens":5}"#,
            [.input: 1, .cacheWrite5m: 30, .output: 5])
    }

    @Test func anthropicBillsCompactionsThatItsOtherCountsLeaveOut() throws {
        try expect(
            """
            {"input_tokens":23000,"output_tokens":1000,"iterations":[
             {"type":"compaction","input_tokens":180000,"output_tokens":3500},
             {"type":"message","input_tokens":23000,"output_tokens":1000}]}
            """, provider: "anthropic", [.input: 203_000, .output: 4500])
    }

    @Test func geminiHasThoughtsBesideTheCandidatesAndToolUseAsInput() throws {
        try expect(
            """
            {"promptTokenCount":1000,"cachedContentTokenCount":400,"candidatesTokenCount":50,"thoughtsTokenCount":200,
             "toolUsePromptTokenCount":30,"totalTokenCount":1280,
             "promptTokensDetails":[{"modality":"TEXT","tokenCount":900},{"modality":"AUDIO","tokenCount":100}],
             "cacheTokensDetails":[{"modality":"AUDIO","tokenCount":40}]}
            """,
            [
                .input: 570, .cacheRead: 360, .audioInput: 60, .audioCacheRead: 40, .output: 50, .reasoning: 200,
            ])
    }

    @Test func geminiHasThoughtsWithinTheCandidatesWhereOnlyThatAddsUp() throws {
        try expect(
            #"{"promptTokenCount":10,"candidatesTokenCount":250,"thoughtsTokenCount":200,"totalTokenCount":260}"#,
            [.input: 10, .output: 50, .reasoning: 200])
    }

    @Test func geminiUsageMetadataMayBeWrapped() throws {
        try expect(
            #"{"usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":5,"totalTokenCount":15}}"#,
            [.input: 10, .output: 5])
    }

    @Test func geminiImagesAreTheirOwnBucket() throws {
        try expect(
            """
            {"promptTokenCount":300,"candidatesTokenCount":1300,"totalTokenCount":1600,
             "promptTokensDetails":[{"modality":"TEXT","tokenCount":42},{"modality":"IMAGE","tokenCount":258}],
             "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290}]}
            """, [.input: 42, .imageInput: 258, .output: 10, .imageOutput: 1290])
    }

    @Test func bedrockLeavesCacheOutOfItsInput() throws {
        try expect(
            """
            {"inputTokens":30,"outputTokens":628,"totalTokens":1658,"cacheReadInputTokens":700,
             "cacheWriteInputTokens":300,"cacheDetails":[{"ttl":"1h","inputTokens":100},{"ttl":"5m","inputTokens":200}]}
            """, [.input: 30, .cacheRead: 700, .cacheWrite5m: 200, .cacheWrite1h: 100, .output: 628])
    }

    @Test func deepSeekSplitsItsPromptIntoHitAndMiss() throws {
        try expect(
            """
            {"prompt_tokens":100,"completion_tokens":40,"total_tokens":140,"prompt_tokens_details":{"cached_tokens":64},
             "completion_tokens_details":{"reasoning_tokens":30},"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}
            """, provider: "deepseek", [.input: 36, .cacheRead: 64, .output: 10, .reasoning: 30])
    }

    @Test func xAIChatHasReasoningBesideTheCompletion() throws {
        let json = """
            {"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,
             "prompt_tokens_details":{"text_tokens":32,"audio_tokens":0,"image_tokens":0,"cached_tokens":6},
             "completion_tokens_details":{"reasoning_tokens":94,"audio_tokens":0},"num_sources_used":0}
            """
        try expect(json, provider: "xai", [.input: 26, .cacheRead: 6, .output: 9, .reasoning: 94])
        // Without a provider the object's own total says the same; with another one it is a part larger than its whole.
        try expect(json, [.input: 26, .cacheRead: 6, .output: 9, .reasoning: 94])
        #expect(
            refusal(json, provider: "openai")
                == "completion_tokens_details.reasoning_tokens is larger than completion_tokens")
    }

    @Test func aProxyThatWritesAnthropicsCountsInOpenAIsShapeIsReadOnce() throws {
        try expect(
            """
            {"prompt_tokens":1100,"completion_tokens":5,"total_tokens":1105,"cache_read_input_tokens":800,
             "cache_creation_input_tokens":200,"prompt_tokens_details":{"cached_tokens":800,"cache_creation_tokens":200,
             "cache_creation_token_details":{"ephemeral_5m_input_tokens":50,"ephemeral_1h_input_tokens":150}}}
            """, [.input: 100, .cacheRead: 800, .cacheWrite5m: 50, .cacheWrite1h: 150, .output: 5])
    }

    @Test(arguments: [
        (#"{"prompt_tokens":10,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":11}}"#, "cached"),
        (
            #"{"prompt_tokens":10,"completion_tokens":1,"completion_tokens_details":{"reasoning_tokens":2}}"#,
            "reasoning"
        ),
        (#"{"input_tokens":10,"output_tokens":1,"input_tokens_details":{"cached_tokens":11}}"#, "cached"),
        (
            #"{"input_tokens":1,"cache_creation_input_tokens":5,"cache_creation":{"ephemeral_1h_input_tokens":6}}"#,
            "live"
        ),
        (#"{"promptTokenCount":10,"cachedContentTokenCount":11}"#, "cachedContentTokenCount"),
        (#"{"prompt_tokens":10,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":5}"#, "add up"),
        (
            #"{"prompt_tokens":10,"prompt_cache_hit_tokens":4,"prompt_tokens_details":{"cached_tokens":5}}"#,
            "count the same"
        ),
        (#"{"prompt_tokens":10,"completion_tokens":1,"prompt_tokens_details":{"audio_tokens":11}}"#, "audio"),
    ])
    func aPartLargerThanItsWholeIsRefusedAndNeverClamped(json: String, word: String) throws {
        let message = try #require(refusal(json))
        #expect(message.contains(word))
    }

    @Test(arguments: [
        (#"{"prompt_tokens":-1}"#, "prompt_tokens is negative"),
        (#"{"prompt_tokens":1.5}"#, "prompt_tokens is not a whole number of at most 2^40"),
        (#"{"prompt_tokens":1099511627777}"#, "prompt_tokens is above 2^40"),
        (#"{"prompt_tokens":99999999999999999999999}"#, "prompt_tokens is above 2^40"),
        (#"{"prompt_tokens":"12"}"#, "prompt_tokens must be a number"),
        (#"{"prompt_tokens":true}"#, "prompt_tokens must be a number"),
        (#"{"prompt_tokens":1,"prompt_tokens":2}"#, "prompt_tokens is there twice"),
        (#"{"prompt_tokens_details":7,"prompt_tokens":1}"#, "prompt_tokens_details must be an object"),
        (#"{"prompt_tokens":null,"completion_tokens":1}"#, "prompt_tokens is missing"),
        (#"{"output_tokens":15}"#, "input_tokens is missing"),
        (#"{}"#, "usage has no token count of a known shape (prompt_tokens, input_tokens, …)"),
        (
            #"{"prompt_tokens":1,"input_tokens":2}"#,
            "prompt_tokens is 1 and input_tokens is 2; they count the same, so one of them is wrong"
        ),
        (#"[]"#, "usage must be an object"),
    ])
    func aCountThatIsNoneIsRefusedByName(json: String, message: String) {
        #expect(refusal(json) == message)
    }

    @Test func wholeNumbersMayBeWrittenAsDecimals() throws {
        try expect(#"{"prompt_tokens":1200.0,"completion_tokens":1.5e1}"#, [.input: 1200, .output: 15])
        try expect(#"{"prompt_tokens":1099511627776,"completion_tokens":0}"#, [.input: 1 << 40])
    }

    @Test func theServedTierIsReadInTheProvidersWords() throws {
        func tier(_ json: String) throws -> ServiceTier? {
            try UsageReading(json: json, provider: nil, model: "m").servedTier
        }
        #expect(try tier(#"{"input_tokens":1,"service_tier":"batch"}"#) == .batch)
        #expect(try tier(#"{"prompt_tokens":1,"service_tier":"default"}"#) == .standard)
        #expect(try tier(#"{"promptTokenCount":1,"trafficType":"ON_DEMAND"}"#) == .standard)
        #expect(try tier(#"{"prompt_tokens":1,"service_tier":"auto"}"#) == nil)
        #expect(try tier(#"{"prompt_tokens":1}"#) == nil)
    }
}
