/// One at a time an org: a gateway that is slow for one holds up no other.
actor OrgLocks {
    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    private func acquire(_ org: String) async {
        guard waiting[org] != nil else {
            waiting[org] = []
            return
        }
        await withCheckedContinuation { waiting[org]?.append($0) }
    }

    private func release(_ org: String) {
        guard let queue = waiting[org], let next = queue.first else {
            waiting[org] = nil
            return
        }
        waiting[org] = Array(queue.dropFirst())
        next.resume()
    }

    /// Runs a body while nobody else does for the same org.
    nonisolated func with<Value: Sendable>(
        _ org: String, _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        await acquire(org)
        do {
            let value = try await body()
            await release(org)
            return value
        } catch {
            await release(org)
            throw error
        }
    }
}
