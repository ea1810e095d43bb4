/// Something that was changed on somebody's behalf, as it is shown.
public struct AuditView: Codable, Sendable, Hashable {
    /// Its number: the audit is in this order.
    public let number: Int64
    /// When.
    public let at: String
    /// The org; nil for what is of no org.
    public let org: String?
    /// What: the name of the endpoint.
    public let action: String
    /// By whom, in words: `member 12 (ana) of acme, by uid 993`, `operator, uid 0`, `meterd`.
    public let by: String
    /// The user who asked, by the kernel's word.
    public let uid: Int64?
    /// The member on whose behalf.
    public let member: Int64?
    /// The member whom it was done to.
    public let subject: Int64?
    /// What that member is called.
    public let subjectName: String?
    /// What was different before; nil for something new, or once it is erased.
    public let before: JSONTree?
    /// What is different since.
    public let after: JSONTree?
    /// Whether `before` and `after` were erased, as a person's data.
    public let erased: Bool?
}

/// Any JSON value whose numbers are whole.
public enum JSONTree: Codable, Sendable, Hashable {
    /// null
    case null
    /// true or false
    case bool(Bool)
    /// A whole number.
    case integer(Int64)
    /// A text.
    case string(String)
    /// A list.
    case array([JSONTree])
    /// Members by name.
    case object([String: JSONTree])

    /// Reads a value; a number that is not whole is none.
    public init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let array = try? value.decode([JSONTree].self) {
            self = .array(array)
        } else {
            self = .object(try value.decode([String: JSONTree].self))
        }
    }

    /// Writes the value.
    public func encode(to encoder: any Encoder) throws {
        var value = encoder.singleValueContainer()
        switch self {
        case .null: try value.encodeNil()
        case .bool(let bool): try value.encode(bool)
        case .integer(let integer): try value.encode(integer)
        case .string(let string): try value.encode(string)
        case .array(let array): try value.encode(array)
        case .object(let members): try value.encode(members)
        }
    }

    /// What differs between two objects, each with the members that the other has not, or has otherwise.
    static func differences(_ before: JSONTree?, _ after: JSONTree?) -> (before: JSONTree?, after: JSONTree?) {
        guard case .object(let old)? = before, case .object(let new)? = after else { return (before, after) }
        return (
            .object(old.filter { new[$0.key] != $0.value }), .object(new.filter { old[$0.key] != $0.value })
        )
    }
}
