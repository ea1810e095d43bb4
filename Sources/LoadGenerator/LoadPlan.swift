/// What a load run does.
public struct LoadPlan: Sendable {
    /// How request ids come.
    public enum Ids: String, CaseIterable, Sendable {
        /// In no order, as `chatcmpl-…`, `msg_…` and UUIDs of version 4 do.
        case random
        /// By time, as UUIDs of version 7 do.
        case ordered
    }

    /// The ingest socket.
    public var socket: String
    /// Connections.
    public var connections = 8
    /// Records in flight on each connection, of a closed loop.
    public var window = 32
    /// Records a second in all, of an open loop: sent when they are due, whatever is still in flight. Nil for a closed loop.
    public var rate: Double?
    /// Seconds between two moments at which an open loop sends what is due; 0 for each record at its own, which keeps a core
    /// busy at a high rate. A reply counts from when its record was due in any case.
    public var beat = 0.0
    /// How long, the warm-up included.
    public var seconds = 10.0
    /// How request ids come.
    public var ids = Ids.random
    /// Orgs that the records are spread over, evenly and at random: ``orgPrefix`` and a number from 1.
    public var orgs = 100
    /// What the orgs' names begin with.
    public var orgPrefix = "org-"
    /// Of a hundred records, those that are authorized before they are sent.
    public var holdsPercent = 0

    /// A plan for a socket.
    public init(socket: String) {
        self.socket = socket
    }
}

/// What a load run measured.
public struct LoadResult: Sendable {
    /// Records that were acknowledged after the warm-up.
    public let acknowledged: Int
    /// Records a second, acknowledged after the warm-up.
    public let perSecond: Double
    /// From the moment a record was sent, or in an open loop was due to be sent, to its reply.
    public let latencies: Latencies

    /// The latency in microseconds that so many of a hundred records don't pass.
    public func latency(percentile: Double) -> Double {
        latencies.micros(percentile: percentile)
    }
}

/// Why a load run ended early.
public struct LoadError: Error, CustomStringConvertible {
    /// The reason, in words.
    public let description: String

    /// A reason.
    public init(_ description: String) { self.description = description }
}
