import Foundation

/// Answers as they are kept under their keys, for 46 days: longer than a release lives.
///
/// An answer is the view that was sent, as JSON behind the number of its form. What a later release adds to a view is optional, or
/// ``form`` grows and ``read(_:_:)`` knows how to fill it in. `Tests/LedgerTests/KeptAnswers` has an answer of every kind as each
/// release kept it; all of them must be read.
enum KeptAnswer {
    /// Grows when answers are kept otherwise than before.
    static let form: UInt8 = 1

    /// What is kept of an answer.
    static func bytes(_ answer: some Encodable) throws -> [UInt8] {
        [form] + Array(try WireJSON.encode(answer))
    }

    /// The answer that was kept; nil if it can't be read, as one that a newer release kept.
    static func read<Answer: Decodable>(_ type: Answer.Type, _ bytes: [UInt8]) -> Answer? {
        let json: ArraySlice<UInt8>
        switch bytes.first {
        // Before forms had numbers there was nothing but the JSON.
        case UInt8(ascii: "{")?: json = bytes[...]
        case form?: json = bytes.dropFirst()
        default: return nil
        }
        return try? WireJSON.decode(type, from: Data(json))
    }
}
