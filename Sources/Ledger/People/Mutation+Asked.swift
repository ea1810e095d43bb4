// What is asked through the control socket: which org it is about, and what was done.
extension Mutation {
    /// The org that it is about; nil if it is about none, or none that is known before it is carried out.
    var org: String? {
        switch self {
        case .asked(_, let mutation): mutation.org
        case .usage(let record, _, _, _, _): record.org
        case .eraseQuarantined(let org, _), .balance(let org), .find(let org, _), .release(let org, _),
            .closeOrg(let org, _), .voidGrant(let org, _, _, _), .addMember(let org, _, _, _, _),
            .removeMember(let org, _, _), .limitMember(let org, _, _, _, _), .changeMember(let org, _, _, _),
            .changeInvitation(let org, _, _, _), .setBudget(let org, _, _), .setPolicy(let org, _, _),
            .setAlerts(let org, _, _), .eraseDetail(let org, _, _, _), .postponeBill(let org, _, _, _),
            .recall(let org, _):
            org
        case .nameOrg(_, let org, _, _): org
        case .authorize(let request): request.org
        case .createOrg(let org, _): org.name
        case .grant(let grant, _): grant.org
        case .invite(let invitation, _): invitation.org
        case .signUp(let signUp, _): signUp.org.name
        case .correct(let correction, _): correction.org
        case .bill(let change, _): change.org
        case .quarantine, .retryQuarantined, .discardQuarantined, .reprice, .recordCard, .nameModel, .accept,
            .showInvitation, .signIn, .pruneInvitations, .note, .setCostPolicies, .probe:
            nil
        }
    }

    /// Whether rights are asked about it and it is audited if somebody asks for it, and not what comes of something that was asked
    /// before: a payment that was begun is settled whatever became of its orderer.
    var isAsked: Bool {
        switch self {
        case .bill(_, let key): key != nil
        case .recordCard(_, let key): key != nil
        case .balance, .find, .recall, .showInvitation, .retryQuarantined, .discardQuarantined, .nameOrg, .createOrg,
            .closeOrg, .grant, .voidGrant, .addMember, .removeMember, .limitMember, .changeMember, .invite,
            .changeInvitation, .accept, .signIn, .signUp, .release, .note, .setBudget, .setPolicy, .setAlerts, .correct,
            .reprice,
            .nameModel:
            true
        case .asked, .usage, .quarantine, .eraseQuarantined, .authorize, .eraseDetail, .postponeBill, .pruneInvitations,
            .setCostPolicies, .probe:
            false
        }
    }
}

extension Mutation {
    /// Where somebody signs in from now on, or no longer; nil if it is about nothing of the kind.
    var identity: SignInIdentity? {
        switch self {
        case .changeMember(_, _, .addIdentity(let identity), _), .changeMember(_, _, .removeIdentity(let identity), _):
            identity
        case .accept(let acceptance, _): acceptance.identity
        case .signUp(let signUp, _): signUp.identity
        default: nil
        }
    }
}

extension Outcome {
    /// What was done, for the audit.
    struct Done {
        /// What is shown of it; nil if ``change`` shows it.
        var view: (any Encodable)?
        /// The step of an org's bill.
        var change: Int64?
        /// The member whom it was done to.
        var subject: Int64?
        /// Their org.
        var org: String?
    }

    /// What was done just now; nil if nothing was changed, or it was done before.
    var done: Done? {
        switch self {
        case .org(let view, false): Done(view: view)
        case .grant(let view, false): Done(view: view)
        case .member(let view, false): Done(view: view, subject: view.member)
        case .teamMember(let view, false): Done(view: view, subject: view.member, org: view.org)
        case .invitation(let view, false): Done(view: view, subject: view.member)
        case .budget(let view, false): Done(view: view)
        case .policy(let view, false): Done(view: view)
        case .alerts(let view, false): Done(view: view)
        case .correction(let view, false): Done(view: view)
        case .repriced(let view, false): Done(view: view)
        case .card(let view, true): Done(view: view)
        case .alias(let view, false): Done(view: view)
        case .orgAlias(let view, false): Done(view: view)
        case .quarantined(let view, false): Done(view: view)
        case .billed(let applied, false): Done(change: applied.change)
        case .hold(let reply) where reply.state == nil && reply.status != .held:
            Done(view: ["hold": reply.status.name, "freed": reply.held.description])
        case .org, .grant, .member, .teamMember, .invitation, .budget, .policy, .alerts, .correction, .repriced, .card,
            .alias, .orgAlias, .quarantined, .billed, .signedIn, .usage, .balance, .found, .hold, .erased, .overtaken,
            .unheard, .alive, .refused:
            nil
        }
    }
}
