import Background
import Foundation
import Hummingbird
import Ledger
import Metering
import NIOCore

// What models cost.
extension ControlService {
    /// Bytes of an import's body: a table as a JSON string, every quote of it escaped.
    private static let importBytesMax = 2 * RateDocument.bytesMax

    /// Changes that an import's answer names.
    private static let changesShown = 50

    private static let modelQuery = [
        (name: "model", description: "A name as records bear it"),
        (name: "provider", description: "Whose model; needed where several sell it at different prices"),
    ]

    var rateEndpoints: [Endpoint] { cardEndpoints + modelEndpoints + aliasEndpoints }

    private var cardEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/rates/cards", name: "rateCards",
                summary: "Rate cards without their documents, newest first", query: Self.paging,
                response: .page(of: "RateCard")
            ) { request, _ in
                try Endpoint.json(
                    try await reader.rateCards(
                        before: try Endpoint.numericCursor(request), limit: try Endpoint.limit(request)))
            },
            Endpoint(
                method: .get, path: "/v1/rates/cards/{card}", name: "rateCard",
                summary: "A rate card with its document, by number, by the beginning of its hash, or 'current'",
                response: .reference("RateCard")
            ) { _, context in
                let entry = try recordedCard(try Endpoint.parameter("card", context))
                guard let card = try await reader.rateCard(entry.id) else { throw Self.noCard("\(entry.id)") }
                return try Endpoint.json(card)
            },
            Endpoint(
                method: .get, path: "/v1/rates/cards/{card}/export", name: "exportRateCard",
                summary: "A rate card as YAML to edit; one that was recorded as YAML exactly as it was",
                response: .string
            ) { _, context in
                let entry = try recordedCard(try Endpoint.parameter("card", context))
                guard let document = try await reader.rateCard(entry.id)?.document else {
                    throw Self.noCard("\(entry.id)")
                }
                return Response(
                    status: .ok, headers: [.contentType: "application/yaml; charset=utf-8"],
                    body: .init(byteBuffer: ByteBuffer(string: try yaml(document, entry))))
            },
            Endpoint(
                method: .post, path: "/v1/rates/cards", name: "importRates",
                summary: "Put a table of rates on record, or see what it would change",
                body: .members(
                    [
                        ("document", .string),
                        ("format", ["type": "string", "enum": .list(RateFormat.allCases.map { .text($0.rawValue) })]),
                        ("effective", .time), ("source", .string), ("actor", .string), ("dry_run", .boolean),
                    ], required: ["document", "source", "actor", "dry_run"]), response: .reference("RateImport")
            ) { request, _ in
                let body = try await Endpoint.longBody(
                    RateImportBody.self, request, bytesMax: Self.importBytesMax)
                return try await importRates(body, request)
            },
            Endpoint(
                method: .post, path: "/v1/rates/upgrade", name: "upgradeRates",
                summary: "Put the table that the installed package brings on record, or see what it would change",
                body: .members(
                    [("effective", .time), ("actor", .string), ("dry_run", .boolean)], required: ["actor", "dry_run"]),
                response: .reference("RateImport")
            ) { request, context in
                let body = try await Endpoint.body(RateUpgradeBody.self, request, context)
                return try await upgradeRates(body, request)
            },
            Endpoint(
                method: .get, path: "/v1/rates/diff", name: "diffRateCards", summary: "What is different on two cards",
                query: [
                    (name: "from", description: "A card; the one before 'to' if absent"),
                    (name: "to", description: "A card; the one in force if absent"),
                ], response: .reference("RateDiff")
            ) { request, _ in
                let book = rates()
                let to = try recordedCard(Endpoint.text(request, "to") ?? "current")
                let before = book.entries.last { ($0.effective, $0.id) < (to.effective, to.id) }
                let from = try Endpoint.text(request, "from").map { try recordedCard($0) } ?? before
                guard let from else { throw Problem(.notFound, "there is no card before card \(to.id)") }
                return try Endpoint.json(
                    RateDiffView(
                        from: RateCardView(from), to: RateCardView(to),
                        changes: try book.glance(from).changes(to: try book.glance(to))))
            },
        ]
    }

    private var modelEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/rates/model", name: "showRate",
                summary: "What a model costs, and how its name was understood",
                query: Self.modelQuery + [
                    (name: "at", description: "When, RFC 3339; now if absent"),
                    (name: "card", description: "By which card; by the one in force then if absent"),
                ], requiredQuery: ["model"], response: .reference("Rate")
            ) { request, _ in
                let at = try Endpoint.time(request, "at") ?? clock()
                let entry = try Endpoint.text(request, "card").map { try recordedCard($0) } ?? rates().entry(at: at)
                guard let entry else { throw Problem(.notFound, "no rate card is in force at \(at)") }
                let (rate, name) = try rate(request, on: entry)
                return try Endpoint.json(Self.view(rate, foundAs: name, entry))
            },
            Endpoint(
                method: .get, path: "/v1/rates/history", name: "rateHistory",
                summary: "The cards that changed a model's rate, newest first",
                query: Self.modelQuery + [
                    (name: "cursor", description: "The next_cursor of the page before"),
                    (name: "limit", description: "Cards to look through, 1 to 1000; 100 if absent"),
                ], requiredQuery: ["model"], response: .page(of: "RateHistory")
            ) { request, _ in try Endpoint.json(try history(request)) },
        ]
    }

    private var aliasEndpoints: [Endpoint] {
        [
            Endpoint(
                method: .get, path: "/v1/rates/aliases", name: "modelAliases",
                summary: "Names that operators gave to models", response: .page(of: "ModelAlias")
            ) { _, _ in try Endpoint.json(Page(items: try await reader.aliases(), nextCursor: nil)) },
            Endpoint(
                method: .post, path: "/v1/rates/aliases", name: "nameModel",
                summary: "Give a model another name, or, without 'model', take one back",
                body: .members(
                    [("alias", .string), ("model", .string), ("provider", .string), ("actor", .string)],
                    required: ["alias", "actor"]), response: .reference("ModelAlias")
            ) { request, context in
                let body = try await Endpoint.body(AliasBody.self, request, context)
                for (name, text) in [("alias", body.alias), ("model", body.model), ("provider", body.provider)] {
                    guard let text else { continue }
                    guard (1...256).contains(text.utf8.count), !text.utf8.contains(0) else {
                        throw Problem(.malformed, "\(name) must be 1 to 256 bytes, without NUL")
                    }
                }
                try Self.check(words: body.actor, "actor")
                let key = try Endpoint.key(request, route: "nameModel", body: body)
                let alias = ModelAlias(
                    alias: body.alias, model: body.model, provider: body.provider.map { RateCard.canonicalProvider($0) }
                )
                return try await answer(.nameModel(alias, actor: body.actor, key))
            },
        ]
    }

    // MARK: Cards

    private static func noCard(_ name: String) -> Problem {
        Problem(.notFound, "there is no rate card '\(name)'; meterctl rates list shows those there are")
    }

    private func recordedCard(_ name: String) throws -> RateBook.Entry {
        guard let entry = rates().entry(named: name, at: clock()) else { throw Self.noCard(name) }
        return entry
    }

    /// A document as people edit it: a YAML one as it is, a JSON one written out.
    private func yaml(_ document: String, _ entry: RateBook.Entry) throws -> String {
        guard document.utf8.first == UInt8(ascii: "{") else { return document }
        return RateDocument.yaml(
            try rates().glance(entry).rates,
            comment: [
                "Rate card \(entry.id), in force from \(entry.effective), recorded \(entry.recorded).",
                "Source: \(entry.source)", "SHA-256 \(entry.hash)", "",
                "US dollars per million tokens; web_search and request per thousand. docs/rates.md says how to read and edit it.",
                "meterctl rates import FILE puts an edited copy on record.",
            ])
    }

    private func importRates(_ body: RateImportBody, _ request: Request) async throws -> Response {
        var format: RateFormat?
        if let name = body.format {
            format = RateFormat(rawValue: name)
            guard format != nil else {
                let names = RateFormat.allCases.map(\.rawValue).joined(separator: " or ")
                throw Problem(.malformed, "format must be \(names)")
            }
        }
        let effective = try Self.effective(body.effective)
        try Self.check(line: body.source, "source")
        try Self.check(line: body.actor, "actor")
        return try await take(
            body.document, format: format, source: "\(body.source), imported by \(body.actor)"
        ) { hash in
            guard !body.dryRun else { return nil }
            // The table itself is long: its hash stands for it under the key.
            var asked = body
            asked.document = hash
            return try Endpoint.key(request, route: "importRates", body: asked)
        } effective: { _ in
            effective
        }
    }

    /// Takes the package's table. It holds from now on if it doesn't say a later time itself: an upgrade changes no price of the past.
    private func upgradeRates(_ body: RateUpgradeBody, _ request: Request) async throws -> Response {
        let effective = try Self.effective(body.effective)
        try Self.check(line: body.actor, "actor")
        let file = try packageRates()
        let now = clock()
        let inForce = rates().entry(at: now)
        return try await take(file.document, format: nil, source: "\(file.path), taken by \(body.actor)") { _ in
            body.dryRun ? nil : try Endpoint.key(request, route: "upgradeRates", body: body)
        } effective: { table in
            if let effective { return effective }
            // One that is in force already is not recorded again.
            if let inForce, inForce.hash == table.card.hash { return inForce.effective }
            return max(now, table.card.effective ?? now)
        }
    }

    private static func check(line: String, _ name: String) throws {
        try check(words: line, name)
        guard !line.unicodeScalars.contains(where: endsLineOrActs) else {
            throw Problem(.malformed, "\(name) must be one line without control characters")
        }
    }

    /// Puts a table on record under a key; without one, says what that would change.
    private func take(
        _ document: String, format: RateFormat?, source: String, key: (_ hash: String) throws -> IdempotencyKey?,
        effective: (RateTable) -> Timestamp?
    ) async throws -> Response {
        let (book, now) = (rates(), clock())
        let inForce = try book.entry(at: now).map { try book.card($0) }
        let (hash, table, shared, changes) = try await BackgroundThread.run("import") {
            let table: RateTable
            do throws(RateDocumentError) {
                table = try RateTable(document, format: format)
            } catch {
                throw Problem(.malformed, error.description)
            }
            let card = inForce.map { table.card.sharing($0) } ?? table.card
            return (RateDocument.hash(of: document), table, card, inForce?.changes(to: card) ?? [])
        }
        var view = RateImportView(
            card: nil, isNew: false, otherInForce: nil, rates: table.card.rates.count,
            added: inForce == nil ? table.card.rates.count : changes.count { $0.kind == .added },
            changed: changes.count { $0.kind == .changed }, removed: changes.count { $0.kind == .removed },
            changes: Array(changes.prefix(Self.changesShown)), report: table.report)
        if let key = try key(hash) {
            let card = NewCard(
                document: table.document, card: shared, source: source, effective: effective(table))
            switch await writer.perform(.recordCard(card, key)) {
            case .card(let card, let isNew):
                (view.card, view.isNew) = (card, isNew)
                if let other = rates().entry(at: clock()), other.id != card.card {
                    view.otherInForce = RateCardView(other)
                }
            case .refused(let refusal): throw Problem(refusal)
            default: throw Problem(.unknownOutcome, "the daemon gave an answer of another kind")
            }
        }
        return try Endpoint.json(view)
    }

    private static func effective(_ text: String?) throws -> Timestamp? {
        guard let text else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw Problem(.malformed, "effective must be an RFC 3339 time, such as 2026-11-24T00:00:00Z")
        }
        return time
    }

    private static func endsLineOrActs(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        default: false
        }
    }

    // MARK: Models

    private func rate(_ request: Request, on entry: RateBook.Entry) throws -> (rate: Rate, foundAs: String) {
        guard let model = Endpoint.text(request, "model"), !model.isEmpty else {
            throw Problem(.malformed, "model is missing; expected a name as records bear it")
        }
        let provider = Endpoint.text(request, "provider").map { RateCard.canonicalProvider($0) }
        switch try rates().resolve(model, provider: provider, on: entry) {
        case .rate(let rate, let name): return (rate, name)
        case .unknown:
            let seller = provider.map { " of \($0)" } ?? ""
            throw Problem(
                .notFound,
                "card \(entry.id) has no model '\(model)'\(seller); meterctl rates import or rates alias add can give it one"
            )
        case .severalSellers(let providers): throw Self.severalSellers(model, providers)
        }
    }

    private static func severalSellers(_ model: String, _ providers: [String]) -> Problem {
        Problem(
            .malformed,
            "'\(model)' is sold by \(providers.joined(separator: ", ")) at different prices; say whose with provider")
    }

    private static func view(_ rate: Rate, foundAs name: String, _ entry: RateBook.Entry) -> RateView {
        RateView(
            provider: rate.provider, model: rate.model, foundAs: name, defaultNames: rate.defaultNames.sorted(),
            aliases: rate.aliases, prices: rate.priceList.map { RateView.Price(price: $0.0, amount: $0.1) },
            unused: rate.unused, card: RateCardView(entry))
    }

    /// Walks the cards from the newest back, as they hold, and tells those on which the rate is not that of the one before.
    private func history(_ request: Request) throws -> Page<RateHistoryView> {
        let book = rates()
        guard let model = Endpoint.text(request, "model"), !model.isEmpty else {
            throw Problem(.malformed, "model is missing; expected a name as records bear it")
        }
        let provider = Endpoint.text(request, "provider").map { RateCard.canonicalProvider($0) }
        let limit = try Endpoint.limit(request)
        let cursor = try Endpoint.numericCursor(request).map(Int.init) ?? book.entries.count
        guard cursor <= book.entries.count else { throw Problem(.malformed, "cursor must be one that was given") }
        func rate(_ index: Int) throws -> Rate? {
            guard index >= 0 else { return nil }
            let card = try book.glance(book.entries[index])
            switch book.resolve(model, provider: provider, on: card) {
            case .rate(let rate, _): return rate
            case .unknown: return nil
            case .severalSellers(let providers): throw Self.severalSellers(model, providers)
            }
        }
        var items: [RateHistoryView] = []
        var index = cursor - 1
        var current = try rate(index)
        let last = max(-1, index - limit)
        while index > last {
            let before = try rate(index - 1)
            if let change = Rate.change(from: before, to: current) {
                items.append(RateHistoryView(card: RateCardView(book.entries[index]), change: change))
            }
            current = before
            index -= 1
        }
        return Page(items: items, nextCursor: index >= 0 ? "\(index + 1)" : nil)
    }
}
