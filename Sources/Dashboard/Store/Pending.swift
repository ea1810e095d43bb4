import Foundation
import GRDB
import Metering

/// Something that was begun in a browser and is finished by it once.
enum Pending {
    enum Kind: String, Sendable {
        /// A sign-in at a provider.
        case provider
        /// A challenge that was answered, so that nobody answers it again.
        case spent
    }

    /// Seconds after which it is forgotten.
    static let secondsMax: Int64 = 3600
}

extension DashboardStore {
    /// Keeps a value until it is taken; the secret that is given leads to it.
    func begin(_ kind: Pending.Kind, _ value: some Encodable, at now: Timestamp) throws(PageError) -> String {
        let secret = Secrets.random()
        guard let text = try? String(decoding: JSONEncoder().encode(value), as: UTF8.self) else {
            throw .broken("a pending \(kind.rawValue) can't be written")
        }
        try writing {
            try $0.execute(
                sql: "INSERT INTO pending VALUES (?, ?, ?, ?)",
                arguments: [Data(Secrets.hash(secret)), kind.rawValue, text, now.milliseconds])
        }
        return secret
    }

    /// Notes that a challenge is answered; false if it was before.
    func spend(_ challenge: [UInt8], at now: Timestamp) throws(PageError) -> Bool {
        try writing {
            try $0.execute(
                sql: "INSERT OR IGNORE INTO pending VALUES (?, ?, '', ?)",
                arguments: [Data(challenge), Pending.Kind.spent.rawValue, now.milliseconds])
            return $0.changesCount == 1
        }
    }

    /// Takes the value of a secret; the second time there is none.
    func take<Value: Decodable>(
        _ kind: Pending.Kind, _ type: Value.Type, secret: String, within seconds: Int64, at now: Timestamp
    ) throws(PageError) -> Value? {
        let hash = Data(Secrets.hash(secret))
        let text = try writing { database -> String? in
            let text = try String.fetchOne(
                database, sql: "SELECT value FROM pending WHERE hash = ? AND kind = ? AND created > ?",
                arguments: [hash, kind.rawValue, now.advanced(bySeconds: -seconds).milliseconds])
            try database.execute(sql: "DELETE FROM pending WHERE hash = ?", arguments: [hash])
            return text
        }
        return text.flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
    }
}
