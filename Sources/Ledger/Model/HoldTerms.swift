import Foundation
import Metering

/// What an `authorize` asked for beside user, model, tier, usage and ttl, as it is kept with the hold: so that the same request
/// sent again is known, and another one under the same id is refused.
struct HoldTerms: Codable, Equatable {
    struct Candidate: Codable, Equatable {
        var model: String
        var provider: String?
        var amount: String?
    }

    var models: [Candidate]?
    var amount: String?
    var cap: String?

    init(models: [Candidate]? = nil, amount: Money? = nil, cap: Money? = nil) {
        self.models = models
        self.amount = amount?.description
        self.cap = cap?.description
    }

    init(_ request: HoldRequest) {
        self.init(
            models: request.candidates?.map {
                Candidate(model: $0.model, provider: $0.provider, amount: $0.amount?.description)
            },
            amount: request.amount, cap: request.cap)
    }

    /// Whether the hold's other columns say all of it.
    func isImplied(usage: String?) -> Bool {
        models == nil && cap == nil && (amount == nil || usage == nil)
    }

    /// The first member that differs; nil if none does.
    func firstDifference(from other: HoldTerms) -> String? {
        if models != other.models { return "models" }
        if cap != other.cap { return "cap" }
        return amount == other.amount ? nil : "amount"
    }

    func encoded() throws(SQLiteError) -> String {
        do {
            return String(decoding: try WireJSON.encode(self), as: UTF8.self)
        } catch {
            throw SQLiteError(code: 1, extendedCode: 1, message: "a hold's terms can't be encoded")
        }
    }

    /// The terms that a hold's row says.
    init(kept: String?, amount: Int64, usage: String?, number: Int64) throws(SQLiteError) {
        guard let kept else {
            self.init(amount: usage == nil ? Money(nanos: amount) : nil)
            return
        }
        do {
            self = try WireJSON.decode(HoldTerms.self, from: Data(kept.utf8))
        } catch {
            throw SQLiteError.damaged("the terms of hold \(number) are damaged")
        }
    }
}
