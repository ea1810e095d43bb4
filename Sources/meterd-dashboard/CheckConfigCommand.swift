import ArgumentParser
import Dashboard
import Foundation

/// Checks the configuration and says everything that is wrong with it.
struct CheckConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config", abstract: "Checks the configuration and changes nothing.")

    @OptionGroup var options: DashboardOptions

    func run() throws {
        do throws(SettingsProblems) {
            let settings = try options.settings()
            print("public_url       \(settings.address)")
            print("control_socket   \(settings.controlSocket)")
            print("state_directory  \(settings.stateDirectory)")
            for provider in settings.providers {
                print("provider         \(provider.provider.name), \(provider.provider.issuer)")
                print("  redirect URI   \(SignInProvider.redirect(provider.id, at: settings.address))")
            }
        } catch {
            for problem in error.problems {
                try? FileHandle.standardError.write(contentsOf: Data("meterd-dashboard: \(problem)\n".utf8))
            }
            throw ExitCode(78)
        }
    }
}
