import Billing
import FaultDisk
import Foundation
import Ledger
import Metering
import TestSupport

/// One seed's course: a month or more of proxies, operators, bills and a gateway over the real ledger, writer and billing, on a disk
/// in memory. The power is cut, the process ends, the disk fails or is full, at any operation; every answer and everything on
/// record is held against a ``Model``.
final class Course {
    static let orgs = ["de-acme", "other"]

    let clock: SimulatedClock
    let process = ProcessState()
    let gateway: SimulatedGateway
    let checker: Checker
    let directory: TemporaryDirectory
    let disk: FaultDisk
    var random: SeededGenerator
    var counter = 0
    var node: Node?
    /// What was asked and not answered: asked again by the next life.
    var unanswered: [[Mutation]] = []
    var requests: [Request] = []
    /// What was answered lately: asked again now and then.
    var answered: [Mutation] = []
    /// The latest that was done, for whoever looks for a defect.
    var trace: [String] = []
    var counts = SimulationReport.Counts()
    /// Steps until a full disk has room again.
    var fullFor = 0
    private let seed: UInt64
    let end: Timestamp
    let begin: Timestamp

    private static let beginnings = [
        "2026-01-31T10:00:00Z", "2028-01-30T23:50:00Z", "2026-12-30T12:00:00Z", "2027-02-28T00:10:00Z",
        "2028-02-29T08:00:00Z", "2026-06-15T06:30:00Z",
    ]

    init(seed: UInt64, isTold: Bool) throws {
        self.seed = seed
        random = SeededGenerator(seed: seed)
        let text = Self.beginnings.randomElement(using: &random) ?? ""
        guard let begin = Timestamp(rfc3339: text) else { throw Wrong("\(text) is no time") }
        self.begin = begin
        // A month and some days; of one in eight, long enough for an org that doesn't pay to be erased.
        let days: Int64 = Int.random(in: 0..<8, using: &random) == 0 ? 70 : 31
        end = begin.advanced(bySeconds: days * 86_400)
        let clock = SimulatedClock(at: begin)
        self.clock = clock
        directory = try TemporaryDirectory()
        disk = try Template.copy(to: directory.path, seed: seed)
        let gateway = SimulatedGateway(seed: seed, clock: clock, process: process)
        self.gateway = gateway
        let ledger = ReferenceLedger(orgs: [], card: ReferenceLedger.Card(effective: .max, prices: [:]))
        checker = Checker(Model(ledger: ledger), isTold: isTold) {
            gateway.charge(ofPayment: $0)
        } dispute: {
            gateway.dispute($0)
        }
    }

    // MARK: The course

    /// Lives it through; throws what is wrong.
    func run() async throws {
        try await open()
        try await found()
        var steps = 0
        while clock.now < end {
            try await step(steps)
            steps += 1
        }
        try await settle()
        counts.steps = steps
    }

    private func found() async throws {
        try await commit([try card(effective: begin.advanced(bySeconds: -86_400 * 20), m: 1, late: 0)])
        try await ownWork()
        for org in Self.orgs {
            let new = NewOrg(name: org, displayName: nil, country: org == "de-acme" ? "DE" : "JP", region: nil)
            try await commit([.createOrg(new, key("create"))])
            try await commit([
                .grant(NewGrant(org: org, amount: Money(nanos: 90_000_000_000), reason: nil), key("grant"))
            ])
            if chance(90) { try await ask(Request(kind: .setMethod, org: org, key: key("method"))) }
            if chance(80) { try await ask(Request(kind: .addSeats(Int64(number(1..<5))), org: org, key: key("seats"))) }
        }
    }

    private func step(_ number: Int) async throws {
        clock.advance(seconds: delay())
        if disk.isFailing { healLater() } else if chance(5) { armFault() }
        try await ownWork()
        try await advance()
        for _ in 0..<self.number(1..<3) { try await act() }
        if chance(12) { try await advance() }
        try await look(isWhole: number % 12 == 11)
    }

    private func delay() -> Int64 {
        switch number(0..<100) {
        case 0..<6: Int64(number(1..<120))
        case 6..<12: 3_600
        case 12..<18: Int64(number(10_000..<30_000))
        case 18..<25: 46_800
        case 25..<60: 86_400
        default: 172_800
        }
    }

