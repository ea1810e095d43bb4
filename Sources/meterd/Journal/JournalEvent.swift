import Logging

/// What the daemon tells an operator. Each has a `MESSAGE_ID` of its own (systemd.journal-fields(7)), which never changes, and an
/// entry in `systemd/meterd.catalog` that says what it means and what to do: `journalctl -x`.
enum JournalEvent: String, CaseIterable {
    // Made with `systemd-id128 new`.
    case ready = "8927e9c45ce541ea94e430680f3a7104"
    case stopping = "b0b2cc5143b14f509ba01c9215ac00af"
    case stopped = "2d52e4b177984038b40ba773108c7646"
    case startFailed = "0a6a62055fce40f4b09174ddfb4790e1"
    case ledgerMissing = "505b6a6244654b74a3b3d938666b7851"
    case clockDoubtful = "634bdfa3eda44fe0ade940dbe0813979"
    case clockConfirmed = "b046d599d1014efebd8009af5a525bb4"
    case startWaits = "90acceba8b3b48278664d58edcf43812"
    case migrating = "a18f292d6ced43aa84cd6c0993d9d6c7"
    case reloaded = "4c28f79b7692456fa39fba068409c448"
    case reloadRefused = "3a9a4b268b8b4f33959b094c823d66c8"
    case needsRestart = "06322625292443daac73d6b4d5684b5e"
    case rateCard = "ead9bed9075c4dac8aafda3c8be144e0"
    case rateProposal = "b72a53dd8e934f6eb7390306170bfe77"
    case rateCardNotInForce = "eca3808e5d264ee3818ea67ef9365ab9"
    case diskFull = "8ffa0b44b3da4fd58433b685577f2620"
    case diskHasRoom = "0e6c06e6c9e64980b0c14d39736dc11e"
    case ledgerOlder = "8c5f5935e2334ac38df77f6fdfeae757"
    case storeFailed = "a4a5986eda5e47769480fd7060de7dfa"
    case accessRefused = "8d21e0257a06405eacff795e3e7fb49c"
    case repliesUnread = "f80fe73c5982491c8878c331999ee452"
    case holdExpired = "36dacd16888c44a79144b955e688e66d"
    case forbiddenModelUsed = "b6a24e4d4e1f4324bbea450ebd8523e4"
    case record = "2a097c889c184c04a10b7143dcc5c514"
    case metricsNotServed = "6b24872ac3324a7ba9a3a6f0e1e77d40"
    case ruleAboutNobody = "1e10bd7417e341d1b899b78a12db0a50"
    case backup = "0670438baab24320af1e189a03cd86e2"
    case backupFailed = "39ad4552aca7400c9cdb1a65b5ca9e84"
    case balanceLow = "d5046cf8fefb40d6b806d44dbd330f77"
    case creditsExpired = "361c21032a2248e4960659ab7c6f0bc1"
    case creditsVoided = "dff6619630294fb094f002f04afa5d51"
    case subscriptionStarted = "63294149c5264af3b22a9de16c9ec4ee"
    case subscriptionCanceled = "1980f5d5fc64496783b194c240920659"
    case subscriptionResumed = "75db122a59004c4e886703df5cf3e072"
    case subscriptionEnded = "92c0da08aa29498596b24576a4eb4c72"
    case seatsChanged = "dd0a70b4a6c6417a9a105c3cb12c178f"
    case paymentSucceeded = "2bdcff7b5a314352b9a9aa233477ec5e"
    case paymentDeclined = "cc2a191f6a2340498e958306cba75f20"
    case paymentProblem = "6edcb20df0c64ee5bfbd8df0ed13cd9f"
    case paymentReturned = "4b8d129690cd4b2ab2e7e90d5ca95067"
    case paymentReinstated = "3beb04f8852644c88f295177a4df73c1"
    case chargebackOpened = "e64e18fb883c4223a93369e1e0beb27a"
    case chargebackClosed = "5944c36a65a94a7eb533963c95e34e25"
    case refundDue = "1fc3afe937d249a19cbbd1e7ad667606"
    case refundFailed = "8671dbb46deb4564a29feb0c32f08c8b"
    case paymentRefunded = "3b9d0fd531e6417e82f46eb565a30285"
    case invoiceIssued = "026697c5706c4fd6a45b0f9a2e366b17"
    case invoicePaid = "efe513de332b4cab976f3efece8c94b7"
    case creditNoteIssued = "595e86e8de6d472a8ce24e9ccefff64b"
    case invoiceDisputed = "fb61a2606c3f44ce97948c5a95405c85"
    case disputeEnded = "bb194a731dd64a1bbe3db0bcfbd85bdf"
    case graceStarted = "d7f747237d094f519bfaf962810f0570"
    case orgSuspended = "7a36f5f6fba441168d999e8769fceb64"
    case orgRestored = "5c28e2fee3e34c9db661dcf9ce576792"
    case erasureAnnounced = "e30d5fdc8424409baec190fd8866b813"
    case orgErased = "ac3155adfb714cefa963289c7fbdbd3e"
    case paymentMethodExpiring = "5c72af3f98ab41efa69b2d9de2a87dfc"
    case memberInvited = "870967355115439eb4c765d4c4885f55"
    case memberJoined = "43a45a35eacf40db8108e63e29697c88"
    case memberRoleChanged = "357be1fc70404d7dbb921d9b8aec36d2"
    case memberRemoved = "ee6e3e073f6e4c21bf78713b00cd7423"
    case orderedByMember = "81f54519d67b4c4daf63aa64d4303ad0"
    case unreadMember = "b0d4c2ae3a8b4bb0a6c7f5f0b8b2f3a1"
    case usageQuarantined = "02ace7194eea4e6991c902b3f6c0530f"
    case idConflicts = "e83e79cfe0154ceea50edd5c13f8dd71"
    case billingProblem = "4506c6b221a24089b574d03e24601d1a"
    case testClock = "78067877a8fa4e84a2d2d137e84337d9"

