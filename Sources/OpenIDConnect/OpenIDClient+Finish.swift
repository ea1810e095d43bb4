extension OpenIDClient {
    /// Finishes a sign-in: checks the callback, exchanges the code, verifies the ID token.
    ///
    /// Delete the pending sign-in from where it is stored before the call, whatever comes of it.
    ///
    /// - Parameters:
    ///   - callback: what the browser brought.
    ///   - pending: from ``begin(redirect:now:promptsLogin:maximumAgeSeconds:)``, of the same browser.
    ///   - now: the current time.
    /// - Returns: who signed in. Make a new session for them: RFC 9700 and OWASP ask for a new session identifier.
    /// - Throws: any ``SignInError`` but `misconfigured` for settings. It takes up to 10 seconds for each request:
    ///   token, userinfo, and two if the provider's keys must be fetched (once or twice).
    public func finish(
        _ callback: CallbackParameters, pending: PendingSignIn, now: UnixTime
    ) async throws(SignInError) -> SignedIn {
        // The state comes first: nothing else in a callback counts before it is known to answer our own request.
        guard let state = callback.state, RandomText.isSame(state, pending.state) else {
            throw .callback(.wrongState)
        }
        guard pending.issuer.hasSameBytes(as: provider.issuer) else { throw .callback(.otherProvider) }
        guard pending.created <= now.moved(by: IDTokenClaims.leewaySeconds),
            now <= pending.created.moved(by: provider.signInSecondsMax)
        else { throw .callback(.expired) }
        let snapshot = try await directory.current(now: now)
        // An error answer has an iss as well. RFC 9207, section 2.4.
        if let issuer = callback.issuer {
            guard issuer.hasSameBytes(as: provider.issuer) else { throw .callback(.wrongIssuer) }
        } else if snapshot.endpoints.promisesIssuerParameter {
            throw .callback(.missingIssuer)
        }
        if let error = callback.error { throw ProviderErrorCode(sent: error).asAuthorizationError }
        guard let code = callback.code, !code.isEmpty else { throw .callback(.missingCode) }

        let exchange = TokenExchange(provider: provider, endpoints: snapshot.endpoints, http: http)
        let tokens = try await exchange.exchange(code, pending)
        let claims = try await verified(tokens.idToken, snapshot, now: now)
        try claims.check(provider, pending, now: now)
        return SignedIn(claims, userInfo: try await userInfo(tokens, claims, snapshot.endpoints))
    }

    /// The claims of an ID token that one of the provider's keys signed. If no key is known for it, the provider may
    /// have new ones. OpenID Connect Core, section 10.1.1.
    private func verified(
        _ idToken: String, _ snapshot: ProviderSnapshot, now: UnixTime
    ) async throws(SignInError) -> IDTokenClaims {
        let token = try SignedToken(idToken, allowed: provider.allowedAlgorithms)
        do throws(SignInError) {
            return try token.claims(verifiedBy: snapshot.keys)
        } catch {
            // A provider with one key may leave kid out. Then only the signature tells that the key is new.
            guard error == .idToken(.unknownKey) || (error == .idToken(.wrongSignature) && token.keyID == nil) else {
                throw error
            }
            guard let newer = try await directory.refetch(now: now) else { throw error }
            return try token.claims(verifiedBy: newer.keys)
        }
    }

    /// What userinfo says, if it is asked. OpenID Connect Core, section 5.3.
    private func userInfo(
        _ tokens: TokenExchange.Tokens, _ claims: IDTokenClaims, _ endpoints: ProviderEndpoints
    ) async throws(SignInError) -> PersonClaims? {
        guard provider.userInfoUse == .whenIncomplete, !claims.person.isComplete, let url = endpoints.userInfo else {
            return nil
        }
        let answer = try await http.get(UserInfo.self, from: url, bearer: tokens.accessToken, for: .userInfo)
        guard let subject = answer.subject, subject.hasSameBytes(as: claims.subject) else {
            throw .userInfo(.otherSubject)
        }
        return answer.person
    }
}

/// The answer of a userinfo endpoint. OpenID Connect Core, section 5.3.2.
private struct UserInfo: Decodable {
    let subject: String?
    let person: PersonClaims

    private enum CodingKeys: String, CodingKey {
        case subject = "sub"
    }

    init(from decoder: any Decoder) throws {
        subject = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(String.self, forKey: .subject)
        person = try PersonClaims(from: decoder)
    }
}
