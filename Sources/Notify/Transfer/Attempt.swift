/// What came of one attempt to deliver something.
public enum Attempt: Sendable, Hashable {
    /// The other side has taken it.
    case delivered
    /// It will never be taken: the address doesn't exist, or the message is refused for good.
    case refused(String)
    /// It may be taken later: a full mailbox, an endpoint that answers with an error.
    case postponed(String)
    /// The mail server itself can't be used, so that no other mail gets through either.
    case relayAway(String)
    /// The daemon didn't say what the message is to hold.
    case notReady(String)
}
