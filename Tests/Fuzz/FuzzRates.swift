import Foundation
import Metering

/// A table is refused or read; what was read is the same when it is written in our form, as YAML and as JSON, and read again.
func fuzzRates(_ bytes: UnsafeBufferPointer<UInt8>) -> CInt {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let table = try? RateTable(text) else { return 0 }
    for document in [RateDocument.json(table.card.rates), RateDocument.yaml(table.card.rates)] {
        guard let again = try? RateDocument.parse(document) else {
            fatalError("our own form can't be read: \(document)")
        }
        hold(again.rates == table.card.rates, "other rates after a round")
    }
    return 0
}
