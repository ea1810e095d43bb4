/// What a provider publishes about itself, at one moment.
struct ProviderSnapshot: Sendable {
    let endpoints: ProviderEndpoints
    let keys: KeySet
}

/// Remembers one provider's discovery document and keys, and fetches them again when they are old.
actor ProviderDirectory {
    /// How long what was fetched is used, in seconds.
    static let secondsMax: Int64 = 3600
    /// How many seconds lie between two fetches for unknown keys, whatever they brought.
    static let refetchSeconds: Int64 = 60

    private let provider: Provider
    private let http: ProviderHTTP
    private var fetched: (snapshot: ProviderSnapshot, at: UnixTime)?
    private var refetched: UnixTime?
    private var underway: Task<Result<ProviderSnapshot, SignInError>, Never>?

    init(provider: Provider, http: ProviderHTTP) {
        self.provider = provider
        self.http = http
    }

    /// What is known, not older than an hour.
    func current(now: UnixTime) async throws(SignInError) -> ProviderSnapshot {
        // A moment in the future is no reason to trust something longer: the clock was set back.
        if let fetched, fetched.at <= now, now < fetched.at.moved(by: Self.secondsMax) { return fetched.snapshot }
        return try await fetch(now: now)
    }

    /// What is published now, for a token whose key is unknown. Nil if it was asked less than a minute ago: who sends
    /// odd tokens must not make us flood the provider.
    func refetch(now: UnixTime) async throws(SignInError) -> ProviderSnapshot? {
        if let refetched, refetched <= now, now < refetched.moved(by: Self.refetchSeconds) { return nil }
        refetched = now
        return try await fetch(now: now)
    }

    /// Fetches once for all who wait.
    private func fetch(now: UnixTime) async throws(SignInError) -> ProviderSnapshot {
        if let underway { return try await underway.value.get() }
        let task = Task { await Self.load(provider, http) }
        underway = task
        let result = await task.value
        underway = nil
        let snapshot = try result.get()
        fetched = (snapshot, now)
        return snapshot
    }

    private static func load(
        _ provider: Provider, _ http: ProviderHTTP
    ) async -> Result<ProviderSnapshot, SignInError> {
        do throws(SignInError) {
            let metadata = try await http.get(
                ProviderMetadata.self, from: ProviderEndpoints.discoveryURL(of: provider.issuer), for: .discovery)
            let endpoints = try ProviderEndpoints(metadata, of: provider)
            let keys = try await http.get(KeySet.self, from: endpoints.keys, for: .keys)
            return .success(ProviderSnapshot(endpoints: endpoints, keys: keys))
        } catch {
            return .failure(error)
        }
    }
}
