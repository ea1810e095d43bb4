/// The client's password at the provider. No description and no mirror shows it.
public struct ClientSecret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let value: String

    /// A secret, as the provider gave it.
    public init(_ value: String) { self.value = value }

    /// Says only that there is a secret.
    public var description: String { "(secret)" }
    /// Says only that there is a secret.
    public var debugDescription: String { "(secret)" }
    /// Has no children, so that `dump` shows nothing.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
