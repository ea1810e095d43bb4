/// Every member of a usage object that is known, by the object that it stands in.
///
/// Sources: the providers' API references, named at the shapes in ``UsageReading``; for rewritten objects the sources of the
/// tools that write them. `docs/usage.md` lists which members are not billed, and why; a test compares the two.
enum UsageMembers {
    static let tables: [UsageMemberTable] = UsageMember.Container.allCases.map { container in
        switch container {
        case .top: UsageMemberTable(top + rewritten + measured + timings)
        case .inputDetails: UsageMemberTable(inputDetails)
        case .cachedDetails: UsageMemberTable(cachedDetails)
        case .outputDetails: UsageMemberTable(outputDetails)
        case .cacheCreation: UsageMemberTable(cacheCreation)
        case .serverToolUse: UsageMemberTable(serverToolUse)
        case .xaiToolUse: UsageMemberTable(xaiToolUse)
        case .billedUnits: UsageMemberTable(billedUnits)
        case .cost: UsageMemberTable(cost)
        case .costDetails: UsageMemberTable(costDetails)
        case .toolUsage: UsageMemberTable([("web_search", .object(.toolUsageSearch))])
        case .additionalCounts: UsageMemberTable(additionalCounts)
        case .copies: UsageMemberTable(copies)
        case .camelInput:
            UsageMemberTable([
                ("total", .count(.promptCamel)), ("cacheRead", .count(.cacheReadWithin)),
                ("cacheWrite", .count(.cacheWriteWithin)), ("noCache", .notBilled(.part)),
            ])
        case .camelOutput:
            UsageMemberTable([
                ("total", .count(.completionCamel)), ("reasoning", .count(.reasoningTop)),
                ("text", .notBilled(.part)),
            ])
        case .timings: UsageMemberTable(timings)
        case .copilotUsage:
            UsageMemberTable([
                ("tokenDetails", .tokenDetails), ("token_details", .tokenDetails),
                ("totalNanoAiu", .notBilled(.estimate)), ("total_nano_aiu", .notBilled(.estimate)),
            ])
        case .toolUsageSearch: UsageMemberTable([("num_requests", .count(.webSearch))])
        }
    }

    private static let promptModalities = UsageMember.ModalityFields(
        audio: .audioInput, image: .imageInput, video: .videoInput, whole: .promptByModality)
    private static let cachedModalities = UsageMember.ModalityFields(
        text: .cachedText, audio: .cachedAudio, image: .cachedImage, video: .cachedVideo, whole: .cachedByModality)
    private static let outputModalities = UsageMember.ModalityFields(
        audio: .audioOutput, image: .imageOutput, video: .videoOutput)
    private static let toolModalities = UsageMember.ModalityFields(
        audio: .toolAudioInput, image: .toolImageInput, video: .toolVideoInput)

