import Metering

extension Verifier {
    /// Compares each estimate with the hold that it charges: it names one that expired unsettled, costs what that had reserved, and is
    /// the only one of it.
    mutating func compareEstimates() throws(SQLiteError) {
        let estimates = try connection.prepare(
            """
            SELECT sequence, usage.org = hold.org AND usage.cost = hold.amount AND hold.state = 4 AND hold_state = 4
                AND hold.estimated_by = sequence AND usage.id = ? || hold.id
            FROM usage LEFT JOIN hold ON hold.number = hold_number WHERE status = 4 ORDER BY sequence
            """)
        estimates.bind(1, Estimate.idPrefix)
        var estimated: Set<Int64> = []
        while try estimates.step() {
            estimated.insert(estimates.int(0))
            if estimates.int(1) != 1 {
                report.add("usage record \(estimates.int(0)): it is not the estimate of the hold that it names")
            }
        }
        let holds = try connection.prepare(
            """
            SELECT number, amount, worst, estimated_by FROM hold WHERE worst IS NOT NULL OR estimated_by IS NOT NULL
            ORDER BY number
            """)
        while try holds.step() {
            if let worst = holds.optionalInt(2), worst <= holds.int(1) {
                report.add("hold \(holds.int(0)): its worst case is not above what it reserves")
            }
            guard let record = holds.optionalInt(3) else { continue }
            if estimated.remove(record) == nil {
                report.add("hold \(holds.int(0)): usage record \(record) does not charge what it had reserved")
            }
        }
    }
}
