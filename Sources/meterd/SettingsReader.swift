import Access
import Billing
import Configuration
import Control
import Foundation
import Glibc
import Ingest
import Ledger
import Logging
import Metering
import SystemPackage
import SystemdSupport

/// Reads values by key and collects what is wrong with them.
struct SettingsReader {
    let reader: ConfigReader
    var problems: [String]

    // Every value is read as text, so that what it holds can be told when it is wrong.
    private func text(_ key: String) -> String? {
        reader.string(forKey: ConfigKey(key))
    }

    mutating func path(_ key: String, default fallback: String) -> String {
        guard let path = text(key) else { return fallback }
        if path.isEmpty { problems.append("\(key): is empty; expected a path") }
        return path
    }

    /// A path; nil if it is empty, or left out without a default.
    func optionalPath(_ key: String, default fallback: String? = nil) -> String? {
        (text(key) ?? fallback).flatMap { $0.isEmpty ? nil : $0 }
    }

    mutating func returnURL(_ key: String) -> ReturnURL? {
        guard let text = text(key), !text.isEmpty else { return nil }
        let url = ReturnURL(text)
        if url == nil { problems.append("\(key): is '\(text)'; expected an https URL of at most 1,024 characters") }
        return url
    }

    /// What people may do by themselves.
    mutating func people() -> PeopleSettings {
        var people = PeopleSettings()
        people.signUp = choice("dashboard.sign_up", default: .invited)
        if let text = text("dashboard.support"), !text.isEmpty {
            if text.utf8.count > 256 || text.unicodeScalars.contains(where: { $0.value < 0x20 }) {
                problems.append("dashboard.support: expected an address or a page, of at most 256 bytes in one line")
            }
            people.support = text
        }
        if let text = text("dashboard.orders_per_day_max") {
            let amount = Money(decimal: text)
            if amount.map({ $0 < .zero }) ?? true {
                problems.append(
                    "dashboard.orders_per_day_max: is '\(text)'; expected US dollars, such as 5000, or 0 for any amount"
                )
            }
            people.ordersPerDayMax = amount == .zero ? nil : amount
        }
        return people
    }

    /// Who is believed what a request cost.
    mutating func costPolicies() -> CostPolicies {
        var policies = CostPolicies()
        if let text = text("cost.policy") {
            if let policy = CostPolicy(name: text) {
                policies.standard = policy
            } else {
                let names = CostPolicy.allCases.map(\.name).joined(separator: ", ")
                problems.append("cost.policy: is '\(text)'; expected one of \(names)")
            }
        }
        for (key, policy) in [("cost.fallback", CostPolicy.fallback), ("cost.trust", .trust)] {
            for name in (text(key) ?? "").split(whereSeparator: { $0 == "," || $0 == " " }) {
                let provider = RateCard.canonicalProvider(String(name))
                if policies.providers[provider] != nil {
                    problems.append(
                        "\(key): names '\(name)', which cost.fallback names too; expected it in one of them")
                }
                policies.providers[provider] = policy
            }
        }
        policies.toleranceThousandths = 10 * number("cost.tolerance_percent", default: 1, in: 0...100)
        return policies
    }

    mutating func time(_ key: String) -> Timestamp? {
        guard let text = text(key) else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            problems.append("\(key): is '\(text)'; expected an RFC 3339 time, such as 2026-01-31T00:00:00Z")
            return nil
        }
        return time
    }

    mutating func number(_ key: String, default fallback: Int, in range: ClosedRange<Int>) -> Int {
        guard let text = text(key) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            problems.append("\(key): is '\(text)'; expected a number from \(range.lowerBound) to \(range.upperBound)")
            return fallback
        }
        return number
    }

    mutating func quarantine() -> QuarantineLimits {
        var limits = QuarantineLimits()
        limits.rowsPerMinute = Int64(number("quarantine.lines_per_minute", default: 60_000, in: 0...1_000_000))
        limits.bytesPerMinute = Int64(number("quarantine.mib_per_minute", default: 64, in: 0...65_536)) << 20
        limits.bytesMax = Int64(number("quarantine.mib_max", default: 1024, in: 0...1_048_576)) << 20
        limits.retentionSeconds = Int64(number("quarantine.retention_days", default: 90, in: 1...3650)) * 86_400
        return limits
    }

    mutating func mode(_ key: String, default fallback: mode_t) -> mode_t {
        guard let text = text(key) else { return fallback }
        guard let mode = mode_t(text, radix: 8), mode <= 0o777 else {
            problems.append("\(key): is '\(text)'; expected permissions in octal, in quotes, such as \"0660\"")
            return fallback
        }
        return mode
    }

    mutating func truth(_ key: String, default fallback: Bool) -> Bool {
        switch text(key) {
        case nil: return fallback
        case "true": return true
        case "false": return false
        case let text?:
            problems.append("\(key): is '\(text)'; expected true or false")
            return fallback
        }
    }

    /// A group of this machine, by name.
    mutating func group(_ key: String) -> String? {
        guard let text = text(key), !text.isEmpty else { return nil }
        if getgrnam(text) == nil { problems.append("\(key): this machine has no group '\(text)'") }
        return text
    }

    /// An address and port of this machine.
    mutating func address(_ key: String, loopbackOnly: Bool) -> String? {
        guard let text = text(key), !text.isEmpty else { return nil }
        let address = TCPAddress(text)
        if address == nil || loopbackOnly && address?.isLoopback == false {
            let expected =
                loopbackOnly
                ? "a loopback address and a port, such as 127.0.0.1:9464"
                : "an address and a port, such as 0.0.0.0:8080"
            problems.append("\(key): is '\(text)'; expected \(expected)")
        }
        return text
    }

    /// A value that goes by one of some names.
    mutating func choice<Value: RawRepresentable & CaseIterable>(_ key: String, default fallback: Value) -> Value
    where Value.RawValue == String {
        guard let text = text(key) else { return fallback }
        guard let value = Value(rawValue: text) else {
            let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
            problems.append("\(key): is '\(text)'; expected one of \(names)")
            return fallback
        }
        return value
    }
}