    // The providers' own shapes.
    private static let top: [UsageMemberTable.Entry] = [
        // OpenAI Chat Completions and what is compatible with it
        ("prompt_tokens", .count(.promptChat)), ("completion_tokens", .count(.completionChat)),
        ("total_tokens", .count(.total)),
        ("prompt_tokens_details", .objectOrModalities(.inputDetails, promptModalities)),
        ("completion_tokens_details", .object(.outputDetails)),
        // OpenAI Responses, Anthropic Messages
        ("input_tokens", .count(.promptSnake)), ("output_tokens", .count(.completionSnake)),
        ("input_tokens_details", .objects(.inputDetails)), ("output_tokens_details", .objects(.outputDetails)),
        ("input_token_details", .object(.inputDetails)),
        ("prompt_token_details", .object(.inputDetails)), ("output_token_details", .object(.outputDetails)),
        ("cache_creation_input_tokens", .count(.cacheWriteBeside)),
        ("cache_read_input_tokens", .count(.cacheReadBeside)),
        ("cache_creation", .object(.cacheCreation)), ("server_tool_use", .object(.serverToolUse)),
        ("server_tool_use_details", .object(.serverToolUse)),
        ("iterations", .iterations), ("speed", .speed), ("inference_geo", .geo),
        ("currency", .cost(.currency)), ("cost_currency", .cost(.currency)),
        ("service_tier", .tier), ("serviceTier", .tier), ("trafficType", .tier), ("traffic_type", .tier),
        // Audio, images and transcription at OpenAI
        ("seconds", .seconds(.inputMilliseconds)), ("duration", .seconds(.bareDuration)),
        ("audio_duration", .seconds(.inputMilliseconds)), ("audio_duration_ms", .count(.inputMilliseconds)),
        ("billable_audio_seconds", .seconds(.billableMilliseconds)), ("output_audio_seconds", .notBilled(.part)),
        ("type", .notBilled(.information)), ("model", .notBilled(.information)),
        // DeepSeek, Moonshot, Perplexity, xAI, Mistral
        ("prompt_cache_hit_tokens", .count(.cacheReadWithin)), ("prompt_cache_miss_tokens", .count(.cacheMiss)),
        ("cached_tokens", .count(.cacheReadWithin)), ("num_cached_tokens", .count(.cacheReadWithin)),
        ("reasoning_tokens", .count(.reasoningTop)),
        ("num_search_queries", .count(.webSearch)), ("citation_tokens", .count(.citation)),
        ("search_context_size", .searchContextSize), ("tool_calls_details", .toolCalls),
        ("server_side_tool_usage_details", .object(.xaiToolUse)),
        ("prompt_audio_seconds", .seconds(.promptAudioMilliseconds)),
        ("pages_processed", .count(.pages)), ("pages_processed_annotation", .count(.annotatedPages)),
        ("doc_size_bytes", .notBilled(.information)),
        ("num_sources_used", .notBilled(.information)), ("num_server_side_tools_used", .notBilled(.sum)),
        ("context_details", .notBilled(.information)), ("server_side_tools_used", .toolNames),
        ("prompt_text_tokens", .notBilled(.part)), ("prompt_image_tokens", .count(.imageInput)),
        ("tool_usage", .object(.toolUsage)), ("precached_prompt_tokens", .count(.cacheReadBeside)),
        ("input_image_count", .count(.inputImages)), ("output_image_count", .count(.outputImages)),
        ("characters", .count(.characters)), ("usage_characters", .count(.characters)),
        ("duration_seconds", .seconds(.outputMilliseconds)), ("output_seconds", .seconds(.outputMilliseconds)),
        ("total_seconds", .notBilled(.sum)),
        // Gemini, Vertex AI, Gemini Live
        ("promptTokenCount", .count(.promptGemini)), ("candidatesTokenCount", .count(.completionGemini)),
        ("responseTokenCount", .count(.completionGemini)),
        ("thoughtsTokenCount", .count(.thoughts)), ("toolUsePromptTokenCount", .count(.toolUse)),
        ("cachedContentTokenCount", .count(.cacheReadWithin)), ("totalTokenCount", .count(.total)),
        ("promptTokensDetails", .objectOrModalities(.inputDetails, promptModalities)),
        ("cacheTokensDetails", .modalities(cachedModalities)),
        ("completionTokensDetails", .object(.outputDetails)),
        ("candidatesTokensDetails", .modalities(outputModalities)),
        ("responseTokensDetails", .modalities(outputModalities)),
        ("toolUsePromptTokensDetails", .modalities(toolModalities)),
        // Google's Interactions API
        ("total_input_tokens", .count(.promptGemini)), ("total_output_tokens", .count(.completionGemini)),
        ("total_thought_tokens", .count(.thoughts)), ("total_tool_use_tokens", .count(.toolUse)),
        ("total_cached_tokens", .count(.cacheReadWithin)), ("total_reasoning_tokens", .count(.thoughts)),
        ("input_tokens_by_modality", .modalities(promptModalities)),
        ("output_tokens_by_modality", .modalities(outputModalities)),
        ("cached_tokens_by_modality", .modalities(cachedModalities)),
        ("tool_use_tokens_by_modality", .modalities(toolModalities)),
        ("grounding_tool_count", .groundingCounts),
        // Bedrock: Converse, the metrics of InvokeModel, Titan, Llama
        ("inputTokens", .countOrObject(.promptCamel, .camelInput)),
        ("outputTokens", .countOrObject(.completionCamel, .camelOutput)), ("totalTokens", .count(.total)),
        ("cacheReadInputTokens", .count(.cacheReadBeside)), ("cacheWriteInputTokens", .count(.cacheWriteBeside)),
        ("cacheReadInputTokenCount", .count(.cacheReadBeside)),
        ("cacheWriteInputTokenCount", .count(.cacheWriteBeside)),
        ("cacheDetails", .bedrockCacheDetails),
        ("inputTokenCount", .count(.promptCamel)), ("outputTokenCount", .count(.completionCamel)),
        ("inputTextTokenCount", .count(.promptText)), ("results", .titanResults),
        ("totalOutputTextTokenCount", .count(.completionCamel)),
        ("invocationLatency", .notBilled(.timing)), ("firstByteLatency", .notBilled(.timing)),
        ("prompt_token_count", .count(.promptGemini)), ("generation_token_count", .count(.completionGemini)),
        // Cohere
        ("billed_units", .object(.billedUnits)), ("tokens", .notBilled(.information)),
        // Objects that hold the usage object
        ("usageMetadata", .object(.top)), ("usage_metadata", .object(.top)), ("usage", .object(.top)),
        ("amazon-bedrock-invocationMetrics", .object(.top)), ("token_usage", .object(.top)),
        ("tokenUsage", .object(.top)),
        // What the request cost
        ("cost", .cost(.dollars(.usageCost))), ("estimated_cost", .cost(.dollars(.estimatedCost))),
        ("response_cost", .cost(.dollars(.responseCost))), ("cost_in_usd_ticks", .cost(.ticks)),
        ("cost_details", .object(.costDetails)), ("is_byok", .isOwnKey),
    ]

