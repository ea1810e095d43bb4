import HTML

enum OrganizationPage {
    static func show(_ team: Team) async throws(PageError) -> Reply {
        try Layout.page(team, .organization, title: "Organization") { element(.p, text: "…") }
    }
}
