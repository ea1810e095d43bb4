import Testing

@testable import Metering

@Suite struct ProviderNameTests {
    @Test(arguments: [
        ("aws.bedrock", "bedrock"), ("azure.ai.openai", "azure"), ("azure.ai.inference", "azure_ai"),
        ("gcp.gemini", "gemini"), ("gcp.vertex_ai", "vertex_ai"), ("gcp.gen_ai", "gemini"), ("mistral_ai", "mistral"),
        ("moonshot_ai", "moonshot"), ("x_ai", "xai"), ("ibm.watsonx.ai", "watsonx"), ("AWS.Bedrock", "bedrock"),
        ("openai.chat", "openai"), ("openai.responses", "openai"), ("anthropic.messages", "anthropic"),
        ("google.generative-ai", "gemini"), ("google.vertex.chat", "vertex_ai"), ("amazon-bedrock", "bedrock"),
        ("azure-openai.chat", "azure"), ("azure.responses", "azure"), ("xai.chat", "xai"),
        ("vertex.anthropic.messages", "vertex_ai"), ("google.vertex.embedding", "vertex_ai"),
        ("togetherai.chat", "together_ai"), ("fireworks.chat", "fireworks_ai"), ("moonshotai.chat", "moonshot"),
        ("bedrock_converse", "bedrock"), ("vertex_ai-anthropic_models", "vertex_ai"), ("cohere_chat", "cohere"),
        ("sagemaker_chat", "sagemaker"), ("openai", "openai"), ("somebody", "somebody"), ("some.body", "some.body"),
        (".chat", ".chat"), ("chat", "chat"),
    ])
    func aProviderIsKnownByOthersNamesForIt(name: String, canonical: String) {
        #expect(RateCard.canonicalProvider(name) == canonical)
        #expect(RateCard.canonicalProvider(canonical) == canonical)
    }

    /// A card that was recorded before a spelling was known can be in any ledger.
    @Test func aCardWithANameThatWasCanonicalStaysReadable() throws {
        let card = try RateDocument.parse(
            "format: meterd/1\nrates:\n  - {model: k2, provider: moonshot_ai, price: {input: 1}}\n")
        #expect(card.rate(model: "k2", provider: "moonshot")?.provider == "moonshot")
        #expect(throws: RateDocumentError.self) {
            try RateDocument.parse("format: meterd/1\nrates:\n  - {model: m, provider: aws, price: {input: 1}}\n")
        }
    }
}

@Suite struct PrintableTextTests {
    @Test func nothingThatActsOnATerminalIsLeft() {
        #expect(PrintableText.escaped("a\u{1B}[2J\u{202E}b\n", isOneLine: true) == #"a\u{1b}[2J\u{202e}b\u{a}"#)
        #expect(PrintableText.escaped("a\nb", isOneLine: false) == "a\nb")
        #expect(PrintableText.escaped("é 漢 🙂", isOneLine: true) == "é 漢 🙂")
        #expect(
            PrintableText.escaped([0x61, 0xFF, 0xC3, 0xA9, 0xC3, 0x1B, 0xE2, 0x80, 0xAE])
                == #"a\x{ff}é\x{c3}\u{1b}\u{202e}"#)
        #expect(PrintableText.escaped([0xF0, 0x9F, 0x99]) == #"\x{f0}\x{9f}\x{99}"#)
    }

    @Test(
        arguments: [
            ("0", 0), ("1795514304", 1_795_514_304_000), ("99999999999.9", 99_999_999_999_900),
            ("100000000000", 100_000_000_000), ("1795514304123.9", 1_795_514_304_123), ("1.0004", 1000),
        ] as [(String, Int64)])
    func anEpochIsSecondsOrMilliseconds(text: String, milliseconds: Int64) {
        #expect(Timestamp(epoch: text)?.milliseconds == milliseconds)
    }

    @Test(arguments: ["", ".", ".5", "-1", "1e9", "1795514304123456", "1.2.3", "0x1", " 1", "99999999999999999999"])
    func anythingElseIsNoEpoch(text: String) {
        #expect(Timestamp(epoch: text) == nil)
    }
}