    var level: Logger.Level {
        switch self {
        case .storeFailed: .critical
        case .startFailed, .ledgerMissing, .clockDoubtful, .reloadRefused, .diskFull, .backupFailed, .ledgerOlder:
            .error
        case .startWaits, .needsRestart, .rateCardNotInForce, .accessRefused, .balanceLow, .unreadMember,
            .metricsNotServed,
            .ruleAboutNobody,
            .paymentDeclined, .paymentProblem, .refundFailed, .paymentReturned, .chargebackOpened, .chargebackClosed,
            .graceStarted, .orgSuspended,
            .erasureAnnounced, .paymentMethodExpiring,
            .billingProblem,
            .testClock, .invoiceDisputed, .usageQuarantined, .idConflicts, .repliesUnread, .holdExpired,
            .forbiddenModelUsed:
            .warning
        case .ready, .stopping, .stopped, .migrating, .clockConfirmed, .reloaded, .rateCard, .rateProposal,
            .diskHasRoom, .backup,
            .creditsExpired,
            .creditsVoided, .subscriptionStarted, .seatsChanged, .paymentSucceeded, .paymentRefunded, .refundDue,
            .paymentReinstated,
            .invoiceIssued, .invoicePaid, .orgRestored, .orgErased, .creditNoteIssued, .disputeEnded, .memberInvited,
            .subscriptionCanceled, .subscriptionResumed, .subscriptionEnded, .memberJoined, .memberRoleChanged,
            .memberRemoved, .orderedByMember:
            .notice
        case .record: .info
        }
    }

    /// Whether many of them in a short time say no more than some do.
    var isLimited: Bool {
        switch self {
        case .accessRefused, .balanceLow, .unreadMember, .creditsExpired, .creditsVoided, .rateCard, .backup,
            .backupFailed,
            .subscriptionStarted, .seatsChanged, .paymentSucceeded, .paymentDeclined, .paymentProblem, .paymentRefunded,
            .refundDue, .refundFailed, .paymentReturned, .paymentReinstated,
            .invoiceIssued, .invoicePaid, .paymentMethodExpiring, .billingProblem, .usageQuarantined, .idConflicts,
            .repliesUnread,
            .holdExpired,
            .forbiddenModelUsed, .memberInvited, .memberJoined, .memberRoleChanged, .memberRemoved, .orderedByMember,
            .subscriptionCanceled, .subscriptionResumed, .subscriptionEnded:
            true
        case .ready, .stopping, .stopped, .startFailed, .ledgerMissing, .startWaits, .clockDoubtful, .clockConfirmed,
            .migrating, .reloaded,
            .reloadRefused,
            .needsRestart,
            .rateProposal, .rateCardNotInForce, .diskFull, .diskHasRoom, .ledgerOlder, .storeFailed, .record,
            .metricsNotServed,
            .ruleAboutNobody,
            .graceStarted, .orgSuspended, .orgRestored, .erasureAnnounced, .orgErased, .testClock, .creditNoteIssued,
            .invoiceDisputed, .disputeEnded, .chargebackOpened, .chargebackClosed:
            false
        }
    }
}
