// What readers of documents share.
extension DocumentNode {
    /// A document as a tree: JSON where it begins with a brace, YAML otherwise.
    package init(_ document: String, bytesMax: Int) throws {
        guard document.utf8.count <= bytesMax else {
            throw DocumentProblem("the document is larger than \(bytesMax) bytes", nil)
        }
        if document.utf8.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") {
            do {
                self = try DocumentNode(json: document)
            } catch {
                throw DocumentProblem("not valid JSON: \(error.message)", .offset(error.offset))
            }
            return
        }
        do {
            guard let root = try DocumentNode(yaml: document) else {
                throw DocumentProblem("the document is empty", nil)
            }
            self = root
        } catch let problem as DocumentProblem {
            throw problem
        } catch {
            let words = "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
            throw DocumentProblem("not valid YAML: \(words.prefix(300))", nil)
        }
    }

    /// The members of a mapping, each there once and known by name.
    package func members(of what: String, allowing names: [String]) throws -> [String: DocumentNode] {
        guard let mapping else { throw DocumentProblem("\(what) must be a mapping", place) }
        var members: [String: DocumentNode] = Dictionary(minimumCapacity: mapping.count)
        for member in mapping {
            guard names.contains(member.key) else {
                throw DocumentProblem(
                    "\(what) has no member '\(member.key)'; it takes \(names.joined(separator: ", "))",
                    member.keyPlace)
            }
            guard members.updateValue(member.value, forKey: member.key) == nil else {
                throw DocumentProblem("\(member.key) is there twice", member.keyPlace)
            }
        }
        return members
    }
}
