/// What came of one seed.
public struct SimulationReport: Sendable {
    /// What there was of each thing.
    public struct Counts: Sendable, Codable, Hashable {
        /// Steps of time.
        public var steps = 0
        /// Lives that the process had.
        public var lives = 1
        /// Faults that were armed.
        public var faults = 0
        /// Batches that were answered.
        public var commits = 0
        /// Answers, each of which was checked.
        public var answers = 0
        /// Mutations whose answer nobody heard.
        public var unheard = 0
        /// Looks at everything that is on record.
        public var looks = 0
        /// Proofs of all books by the ledger itself.
        public var proofs = 0
        /// Usage records in the end.
        public var records = 0
        /// Payments in the end.
        public var payments = 0
        /// Invoices and credit notes in the end.
        public var invoices = 0
        /// Orgs that were suspended in the end.
        public var suspensions = 0
        /// Refunds that were opened.
        public var refunds = 0
        /// Movements of money by banks that were booked.
        public var returns = 0
        /// Payments that a customer had to confirm.
        public var confirmations = 0
        /// Payments that a customer's balance paid a part of, and invoices.
        public var balances = 0
        /// Operators' requests that were refused.
        public var refusals = 0
        /// Questions to the gateway.
        public var asked = 0
        /// Simulated days.
        public var days = 0

        /// Nothing.
        public init() {}

        /// Sums.
        public static func + (left: Counts, right: Counts) -> Counts {
            var sum = left
            for path in paths { sum[keyPath: path] += right[keyPath: path] }
            return sum
        }

        private static let paths: [WritableKeyPath<Counts, Int> & Sendable] = [
            \.steps, \.lives, \.faults, \.commits, \.answers, \.unheard, \.looks, \.proofs, \.records, \.payments,
            \.invoices,
            \.suspensions, \.refunds, \.returns, \.confirmations, \.balances, \.refusals, \.asked, \.days,
        ]
    }

    /// The seed.
    public let seed: UInt64
    /// What there was.
    public let counts: Counts
    /// Of everything that was answered: a seed's is the same each time.
    public let digest: UInt64
    /// What is wrong; nil for nothing.
    public let failure: String?
    /// What was done before that, the latest last.
    public let trace: [String]
}

/// Runs one seed's course.
public enum SimulationRun {
    /// Lives it through, and says what came of it.
    ///
    /// - Parameter isTold: whether to print what is done while it is done.
    public static func run(seed: UInt64, isTold: Bool = false) async -> SimulationReport {
        let course: Course
        do {
            course = try Course(seed: seed, isTold: isTold)
        } catch {
            return SimulationReport(
                seed: seed, counts: .init(), digest: 0, failure: "can't begin: \(error)", trace: [])
        }
        var failure: String?
        do {
            try await course.run()
        } catch {
            failure = "\(error)"
            await course.abandon()
        }
        var counts = course.counts
        (counts.commits, counts.answers, counts.unheard) = course.checker.counts
        counts.asked = course.gateway.asked
        counts.days = Int((course.clock.now.milliseconds - course.begin.milliseconds) / 86_400_000)
        return SimulationReport(
            seed: seed, counts: counts, digest: course.checker.digest, failure: failure, trace: course.trace)
    }
}