    private func act() async throws {
        let model = checker.model
        switch number(0..<100) {
        case 0..<52: try await proxies(model)
        case 52..<70: try await commit(operatorsBatch(model))
        case 70..<90: if let request = request(model) { try await ask(request) }
        case 90..<92: gateway.flipCard(of: Self.orgs[number(0..<2)])
        case 92: dispute(model)
        case 93..<95: try await commit([try card()])
        case 95..<98: try await resend()
        case 98: try await restart()
        default:
            note("kill")
            process.end()
            try await revive()
        }
    }

    /// A bank takes money back, or decides about what it took.
    private func dispute(_ model: Model) {
        if let payment = model.bills.payments.filter({ $0.state == .succeeded }).randomElement(using: &random) {
            gateway.dispute(ofPayment: payment.number) { number(0..<$0) }
        }
        gateway.decide { number(0..<$0) }
    }

    private func proxies(_ model: Model) async throws {
        let batch = try proxyBatch(model)
        switch number(0..<10) {
        case 0..<3: try await commitTogether(batch)
        case 3..<5: try await commitOnCaller(batch)
        case 5:
            // While the gateway is waited for.
            guard let writer = node?.writer else { return }
            process.interruptNext { [clock] in
                for mutation in batch { _ = await writer.perform(mutation.arriving(at: clock.now)) }
            }
        default: try await commit(batch)
        }
    }

    /// All faults are over, the gateway answers: everything comes to its end, and is proven.
    private func settle() async throws {
        note("settle")
        disk.heal()
        fullFor = 0
        gateway.becomeReliable()
        for _ in 0..<3 {
            clock.advance(seconds: 86_400)
            try await ownWork()
            try await askAgain()
            try await advance()
        }
        try await look(isWhole: true)
        let model = checker.model
        for payment in model.bills.payments {
            let charge = gateway.charge(ofPayment: payment.number)
            let isPaid = charge?.fate == .succeeded
            switch payment.state {
            // What a bank took of it is looked at below.
            case .succeeded where isPaid || payment.amount == payment.fromBalance: break
            case .refunded where isPaid && charge?.givenBack == payment.amount - payment.fromBalance: break
            // Its refund failed, and nobody has tried it again.
            case .refundDue where isPaid && charge?.givenBack == 0: break
            case .declined where !isPaid, .canceled where !isPaid: break
            default:
                throw Wrong(
                    "in the end payment \(payment.number) is \(payment.state.name), and the gateway has \(String(describing: charge))"
                )
            }
        }
        for (name, dispute) in gateway.disputes {
            let booked = model.bills.returns[name] ?? BillModel.Returned()
            guard
                (booked.withdrawn, booked.reinstated, booked.fee) == (
                    dispute.withdrawn, dispute.reinstated, dispute.fee
                )
            else { throw Wrong("in the end \(name) is booked as \(booked), and the bank has \(dispute)") }
        }
        for refund in model.bills.refunds {
            let known = gateway.charge(ofPayment: refund.payment)?.refunds.first {
                $0.key.hasSuffix("-refund-\(refund.number)")
            }?.value
            switch (refund.state, known?.state) {
            case (.succeeded, .succeeded), (.failed, .failed): break
            default:
                throw Wrong(
                    "in the end refund \(refund.number) is \(refund.state.name), and the gateway has \(String(describing: known))"
                )
            }
        }
        guard gateway.charges.count <= model.bills.payments.count else { throw Wrong("more charges than payments") }
        // The ledger's own proof takes as long as some days of the course.
        if seed % 4 == 0 { try await prove() }
        counts.records = model.order.count
        counts.payments = model.bills.payments.count
        counts.invoices = model.bills.invoices.count
        counts.returns += Int(model.bills.returnCount)
        counts.confirmations += gateway.confirmations
        counts.refunds += model.bills.refunds.count
        counts.balances += model.bills.balances
        counts.suspensions += model.bills.orgs.values.count { $0.suspended != nil }
        await node?.close()
        node = nil
        disk.restart()
    }

    private func prove() async throws {
        counts.proofs += 1
        let report = try await verify()
        guard report.ok else { throw Wrong("the books: \(report.problems.prefix(5))") }
        checker.compare {
            report.records == Int64($0.order.count) ? nil : "\(report.records) records, expected \($0.order.count)"
        }
        try check()
    }

    private func verify() async throws -> VerificationReport {
        guard node != nil else { throw Wrong("no ledger is open") }
        return try Verification.run(databaseFile: directory.path + "/meterd.db", isWholeFile: false)
    }

    func note(_ words: String) {
        trace.append("\(clock.now) \(words)")
        if checker.isTold { print(trace.last ?? "") }
        if trace.count > 60 { trace.removeFirst(20) }
    }
}
