import TestSupport
import Testing

/// Gives each test of a suite a thread of its own: these tests block on real sockets and processes.
struct OwnThreadTrait: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    /// Each has some processes, pipes and sockets: all at once are more files than a process may have by default, and keep each other
    /// waiting.
    private static let turns = Turns(12)

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await Self.turns.take { try await withTaskExecutorPreference(OwnThread()) { try await function() } }
    }
}

extension Trait where Self == OwnThreadTrait {
    /// A thread of its own for each test.
    static var ownThread: Self { OwnThreadTrait() }
}