    // The same counts as SDKs, gateways and tools rewrite them.
    private static let rewritten: [UsageMemberTable.Entry] = [
        // Vercel AI SDK 4 (promptTokens), 5 and 6; Spring AI; Claude Code and the Claude Agent SDK
        ("promptTokens", .count(.promptChat)), ("completionTokens", .count(.completionChat)),
        ("cachedInputTokens", .count(.cacheReadVercel)), ("reasoningTokens", .count(.reasoningTop)),
        ("inputTokenDetails", .object(.inputDetails)), ("outputTokenDetails", .object(.outputDetails)),
        ("cacheCreationInputTokens", .count(.cacheWriteBeside)), ("webSearchRequests", .count(.webSearch)),
        ("inputTokensDetails", .objects(.inputDetails)), ("outputTokensDetails", .objects(.outputDetails)),
        ("raw", .native), ("nativeUsage", .native), ("cacheReadTokens", .count(.cacheReadPlain)),
        ("cacheWriteTokens", .count(.cacheWritePlain)), ("cacheCreationTokens", .count(.cacheWriteBeside)),
        ("thinkingTokens", .count(.reasoningTop)), ("canonicalModel", .notBilled(.copy)),
        ("modelUsage", .models), ("model_usage", .models), ("modelMetrics", .models),
        ("costUSD", .notBilled(.estimate)),
        ("contextWindow", .notBilled(.timing)), ("maxOutputTokens", .notBilled(.timing)),
        ("total_cost_usd", .notBilled(.estimate)), ("totalCost", .notBilled(.estimate)),
        ("duration_ms", .notBilled(.timing)), ("duration_api_ms", .notBilled(.timing)),
        ("num_turns", .notBilled(.information)), ("copilotUsage", .object(.copilotUsage)),
        ("copilot_usage", .object(.copilotUsage)), ("tokenDetails", .tokenDetails),
        ("totalNanoAiu", .notBilled(.estimate)), ("totalPremiumRequests", .notBilled(.estimate)),
        // pydantic-ai
        ("cache_read_tokens", .count(.cacheReadWithin)), ("cache_write_tokens", .count(.cacheWriteWithin)),
        ("input_audio_tokens", .count(.audioInput)), ("cache_audio_read_tokens", .count(.cachedAudio)),
        ("output_audio_tokens", .count(.audioOutput)),
        ("requests", .notBilled(.information)), ("tool_calls", .notBilled(.information)),
        ("details", .object(.copies)),
        ("request_tokens", .count(.promptChat)), ("response_tokens", .count(.completionChat)),
        ("cache_write_1h_tokens", .count(.write1h)), ("output_reasoning_tokens", .count(.reasoningTop)),
        ("audio_seconds", .seconds(.inputMilliseconds)),
        // Codex
        ("cached_input_tokens", .count(.cacheReadWithin)), ("reasoning_output_tokens", .count(.reasoningTop)),
        ("cache_write_input_tokens", .count(.cacheWriteWithin)), ("reasoningOutputTokens", .count(.reasoningCodex)),
        ("last_token_usage", .object(.top)), ("total_token_usage", .notBilled(.sum)), ("last", .object(.top)),
        ("total", .notBilled(.sum)), ("info", .object(.top)), ("model_context_window", .notBilled(.timing)),
        ("modelContextWindow", .notBilled(.timing)),
        // google-genai for Python
        ("candidates_token_count", .count(.completionGemini)), ("response_token_count", .count(.completionGemini)),
        ("thoughts_token_count", .count(.thoughts)), ("tool_use_prompt_token_count", .count(.toolUse)),
        ("cached_content_token_count", .count(.cacheReadWithin)), ("total_token_count", .count(.total)),
        ("cache_tokens_details", .modalities(cachedModalities)),
        ("candidates_tokens_details", .modalities(outputModalities)),
        ("response_tokens_details", .modalities(outputModalities)),
        ("tool_use_prompt_tokens_details", .modalities(toolModalities)),
        // Microsoft.Extensions.AI
        ("cachedInputTokenCount", .count(.cacheReadWithin)), ("reasoningTokenCount", .count(.reasoningTop)),
        ("inputAudioTokenCount", .count(.audioInput)), ("outputAudioTokenCount", .count(.audioOutput)),
        ("outputTextTokenCount", .notBilled(.part)), ("additionalCounts", .object(.additionalCounts)),
        ("InputTokenCount", .count(.promptCamel)), ("OutputTokenCount", .count(.completionCamel)),
        ("TotalTokenCount", .count(.total)), ("CachedInputTokenCount", .count(.cacheReadWithin)),
        ("ReasoningTokenCount", .count(.reasoningTop)), ("InputAudioTokenCount", .count(.audioInput)),
        ("OutputAudioTokenCount", .count(.audioOutput)), ("AdditionalCounts", .object(.additionalCounts)),
        // OpenAI for .NET, ChatTokenUsage
        ("InputTokenDetails", .object(.inputDetails)), ("OutputTokenDetails", .object(.outputDetails)),
        // OpenAI's Agents SDK: one entry per request, which add up to the counts beside them
        ("request_usage_entries", .notBilled(.copy)), ("requestUsageEntries", .notBilled(.copy)),
        // Qwen's Responses, Groq's compound models
        ("x_details", .onlyOne), ("x_billing_type", .notBilled(.information)), ("usage_breakdown", .modelList),
        // Gemini CLI
        ("prompt", .count(.promptGemini)), ("candidates", .count(.completionGemini)),
        ("cached", .count(.cacheReadWithin)), ("thoughts", .count(.thoughts)), ("tool", .count(.toolUse)),
        // new-api
        ("claude_cache_creation_5_m_tokens", .count(.write5m)), ("claude_cache_creation_1_h_tokens", .count(.write1h)),
        // OpenTelemetry's attributes
        ("gen_ai.usage.input_tokens", .count(.promptChat)), ("gen_ai.usage.output_tokens", .count(.completionChat)),
        ("gen_ai.usage.prompt_tokens", .count(.promptChat)),
        ("gen_ai.usage.completion_tokens", .count(.completionChat)), ("gen_ai.usage.total_tokens", .count(.total)),
        ("gen_ai.usage.cache_read.input_tokens", .count(.cacheReadWithin)),
        ("gen_ai.usage.cache_read_input_tokens", .count(.cacheReadWithin)),
        // Sentry: <https://docs.sentry.io/platforms/python/tracing/instrumentation/custom-instrumentation/ai-agents-module/>
        ("gen_ai.usage.input_tokens.cached", .count(.cacheReadWithin)),
        ("gen_ai.usage.input_tokens.cache_write", .count(.cacheWriteWithin)),
        ("gen_ai.usage.output_tokens.reasoning", .count(.reasoningTop)),
        ("gen_ai.usage.cached_input_tokens", .count(.cacheReadWithin)),
        ("gen_ai.usage.cache_creation.input_tokens", .count(.cacheWriteWithin)),
        ("gen_ai.usage.cache_creation_input_tokens", .count(.cacheWriteWithin)),
        ("gen_ai.usage.cache_write.input_tokens", .count(.cacheWriteWithin)),
        ("gen_ai.usage.reasoning.output_tokens", .count(.reasoningTop)),
        ("gen_ai.usage.reasoning_tokens", .count(.reasoningTop)),
        ("gen_ai.usage.details.cache_read_input_tokens", .count(.cacheReadWithin)),
        ("gen_ai.usage.details.cached_tokens", .count(.cacheReadWithin)),
        ("gen_ai.usage.details.cache_creation_input_tokens", .count(.cacheWriteWithin)),
        ("gen_ai.usage.details.reasoning_tokens", .count(.reasoningTop)),
        ("gen_ai.usage.details.input_tokens", .notBilled(.copy)),
        ("gen_ai.usage.details.output_tokens", .notBilled(.copy)),
        ("llm.usage.total_tokens", .count(.total)),
        ("ai.usage.inputTokens", .count(.promptCamel)), ("ai.usage.outputTokens", .count(.completionCamel)),
        ("ai.usage.totalTokens", .count(.total)), ("ai.usage.reasoningTokens", .count(.reasoningTop)),
        ("ai.usage.cachedInputTokens", .count(.cacheReadVercel)),
        ("ai.usage.promptTokens", .count(.promptChat)), ("ai.usage.completionTokens", .count(.completionChat)),
        ("ai.usage.inputTokenDetails.cacheReadTokens", .count(.cacheReadWithin)),
        ("ai.usage.inputTokenDetails.cacheWriteTokens", .count(.cacheWriteWithin)),
        ("ai.usage.inputTokenDetails.noCacheTokens", .notBilled(.part)),
        ("ai.usage.outputTokenDetails.reasoningTokens", .count(.reasoningTop)),
        ("ai.usage.outputTokenDetails.textTokens", .notBilled(.part)),
        ("gen_ai.usage.audio.input_tokens", .count(.audioInput)),
        ("gen_ai.usage.image.input_tokens", .count(.imageInput)),
        ("gen_ai.usage.video.input_tokens", .count(.videoInput)),
        ("gen_ai.usage.text.input_tokens", .notBilled(.part)), ("gen_ai.usage.text.output_tokens", .notBilled(.part)),
        ("gen_ai.usage.audio.output_tokens", .count(.audioOutput)),
        // Ollama
        ("prompt_eval_count", .count(.promptChat)), ("eval_count", .count(.completionChat)),
        ("prompt_eval_duration", .notBilled(.timing)), ("eval_duration", .notBilled(.timing)),
        ("total_duration", .notBilled(.timing)), ("load_duration", .notBilled(.timing)),
        // llama.cpp
        ("tokens_evaluated", .count(.promptChat)), ("tokens_predicted", .count(.completionChat)),
        ("tokens_cached", .notBilled(.information)), ("timings", .object(.timings)),
        // watsonx, Replicate, NLP Cloud, Aleph Alpha, Predibase, DeepInfra, Azure AI
        ("input_token_count", .count(.promptChat)), ("generated_token_count", .count(.completionChat)),
        ("output_token_count", .count(.completionChat)), ("generated_tokens", .count(.completionChat)),
        ("nb_input_tokens", .count(.promptChat)), ("nb_generated_tokens", .count(.completionChat)),
        ("num_tokens_prompt_total", .count(.promptChat)), ("num_tokens_generated", .count(.completionChat)),
        ("tokens_input", .count(.promptChat)), ("tokens_generated", .count(.completionChat)),
        ("num_input_text_tokens", .count(.promptChat)), ("num_output_tokens", .count(.completionChat)),
        ("cached_prompt_text_tokens", .count(.cacheReadWithin)),
    ]

