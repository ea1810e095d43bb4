import Dispatch

/// Holds a thread until a test lets it go, and tells the test when it has come.
public final class Gate: Sendable {
    private let entered = DispatchSemaphore(value: 0)
    private let opened = DispatchSemaphore(value: 0)

    /// A closed gate.
    public init() {}

    /// Called by the thread that is held: comes back once the gate is open.
    public func enter() {
        entered.signal()
        opened.wait()
        opened.signal()
    }

    /// Comes back once somebody stands at the gate.
    public func waitUntilEntered() {
        entered.wait()
    }

    /// Lets everybody through from now on.
    public func open() {
        opened.signal()
    }
}
