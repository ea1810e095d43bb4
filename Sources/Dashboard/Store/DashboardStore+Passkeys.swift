import Foundation
import GRDB
import Metering
import Passkeys

/// A passkey that somebody keeps, as the dashboard knows it.
struct StoredPasskey: Sendable {
    let passkey: Passkey
    let person: Person
    let name: String
    let created: Timestamp
    let used: Timestamp?
}

// Passkeys: public keys only. Whoever reads the file can't sign in by them.
extension DashboardStore {
    /// Passkeys of a person.
    static let passkeysMax = 20

    func passkeys(of person: Person) throws(PageError) -> [StoredPasskey] {
        let rows = try reading {
            try Row.fetchAll(
                $0, sql: "SELECT * FROM passkey WHERE issuer = ? AND subject = ? ORDER BY created",
                arguments: [person.issuer, person.subject])
        }
        return rows.map(Self.passkey)
    }

    func passkey(_ credential: [UInt8]) throws(PageError) -> StoredPasskey? {
        try reading {
            try Row.fetchOne($0, sql: "SELECT * FROM passkey WHERE credential = ?", arguments: [Data(credential)])
        }.map(Self.passkey)
    }

    /// Keeps a new one; false if that credential is known already, or if there are too many.
    func add(_ passkey: Passkey, named name: String, of person: Person, at now: Timestamp) throws(PageError) -> Bool {
        try writing { database in
            let count = try Int.fetchOne(
                database, sql: "SELECT count(*) FROM passkey WHERE issuer = ? AND subject = ?",
                arguments: [person.issuer, person.subject])
            guard (count ?? 0) < Self.passkeysMax else { return false }
            try database.execute(
                sql: "INSERT OR IGNORE INTO passkey VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                arguments: [
                    Data(passkey.credentialID), person.issuer, person.subject, Data(passkey.publicKey),
                    Int64(passkey.signCount), passkey.isBackupEligible, passkey.isBackedUp,
                    passkey.transports.joined(separator: " "), name, now.milliseconds,
                ])
            return database.changesCount == 1
        }
    }

    /// Notes that it was used, with its new count; false if another sign-in with the same or a later count came first.
    func use(_ passkey: Passkey, at now: Timestamp) throws(PageError) -> Bool {
        try writing {
            try $0.execute(
                sql: """
                    UPDATE passkey SET sign_count = ?1, is_backed_up = ?2, used = ?3
                    WHERE credential = ?4 AND (sign_count < ?1 OR (sign_count = 0 AND ?1 = 0))
                    """,
                arguments: [Int64(passkey.signCount), passkey.isBackedUp, now.milliseconds, Data(passkey.credentialID)])
            return $0.changesCount == 1
        }
    }

    func removePasskey(_ credential: [UInt8], of person: Person) throws(PageError) {
        try writing {
            try $0.execute(
                sql: "DELETE FROM passkey WHERE credential = ? AND issuer = ? AND subject = ?",
                arguments: [Data(credential), person.issuer, person.subject])
        }
    }

    private static func passkey(_ row: Row) -> StoredPasskey {
        let transports: String = row["transports"]
        return StoredPasskey(
            passkey: Passkey(
                credentialID: [UInt8](row["credential"] as Data), publicKey: [UInt8](row["public_key"] as Data),
                signCount: UInt32(truncatingIfNeeded: row["sign_count"] as Int64),
                isBackupEligible: row["is_backup_eligible"], isBackedUp: row["is_backed_up"],
                transports: transports.split(separator: " ").map(String.init)),
            person: Person(issuer: row["issuer"], subject: row["subject"]), name: row["name"],
            created: Timestamp(milliseconds: row["created"]),
            used: (row["used"] as Int64?).map { Timestamp(milliseconds: $0) })
    }
}