    // What is counted beside tokens, and what is not billed.
    private static let measured: [UsageMemberTable.Entry] = [
        ("web_search_requests", .count(.webSearch)), ("web_search_calls", .count(.webSearch)),
        ("web_search_queries", .count(.webSearch)),
        ("x_search_calls", .count(.xSearch)), ("code_interpreter_calls", .count(.codeExecution)),
        ("file_search_calls", .count(.fileSearch)), ("document_search_calls", .count(.documentSearch)),
        ("search_units", .count(.searchUnits)), ("billed_characters", .count(.characters)),
        ("queue_time", .notBilled(.timing)), ("prompt_time", .notBilled(.timing)),
        ("completion_time", .notBilled(.timing)), ("total_time", .notBilled(.timing)),
        ("total_latency", .notBilled(.timing)), ("time_to_first_token", .notBilled(.timing)),
        ("completion_tokens_per_sec", .notBilled(.timing)), ("total_tokens_per_sec", .notBilled(.timing)),
        ("completion_tokens_after_first_per_sec", .notBilled(.timing)),
        ("completion_tokens_after_first_per_sec_first_ten", .notBilled(.timing)),
        ("completion_tokens_after_first_per_sec_graph", .notBilled(.timing)),
        ("acceptance_rate", .notBilled(.timing)), ("start_time", .notBilled(.timing)),
        ("end_time", .notBilled(.timing)), ("stop_time", .notBilled(.timing)),
        ("accepted_prediction_tokens", .notBilled(.part)), ("rejected_prediction_tokens", .notBilled(.part)),
        ("text_tokens", .notBilled(.part)), ("max_context_length", .notBilled(.timing)),
    ]

