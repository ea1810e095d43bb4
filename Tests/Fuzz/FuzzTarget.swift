/// What is fuzzed: everything that reads bytes of others.
enum FuzzTarget: String, CaseIterable {
    /// Lines of the ingest socket, cut into pieces.
    case line
    /// Usage objects of every provider, and their price.
    case usage
    /// Rate tables, ours and LiteLLM's.
    case rates
    /// Requests on the control socket, over a real ledger.
    case control
    /// Stripe's signed webhooks.
    case webhook
}

/// What has to be so whatever the bytes are; libFuzzer keeps the input that shows it isn't.
func hold(_ condition: @autoclosure () -> Bool, _ words: @autoclosure () -> String) {
    if !condition() { fatalError(words()) }
}
