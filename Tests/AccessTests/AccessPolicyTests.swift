import Access
import Foundation
import Glibc
import Testing

@Suite struct AccessPolicyTests {
    private let proxy = PeerCredentials(uid: 1001, groups: [1001, 50], pid: 1)
    private let stranger = PeerCredentials(uid: 1002, groups: [1002], pid: 2)
    private let root = PeerCredentials(uid: 0, groups: [0], pid: 3)

    @Test func withoutRulesEverybodyMayDoEverything() {
        for peer in [proxy, stranger, nil] {
            let permissions = AccessPolicy.open.permissions(of: peer)
            #expect(permissions.allows(.usage, org: "acme"))
            #expect(permissions.allows(anyOf: [.admin], org: nil))
        }
    }

    @Test func withRulesOnlyWhatOneOfThemAllows() {
        let policy = AccessPolicy(rules: [
            AccessRule(uid: 1001, orgs: ["acme"], ingest: [.usage]),
            AccessRule(gid: 50, orgs: ["globex"], ingest: [.authorize]),
        ])
        let permissions = policy.permissions(of: proxy)
        #expect(permissions.allows(.usage, org: "acme"))
        #expect(permissions.allows(.authorize, org: "globex"))
        #expect(!permissions.allows(.authorize, org: "acme"))
        #expect(!permissions.allows(.usage, org: "globex"))
        #expect(!permissions.allows(.balance, org: "acme"))
        #expect(!permissions.allows(anyOf: [.admin, .viewer], org: "acme"))
        #expect(!policy.permissions(of: stranger).allows(.usage, org: "acme"))
        #expect(!policy.permissions(of: nil).allows(.usage, org: "acme"))
    }

    @Test func rootMayDoEverythingSinceItCouldChangeTheRules() {
        let permissions = AccessPolicy(rules: []).permissions(of: root)
        #expect(permissions.allows(.usage, org: "acme"))
        #expect(permissions.allows(anyOf: [.admin], org: nil))
    }

    @Test func theDashboardsUserIsNoOperatorByAGroupOrByThereBeingNoRules() {
        let dashboard = PeerCredentials(uid: 990, groups: [990, 50], pid: 4)
        for rules in [nil, [], [AccessRule(gid: 50, ingest: [.usage], control: [.admin])]] {
            let permissions = AccessPolicy(rules: rules, programs: [990: .dashboard]).permissions(of: dashboard)
            #expect(permissions.allows(anyOf: [.dashboard], org: "acme"))
            #expect(permissions.allows(anyOf: [.dashboard], org: nil))
            #expect(!permissions.allows(anyOf: [.admin, .viewer, .webhook, .metrics], org: "acme"))
            #expect(!permissions.allows(.usage, org: "acme"))
        }
        let named = AccessPolicy(
            rules: [AccessRule(uid: 990, orgs: ["acme"], control: [.dashboard])], programs: [990: .dashboard])
        #expect(named.permissions(of: dashboard).allows(anyOf: [.dashboard], org: "acme"))
        #expect(!named.permissions(of: dashboard).allows(anyOf: [.dashboard], org: "globex"))
    }

    @Test func eachProgramHasTheRoleOfItsOwnUserAndNoOther() {
        let policy = AccessPolicy(rules: nil, programs: [990: .dashboard, 991: .notify])
        let notify = policy.permissions(of: PeerCredentials(uid: 991, groups: [991, 50], pid: 4))
        #expect(notify.allows(anyOf: [.notify], org: nil))
        #expect(!notify.allows(anyOf: [.admin, .viewer, .dashboard, .webhook, .metrics], org: "acme"))
        #expect(policy.permissions(of: proxy).allows(anyOf: [.admin], org: nil))
    }

    @Test func anEmptyListOfRulesLetsNobodyIn() {
        let permissions = AccessPolicy(rules: []).permissions(of: proxy)
        #expect(!permissions.allows(.usage, org: "acme"))
        #expect(!permissions.allows(anyOf: [.viewer], org: nil))
    }

    @Test func whoIsHeldToOrgsMayNotDoWhatIsAboutAll() {
        let policy = AccessPolicy(rules: [AccessRule(uid: 1001, orgs: ["acme"], control: [.admin])])
        let permissions = policy.permissions(of: proxy)
        #expect(permissions.allows(anyOf: [.admin], org: "acme"))
        #expect(!permissions.allows(anyOf: [.admin], org: "globex"))
        #expect(!permissions.allows(anyOf: [.admin], org: nil))
    }

    @Test func aRuleAboutNobodyIsAboutNobody() {
        let policy = AccessPolicy(rules: [AccessRule(ingest: [.usage], control: [.admin])])
        #expect(!policy.permissions(of: proxy).allows(.usage, org: "acme"))
    }

    @Test func aRuleAboutAUserInAGroupNeedsBoth() {
        let policy = AccessPolicy(rules: [AccessRule(uid: 1001, gid: 51, ingest: [.usage])])
        #expect(!policy.permissions(of: proxy).allows(.usage, org: "acme"))
    }

    @Test func theKernelSaysWhoIsAtTheOtherEnd() throws {
        var pair: [Int32] = [0, 0]
        #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
        defer { for descriptor in pair { close(descriptor) } }
        let peer = try #require(PeerCredentials(descriptor: pair[0]))
        #expect(peer.uid == getuid())
        #expect(peer.pid == getpid())
        #expect(peer.groups.contains(getgid()))
        var own = [gid_t](repeating: 0, count: 1024)
        let count = getgroups(1024, &own)
        #expect(peer.groups.isSuperset(of: own.prefix(Int(count))))
        #expect(PeerCredentials(descriptor: -1) == nil)
    }
}
