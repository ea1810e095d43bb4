import Foundation
import Synchronization

/// Threads that disturb a daemon while a load runs.
final class Crew: Sendable {
    private let lives: Lives
    private let group = DispatchGroup()
    private let over = Atomic(false)

    init(_ lives: Lives) {
        self.lives = lives
    }

    /// Whether the load is through.
    var isOver: Bool { over.load(ordering: .relaxed) }

    /// Begins a thread; what it throws fails the run, where nothing else did.
    func start(_ name: String, _ body: @escaping @Sendable () throws -> Void) {
        group.enter()
        let thread = Thread { [lives, group] in
            do {
                try body()
            } catch {
                if !lives.isBroken { lives.found("\(name): \(error)") }
            }
            group.leave()
        }
        thread.start()
    }

    /// Has all of them end, and waits for it.
    func end() {
        over.store(true, ordering: .relaxed)
        group.wait()
    }

    /// Sleeps, as long as the load isn't through.
    func pause(_ seconds: Double) {
        let end = ContinuousClock.now + .seconds(seconds)
        while !isOver, ContinuousClock.now < end { usleep(20_000) }
    }

    /// Waits until so many records are acknowledged; false where the load ended before.
    func wait(for records: Int) -> Bool {
        while lives.records < records {
            guard !isOver else { return lives.records >= records }
            usleep(5_000)
        }
        return true
    }
}

/// meterctl, for a daemon that is restarted now and then.
struct Operator: Sendable {
    let program: String
    let lives: Lives
    /// Where outputs lie.
    let folder: String

    /// What became of a command.
    enum Outcome {
        case done(Subprocess.Ended)
        /// It failed, and the daemon was not up all the time.
        case interrupted
    }

    /// Runs a command when the daemon is up; throws where it fails though the daemon was up all the time.
    func run(_ name: String, _ arguments: [String]) throws -> Outcome {
        var mark = lives.mark
        while mark == nil {
            try lives.check()
            usleep(20_000)
            mark = lives.mark
        }
        let ended = try Subprocess.run(
            program, arguments + ["--socket", lives.controlSocket], output: "\(folder)/\(name).out")
        if ended.status == 0 { return .done(ended) }
        guard mark == lives.mark else { return .interrupted }
        throw BenchmarkError(
            "\(arguments.joined(separator: " ")) ended with \(ended.status): \(ended.output.suffix(500))")
    }
}
