import Metering

/// Follows the event log and delivers what is to be told.
public struct Notifier: Sendable {
    private let follower: Follower
    private let dispatcher: Dispatcher
    private let store: NotifyStore
    private let log: NotifyLog
    private let clock: @Sendable () -> Timestamp

    /// A notifier.
    ///
    /// - Parameters:
    ///   - tick: how long it sleeps at most; tests, which move the clock, have it look more often.
    ///   - clock: the time.
    public init(
        store: NotifyStore, daemon: DaemonClient, settings: NotifySettings, log: NotifyLog,
        tick: Duration = .seconds(30), clock: @escaping @Sendable () -> Timestamp
    ) {
        let bell = Bell()
        let planner = Planner(daemon: daemon, settings: settings)
        follower = Follower(daemon: daemon, store: store, planner: planner, log: log, clock: clock, bell: bell)
        dispatcher = Dispatcher(
            store: store, daemon: daemon, settings: settings, log: log, bell: bell, tick: tick, clock: clock)
        self.store = store
        self.log = log
        self.clock = clock
    }

    /// Goes on until the task is cancelled.
    public func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await follower.run() }
            group.addTask { await dispatcher.run() }
        }
    }

    /// Removes what ended long ago, and says how it goes; nil if the own file can't be used.
    public func keepHouse() async -> String? {
        do throws(StoreError) {
            try store.prune(at: clock())
            let (waiting, dead) = try store.counts()
            return "\(waiting) waiting, \(dead) given up; \(await dispatcher.words)"
        } catch {
            log.note(.storeBroken, "\(error)", level: .error)
            return nil
        }
    }
}
