import Metering

/// What an operator decided about an org's requests. A nil limit is the default.
public struct OrgPolicy: Sendable, Hashable {
    /// Output tokens that an `authorize` without an output limit reserves; nil for none.
    public var defaultOutputTokens: Int64?
    /// How far the worst cases of open holds may lie above what is held for them, in sum; nil for
    /// ``LedgerLimits/cappedExposureDefault``.
    public var cappedExposureMax: Money?
    /// The models that may be asked for, as patterns; nil for all.
    public var allowedModels: [ModelPattern]?
    /// Whether a hold that expires unsettled is charged what it had reserved.
    public var chargesExpiredHolds = false
    /// Wholly unpriced usage records beyond which `authorize` is refused, 0 for any number; nil for the daemon's default.
    public var unpricedRecordsMax: Int64?
    /// What may be done with what its members send.
    public var data = DataPolicy()
    /// The OpenID issuer that members have to sign in at; nil if any sign-in is good.
    public var signInIssuer: String?

    /// The defaults.
    public init() {}

    /// Whether a sign-in at that issuer is good for this org.
    func accepts(issuer: String) -> Bool { signInIssuer == nil || signInIssuer == issuer }

    /// Whether a model may be asked for.
    func allows(_ model: ResolvedModel?) -> Bool {
        guard let allowedModels else { return true }
        guard let model else { return false }
        return allowedModels.contains { $0.matches(model) }
    }
}

/// What an org allows to be done with what its members send. meterd keeps the choices and hands them out; programs that see the
/// requests have to follow them. Nil where nobody has chosen.
public struct DataPolicy: Codable, Sendable, Hashable {
    /// Whether requests and answers may train models.
    public var allowTraining: Bool?
    /// Whether how the product is used may be evaluated.
    public var allowUsageAnalytics: Bool?
    /// Whether sums without names may be reported to others.
    public var allowAnonymizedReporting: Bool?

    /// Choices.
    public init(
        allowTraining: Bool? = nil, allowUsageAnalytics: Bool? = nil, allowAnonymizedReporting: Bool? = nil
    ) {
        self.allowTraining = allowTraining
        self.allowUsageAnalytics = allowUsageAnalytics
        self.allowAnonymizedReporting = allowAnonymizedReporting
    }

    /// Whether anything was chosen.
    public var isSet: Bool { self != DataPolicy() }

    /// Each choice by its name in the protocol.
    public var choices: [(name: String, allows: Bool?)] {
        [
            ("allow_training", allowTraining), ("allow_usage_analytics", allowUsageAnalytics),
            ("allow_anonymized_reporting", allowAnonymizedReporting),
        ]
    }
}

/// A model as the rate card in force knows it, or as it was named if there is no rate.
struct ResolvedModel: Hashable, CustomStringConvertible {
    var provider: String?
    var model: String

    var description: String { (provider.map { $0 + "/" } ?? "") + model }
}

/// A model that may be asked for: `provider/model`, `provider/*`, or `model` of any provider.
public struct ModelPattern: Sendable, Hashable, CustomStringConvertible {
    private let provider: String?
    /// Nil for all models of the provider.
    private let model: String?

    /// Bytes of a pattern.
    public static let bytesMax = 513

    /// The pattern that a text says; nil if it says none. What stands before the first slash is the provider.
    public init?(_ text: String) {
        guard (1...Self.bytesMax).contains(text.utf8.count), text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) else {
            return nil
        }
        guard let slash = text.firstIndex(of: "/") else {
            guard text != "*" else { return nil }
            (provider, model) = (nil, text)
            return
        }
        let (head, tail) = (String(text[..<slash]), String(text[text.index(after: slash)...]))
        guard !head.isEmpty, head != "*", !tail.isEmpty else { return nil }
        provider = RateCard.canonicalProvider(head)
        model = tail == "*" ? nil : tail
    }

    func matches(_ resolved: ResolvedModel) -> Bool {
        if let provider, provider != resolved.provider { return false }
        return model == nil || model == resolved.model
    }

    /// The pattern's text.
    public var description: String { (provider.map { $0 + "/" } ?? "") + (model ?? "*") }
}

/// What is to become of one part of a policy.
public enum PolicyChange<Value: Sendable & Hashable>: Sendable, Hashable {
    /// It stays.
    case unchanged
    /// It is this from now on; nil for the default.
    case set(Value?)

