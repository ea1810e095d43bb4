import Access
import Synchronization

/// The rules in force of who may do what, which a reload can change.
final class AccessInForce: Sendable {
    private let policy: Mutex<AccessPolicy>

    init(_ policy: AccessPolicy) {
        self.policy = Mutex(policy)
    }

    var current: AccessPolicy {
        get { policy.withLock { $0 } }
        set { policy.withLock { $0 = newValue } }
    }
}
