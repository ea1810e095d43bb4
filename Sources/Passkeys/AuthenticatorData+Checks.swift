import Crypto
import Foundation

extension AuthenticatorData {
    /// The checks that registration and authentication share (WebAuthn §7.1 and §7.2): the relying party, the person,
    /// and flags that do not contradict each other.
    func check(relyingPartyID: String) throws(PasskeyError) {
        guard relyingPartyHash == Array(SHA256.hash(data: Data(relyingPartyID.utf8))) else {
            throw .wrongRelyingParty
        }
        guard flags.contains(.userPresent) else { throw .userNotPresent }
        guard flags.contains(.userVerified) else { throw .userNotVerified }
        guard flags.contains(.backupEligible) || !flags.contains(.backedUp) else { throw .contradictingBackupFlags }
    }
}
