import Metering

/// The file of taxes (`format: meterd-tax/1`), as YAML or JSON. What may stand in it: `docs/billing.md`.
public enum TaxDocument {
    /// Reads a whole document, or refuses it whole.
    public static func parse(_ text: String) throws(BillingDocumentError) -> TaxTable {
        try DocumentNode.read(text) { root in
            let top = try root.members(of: "the document", allowing: ["format", "seller", "rates"])
            try (top["format"] ?? root).expectFormat("meterd-tax/1")
            var rates: [TaxRate] = []
            for node in try top["rates"]?.elements("rates") ?? [] {
                let new = try rate(node)
                for rate in rates where rate.place == new.place && rate.from == new.from {
                    guard rate.products.isDisjoint(with: new.products) else {
                        throw DocumentProblem("\(new.place) has two rates from \(new.from)", node.place)
                    }
                }
                rates.append(new)
            }
            return TaxTable(seller: try top["seller"].map(seller), rates: rates)
        }
    }

    private static func seller(_ node: DocumentNode) throws -> TaxPlace {
        try place(try node.members(of: "seller", allowing: ["country", "region"]), in: node)
    }

    private static func place(_ members: [String: DocumentNode], in node: DocumentNode) throws -> TaxPlace {
        guard let country = members["country"]?.text, country.utf8.count == 2,
            country.utf8.allSatisfy({ (0x41...0x5A).contains($0) })
        else {
            throw DocumentProblem(
                "country must be two capital letters (ISO 3166-1 alpha-2)", (members["country"] ?? node).place)
        }
        return TaxPlace(country: country, region: try members["region"]?.name("region"))
    }

    private static func rate(_ node: DocumentNode) throws -> TaxRate {
        let members = try node.members(
            of: "a rate", allowing: ["country", "region", "name", "percent", "from", "on", "inclusive"])
        let percentNode = members["percent"] ?? node
        guard let text = percentNode.text, let microPercent = Money.scaled(decimal: text, places: 6),
            (0...100_000_000).contains(microPercent)
        else {
            throw DocumentProblem(
                "percent must be a decimal from 0 to 100, with at most six decimals", percentNode.place)
        }
        let fromNode = members["from"] ?? node
        guard let from = fromNode.text.flatMap({ CalendarDay($0) }) else {
            throw DocumentProblem("from must be a day such as 2026-01-01", fromNode.place)
        }
        var products = Set(Product.allCases)
        if let list = members["on"] {
            products = []
            for element in try list.elements("on") {
                guard let product = element.text.flatMap({ Product(rawValue: $0) }) else {
                    throw DocumentProblem("on takes seats and credits", element.place)
                }
                products.insert(product)
            }
            guard !products.isEmpty else { throw DocumentProblem("on is empty", list.place) }
        }
        var isInclusive = false
        if let word = members["inclusive"] {
            guard word.text == "true" || word.text == "false" else {
                throw DocumentProblem("inclusive must be true or false", word.place)
            }
            isInclusive = word.text == "true"
            guard !isInclusive || !products.contains(.credits) else {
                throw DocumentProblem(
                    "credits are sold at their face value, so that their tax can't be included: add on: [seats]",
                    word.place)
            }
        }
        return TaxRate(
            place: try place(members, in: node), name: try (members["name"] ?? node).name("name"),
            microPercent: microPercent, from: from, products: products, isInclusive: isInclusive)
    }
}
