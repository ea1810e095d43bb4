import Billing
import Foundation
import Stripe

/// Why money can't be collected as configured.
struct GatewayChoiceError: Error, CustomStringConvertible {
    let description: String
}

/// Who collects money, by the settings.
enum GatewayChoice {
    static func gateway(_ settings: Settings, ledgerID: String) throws(GatewayChoiceError) -> any PaymentGateway {
        switch settings.gateway {
        case .manual: return ManualGateway()
        case .stripe:
            guard let key = try secret(settings.stripeKeyFile, "stripe-key", "billing.stripe.key_file") else {
                throw GatewayChoiceError(
                    description:
                        "billing.gateway: stripe needs an API key: link /usr/share/meterd/stripe.conf into the unit's drop-ins, or name billing.stripe.key_file"
                )
            }
            let webhookSecret = try secret(
                settings.stripeWebhookSecretFile, "stripe-webhook-secret", "billing.stripe.webhook_secret_file")
            do throws(StripeSetupError) {
                return try StripeGateway(
                    base: settings.stripeURL, key: key, webhookSecret: webhookSecret, ledgerID: ledgerID)
            } catch {
                throw GatewayChoiceError(description: "billing.stripe.url: \(error)")
            }
        }
    }

    /// Says what is wrong with it as far as files and URLs can tell.
    static func check(_ settings: Settings) throws(GatewayChoiceError) {
        guard settings.gateway == .stripe else { return }
        if settings.stripeKeyFile != nil { _ = try gateway(settings, ledgerID: "") }
    }

    /// A secret from the file that is named, else from the credential (systemd.exec(5), CREDENTIALS); nil where there is neither.
    private static func secret(
        _ file: String?, _ credential: String, _ key: String
    ) throws(GatewayChoiceError) -> Secret? {
        let folder = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"]
        guard let path = file ?? folder.map({ "\($0)/\(credential)" }) else { return nil }
        guard file != nil || access(path, F_OK) == 0 else { return nil }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw GatewayChoiceError(description: "\(key): \(path) can't be read")
        }
        let secret = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !secret.isEmpty, secret.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw GatewayChoiceError(description: "\(key): \(path) has no secret in it")
        }
        return Secret(secret)
    }
}
