/// The process that handed in a record: as it was when it connected. See SO_PEERCRED in unix(7).
public struct Peer: Sendable, Hashable {
    /// Its user.
    public let uid: UInt32
    /// Its number.
    public let pid: Int32
    /// The sender on whose behalf it spoke, if it may speak for several.
    public let sender: String?

    /// A process of a user.
    public init(uid: UInt32, pid: Int32, sender: String? = nil) {
        self.uid = uid
        self.pid = pid
        self.sender = sender
    }
}
