import Foundation
import GRDB

/// The tables, as dated steps that are only ever added.
enum Schema {
    /// `application_id` of our files: "mtrd". See <https://www.sqlite.org/pragma.html#pragma_application_id>.
    static let applicationID: Int64 = 0x6d74_7264

    static func migrator() -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("2026-11-24 main path") { database in
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            try database.execute(sql: mainPath)
            try database.execute(
                sql: "INSERT INTO meta(name, value) VALUES('id_hash_key', ?)",
                arguments: [Data((0..<16).map { _ in UInt8.random(in: .min ... .max) })])
        }
        return migrator
    }

    private static let mainPath = """
        CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE org(
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            display_name TEXT, country TEXT, region TEXT,
            state INTEGER NOT NULL,
            created INTEGER NOT NULL, closed INTEGER
        ) STRICT;

        -- balance = credits - debits; each is the sum of the transfers on that side
        CREATE TABLE account(
            id INTEGER PRIMARY KEY,
            org INTEGER REFERENCES org(id),
            kind INTEGER NOT NULL,
            debits INTEGER NOT NULL DEFAULT 0 CHECK(debits >= 0),
            credits INTEGER NOT NULL DEFAULT 0 CHECK(credits >= 0),
            last_usage INTEGER NOT NULL DEFAULT 0,
            last_transfer INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE UNIQUE INDEX account_by_org ON account(org, kind);

        -- previous: the transfer before this one of the same org, 0 for the first
        CREATE TABLE transfer(
            id INTEGER PRIMARY KEY,
            previous INTEGER NOT NULL,
            debit_account INTEGER NOT NULL,
            credit_account INTEGER NOT NULL,
            amount INTEGER NOT NULL CHECK(amount > 0),
            code INTEGER NOT NULL,
            reference INTEGER NOT NULL,
            at INTEGER NOT NULL,
            CHECK(debit_account <> credit_account)
        ) STRICT;
        CREATE TRIGGER transfer_is_never_updated BEFORE UPDATE ON transfer
            BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
        CREATE TRIGGER transfer_is_never_deleted BEFORE DELETE ON transfer
            BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;

        -- One row a usage record, in the order of commits. Ids are not indexed here: id_segment, id_page. Nor are orgs:
        -- previous is the record before this one of the same org, 0 for the first.
        CREATE TABLE usage(
            sequence INTEGER PRIMARY KEY,
            previous INTEGER NOT NULL,
            org INTEGER NOT NULL,
            id TEXT NOT NULL,
            user TEXT, model TEXT NOT NULL, provider TEXT,
            at INTEGER NOT NULL, at_given INTEGER NOT NULL, received INTEGER NOT NULL,
            tier INTEGER NOT NULL, hold TEXT, usage TEXT NOT NULL, tags TEXT,
            billed_tier INTEGER NOT NULL, tier_fell_back INTEGER NOT NULL,
            status INTEGER NOT NULL, cost INTEGER NOT NULL,
            card INTEGER, lines BLOB NOT NULL,
            balance INTEGER NOT NULL, held INTEGER NOT NULL
        ) STRICT;
        CREATE TRIGGER usage_money_is_never_updated
            BEFORE UPDATE OF sequence, org, id, at, status, cost, card, balance, held ON usage
            BEGIN SELECT RAISE(ABORT, 'a charge is never edited'); END;

        CREATE TABLE id_segment(
            number INTEGER PRIMARY KEY,
            first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
            fences BLOB NOT NULL, filter BLOB NOT NULL
        ) STRICT;
        CREATE TABLE id_page(id INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;

        CREATE TABLE credit_grant(
            id INTEGER PRIMARY KEY,
            org INTEGER NOT NULL REFERENCES org(id),
            amount INTEGER NOT NULL CHECK(amount > 0),
            reason TEXT,
            key TEXT NOT NULL,
            balance_after INTEGER NOT NULL,
            created INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX credit_grant_by_org ON credit_grant(org, id);

        CREATE TABLE rate_card(
            id INTEGER PRIMARY KEY,
            hash TEXT NOT NULL,
            effective INTEGER NOT NULL, recorded INTEGER NOT NULL,
            source TEXT NOT NULL, document TEXT NOT NULL
        ) STRICT;

        -- Keys of control-plane mutations, with the answer that was given
        CREATE TABLE idempotency(
            route TEXT NOT NULL, org TEXT NOT NULL, key TEXT NOT NULL,
            body TEXT NOT NULL, answer BLOB NOT NULL, created INTEGER NOT NULL,
            PRIMARY KEY(route, org, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idempotency_by_age ON idempotency(created);

        INSERT INTO account(id, org, kind) VALUES(1, NULL, 2), (2, NULL, 3);
        """
}
