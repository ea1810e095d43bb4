import Crypto
import Foundation
import TestSupport
import Testing

/// A daemon with orgs and people in them, and a program that asks on their behalf in the role `dashboard`.
final class Team {
    let daemon: RunningDaemon
    let dashboard: ControlPeer
    private let configuration: TemporaryDirectory

    /// A member, and when they signed in.
    struct Person {
        let member: Int
        let subject: String
        var signedIn: String
    }

    init(_ more: String = "", arguments: [String] = [], environment: [String: String] = [:]) throws {
        configuration = try TemporaryDirectory()
        let path = configuration.path + "/meterd.yaml"
        let rules = "peers:\n  - user: \(ControlPeer.uid)\n    control: [dashboard]\n"
        try (rules + more).write(toFile: path, atomically: true, encoding: .utf8)
        let settings = ["METERD_CONFIG": path, "METERD_CONTROL_SOCKET_MODE": "0666"]
        daemon = try RunningDaemon(arguments: arguments, environment: settings.merging(environment) { $1 })
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: daemon.directory.path)
        dashboard = try ControlPeer(daemon.controlSocket)
    }

    /// Founds an org.
    func org(_ name: String, country: String? = "US") throws {
        _ = try daemon.meterctl("org", "create", name, "--country", country ?? "US")
    }

    static func hash(_ secret: String) -> String {
        SHA256.hash(data: Data(secret.utf8)).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Somebody who was invited by an operator, accepted and signed in.
    func join(_ org: String, _ name: String, role: String, users: [String] = []) throws -> Person {
        let invited = try daemon.json(
            "member", "invite", org, "\(name)@\(org).example", "--name", name, "--role", role)
        let secret = try #require(invited["secret"] as? String)
        let subject = "\(org)-\(name)"
        let joined = try dashboard.ask(
            "POST", "/v1/invitations/accept",
            ["secret": secret, "issuer": "https://id.example", "subject": subject])
        let member = try #require(joined.json["member"] as? Int, "\(joined)")
        for user in users {
            _ = try daemon.json("member", "assign", org, "\(member)", user)
        }
        return Person(member: member, subject: subject, signedIn: try signIn(subject))
    }

    /// Notes that somebody signed in, and gives when.
    func signIn(_ subject: String) throws -> String {
        let answer = try dashboard.ask(
            "POST", "/v1/sign-ins", ["issuer": "https://id.example", "subject": subject])
        return try #require(answer.json["at"] as? String, "\(answer)")
    }

    /// Asks on somebody's behalf.
    func ask(
        _ person: Person, _ method: String, _ path: String, _ body: Any? = nil, isFresh: Bool = true,
        key: String = UUID().uuidString
    ) throws -> ControlPeer.Answer {
        try dashboard.ask(
            method, path, body, as: person.member, signedIn: isFresh ? person.signedIn : nil, key: key)
    }

    /// The audit of an org, newest first.
    func audit(_ org: String) throws -> [[String: Any]] {
        try daemon.json("audit", org, "--limit", "1000")["items"] as? [[String: Any]] ?? []
    }
}
