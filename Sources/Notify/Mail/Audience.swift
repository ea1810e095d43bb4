/// Who is told.
enum Audience: Sendable, Hashable {
    case owners
    /// Owners and admins.
    case managers
    /// One member, whatever their role and state.
    case member(Int64)
    /// Those who run meterd.
    case operators
}
