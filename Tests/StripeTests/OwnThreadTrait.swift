import TestSupport
import Testing

/// Gives each test of a suite a thread of its own: these tests block on real sockets and processes.
struct OwnThreadTrait: SuiteTrait, TestTrait, TestScoping {
    var isRecursive: Bool { true }

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await withTaskExecutorPreference(OwnThread()) { try await function() }
    }
}

extension Trait where Self == OwnThreadTrait {
    /// A thread of its own for each test.
    static var ownThread: Self { OwnThreadTrait() }
}
