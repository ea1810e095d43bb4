import Ledger

// The outbox's events, in the journal too: `journalctl MESSAGE_ID=…` shows one kind, `METERD_ORG=acme` one org's.
extension Journal {
    /// Says that the ledger was put back to an older state.
    func write(_ gap: LedgerGap) {
        write(
            .ledgerOlder,
            "the ledger ends at \(gap.since ?? "its beginning") and had come to \(gap.until): \(gap.records) usage records and \(gap.transfers) transfers at least are missing",
            [
                "after": "\(gap.after)", "since": gap.since, "until": gap.until, "records": "\(gap.records)",
                "transfers": "\(gap.transfers)",
            ])
    }

    func write(_ backup: Result<LedgerSnapshot, any Error>) {
        switch backup {
        case .success(let snapshot):
            write(
                .backup, "a copy of the ledger was made, \(snapshot.bytes) bytes",
                ["bytes": "\(snapshot.bytes)", "records": "\(snapshot.contents.records)"])
        case .failure(let error):
            let words = (error as? Refusal)?.message ?? "\(error)"
            write(.backupFailed, "no copy of the ledger could be made: \(words)", ["error": words])
        }
    }

    func write(_ event: LedgerEvent) {
        guard let kind = LedgerEvent.Kind(rawValue: event.kind) else { return }
        var fields: [String: String?] = event.data.mapValues { $0 }
        fields["org"] = event.org
        fields["event"] = "\(event.number)"
        fields["event_kind"] = event.kind
        func value(_ name: String) -> String { event.data[name] ?? "?" }
        switch kind {
        case .balanceLow:
            write(
                .balanceLow,
                "org \(event.org) has USD \(value("balance")) left, below its alert at USD \(value("threshold"))",
                fields)
        case .creditsExpired:
            write(
                .creditsExpired, "USD \(value("amount")) of org \(event.org)'s grant \(value("grant")) expired unspent",
                fields)
        case .holdExpired:
            let charged = event.data["record"].map { "; charged as \($0)" } ?? ""
            write(
                .holdExpired,
                "hold \(value("hold")) of org \(event.org) expired without usage, USD \(value("amount"))\(charged)",
                fields)
        case .forbiddenModelUsed:
            write(
                .forbiddenModelUsed,
                "org \(event.org) used model \(value("model")), which its policy doesn't allow; it was charged", fields)
        case .creditsVoided:
            write(
                .creditsVoided, "USD \(value("amount")) of org \(event.org)'s grant \(value("grant")) was taken back",
                fields)
        case .subscriptionStarted:
            write(.subscriptionStarted, "org \(event.org)'s subscription began with \(value("seats")) seats", fields)
        case .subscriptionCanceled:
            write(
                .subscriptionCanceled,
                "org \(event.org) cancelled its subscription: it ends, and the org is closed, on \(value("ends"))",
                fields)
        case .subscriptionResumed:
            write(.subscriptionResumed, "org \(event.org) took its cancellation back", fields)
        case .subscriptionEnded:
            write(.subscriptionEnded, "org \(event.org)'s subscription ended, and the org is closed", fields)
        case .seatsChanged:
            write(
                .seatsChanged,
                "org \(event.org) has \(value("seats")) seats, and \(value("next_seats")) from its next period on",
                fields)
        case .paymentSucceeded:
            write(
                .paymentSucceeded, "org \(event.org) paid USD \(value("amount")): payment \(value("payment"))", fields)
        case .paymentDeclined:
            write(
                .paymentDeclined,
                "a payment of USD \(value("amount")) of org \(event.org) was declined: \(value("words"))", fields)
        case .paymentProblem:
            write(
                .paymentProblem,
                "a payment of USD \(value("amount")) of org \(event.org) could not be asked for: \(value("words"))",
                fields)
        case .paymentReturned:
            write(
                .paymentReturned,
                "USD \(value("amount")) of payment \(value("payment")) of org \(event.org) went back (\(value("kind"))): \(value("words"))",
                fields)
        case .paymentReinstated:
            write(
                .paymentReinstated,
                "USD \(value("amount")) of payment \(value("payment")) of org \(event.org) came again: \(value("words"))",
                fields)
        case .chargebackOpened:
            write(
                .chargebackOpened,
                "chargeback \(value("reference")) of USD \(value("amount")) on payment \(value("payment")) of org \(event.org): \(value("state")), \(value("reason"))",
                fields)
        case .chargebackClosed:
            write(
                .chargebackClosed,
                "chargeback \(value("reference")) of USD \(value("amount")) on payment \(value("payment")) of org \(event.org) is \(value("state"))",
                fields)
        case .refundDue:
            write(
                .refundDue,
                "USD \(value("amount")) are to go back to org \(event.org): refund \(value("refund")), \(value("words"))",
                fields)
        case .refundFailed:
            write(
                .refundFailed,
                "USD \(value("amount")) could not go back to org \(event.org): refund \(value("refund")), \(value("words"))",
                fields)
        case .paymentRefunded:
            write(
                .paymentRefunded,
                "USD \(value("amount")) of payment \(value("payment")) went back to org \(event.org)", fields)
        case .invoiceIssued:
            write(
                .invoiceIssued,
                "invoice \(value("invoice")) of org \(event.org) was issued: USD \(value("total")), USD \(value("due")) due",
                fields)
        case .invoicePaid: write(.invoicePaid, "invoice \(value("invoice")) of org \(event.org) is paid", fields)
        case .creditNoteIssued:
            write(
                .creditNoteIssued,
                "USD \(value("amount")) of invoice \(value("corrects")) of org \(event.org) were taken back by \(value("invoice")): \(value("words"))",
                fields)
        case .invoiceDisputed:
            write(
                .invoiceDisputed, "org \(event.org) disputes invoice \(value("invoice")): \(value("words"))", fields)
        case .disputeEnded:
            write(
                .disputeEnded,
                "the dispute about invoice \(value("invoice")) of org \(event.org) ended: \(value("words"))", fields)
        case .graceStarted:
            write(
                .graceStarted,
                "org \(event.org) has until \(value("until")) to pay invoice \(value("invoice")); everything works until then",
                fields)
        case .orgSuspended:
            write(
                .orgSuspended, "org \(event.org) is suspended: invoice \(value("invoice")) was not paid in time", fields
            )
        case .orgRestored: write(.orgRestored, "org \(event.org) paid what it owed: everything is as before", fields)
        case .erasureAnnounced:
            write(
                .erasureAnnounced,
                "usage detail and members of org \(event.org) will be erased in \(value("days")) days, at \(value("erases"))",
                fields)
        case .orgErased: write(.orgErased, "usage detail and members of org \(event.org) were erased", fields)
        case .unreadMember:
            write(
                .unreadMember,
                "usage objects have a number that meterd doesn't know: \(value("member")); meterctl usage unread lists all",
                fields)
        case .usageQuarantined:
            let whose = event.org.isEmpty ? "without a known org" : "of org \(event.org)"
            write(
                .usageQuarantined,
                "\(value("lines")) usage lines \(whose) were refused since \(value("since")) and are kept: meterctl quarantine list",
                fields)
        case .idConflicts:
            write(
                .idConflicts,
                "\(value("conflicts")) ids of org \(event.org) came again with other content since \(value("since")); by user: \(value("users"))",
                fields)
        case .memberInvited:
            write(
                .memberInvited,
                "somebody was invited to org \(event.org) as \(value("role")): invitation \(value("invitation"))",
                fields)
        case .memberJoined:
            write(
                .memberJoined, "member \(value("member")) joined org \(event.org) as \(value("role"))", fields)
        case .memberRoleChanged:
            write(
                .memberRoleChanged,
                "member \(value("member")) of org \(event.org) is \(value("role")) and was \(value("before"))", fields)
        case .memberRemoved:
            write(.memberRemoved, "member \(value("member")) of org \(event.org) was removed", fields)
        case .orderedByMember:
            write(
                .orderedByMember,
                "member \(value("member")) of org \(event.org) ordered for USD \(value("amount")): payment \(value("payment"))",
                fields)
        case .paymentMethodExpiring:
            write(
                .paymentMethodExpiring,
                "what org \(event.org) pays with, \(value("method")), expires in \(value("days")) days", fields)
        }
    }
}
