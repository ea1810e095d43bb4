import Access
import Testing

@Suite struct SenderTests {
    private let gateway = PeerCredentials(uid: 60_001, groups: [], pid: 1)

    private func policy(_ ingest: Set<IngestOperation>, orgs: Set<String>? = nil) -> AccessPolicy {
        AccessPolicy(
            rules: [AccessRule(uid: 60_001, orgs: orgs, ingest: ingest)],
            senders: [
                Sender(name: "red", orgs: ["acme"], operations: [.usage]),
                Sender(name: "any", costPolicy: .trust),
            ])
    }

    private func refusal(
        _ policy: AccessPolicy, _ operation: IngestOperation, _ org: String?, _ sender: String?
    ) -> AccessRefusal? {
        policy.permissions(of: gateway).refusal(of: operation, org: org, sender: sender, policy)
    }

    @Test func aPeerThatDelegatesHasOnlyTheRightsOfTheSenderItNames() {
        let policy = policy([.delegate])
        #expect(refusal(policy, .usage, "acme", "red") == nil)
        #expect(refusal(policy, .usage, "globex", "red") == .senderOperation)
        #expect(refusal(policy, .authorize, "acme", "red") == .senderOperation)
        #expect(refusal(policy, .authorize, "globex", "any") == nil)
        #expect(refusal(policy, .usage, "acme", "nobody") == .unknownSender)
        // In its own name it may ask nothing.
        #expect(refusal(policy, .usage, "acme", nil) == .operation)
    }

    @Test func withoutTheRightToDelegateNoSenderMayBeNamed() {
        let policy = policy(IngestOperation.requests)
        #expect(refusal(policy, .usage, "acme", nil) == nil)
        #expect(refusal(policy, .usage, "acme", "red") == .delegation)
        #expect(refusal(policy, .usage, "acme", "nobody") == .delegation)
        #expect(!IngestOperation.requests.contains(.delegate))
    }

    @Test func aRuleForSomeOrgsDelegatesForThoseOnly() {
        let policy = policy([.delegate], orgs: ["acme"])
        #expect(refusal(policy, .usage, "acme", "any") == nil)
        #expect(refusal(policy, .usage, "globex", "any") == .delegation)
        // A line that names no org may be for any of them.
        #expect(refusal(policy, .usage, nil, "red") == nil)
        #expect(refusal(policy, .authorize, nil, "red") == .senderOperation)
    }
}
