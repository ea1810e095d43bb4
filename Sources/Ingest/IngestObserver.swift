import Access
import Ledger

/// What a client did that an operator may want to know of; on the event loop, which must not be held up.
public protocol IngestObserver: Sendable {
    /// A peer asked for what it may not.
    func didRefuse(_ refusal: Refusal, id: String?, org: String, to peer: PeerCredentials?)
    /// A usage record was answered.
    func didAnswer(_ outcome: Outcome, id: String?, org: String, from peer: PeerCredentials?)
    /// A client left its replies unread, so that nothing more is read from it until it reads. Once per connection.
    func didLeaveUnread(_ peer: PeerCredentials?)
    /// Whether ``didAnswer(_:id:org:from:)`` is wanted.
    var wantsAnswers: Bool { get }
}
