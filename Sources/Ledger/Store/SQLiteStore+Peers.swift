import Metering

// Who handed a record in. A proxy is one peer for as long as it runs, so that the row names it by a number.
extension SQLiteStore {
    /// Peers that are kept in memory; past that they are looked up again.
    private static let peersMax = 10_000

    /// The number of a peer, given to it the first time.
    mutating func number(of peer: Peer) throws(SQLiteError) -> Int64 {
        if let known = peers[peer] { return known }
        if peers.count >= Self.peersMax { peers.removeAll() }
        let (uid, pid) = (Int64(peer.uid), Int64(peer.pid))
        let select = try kept.statement("SELECT id FROM peer WHERE uid = ? AND pid = ? AND coalesce(sender, '') = ?")
        select.bind(1, uid)
        select.bind(2, pid)
        select.bind(3, peer.sender ?? "")
        defer { select.reset() }
        var number: Int64
        if try select.step() {
            number = select.int(0)
        } else {
            number = try Self.maximum("peer", "id", connection) + 1
            let insert = try kept.statement("INSERT INTO peer(id, uid, pid, sender) VALUES(?, ?, ?, ?)")
            insert.bind(1, number)
            insert.bind(2, uid)
            insert.bind(3, pid)
            insert.bind(4, peer.sender)
            try insert.run()
        }
        peers[peer] = number
        return number
    }
}
