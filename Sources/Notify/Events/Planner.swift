import Billing
import Control
import Foundation
import Ledger
import Metering

/// Makes deliveries of events: what is told, and whom.
struct Planner: Sendable {
    let daemon: DaemonClient
    let settings: NotifySettings

    /// What was asked about orgs for the events of one page.
    final class Memory {
        fileprivate var recipients: [String: RecipientsView] = [:]
    }

    /// The deliveries of an event.
    ///
    /// - Parameter page: the events around it.
    func deliveries(
        of event: LedgerEvent, in page: [LedgerEvent], _ memory: Memory
    ) async throws(DaemonError) -> [NewDelivery] {
        guard settings.mail != nil else { return [] }
        do throws(DaemonError) {
            let org = try await recipients(of: event.org, memory)
            let writer = NoticeWriter(name: org.displayName ?? event.org, org: event.org, dashboard: settings.dashboard)
            let context = try await context(of: event, in: page, org)
            var deliveries: [NewDelivery] = []
            for planned in writer.notices(about: event, context) {
                deliveries += try await mails(planned, event, org)
            }
            return deliveries
        } catch {
            // An org that was erased, or a member who was forgotten, has nobody to tell.
            guard case .gone = error else { throw error }
            return []
        }
    }

    private func recipients(of org: String, _ memory: Memory) async throws(DaemonError) -> RecipientsView {
        // What is of no org concerns operators only.
        guard !org.isEmpty else { return RecipientsView(org: "", displayName: nil, support: nil, members: []) }
        if let known = memory.recipients[org] { return known }
        let asked = try await daemon.recipients(of: org)
        memory.recipients[org] = asked
        return asked
    }

    private func context(
        of event: LedgerEvent, in page: [LedgerEvent], _ org: RecipientsView
    ) async throws(DaemonError) -> NoticeWriter.Context {
        var context = NoticeWriter.Context()
        let kind = LedgerEvent.Kind(rawValue: event.kind)
        switch kind {
        case .paymentSucceeded, .paymentDeclined, .orderedByMember, .refundDue:
            if let payment = event.data["payment"] {
                context.payment = try await daemon.view(PaymentView.self, of: event.org, "payments", payment)
            }
        default: break
        }
        if kind == .orderedByMember, let member = event.data["member"].flatMap(Int64.init) {
            context.actor = org.members.first { $0.member == member }?.name
        }
        // The first decline of an invoice and the grace that it begins are one message.
        if kind == .paymentDeclined {
            let later = try await neighbours(after: event, in: page)
            context.isToldElsewhere = later.contains { $0.kind == LedgerEvent.Kind.graceStarted.rawValue }
        }
        if kind == .graceStarted {
            context.decline = try await neighbours(before: event, in: page).last {
                $0.kind == LedgerEvent.Kind.paymentDeclined.rawValue
            }
        }
        return context
    }

    /// Events of one change lie side by side, and are of one moment.
    private static let neighboursMax = 8

    private func neighbours(after event: LedgerEvent, in page: [LedgerEvent]) async throws(DaemonError) -> [LedgerEvent]
    {
        let isWhole = page.last.map { $0.number >= event.number + Int64(Self.neighboursMax) } ?? false
        let events = isWhole ? page : try await daemon.events(after: event.number)
        return events.filter { $0.number > event.number && $0.org == event.org && $0.at == event.at }
    }

    private func neighbours(
        before event: LedgerEvent, in page: [LedgerEvent]
    ) async throws(DaemonError) -> [LedgerEvent] {
        let first = event.number - Int64(Self.neighboursMax)
        let isWhole = page.first.map { $0.number <= first } ?? false
        let events = isWhole ? page : try await daemon.events(after: max(0, first - 1))
        return events.filter { $0.number < event.number && $0.org == event.org && $0.at == event.at }
    }

    private func mails(
        _ planned: PlannedNotice, _ event: LedgerEvent, _ org: RecipientsView
    ) async throws(DaemonError) -> [NewDelivery] {
        let people: [RecipientView]
        switch planned.audience {
        case .owners: people = org.members.filter { $0.role == OrgRole.owner.name }
        case .managers: people = org.members.filter { $0.role != OrgRole.member.name }
        case .member(let number): people = try await daemon.recipients(of: event.org, member: number).members
        case .operators:
            var deliveries: [NewDelivery] = []
            for (index, address) in settings.operators.enumerated() {
                deliveries.append(try mail(planned, event, org, "o\(index)", address, nil))
            }
            return deliveries
        }
        var deliveries: [NewDelivery] = []
        for person in people {
            guard let address = person.email, MailAddress.isValid(address) else { continue }
            deliveries.append(try mail(planned, event, org, "m\(person.member)", address, person.name))
        }
        return deliveries
    }

    private func mail(
        _ planned: PlannedNotice, _ event: LedgerEvent, _ org: RecipientsView, _ recipient: String, _ address: String,
        _ name: String?
    ) throws(DaemonError) -> NewDelivery {
        let body = MailBody(
            address: address, name: name, notice: planned.notice, org: org.displayName ?? org.org, support: org.support)
        guard let encoded = try? JSONEncoder().encode(body) else { throw .away("a mail can't be encoded") }
        // The time keeps apart what a restored ledger numbers again.
        guard let moment = Timestamp(rfc3339: event.at)?.milliseconds else {
            throw .away("the time of event \(event.number) can't be read")
        }
        return NewDelivery(
            id: "\(event.number)-\(String(moment, radix: 36))-\(recipient)", recipient: "mail:\(address.lowercased())",
            event: event.number, kind: event.kind, org: event.org, body: encoded)
    }
}
