import Billing
import Ledger
import Metering

// What a course draws.
extension Course {
    static let nanosPerToken: Int64 = 1_000_000
    static let users = ["ana", "bo", "cy", "di"]

    func number(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
    func chance(_ percent: Int) -> Bool { number(0..<100) < percent }

    func key(_ route: String) -> IdempotencyKey {
        counter += 1
        return IdempotencyKey(route: route, key: "k\(counter)", body: "")
    }

    /// Up to six things that proxies ask for.
    func proxyBatch(_ model: Model) throws -> [Mutation] {
        try (0..<number(1..<6)).map { _ in
            let org = Self.orgs[chance(65) ? 0 : 1]
            switch number(0..<10) {
            case 0..<6: return try usage(org, model)
            case 6..<9: return authorize(org, model)
            default:
                let known = model.ledger.orgs[org]?.holds.keys.sorted() ?? []
                return .release(org: org, id: known.suffix(5).randomElement(using: &random) ?? "none")
            }
        }
    }

    private func usage(_ org: String, _ model: Model) throws -> Mutation {
        let holds = (model.ledger.orgs[org]?.holds.keys.sorted() ?? []).suffix(6)
        let hold: String? = chance(30) ? holds.randomElement(using: &random) : nil
        let json = "{\"prompt_tokens\":\([0, 1, 7, 500, 9000, 40_000][number(0..<6)])}"
        counter += 1
        return .usage(
            UsageRecord(
                id: "r\(counter)", org: org, user: chance(80) ? Self.users.randomElement(using: &random) : nil,
                model: ["m", "m", "m", "late", "never"][number(0..<5)], provider: "p",
                at: clock.now.advanced(bySeconds: -[0, 0, 3600, 100_000][number(0..<4)]), hold: hold, usage: json,
                reading: try UsageReading(json: json, provider: "p", model: "m")), received: clock.now)
    }

    private func authorize(_ org: String, _ model: Model) -> Mutation {
        counter += 1
        let tokens = Int64([0, 5, 800, 20_000][number(0..<4)])
        return .authorize(
            HoldRequest(
                id: "h\(counter)", org: org, user: chance(80) ? Self.users.randomElement(using: &random) : nil,
                worst: .amount(Money(nanos: max(1, tokens) * Self.nanosPerToken)),
                cap: chance(20) ? Money(nanos: Int64(number(1..<4000)) * Self.nanosPerToken) : nil,
                ttlSeconds: [1, 60, 600, 86_400][number(0..<4)]))
    }

    /// Something that an operator does with the ledger.
    func operatorsBatch(_ model: Model) -> [Mutation] {
        let org = Self.orgs[number(0..<2)]
        let user = Self.users[number(0..<Self.users.count)]
        func amount() -> Money? { chance(30) ? nil : Money(nanos: Int64(number(0..<90_000)) * Self.nanosPerToken) }
        switch number(0..<100) {
        case 0..<25:
            let expires = [nil, 5, 6000, 400_000].randomElement(using: &random).flatMap { $0 }
            return [
                .grant(
                    NewGrant(
                        org: org, amount: Money(nanos: Int64(number(1..<200_000)) * Self.nanosPerToken),
                        source: GrantSource.allCases.randomElement(using: &random) ?? .purchase,
                        priority: [10, 50][number(0..<2)],
                        expires: expires.map { clock.now.advanced(bySeconds: Int64($0)) },
                        reason: nil), key("grant"))
            ]
        case 25..<30:
            let grant = model.ledger.orgs[org]?.grants.randomElement(using: &random)?.id ?? 999
            return [.voidGrant(org: org, grant: grant, reason: nil, key("void"))]
        case 30..<48:
            let earlier = EarlierSpend(day: .zero, month: .zero, throughSequence: 0, moment: clock.now)
            return [.addMember(org: org, user: user, earlier, key("add"))]
        case 48..<60: return [people(org, model)]
        case 60..<72: return [.removeMember(org: org, user: user, key("remove"))]
        case 72..<82: return [.limitMember(org: org, user: user, daily: amount(), monthly: amount(), key("limit"))]
        case 82..<86: return [.setBudget(org: org, amount(), key("budget"))]
        case 86..<88:
            var change = OrgPolicyChange()
            change.chargesExpiredHolds = chance(60)
            change.cappedExposureMax = .set(chance(50) ? nil : Money(nanos: 3000 * Self.nanosPerToken))
            return [.setPolicy(org: org, change, key("policy"))]
        case 88..<99: return correction(org, model).map { [$0] } ?? []
        default: return number(0..<6) == 0 ? [.closeOrg(org, key("close"))] : []
        }
    }

    /// Something about the people of an org.
    private func people(_ org: String, _ model: Model) -> Mutation {
        let role = OrgRole.allCases[number(0..<3)]
        let known = model.ledger.orgs[org]?.people.keys.sorted() ?? []
        let member = known.randomElement(using: &random) ?? 999
        let open = model.ledger.invitations.filter(\.value.isOpen).sorted { $0.key < $1.key }
        switch number(0..<10) {
        case 0..<4:
            counter += 1
            let hash = Array("\(counter)".utf8) + Array(repeating: 0, count: 32)
            return .invite(
                NewInvitation(
                    org: org, email: "p\(number(0..<4))@example.com", name: nil, role: role,
                    secretHash: Array(hash.prefix(32))), key("invite"))
        case 4..<7:
            let secret = open.randomElement(using: &random)?.value.secret ?? Array(repeating: 7, count: 32)
            guard let identity = SignInIdentity(issuer: "i", subject: "s\(number(0..<4))") else { return .probe }
            return .accept(Acceptance(secretHash: secret, identity: identity, name: nil), key("accept"))
        case 7: return .changeMember(org: org, member: member, .role(role), key("role"))
        case 8: return .changeMember(org: org, member: member, .remove, key("removePerson"))
        default:
            let invitation = open.randomElement(using: &random)?.key ?? 999
            return .changeInvitation(org: org, invitation: invitation, .withdraw, key("withdraw"))
        }
    }

    /// A correction, of a record whose price the model can say and whose detail is there.
    private func correction(_ org: String, _ model: Model) -> Mutation? {
        let usable = (model.ledger.orgs[org]?.order ?? []).filter { id in
            model.ledger.orgs[org]?.records[id].map { model.ledger.isPricedAsNow($0) || $0.isUnpriced } ?? false
        }
        guard model.erased[org] == nil, let id = usable.randomElement(using: &random) else { return nil }
        let isVoid = chance(30) || model.ledger.cards.count > 1
        return .correct(
            NewCorrection(
                org: org, id: id, reason: "because", actor: "operator",
                usage: isVoid ? nil : "{\"prompt_tokens\":\(number(0..<9000))}"), key("correct"))
    }

    func card() throws -> Mutation {
        let effective = clock.now.advanced(bySeconds: [-7200, -60, 0, 60][number(0..<4)])
        return try card(effective: effective, m: number(1..<5), late: number(0..<3))
    }

    /// A card whose price of a token the model reads in a comment.
    func card(effective: Timestamp, m: Int, late: Int) throws -> Mutation {
        var document = "format: meterd/1\neffective: \(effective)\nrates:\n"
        var comments = "# card \(counter)\n"
        counter += 1
        for (model, price) in [("m", m), ("late", late)] where price > 0 {
            document += "  - {model: \(model), provider: p, price: {input: \(price * 1000), output: 1}}\n"
            comments += "# price \(model) \(Int64(price) * Self.nanosPerToken)\n"
        }
        document += comments
        return .recordCard(
            NewCard(document: document, card: try RateDocument.parse(document), source: "test"), nil)
    }

    /// Something that an operator does with a bill.
    func request(_ model: Model) -> Request? {
        let org = Self.orgs[number(0..<2)]
        func request(_ kind: Request.Kind, _ route: String) -> Request {
            Request(kind: kind, org: org, key: key(route))
        }
        let invoice = model.bills.invoices.filter { $0.org == org && !$0.isCreditNote }.randomElement(using: &random)
        switch number(0..<100) {
        case 0..<24: return request(.addSeats(Int64(number(1..<4))), "addSeats")
        case 24..<34: return request(.removeSeats(1), "removeSeats")
        case 34..<38: return request(.keepSeats, "keepSeats")
        case 38..<54:
            let amount = [50, 100, 1234].randomElement(using: &random).map { Int64($0) * 1_000_000_000 } ?? 0
            return request(.buy(Money(nanos: amount)), "buy")
        case 54..<60:
            guard chance(80) else { return request(.setTopUp(nil), "topUp") }
            let (threshold, most) = (Int64(number(1..<100)) * 1_000_000_000, Int64(number(1..<4)))
            return request(
                .setTopUp(
                    TopUp(
                        threshold: Money(nanos: threshold), amount: Money(nanos: 50_000_000_000), perDayMax: most)),
                "topUp")
        case 60..<68: return request(.setMethod, "method")
        case 68..<74: return request(.retry, "retry")
        case 74..<80:
            let bought = model.bills.payments.filter {
                if case .credits = $0.purpose { $0.org == org && $0.state == .succeeded } else { false }
            }
            guard let payment = bought.randomElement(using: &random) else { return nil }
            let credits = chance(50) ? nil : Money(nanos: Int64(number(1..<60)) * 1_000_000_000)
            return request(.refundCredits(credits, payment: payment.number), "refundCredits")
        case 80..<83:
            guard let refund = model.bills.refunds.filter({ $0.org == org }).randomElement(using: &random) else {
                return nil
            }
            return request(.retryRefund(refund.number), "retryRefund")
        case 83:
            // Most wait for nobody, and can't be cancelled.
            let payments = model.bills.payments.filter { $0.org == org && $0.state == .pending }
            guard let payment = payments.randomElement(using: &random) else { return nil }
            return request(.cancel(payment.number), "cancelPayment")
        case 84..<88:
            guard let invoice else { return nil }
            return request(
                .note([.note, .disputed, .disputed, .upheld][number(0..<4)], invoice: invoice.number), "note")
        default:
            guard let invoice, invoice.due > invoice.credited else { return nil }
            let left = (invoice.due - invoice.credited) / 10_000_000
            // Now and then so little is left that no gateway collects it.
            let part = chance(40) ? left : chance(30) ? max(1, left - 30) : Int64(number(1..<Int(left) + 1))
            let destination = CreditDestination.allCases.randomElement(using: &random)
            return request(
                .credit(Money(nanos: part * 10_000_000), chance(25) ? nil : destination, invoice: invoice.number),
                "credit")
        }
    }
}