    func apply(to value: inout Value?) {
        if case .set(let new) = self { value = new }
    }
}

/// Changes of an org's policy; what is not named stays.
public struct OrgPolicyChange: Sendable, Hashable {
    /// See ``OrgPolicy/defaultOutputTokens``.
    public var defaultOutputTokens = PolicyChange<Int64>.unchanged
    /// See ``OrgPolicy/cappedExposureMax``.
    public var cappedExposureMax = PolicyChange<Money>.unchanged
    /// See ``OrgPolicy/allowedModels``.
    public var allowedModels = PolicyChange<[ModelPattern]>.unchanged
    /// See ``OrgPolicy/chargesExpiredHolds``.
    public var chargesExpiredHolds: Bool?
    /// See ``OrgPolicy/unpricedRecordsMax``.
    public var unpricedRecordsMax = PolicyChange<Int64>.unchanged
    /// See ``DataPolicy/allowTraining``.
    public var allowTraining = PolicyChange<Bool>.unchanged
    /// See ``DataPolicy/allowUsageAnalytics``.
    public var allowUsageAnalytics = PolicyChange<Bool>.unchanged
    /// See ``DataPolicy/allowAnonymizedReporting``.
    public var allowAnonymizedReporting = PolicyChange<Bool>.unchanged
    /// See ``OrgPolicy/signInIssuer``.
    public var signInIssuer = PolicyChange<String>.unchanged

    /// No change.
    public init() {}

    func apply(to policy: inout OrgPolicy) {
        defaultOutputTokens.apply(to: &policy.defaultOutputTokens)
        cappedExposureMax.apply(to: &policy.cappedExposureMax)
        allowedModels.apply(to: &policy.allowedModels)
        if let chargesExpiredHolds { policy.chargesExpiredHolds = chargesExpiredHolds }
        unpricedRecordsMax.apply(to: &policy.unpricedRecordsMax)
        allowTraining.apply(to: &policy.data.allowTraining)
        allowUsageAnalytics.apply(to: &policy.data.allowUsageAnalytics)
        allowAnonymizedReporting.apply(to: &policy.data.allowAnonymizedReporting)
        signInIssuer.apply(to: &policy.signInIssuer)
    }
}

/// An org's policy, as it is shown.
public struct OrgPolicyView: Codable, Sendable, Hashable {
    /// The org.
    public let org: String
    /// Output tokens that an `authorize` without an output limit reserves; nil for none.
    public let defaultOutputTokens: Int64?
    /// By how much open holds may be below their worst cases, in US dollars.
    public let cappedExposureMax: String
    /// By how much they are at present.
    public let cappedExposure: String
    /// The models that may be asked for; nil for all.
    public let allowedModels: [String]?
    /// Whether a hold that expires unsettled is charged what it had reserved.
    public let chargeExpiredHolds: Bool
    /// Wholly unpriced records beyond which `authorize` is refused, 0 for any number; nil for the daemon's default.
    public let unpricedRecordsMax: Int64?
    /// Records that are wholly unpriced at present.
    public let unpricedRecords: Int64
    /// What may be done with what its members send; nil if nobody has chosen anything.
    public let data: DataPolicy?
    /// The OpenID issuer that members have to sign in at; nil if any sign-in is good.
    public let signInIssuer: String?

    init(org: String, _ policy: OrgPolicy, exposure: Int64, unpriced: Int64) {
        self.org = org
        defaultOutputTokens = policy.defaultOutputTokens
        cappedExposureMax = (policy.cappedExposureMax ?? LedgerLimits.cappedExposureDefault).description
        cappedExposure = Money(nanos: exposure).description
        allowedModels = policy.allowedModels?.map(\.description)
        chargeExpiredHolds = policy.chargesExpiredHolds
        unpricedRecordsMax = policy.unpricedRecordsMax
        unpricedRecords = unpriced
        data = policy.data.isSet ? policy.data : nil
        signInIssuer = policy.signInIssuer
    }
}

extension OrgPolicyChange {
    /// Whether it changes nothing but what a team decides by itself: which models are allowed, and what may be done with data.
    public var isOfTeamOnly: Bool {
        var own = OrgPolicyChange()
        own.allowedModels = allowedModels
        own.allowTraining = allowTraining
        own.allowUsageAnalytics = allowUsageAnalytics
        own.allowAnonymizedReporting = allowAnonymizedReporting
        return self == own
    }
}
