import CSystemd
import Synchronization

/// Whether the system's clock can be believed in what can't be undone: billing, expiry and erasure.
///
/// A machine whose battery is empty, or whose clock was set by hand, may begin years ahead and be put right seconds later. An invoice that
/// was issued meanwhile stays. So a jump of more than a day is doubted, against the clock that counts from the machine's start and, at a
/// start, against the latest commit. The doubt ends when the kernel says that something keeps its clock right (adjtimex(2)), when the clock
/// shows the expected time again, or when somebody confirms it.
public final class ClockWatch: Sendable {
    /// A jump that nothing has confirmed.
    public struct Doubt: Sendable, Hashable {
        /// How far the clock is from the time that was expected, in milliseconds: above zero if it is ahead.
        public let jump: Int64
    }

    /// What the clocks say.
    public struct Reading: Sendable {
        /// The system's clock, in milliseconds since 1970.
        public var wall: Int64
        /// The clock that counts from the machine's start, in milliseconds.
        public var boot: Int64
        /// Whether something keeps the system's clock right; nil if the kernel doesn't say.
        public var isSynchronised: Bool?

        /// A reading of those.
        public init(wall: Int64, boot: Int64, isSynchronised: Bool?) {
            (self.wall, self.boot, self.isSynchronised) = (wall, boot, isSynchronised)
        }
    }

    /// A jump up to this is none: summer time, leap seconds, a drift.
    public static let toleranceMilliseconds: Int64 = 86_400_000

    private struct State {
        /// Where the clocks stood when they were last believed.
        var believed: (wall: Int64, boot: Int64)?
        var doubt: Doubt?
    }

    private let read: @Sendable () -> Reading
    private let state = Mutex(State())

    /// A watch over the machine's clocks.
    ///
    /// - Parameter wall: the system's clock, in milliseconds since 1970.
    public convenience init(wall: @escaping @Sendable () -> Int64) {
        self.init(read: {
            let answer = clock_is_synchronised()
            return Reading(
                wall: wall(), boot: clock_boot_milliseconds(), isSynchronised: answer < 0 ? nil : answer == 1)
        })
    }

    /// A watch over other clocks.
    public init(read: @escaping @Sendable () -> Reading) {
        self.read = read
    }

    /// What was doubted at the latest look; nil for nothing.
    public var doubt: Doubt? { state.withLock { $0.doubt } }

    /// Begins with what is known of the time before this process.
    ///
    /// - Parameter times: when something was last done at a time that was believed, in milliseconds since 1970; the nearest counts.
    public func begin(after times: [Int64]) {
        let now = read()
        let last = times.min { abs($0 - now.wall) < abs($1 - now.wall) }
        state.withLock { $0.believed = (last ?? now.wall, now.boot) }
        look()
    }

    /// Looks at the clocks, and says whether there is a doubt: before each thing that can't be undone.
    @discardableResult
    public func look() -> Bool {
        let now = read()
        return state.withLock { state in
            let believed = state.believed ?? (now.wall, now.boot)
            let jump = now.wall - (believed.wall + now.boot - believed.boot)
            let isFar = abs(jump) > Self.toleranceMilliseconds
            if isFar, now.isSynchronised != true {
                state.doubt = Doubt(jump: jump)
            } else {
                state.doubt = nil
                state.believed = (now.wall, now.boot)
            }
            return state.doubt != nil
        }
    }

    /// Believes the clock as it stands, since somebody says that it is right.
    public func confirm() {
        let now = read()
        state.withLock { state in
            state.believed = (now.wall, now.boot)
            state.doubt = nil
        }
    }
}
