/// What a member of an entry of LiteLLM's price table is.
enum LiteLLMMember {
    /// The price of a unit that usage records report, at a tier, above so many prompt tokens.
    case price(UsageUnit, tier: ServiceTier, over: Int64)
    /// A price that no usage record reports: by the pixel, by the resolution; or for another kind of call.
    case unused
    /// `tiered_pricing`
    case ranges
    /// `off_peak_pricing`
    case offPeak
    /// `search_context_cost_per_query`
    case webSearch
    /// `provider_specific_entry`, where it may multiply prices.
    case surcharges
    /// Who sells it.
    case provider
    /// The entry is another name of that one.
    case alias
    /// What the model can do: no price.
    case description

    init(name: String) {
        switch name {
        case "litellm_provider": self = .provider
        case "alias_of": self = .alias
        case "tiered_pricing": self = .ranges
        case "off_peak_pricing": self = .offPeak
        case "search_context_cost_per_query": self = .webSearch
        case "provider_specific_entry": self = .surcharges
        default:
            if let price = Self.price(name) {
                self = price
            } else if Self.priceWords.contains(where: { name.contains($0) }) {
                self = .unused
            } else {
                self = .description
            }
        }
    }

    /// Words that mark a price among members that are not known.
    private static let priceWords = ["cost", "price", "pricing", "multiplier", "search_free_requests", "billing_unit"]

    private static let units: [String: UsageUnit] = [
        "input_cost_per_token": .input, "output_cost_per_token": .output,
        "cache_read_input_token_cost": .cacheRead, "input_cost_per_token_cache_hit": .cacheRead,
        "cache_creation_input_token_cost": .cacheWrite5m,
        "cache_creation_input_token_cost_above_1hr": .cacheWrite1h,
        "cache_creation_input_token_cost_above_12hr": .cacheWrite12h,
        "output_cost_per_reasoning_token": .reasoning,
        "input_cost_per_audio_token": .audioInput, "cache_read_input_audio_token_cost": .audioCacheRead,
        "output_cost_per_audio_token": .audioOutput,
        "input_cost_per_image_token": .imageInput, "cache_read_input_image_token_cost": .imageCacheRead,
        "output_cost_per_image_token": .imageOutput,
        "input_cost_per_video_token": .videoInput, "output_cost_per_video_token": .videoOutput,
        "citation_cost_per_token": .citation, "input_cost_per_request": .request,
        "explicit_cache_read_input_token_cost": .cacheReadExplicit,
        "input_cost_per_second": .inputMillisecond, "input_cost_per_audio_per_second": .inputMillisecond,
        "output_cost_per_second": .outputMillisecond, "output_cost_per_video_per_second": .outputMillisecond,
        "input_cost_per_query": .searchUnit, "google_maps_grounding_cost_per_query": .mapsGrounding,
        "input_cost_per_image": .inputImage, "output_cost_per_image": .outputImage,
        "ocr_cost_per_page": .page, "annotation_cost_per_page": .annotatedPage, "input_cost_per_character": .character,
    ]

    private static let tiers: [(suffix: String, tier: ServiceTier)] = [
        ("_batches", .batch), ("_flex", .flex), ("_priority", .priority), ("_balanced", .balanced),
        ("_ultrafast", .ultrafast),
    ]

    /// `cache_read_input_token_cost_above_272k_tokens_priority`: a unit, a threshold, a tier.
    private static func price(_ name: String) -> LiteLLMMember? {
        var rest = name[...]
        var tier = ServiceTier.standard
        for (suffix, named) in tiers where rest.hasSuffix(suffix) {
            rest = rest.dropLast(suffix.count)
            tier = named
        }
        var over: Int64 = 0
        if rest.hasSuffix("_tokens"), let above = rest.range(of: "_above_", options: .backwards) {
            guard let tokens = tokens(rest[above.upperBound...].dropLast("_tokens".count)) else { return nil }
            over = tokens
            rest = rest[..<above.lowerBound]
        }
        return units[String(rest)].map { .price($0, tier: tier, over: over) }
    }

    /// `272k`
    private static func tokens(_ text: Substring) -> Int64? {
        let isThousands = text.hasSuffix("k")
        guard let count = Int64(isThousands ? text.dropLast() : text), count > 0, count < 1 << 40 else { return nil }
        return isThousands ? count * 1000 : count
    }
}

extension Substring {
    fileprivate enum SearchOption { case backwards }

    /// The last place of a word, without Foundation.
    fileprivate func range(of word: String, options: SearchOption) -> Range<Index>? {
        var place = endIndex
        while place > startIndex {
            place = index(before: place)
            if self[place...].hasPrefix(word) { return place..<index(place, offsetBy: word.count) }
        }
        return nil
    }
}
