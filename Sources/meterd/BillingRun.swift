import Billing
import Control
import Ledger
import ServiceLifecycle

/// Takes each step of the bills when its time has come, and again right after a downtime.
struct BillingRun: Service {
    let daemon: Daemon

    /// However far the next step is: the system's clock may be set meanwhile.
    private static let longest = Duration.seconds(60)

    func run() async throws {
        await cancelWhenGracefulShutdown { await work() }
    }

    private func work() async {
        let (strokes, continuation) = daemon.billingBell.strokes()
        defer { continuation.finish() }
        let journal = daemon.journal
        var waiting = strokes.makeAsyncIterator()
        var hour: Int64?
        while !Task.isCancelled {
            var pause = Self.longest
            do {
                // What is due at a wrong time may not be due at all.
                let isInDoubt = daemon.clockWatch?.look() == true
                let next = isInDoubt ? nil : try await daemon.billing.advanceAll { journal.billingProblem(of: $0, $1) }
                if !isInDoubt, hour != daemon.clock().milliseconds / 3_600_000 {
                    hour = daemon.clock().milliseconds / 3_600_000
                    // People who were invited and never came are forgotten in time.
                    _ = await daemon.writer.perform(.pruneInvitations)
                }
                if let next {
                    let milliseconds = next.milliseconds - daemon.clock().milliseconds
                    pause = min(pause, .milliseconds(max(1000, milliseconds)))
                }
            } catch {
                journal.write(
                    .billingProblem, "the bills that are due can't be read: \(Self.words(error))",
                    ["error": Self.words(error)])
            }
            // Whatever comes first: the next step's time, or news.
            let timer = Task {
                try await Task.sleep(for: pause)
                continuation.yield()
            }
            _ = await waiting.next()
            timer.cancel()
        }
    }

    fileprivate static func words(_ error: any Error) -> String { (error as? Refusal)?.message ?? "\(error)" }
}

extension Journal {
    /// Tells of a step that could not be taken. It stays due: the next round, within a minute, takes it.
    func billingProblem(of org: String, _ error: any Error) {
        let words = BillingRun.words(error)
        write(
            .billingProblem,
            "a step of org \(org)'s bill could not be taken and is tried again within a minute: \(words)",
            ["org": org, "error": words])
    }
}
