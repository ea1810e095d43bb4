extension IDTokenClaims {
    /// How far the provider's clock may differ from ours, in seconds.
    static let leewaySeconds: Int64 = 60

    /// Throws unless the token is for this client, this sign-in and this moment. OpenID Connect Core,
    /// section 3.1.3.7.
    func check(_ provider: Provider, _ pending: PendingSignIn, now: UnixTime) throws(SignInError) {
        guard issuer.hasSameBytes(as: provider.issuer) else { throw .idToken(.wrongIssuer) }
        guard audience.contains(where: { $0.hasSameBytes(as: provider.clientID) }) else {
            throw .idToken(.wrongAudience)
        }
        if let authorizedParty {
            guard authorizedParty.hasSameBytes(as: provider.clientID) else { throw .idToken(.wrongAuthorizedParty) }
        } else if audience.count > 1 {
            throw .idToken(.missingAuthorizedParty)
        }
        guard (1...255).contains(subject.utf8.count), !subject.hasControls else { throw .idToken(.invalidSubject) }
        guard let nonce, RandomText.isSame(nonce, pending.nonce) else { throw .idToken(.wrongNonce) }
        try checkTimes(pending, now: now)
    }

    private func checkTimes(_ pending: PendingSignIn, now: UnixTime) throws(SignInError) {
        let earliest = now.moved(by: -Self.leewaySeconds)
        let latest = now.moved(by: Self.leewaySeconds)
        guard expires > earliest else { throw .idToken(.expired) }
        guard issuedAt <= latest else { throw .idToken(.issuedInFuture) }
        if let notBefore, notBefore > latest { throw .idToken(.notYetValid) }
        if let authTime, authTime > latest { throw .idToken(.authenticatedInFuture) }
        if let age = pending.maximumAgeSeconds {
            // Some leave it out, against section 2. Who was told to ask for the password did.
            guard let authTime = authTime ?? (pending.promptsLogin ? now : nil) else {
                throw .idToken(.missingAuthTime)
            }
            guard authTime >= earliest.moved(by: -age) else { throw .idToken(.authenticationTooOld) }
        }
        if pending.promptsLogin, let authTime, authTime < pending.created.moved(by: -Self.leewaySeconds) {
            throw .idToken(.authenticationTooOld)
        }
    }
}

extension String {
    /// Whether a C0 or C1 control character or DEL is in it.
    var hasControls: Bool { unicodeScalars.contains { $0.properties.generalCategory == .control } }
}
