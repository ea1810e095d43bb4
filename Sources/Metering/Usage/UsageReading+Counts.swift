// Tokens: which family of names an object has, which reading its rules and its total allow, and the buckets of that.
extension UsageReading {
    /// Splits the tokens of an object into buckets.
    mutating func readCounts(_ object: UsageObject, provider: String?, model: String) throws(UsageError) {
        if object[.billedInput] != nil || object[.billedOutput] != nil { return readCohere(object) }
        guard var counts = try UsageCounts(of: object, provider: provider, model: model) else {
            // Nothing but seconds, pages, searches: they need no tokens.
            if let duration = object[.bareDuration], duration > 0 {
                buckets[.inputMillisecond] = duration
                return
            }
            guard Self.units.contains(where: { object[$0.field] ?? 0 > 0 }) else { throw Self.nothingKnown(object) }
            return
        }
        let rules = ContainmentRules(family: counts.family, provider: provider, model: model)
        if object[.promptAudioMilliseconds] ?? 0 > 0, counts.cached > counts.prompt {
            // Audio that is billed by the second stands outside the prompt, and so does what was cached of it (Mistral).
            counts.cached = 0
        }
        let chosen: Choice
        (chosen, buckets) = try choose(counts, object, rules)
        if let listed = object[.promptByModality], listed > counts.prompt, object[.promptAudioMilliseconds] == nil {
            // The list has more than the whole: whether that is billed is not known.
            unread.append(
                UnreadMember(name: object.origin(of: .promptByModality).path, count: listed - counts.prompt))
        }
        noteResidue(counts, object, rules, chosen)
    }

    private static func nothingKnown(_ object: UsageObject) -> UsageError {
        object[.total] == nil
            ? UsageError("usage has no token count of a known shape (prompt_tokens, input_tokens, …)")
            : UsageError(
                "usage has \(object.origin(of: .total).path) alone, which doesn't say what was prompt and what completion"
            )
    }

    /// Cohere charges `billed_units`; what stands beside them is counted by its tokenizer.
    /// <https://docs.cohere.com/v2/docs/how-does-cohere-pricing-work>
    private mutating func readCohere(_ object: UsageObject) {
        buckets[.input] = object[.billedInput] ?? 0
        buckets[.imageInput] = object[.imageInput] ?? 0
        buckets[.output] = object[.billedOutput] ?? 0
    }

    // MARK: The reading

    /// One way to read the counts.
    struct Choice: Equatable {
        var cacheIsBeside: Bool
        var reasoningIsBeside: Bool

        /// What the object's total would be.
        func sum(_ counts: UsageCounts) -> Int64 {
            counts.prompt + (cacheIsBeside ? counts.cached + counts.written : 0) + counts.toolUse + counts.completion
                + (reasoningIsBeside ? counts.reasoning : 0)
        }
    }

    /// The reading that rules and total leave, with its buckets; an error if none is possible.
    private func choose(
        _ counts: UsageCounts, _ object: UsageObject, _ rules: ContainmentRules
    ) throws(UsageError) -> (Choice, UsageBuckets) {
        // Without cached or reasoning tokens both readings are one.
        var cache = counts.cached + counts.written == 0 ? .within : try rules.cache(counts)
        if rules.isOpenAIAtBedrock, cache == .beside, counts.prompt >= counts.cached + counts.written {
            cache = .within
        }
        let reasoning = counts.reasoning == 0 ? .within : rules.reasoning(counts)
        let standard = Choice(cacheIsBeside: cache.isBesideByDefault, reasoningIsBeside: reasoning.isBesideByDefault)
        guard cache.isOpen || reasoning.isOpen, let total = object[.total], total > 0 else {
            return (standard, try Self.buckets(counts, object, standard))
        }
        var reaching: [(Choice, UsageBuckets)] = []
        var isStandardPossible = false
        var failure: UsageError?
        for cache in cache.readings {
            for reasoning in reasoning.readings {
                let choice = Choice(cacheIsBeside: cache, reasoningIsBeside: reasoning)
                do throws(UsageError) {
                    let buckets = try Self.buckets(counts, object, choice)
                    if choice == standard { isStandardPossible = true }
                    if choice.sum(counts) == total { reaching.append((choice, buckets)) }
                } catch {
                    failure = failure ?? error
                }
            }
        }
        if reaching.count == 1 { return reaching[0] }
        if let failure, !isStandardPossible { throw failure }
        return (standard, try Self.buckets(counts, object, standard))
    }

    /// What the total has beyond everything that was read.
    private mutating func noteResidue(
        _ counts: UsageCounts, _ object: UsageObject, _ rules: ContainmentRules, _ chosen: Choice
    ) {
        guard let total = object[.total], total > chosen.sum(counts) else { return }
        let residue = total - chosen.sum(counts)
        if rules.isResidueThinking, counts.reasoning == 0 {
            buckets[.reasoning] += residue
        } else if object[.promptAudioMilliseconds] ?? 0 == 0, unread.count < UsageObject.unreadMax {
            // Audio that is billed by the second has its tokens in the total alone (Mistral).
            unread.append(UnreadMember(name: object.origin(of: .total).path, count: residue))
        }
    }
}
