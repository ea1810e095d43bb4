/// Another name of an org, as senders bear it.
public enum OrgAliasName {
    /// Bytes of a name at most.
    public static let bytesMax = 128

    /// Whether a text can be another name of an org: 1 to 128 bytes without control characters, and without a space at either end.
    public static func isValid(_ text: String) -> Bool {
        guard (1...bytesMax).contains(text.utf8.count), !text.hasPrefix(" "), !text.hasSuffix(" ") else { return false }
        return text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: false
            default: true
            }
        }
    }
}

/// Another name of an org, as it is shown.
public struct OrgAliasView: Codable, Sendable, Hashable {
    /// The name that senders bear.
    public let alias: String
    /// The org; nil if the name was taken back.
    public let org: String?
    /// When it was given or taken back.
    public let recorded: String
    /// Who did that.
    public let actor: String
}
