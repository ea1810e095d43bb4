import Control
import HTML
import Ledger

/// What the forms of a member's page do.
enum MemberForms {
    /// `POST …/members/{member}/limits`
    static func setLimits(_ team: Team) async throws(PageError) -> Reply {
        let form = team.visit.form
        return try await change(team, "The limits are set.") { (number, key) async throws(PageError) in
            _ = try await team.daemon.change(
                MemberAnswer.self, .PUT, "team", number, "limits",
                body: LimitsBody(daily: form.text("daily"), monthly: form.text("monthly")), key: key)
        }
    }

    /// `POST …/members/{member}/role`
    static func setRole(_ team: Team) async throws(PageError) -> Reply {
        let role = team.visit.form.text("role") ?? ""
        return try await change(team, "The role is set.") { (number, key) async throws(PageError) in
            _ = try await team.daemon.change(
                MemberAnswer.self, .PUT, "team", number, "role", body: RoleBody(role: role), key: key)
        }
    }

    /// `POST …/members/{member}/users`
    static func addUser(_ team: Team) async throws(PageError) -> Reply {
        let user = team.visit.form.text("user") ?? ""
        return try await change(team, "Usage records of that name are theirs.") {
            (number, key) async throws(PageError) in
            _ = try await team.daemon.change(
                MemberAnswer.self, .POST, "team", number, "users", body: ["user": user], key: key)
        }
    }

    /// `POST …/members/{member}/remove`
    static func remove(_ team: Team) async throws(PageError) -> Reply {
        guard team.visit.form.isChecked("sure") else { throw .malformed("check the box first") }
        let number = try team.visit.number("member")
        let reply = try await change(team, "Access has ended, and the seat is free.") {
            (number, key) async throws(PageError) in
            _ = try await team.daemon.change(MemberAnswer.self, .POST, "team", number, "remove", key: key)
        }
        return number == team.me.member.member ? .redirect(Place([])) : reply
    }

    /// `POST …/members/{member}/erase`
    static func erase(_ team: Team) async throws(PageError) -> Reply {
        guard team.visit.form.isChecked("sure") else { throw .malformed("check the box first") }
        return try await change(team, "Name, address and sign-ins are erased.") {
            (number, key) async throws(PageError) in
            _ = try await team.daemon.change(MemberAnswer.self, .POST, "team", number, "erase", key: key)
        }
    }

    private static func change(
        _ team: Team, _ done: String, _ body: (_ number: String, _ key: String) async throws(PageError) -> Void
    ) async throws(PageError) -> Reply {
        let number = "\(try team.visit.number("member"))"
        do throws(PageError) {
            try await body(number, try FormKey.of(team.visit.form))
        } catch {
            return try Failed.back(error, team, to: "members", number)
        }
        return try team.redirect("members", number, saying: .done(done))
    }
}
