import Metering

/// What is sold.
public enum Product: String, Sendable, Hashable, CaseIterable, Codable {
    /// A subscription's seats.
    case seats
    /// Prepaid credits.
    case credits
}

/// Where somebody is, for tax.
public struct TaxPlace: Sendable, Hashable, Codable, CustomStringConvertible {
    /// ISO 3166-1 alpha-2.
    public let country: String
    /// A region of it, as the table calls it: `NY`, `QC`.
    public let region: String?

    /// A place.
    public init(country: String, region: String?) {
        self.country = country
        self.region = region
    }

    /// `US-NY`
    public var description: String { region.map { "\(country)-\($0)" } ?? country }
}

/// Who buys, for tax.
public struct TaxPayer: Sendable, Hashable {
    /// Where they are; nil where nobody has said.
    public let place: TaxPlace?
    /// Their VAT number, where they have one.
    public let vatID: VATIdentifier?
    /// Why they pay no tax, such as the number of a certificate; nil where they do.
    public let exemption: String?

    /// A buyer.
    public init(place: TaxPlace?, vatID: VATIdentifier? = nil, exemption: String? = nil) {
        self.place = place
        self.vatID = vatID
        self.exemption = exemption
    }
}

/// One rate of tax, from one day on.
public struct TaxRate: Sendable, Hashable, Codable {
    /// Where it is levied. Without a region: in all of the country's that have none of their own.
    public let place: TaxPlace
    /// What the place calls the tax: `VAT`, `USt.`, `Sales tax`.
    public let name: String
    /// Millionths of a percent: 19 % is 19,000,000.
    public let microPercent: Int64
    /// The first day on which it holds, until a later one for the same place and product begins.
    public let from: CalendarDay
    /// What it is levied on.
    public let products: Set<Product>
    /// Whether prices contain it already. Those of credits never do: what is bought is what is spent.
    public let isInclusive: Bool

    /// A rate.
    public init(
        place: TaxPlace, name: String, microPercent: Int64, from: CalendarDay, products: Set<Product>,
        isInclusive: Bool
    ) {
        self.place = place
        self.name = name
        self.microPercent = microPercent
        self.from = from
        self.products = products
        self.isInclusive = isInclusive
    }

    /// `8.875`
    public var percent: String { Money.trimmedDecimal(microPercent, places: 6) }
}

/// Which rule decided the tax of a line.
public enum TaxRule: Sendable, Hashable, Codable {
    /// A rate of the table.
    case rate(TaxRate)
    /// The buyer accounts for the tax: services to a business of another member state, Article 196 of Directive 2006/112/EC.
    case reverseCharge(vatID: String)
    /// The buyer pays none, for that reason.
    case exempt(String)
    /// The table has no rate for that place; nil: nobody has said where the buyer is.
    case noRate(TaxPlace?)

    /// What a line of an invoice says of it.
    public var words: String {
        switch self {
        case .rate(let rate): "\(rate.percent) % \(rate.name) (\(rate.place))\(rate.isInclusive ? ", included" : "")"
        case .reverseCharge(let vatID):
            "Reverse charge: VAT is to be accounted for by \(vatID) (Article 196, Directive 2006/112/EC)"
        case .exempt(let reason): "Exempt: \(reason)"
        case .noRate(let place?): "No tax: no rate for \(place)"
        case .noRate(nil): "No tax: the buyer's country is not known"
        }
    }
}

/// A price with its tax. `net` + `tax` = `gross`, each whole cents.
public struct TaxedAmount: Sendable, Hashable {
    /// Without tax.
    public let net: Money
    /// The tax.
    public let tax: Money
    /// What is to be paid.
    public let gross: Money
    /// Why.
    public let rule: TaxRule
}

/// Rates of tax by place and day, and where the seller is.
public struct TaxTable: Sendable, Hashable {
    /// Where the seller is; nil: nowhere that matters, no reverse charge.
    public let seller: TaxPlace?
    private let rates: [TaxRate]

    /// Whether it has no rate at all.
    public var isEmpty: Bool { rates.isEmpty }

    /// No tax anywhere.
    public static let none = TaxTable(seller: nil, rates: [])

    /// A table.
    public init(seller: TaxPlace?, rates: [TaxRate]) {
        self.seller = seller
        // The latest first, so that the first that holds is the one in force.
        self.rates = rates.sorted { $0.from > $1.from }
    }

    /// Which rule decides the tax of something sold on a day.
    public func rule(for product: Product, to buyer: TaxPayer, on day: CalendarDay) -> TaxRule {
        if let reason = buyer.exemption { return .exempt(reason) }
        guard let place = buyer.place else { return .noRate(nil) }
        if let seller, let vatID = buyer.vatID, vatID.country == place.country, place.country != seller.country {
            return .reverseCharge(vatID: vatID.description)
        }
        func rate(in place: TaxPlace) -> TaxRate? {
            rates.first { $0.place == place && $0.from <= day && $0.products.contains(product) }
        }
        let rate = rate(in: place) ?? rate(in: TaxPlace(country: place.country, region: nil))
        return rate.map(TaxRule.rate) ?? .noRate(place)
    }

    /// A price with the tax of something sold on a day, rounded once to the cent, half to even. Nil where that is more than an
    /// amount can hold.
    ///
    /// - Parameter price: as the plan says it: without tax, or with it where the rate is an inclusive one.
    public func taxed(
        _ price: Money, for product: Product, to buyer: TaxPayer, on day: CalendarDay
    ) -> TaxedAmount? {
        let rule = rule(for: product, to: buyer, on: day)
        guard case .rate(let rate) = rule else { return TaxedAmount(net: price, tax: .zero, gross: price, rule: rule) }
        let part = Int128(price.nanos) * Int128(rate.microPercent)
        let whole: Int128 = 100_000_000
        if rate.isInclusive {
            guard let tax = Proration.roundedToCent(part, over: whole + Int128(rate.microPercent)),
                let net = price.subtracting(tax)
            else { return nil }
            return TaxedAmount(net: net, tax: tax, gross: price, rule: rule)
        }
        guard let tax = Proration.roundedToCent(part, over: whole), let gross = price.adding(tax) else { return nil }
        return TaxedAmount(net: price, tax: tax, gross: gross, rule: rule)
    }
}
