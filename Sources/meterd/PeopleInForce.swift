import Control
import Synchronization

/// What is configured about people; a reload changes it.
final class PeopleInForce: Sendable {
    private let settings: Mutex<PeopleSettings>

    init(_ settings: PeopleSettings) { self.settings = Mutex(settings) }

    var current: PeopleSettings {
        get { settings.withLock { $0 } }
        set { settings.withLock { $0 = newValue } }
    }
}
