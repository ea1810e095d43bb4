import Billing
import Control
import Ledger

// What the daemon answers, by the names that pages use.

typealias MeAnswer = MeView
typealias InvitationAnswer = InvitationView
typealias MemberAnswer = TeamMemberView
typealias SignInAnswer = SignInView
typealias SignUpsAnswer = SignUpsView
