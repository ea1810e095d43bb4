/// A piece of an OpenAPI document, written as Swift literals.
indirect enum OpenAPIValue: Encodable, Sendable, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    case text(String)
    case bool(Bool)
    case list([OpenAPIValue])
    case object([String: OpenAPIValue])

    init(stringLiteral value: String) { self = .text(value) }
    init(booleanLiteral value: Bool) { self = .bool(value) }
    init(arrayLiteral elements: OpenAPIValue...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, OpenAPIValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .text(let value): try container.encode(value)
        case .bool(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .object(let values): try container.encode(values)
        }
    }

    /// A schema of that name among the document's components.
    static func reference(_ name: String) -> OpenAPIValue {
        ["$ref": .text("#/components/schemas/\(name)")]
    }

    /// A page of items.
    static func page(of name: String) -> OpenAPIValue {
        [
            "type": "object", "required": ["items"],
            "properties": [
                "items": ["type": "array", "items": .reference(name)],
                "next_cursor": [
                    "type": "string", "description": "Give it as `cursor` for the next page; absent at the end.",
                ],
            ],
        ]
    }

    /// An object with those members, of which some are required.
    static func members(_ members: [(name: String, schema: OpenAPIValue)], required: [String]) -> OpenAPIValue {
        [
            "type": "object", "required": .list(required.map { .text($0) }),
            "properties": .object(
                Dictionary(members.map { ($0.name, $0.schema) }, uniquingKeysWith: { _, last in last })),
        ]
    }

    static let string: OpenAPIValue = ["type": "string"]
    static let counts: OpenAPIValue = ["type": "object", "additionalProperties": .integer]
    static let integer: OpenAPIValue = ["type": "integer"]
    static let boolean: OpenAPIValue = ["type": "boolean"]
    static let time: OpenAPIValue = ["type": "string", "format": "date-time"]
    static let money: OpenAPIValue = [
        "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]{1,9})?$", "description": "US dollars, a decimal",
    ]
}