    private static let inputDetails: [UsageMemberTable.Entry] = [
        ("cached_tokens", .count(.detailsCached)), ("cache_read_input_tokens", .count(.cacheReadWithin)),
        ("cache_write_tokens", .count(.cacheWriteWithin)), ("cache_creation_tokens", .count(.cacheWriteWithin)),
        ("cache_creation_input_tokens", .count(.cacheWriteWithin)),
        ("cached_creation_tokens", .count(.cacheWriteWithin)), ("caching_tokens", .count(.cacheWriteWithin)),
        ("cachedTokens", .count(.detailsCached)), ("CachedTokenCount", .count(.detailsCached)),
        ("AudioTokenCount", .count(.audioInput)), ("tool_use_tokens", .notBilled(.information)),
        ("initial_prompt_tokens", .notBilled(.information)), ("google_maps_grounding_requests", .count(.mapsGrounding)),
        ("cached_read_tokens", .count(.cachedReadSplit)), ("cached_write_tokens", .count(.cachedWriteSplit)),
        ("cached_tokens_details", .object(.cachedDetails)),
        ("cache_creation", .objectOrCount(.cacheCreation, .cacheWriteWithin)),
        ("cache_creation_token_details", .object(.cacheCreation)),
        ("cache_write_tokens_details", .object(.cacheCreation)), ("cache_type", .cacheType),
        ("audio_tokens", .count(.audioInput)), ("image_tokens", .count(.imageInput)),
        ("video_tokens", .count(.videoInput)), ("web_search_requests", .count(.webSearch)),
        ("text_tokens", .notBilled(.part)), ("tool_tokens", .notBilled(.part)),
        ("character_count", .count(.characters)), ("image_count", .count(.inputImages)),
        ("video_length_seconds", .seconds(.videoMilliseconds)),
        ("audio_length_seconds", .seconds(.inputMilliseconds)),
        // LangChain
        ("cache_read", .count(.cacheReadWithin)),
        ("audio", .count(.audioInput)), ("image", .count(.imageInput)), ("video", .count(.videoInput)),
        ("text", .notBilled(.part)),
        ("ephemeral_5m_input_tokens", .count(.write5m)), ("ephemeral_1h_input_tokens", .count(.write1h)),
        ("priority_cache_read", .tierCount(.cacheReadWithin, .priority)),
        ("flex_cache_read", .tierCount(.cacheReadWithin, .flex)),
        ("priority", .notBilled(.part)), ("flex", .notBilled(.part)), ("over_200k", .notBilled(.part)),
        ("cache_read_over_200k", .notBilled(.part)),
        // Bifrost
        ("cached_write_token_details", .object(.cacheCreation)),
        // Vercel AI SDK 6
        ("noCacheTokens", .notBilled(.part)), ("cacheReadTokens", .count(.cacheReadWithin)),
        ("cacheWriteTokens", .count(.cacheWriteWithin)),
    ]
    private static let cachedDetails: [UsageMemberTable.Entry] = [
        ("audio_tokens", .count(.cachedAudio)), ("image_tokens", .count(.cachedImage)),
        ("text_tokens", .count(.cachedText)),
    ]
    private static let outputDetails: [UsageMemberTable.Entry] = [
        ("reasoning_tokens", .count(.reasoning)), ("audio_tokens", .count(.audioOutput)),
        ("image_tokens", .count(.imageOutput)), ("video_tokens", .count(.videoOutput)),
        ("text_tokens", .notBilled(.part)), ("accepted_prediction_tokens", .notBilled(.part)),
        ("rejected_prediction_tokens", .notBilled(.part)), ("thinking_tokens", .count(.reasoning)),
        ("ReasoningTokenCount", .count(.reasoning)), ("AudioTokenCount", .count(.audioOutput)),
        ("AcceptedPredictionTokenCount", .notBilled(.part)), ("RejectedPredictionTokenCount", .notBilled(.part)),
        // LangChain, Vercel AI SDK 6
        ("reasoning", .count(.reasoning)), ("audio", .count(.audioOutput)), ("image", .count(.imageOutput)),
        ("text", .notBilled(.part)), ("reasoningTokens", .count(.reasoning)), ("textTokens", .notBilled(.part)),
        ("priority_reasoning", .tierCount(.reasoning, .priority)), ("flex_reasoning", .tierCount(.reasoning, .flex)),
        ("priority", .notBilled(.part)), ("flex", .notBilled(.part)),
    ]
    private static let cacheCreation: [UsageMemberTable.Entry] = [
        ("ephemeral_5m_input_tokens", .count(.write5m)), ("ephemeral_1h_input_tokens", .count(.write1h)),
        ("ephemeral_30m_input_tokens", .count(.write30m)), ("ephemeral_12h_input_tokens", .count(.write12h)),
        ("ttl_30m_tokens", .count(.write30m)), ("ttl_12h_tokens", .count(.write12h)),
        ("cached_write_tokens_5m", .count(.write5m)), ("cached_write_tokens_1h", .count(.write1h)),
    ]
    // Anthropic: a fetched page costs nothing beside its tokens, and so do the searches for tools.
    // <https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-fetch-tool>
    private static let serverToolUse: [UsageMemberTable.Entry] = [
        ("web_search_requests", .count(.webSearch)), ("browser_open_requests", .count(.urlFetch)),
        ("web_fetch_requests", .notBilled(.free)),
        ("code_execution_requests", .notBilled(.free)), ("tool_search_requests", .notBilled(.free)),
        ("tool_calls_requested", .notBilled(.information)), ("tool_calls_executed", .notBilled(.information)),
    ]
    // <https://docs.x.ai/developers/pricing>: tools of an MCP server cost their tokens only.
    private static let xaiToolUse: [UsageMemberTable.Entry] = [
        ("web_search_calls", .count(.webSearch)), ("x_search_calls", .count(.xSearch)),
        ("code_interpreter_calls", .count(.codeExecution)), ("file_search_calls", .count(.fileSearch)),
        ("document_search_calls", .count(.documentSearch)), ("image_generation_calls", .count(.imageCalls)),
        ("mcp_calls", .notBilled(.free)),
    ]
    private static let billedUnits: [UsageMemberTable.Entry] = [
        ("input_tokens", .count(.billedInput)), ("output_tokens", .count(.billedOutput)),
        ("total_tokens", .count(.billedInput)),
        ("search_units", .count(.searchUnits)), ("images", .count(.inputImages)),
        ("image_tokens", .count(.imageInput)),
    ]
    private static let cost: [UsageMemberTable.Entry] = [
        ("total_cost", .cost(.dollars(.totalCost))), ("currency", .cost(.currency)),
        ("input_tokens_cost", .notBilled(.part)), ("output_tokens_cost", .notBilled(.part)),
        ("reasoning_tokens_cost", .notBilled(.part)), ("request_cost", .notBilled(.part)),
        ("citation_tokens_cost", .notBilled(.part)), ("search_queries_cost", .notBilled(.part)),
        ("input_cost", .notBilled(.part)), ("output_cost", .notBilled(.part)), ("cache_read_cost", .notBilled(.part)),
        ("cache_creation_cost", .notBilled(.part)), ("tool_calls_cost", .notBilled(.part)),
    ]
    // Microsoft.Extensions.AI hands on what has no member of its own there.
    private static let additionalCounts: [UsageMemberTable.Entry] = [
        ("CacheCreationInputTokens", .count(.cacheWriteBeside)), ("CacheReadInputTokens", .count(.cacheReadBeside)),
        ("WebSearchRequests", .count(.webSearch)),
        ("InputTokenDetails.AudioTokenCount", .count(.audioInput)),
        ("InputTokenDetails.CachedTokenCount", .count(.cacheReadWithin)),
        ("OutputTokenDetails.AudioTokenCount", .count(.audioOutput)),
        ("OutputTokenDetails.ReasoningTokenCount", .count(.reasoningTop)),
        ("OutputTokenDetails.AcceptedPredictionTokenCount", .notBilled(.part)),
        ("OutputTokenDetails.RejectedPredictionTokenCount", .notBilled(.part)),
    ]
    // pydantic-ai repeats the provider's counts; its versions before 1 have the cache nowhere else.
    private static let copies: [UsageMemberTable.Entry] = [
        ("cache_read_input_tokens", .count(.cacheReadWithin)), ("cached_tokens", .count(.cacheReadWithin)),
        ("cached_content_tokens", .count(.cacheReadWithin)),
        ("cache_creation_input_tokens", .count(.cacheWriteWithin)),
        ("reasoning_tokens", .count(.reasoningTop)), ("thoughts_tokens", .count(.reasoningTop)),
        ("input_tokens", .notBilled(.copy)), ("output_tokens", .notBilled(.copy)),
        ("text_prompt_tokens", .notBilled(.part)), ("text_candidates_tokens", .notBilled(.part)),
        ("accepted_prediction_tokens", .notBilled(.part)), ("rejected_prediction_tokens", .notBilled(.part)),
        ("audio_tokens", .count(.audioOfEitherSide)), ("text_tokens", .notBilled(.part)),
    ]
    // llama.cpp: what was evaluated lies beside what was cached.
    private static let timings: [UsageMemberTable.Entry] = [
        ("cache_n", .count(.cacheReadWithin)), ("prompt_n", .count(.promptTimings)),
        ("predicted_n", .count(.completionTimings)), ("draft_n", .notBilled(.information)),
        ("draft_n_accepted", .notBilled(.information)),
        ("prompt_ms", .notBilled(.timing)), ("prompt_per_token_ms", .notBilled(.timing)),
        ("prompt_per_second", .notBilled(.timing)), ("predicted_ms", .notBilled(.timing)),
        ("predicted_per_token_ms", .notBilled(.timing)), ("predicted_per_second", .notBilled(.timing)),
    ]
    private static let costDetails: [UsageMemberTable.Entry] = [
        ("upstream_inference_cost", .cost(.upstream)), ("currency", .cost(.currency)),
        ("upstream_inference_input_cost", .notBilled(.part)), ("upstream_inference_output_cost", .notBilled(.part)),
        ("upstream_inference_prompt_cost", .notBilled(.part)),
        ("upstream_inference_completions_cost", .notBilled(.part)),
    ]
}
