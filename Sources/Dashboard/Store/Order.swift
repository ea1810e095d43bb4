import Foundation
import GRDB
import Metering

/// Something that an owner is about to pay for. Its id is the key under which the daemon does it once, however often it is confirmed.
struct Order: Sendable {
    /// What is bought.
    enum Kind: String, Sendable {
        /// Credits, for an amount in US dollars.
        case credits
        /// More seats.
        case seats
    }

    /// How far it has come.
    enum State: String, Sendable {
        /// It is shown and not confirmed.
        case open
        /// It was confirmed. What became of it is not known yet.
        case sent
        /// The daemon did it.
        case done
        /// The daemon refused it: nothing was charged.
        case refused
    }

    let id: String
    let person: Person
    let org: String
    let kind: Kind
    /// US dollars, or a number of seats.
    let quantity: String
    let created: Timestamp
    let state: State
    /// What was shown when it was confirmed.
    let total: String?
    /// When it was confirmed.
    let sent: Timestamp?
    /// The payment that it became.
    let payment: Int64?
    /// Why it was refused.
    let words: String?

    /// Seconds in which it can be confirmed.
    static let openSeconds: Int64 = 900

    /// The daemon's key.
    var key: String { "dash-" + id }
}

// What owners are about to pay for.
extension DashboardStore {
    /// Begins one. Its id is hard to guess, and only its person can use it.
    func beginOrder(
        _ kind: Order.Kind, _ quantity: String, of person: Person, in org: String, at now: Timestamp
    ) throws(PageError) -> String {
        let id = Secrets.hex(Secrets.bytes(16))
        try writing {
            try $0.execute(
                sql: """
                    INSERT INTO placed_order(id, issuer, subject, org, kind, quantity, created, state)
                    VALUES (?, ?, ?, ?, ?, ?, ?, 'open')
                    """,
                arguments: [id, person.issuer, person.subject, org, kind.rawValue, quantity, now.milliseconds])
        }
        return id
    }

    /// A person's order in an org; nil if it is nobody's, or somebody else's.
    func order(_ id: String, of person: Person, in org: String) throws(PageError) -> Order? {
        let row = try reading {
            try Row.fetchOne(
                $0, sql: "SELECT * FROM placed_order WHERE id = ? AND issuer = ? AND subject = ? AND org = ?",
                arguments: [id, person.issuer, person.subject, org])
        }
        guard let row else { return nil }
        guard let kind = Order.Kind(rawValue: row["kind"]), let state = Order.State(rawValue: row["state"]) else {
            throw .broken("an order can't be read")
        }
        return Order(
            id: row["id"], person: person, org: row["org"], kind: kind, quantity: row["quantity"],
            created: Timestamp(milliseconds: row["created"]), state: state, total: row["total"],
            sent: (row["sent"] as Int64?).map { Timestamp(milliseconds: $0) }, payment: row["payment"],
            words: row["words"])
    }

    /// Notes that it is confirmed, before the daemon is asked; false if it was confirmed before.
    func send(_ order: Order, total: String, at now: Timestamp) throws(PageError) -> Bool {
        try writing {
            try $0.execute(
                sql: "UPDATE placed_order SET state = 'sent', total = ?, sent = ? WHERE id = ? AND state = 'open'",
                arguments: [total, now.milliseconds, order.id])
            return $0.changesCount == 1
        }
    }

    /// Takes back that it was confirmed, if the daemon did nothing for it.
    func reopen(_ order: Order) throws(PageError) {
        try writing {
            try $0.execute(
                sql:
                    "UPDATE placed_order SET state = 'open', total = NULL, sent = NULL WHERE id = ? AND state = 'sent'",
                arguments: [order.id])
        }
    }

    /// Notes what became of it.
    func finish(
        _ order: Order, _ state: Order.State, payment: Int64? = nil, words: String? = nil
    ) throws(PageError) {
        try writing {
            try $0.execute(
                sql: "UPDATE placed_order SET state = ?, payment = ?, words = ? WHERE id = ? AND state = 'sent'",
                arguments: [state.rawValue, payment, words, order.id])
        }
    }
}
