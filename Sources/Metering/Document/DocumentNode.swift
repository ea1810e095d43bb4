import Yams

/// A value of a YAML or JSON document, with its place: what both are read as, so that one reader serves them.
///
/// A scalar is the text that stands in the file. No number passes through binary floating point.
package struct DocumentNode {
    package indirect enum Content {
        case scalar(String)
        case list([DocumentNode])
        case mapping([Member])
    }

    package struct Member {
        package let key: String
        package let keyPlace: DocumentPlace
        package let value: DocumentNode
    }

    package let content: Content
    package let place: DocumentPlace

    package var text: String? {
        if case .scalar(let text) = content { return text }
        return nil
    }

    package var list: [DocumentNode]? {
        if case .list(let elements) = content { return elements }
        return nil
    }

    package var mapping: [Member]? {
        if case .mapping(let members) = content { return members }
        return nil
    }
}

/// Where something stands in a document.
package enum DocumentPlace: Sendable {
    /// From 1.
    case line(Int, column: Int)
    /// Bytes from its start.
    case offset(Int)

    /// `line 12, column 5`
    package func description(in document: String) -> String {
        switch self {
        case .line(let line, let column): return "line \(line), column \(column)"
        case .offset(let offset):
            let before = document.utf8.prefix(offset)
            let line = before.reduce(1) { $1 == UInt8(ascii: "\n") ? $0 + 1 : $0 }
            let column = before.reversed().prefix { $0 != UInt8(ascii: "\n") }.count + 1
            return "line \(line), column \(column)"
        }
    }
}

// MARK: - YAML

extension DocumentNode {
    /// The value of a YAML text; nil where it is empty.
    package init?(yaml text: String) throws {
        guard let root = try Yams.compose(yaml: text) else { return nil }
        // A node takes a byte at least, unless aliases repeat it: some may, a document that grows by them without end not.
        var room = 2 * text.utf8.count
        try self.init(root, &room)
    }

    private init(_ node: Node, _ room: inout Int) throws {
        let mark = node.mark
        place = .line(mark?.line ?? 1, column: mark?.column ?? 1)
        room -= 1
        guard room >= 0 else { throw DocumentProblem("aliases make the document too large", place) }
        switch node {
        case .scalar(let scalar): content = .scalar(scalar.string)
        case .sequence(let sequence):
            var elements: [DocumentNode] = []
            for element in sequence { elements.append(try DocumentNode(element, &room)) }
            content = .list(elements)
        case .mapping(let mapping):
            var members: [Member] = []
            for (key, value) in mapping {
                let key = try DocumentNode(key, &room)
                members.append(
                    Member(key: key.text ?? "", keyPlace: key.place, value: try DocumentNode(value, &room)))
            }
            content = .mapping(members)
        case .alias: content = .scalar("")
        }
    }
}

// MARK: - JSON

extension DocumentNode {
    /// The value of a JSON text.
    package init(json text: String) throws(JSONError) {
        var copy = text
        let result = copy.withUTF8 { bytes -> Result<DocumentNode, JSONError> in
            do throws(JSONError) {
                // Bounds the depth before the recursion begins.
                var whole = JSONCursor(bytes)
                try whole.skipValue()
                try whole.expectEnd()
                var cursor = JSONCursor(bytes)
                return .success(try DocumentNode(&cursor))
            } catch {
                return .failure(error)
            }
        }
        self = try result.get()
    }

    private init(_ cursor: inout JSONCursor) throws(JSONError) {
        let first = cursor.peek()
        place = .offset(cursor.offset)
        switch first {
        case UInt8(ascii: "{"):
            var members: [Member] = []
            try cursor.beginObject()
            while let key = try cursor.nextMember() {
                members.append(
                    Member(
                        key: try cursor.text(key), keyPlace: .offset(key.range.lowerBound - 1),
                        value: try DocumentNode(&cursor)))
            }
            content = .mapping(members)
        case UInt8(ascii: "["):
            var elements: [DocumentNode] = []
            try cursor.beginArray()
            while try cursor.nextElement() { elements.append(try DocumentNode(&cursor)) }
            content = .list(elements)
        case UInt8(ascii: "\""):
            content = .scalar(try cursor.text(try cursor.string()))
        default:
            content = .scalar(String(decoding: cursor.bytes[try cursor.skipValue()], as: UTF8.self))
        }
    }
}
