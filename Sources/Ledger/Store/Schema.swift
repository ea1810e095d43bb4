import Foundation
import GRDB

/// The tables, as dated steps that are only ever added.
enum Schema {
    /// `application_id` of our files: "mtrd". See <https://www.sqlite.org/pragma.html#pragma_application_id>.
    static let applicationID: Int64 = 0x6d74_7264

    /// Steps of development versions, before anything was released; what they made can't be taken over.
    static let abandoned: Set<String> = ["2026-11-24 main path"]

    static func migrator() -> DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("2026-11-24 ledger") { database in
            try database.execute(sql: "PRAGMA application_id = \(applicationID)")
            try database.execute(sql: accounts + usage + credits + orgs + books)
            try database.execute(
                sql: "INSERT INTO meta(name, value) VALUES('id_hash_key', ?)",
                arguments: [Data((0..<16).map { _ in UInt8.random(in: .min ... .max) })])
        }
        migrator.registerMigration("2026-11-24 rate aliases") { database in try database.execute(sql: aliases) }
        migrator.registerMigration("2026-11-25 id groups") { database in try database.execute(sql: idGroups) }
        migrator.registerMigration("2026-11-25 peers") { database in try database.execute(sql: peers) }
        migrator.registerMigration("2026-11-25 billing") { database in try database.execute(sql: billing) }
        migrator.registerMigration("2026-11-25 usage by day") { database in try database.execute(sql: usageByDay) }
        migrator.registerMigration("2026-11-27 row seals") { database in
            RowSeals.register(on: database.sqliteConnection)
            try database.execute(sql: seals + RowSeals.fill(RowSeals.firstTables))
            try database.execute(sql: RowSeals.fillFirstMemberWindows)
        }
        migrator.registerMigration("2026-11-29 refused usage") { database in
            RowSeals.register(on: database.sqliteConnection)
            try database.execute(sql: quarantine + RowSeals.fill([RowSeals.peer]))
        }
        migrator.registerMigration("2026-11-29 findings") { database in try database.execute(sql: findings) }
        migrator.registerMigration("2026-11-29 holds and policies") { database in
            try database.execute(sql: holdsAndPolicies)
        }
        migrator.registerMigration("2026-11-29 money that goes back") { database in
            RowSeals.register(on: database.sqliteConnection)
            try database.execute(sql: moneyBack + RowSeals.fill(RowSeals.moneyBack))
        }
        migrator.registerMigration("2026-11-30 people") { database in
            RowSeals.register(on: database.sqliteConnection)
            // The number of the last member is a row of meta.
            try database.execute(sql: "DELETE FROM row_seal WHERE name = 'meta'")
            try database.execute(sql: people + RowSeals.fill(RowSeals.people) + RowSeals.fillMemberWindows)
            try database.execute(sql: RowSeals.fill(RowSeals.firstTables.filter { $0.name == "meta" }))
        }
        migrator.registerMigration("2026-11-30 usage by provider") { database in
            try database.execute(sql: usageByProvider)
        }
        migrator.registerMigration("2026-11-30 data policies") { database in
            try database.execute(sql: dataPolicies)
        }
        migrator.registerMigration("2026-11-30 usage by month") { database in
            try database.execute(sql: usageByMonth)
        }
        migrator.registerMigration("2026-11-30 required issuers") { database in
            RowSeals.register(on: database.sqliteConnection)
            try database.execute(sql: requiredIssuers + RowSeals.fill([RowSeals.orgPolicy]))
        }
        return migrator
    }

    /// An empty ledger of this version's form.
    static func inMemory() throws -> DatabaseQueue {
        let queue = try DatabaseQueue()
        try migrator().migrate(queue)
        return queue
    }

    private static let seals = """
        -- Digests of rows that stand beside the books; see RowSeals. A member's row has one of its windows itself.
        CREATE TABLE row_seal(
            name TEXT NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY(name, key)
        ) STRICT, WITHOUT ROWID;
        ALTER TABLE member ADD COLUMN seal BLOB;

        """

    private static let accounts = """
        CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE org(
            id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            display_name TEXT, country TEXT, region TEXT,
            state INTEGER NOT NULL,
            monthly_budget INTEGER,
            created INTEGER NOT NULL, closed INTEGER
        ) STRICT;

        -- balance = credits - debits; each is the sum of the posted transfers on that side. The daemon's own accounts may
        -- outgrow 64 bits: the *_high columns count 10^18 nano-dollars each. pending is the sum of the open holds.
        -- The grant that an org draws from at present has its remainder here, not in its own row.
        CREATE TABLE account(
            id INTEGER PRIMARY KEY,
            org INTEGER REFERENCES org(id),
            kind INTEGER NOT NULL,
            debits INTEGER NOT NULL DEFAULT 0 CHECK(debits >= 0),
            credits INTEGER NOT NULL DEFAULT 0 CHECK(credits >= 0),
            debits_high INTEGER NOT NULL DEFAULT 0 CHECK(debits_high >= 0),
            credits_high INTEGER NOT NULL DEFAULT 0 CHECK(credits_high >= 0),
            pending INTEGER NOT NULL DEFAULT 0 CHECK(pending >= 0),
            front_grant INTEGER NOT NULL DEFAULT 0,
            front_remaining INTEGER NOT NULL DEFAULT 0 CHECK(front_remaining >= 0),
            month INTEGER NOT NULL DEFAULT 0, month_spend INTEGER NOT NULL DEFAULT 0,
            last_usage INTEGER NOT NULL DEFAULT 0,
            last_transfer INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE UNIQUE INDEX account_by_org ON account(org, kind);

        -- previous: the transfer before this one of the same org, 0 for the first
        -- pending: the transfer of the hold that this one closes, 0 for none
        -- draws: the grants whose remainder it changes, and by how much
        CREATE TABLE transfer(
            id INTEGER PRIMARY KEY,
            previous INTEGER NOT NULL,
            debit_account INTEGER NOT NULL,
            credit_account INTEGER NOT NULL,
            amount INTEGER NOT NULL CHECK(amount > 0),
            code INTEGER NOT NULL,
            reference INTEGER NOT NULL,
            at INTEGER NOT NULL,
            pending INTEGER NOT NULL,
            draws BLOB,
            CHECK(debit_account <> credit_account)
        ) STRICT;
        CREATE TRIGGER transfer_is_never_updated BEFORE UPDATE ON transfer
            BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
        CREATE TRIGGER transfer_is_never_deleted BEFORE DELETE ON transfer
            BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;

        INSERT INTO account(id, org, kind) VALUES(1, NULL, 2), (2, NULL, 3), (3, NULL, 4);

        """

    private static let usage = """
        -- One row a usage record, in the order of commits. Ids are not indexed here: id_segment, id_page. Nor are orgs:
        -- previous is the record before this one of the same org, 0 for the first.
        -- hold_number, hold_state: the hold it names, where there is such a one, and in which state it found it.
        -- correction: the newest correction of it, 0 for none. digest: of all that is not money, kept when that is erased.
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
            balance INTEGER NOT NULL, held INTEGER NOT NULL,
            hold_number INTEGER, hold_state INTEGER,
            transfer INTEGER,
            digest BLOB NOT NULL,
            correction INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX usage_unpriced ON usage(sequence) WHERE status = 2 AND correction = 0;
        CREATE TRIGGER usage_money_is_never_updated
            BEFORE UPDATE OF sequence, previous, org, id, at, received, status, cost, card, balance, held, hold_number,
                hold_state, transfer, digest ON usage
            BEGIN SELECT RAISE(ABORT, 'a charge is never edited'); END;

        -- What was charged beside the record's own charge: cost is what it comes to from then on. raw: the usage object
        -- that it is priced by, NULL for the one before.
        CREATE TABLE correction(
            number INTEGER PRIMARY KEY,
            usage INTEGER NOT NULL,
            previous INTEGER NOT NULL,
            kind INTEGER NOT NULL,
            at INTEGER NOT NULL,
            reason TEXT, actor TEXT, raw TEXT,
            billed_tier INTEGER NOT NULL, tier_fell_back INTEGER NOT NULL,
            cost INTEGER NOT NULL,
            card INTEGER, lines BLOB NOT NULL,
            transfer INTEGER,
            digest BLOB NOT NULL
        ) STRICT;
        CREATE TRIGGER correction_money_is_never_updated
            BEFORE UPDATE OF number, usage, previous, kind, at, cost, card, transfer, digest ON correction
            BEGIN SELECT RAISE(ABORT, 'a correction is never edited'); END;

        CREATE TABLE id_segment(
            number INTEGER PRIMARY KEY,
            first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
            fences BLOB NOT NULL, filter BLOB NOT NULL
        ) STRICT;
        CREATE TABLE id_page(id INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;

        """

    private static let credits = """
        -- transfer: the one that brought it. remaining: what is left; 0 where it is the account's front_grant.
        CREATE TABLE credit_grant(
            id INTEGER PRIMARY KEY,
            org INTEGER NOT NULL REFERENCES org(id),
            amount INTEGER NOT NULL CHECK(amount > 0),
            source INTEGER NOT NULL, priority INTEGER NOT NULL, expires INTEGER,
            reason TEXT,
            key TEXT NOT NULL,
            transfer INTEGER NOT NULL,
            balance_after INTEGER NOT NULL,
            created INTEGER NOT NULL,
            state INTEGER NOT NULL, remaining INTEGER NOT NULL CHECK(remaining >= 0)
        ) STRICT;
        CREATE INDEX credit_grant_by_org ON credit_grant(org, id);
        CREATE UNIQUE INDEX credit_grant_by_key ON credit_grant(org, key);
        CREATE INDEX credit_grant_open ON credit_grant(org, id) WHERE state = 1;

        -- balance, available: as they were when it was granted. transfer: NULL for a hold of nothing.
        CREATE TABLE hold(
            number INTEGER PRIMARY KEY,
            org INTEGER NOT NULL,
            id TEXT NOT NULL,
            user TEXT, model TEXT, provider TEXT, tier INTEGER NOT NULL, usage TEXT, ttl INTEGER NOT NULL,
            amount INTEGER NOT NULL CHECK(amount >= 0),
            balance INTEGER NOT NULL, available INTEGER NOT NULL,
            created INTEGER NOT NULL, expires INTEGER NOT NULL,
            transfer INTEGER,
            digest BLOB NOT NULL,
            state INTEGER NOT NULL, closed INTEGER, settled_by INTEGER
        ) STRICT;
        CREATE INDEX hold_open ON hold(org, number) WHERE state = 1;
        CREATE TRIGGER hold_is_never_edited
            BEFORE UPDATE OF number, org, id, ttl, amount, balance, available, created, expires, transfer, digest ON hold
            BEGIN SELECT RAISE(ABORT, 'a hold is closed, never edited'); END;

        CREATE TABLE hold_id_segment(
            number INTEGER PRIMARY KEY,
            first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
            fences BLOB NOT NULL, filter BLOB NOT NULL
        ) STRICT;
        CREATE TABLE hold_id_page(id INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;

        """

    private static let orgs = """
        -- day, month: the last ones in which something was spent, with what was spent in them
        CREATE TABLE member(
            org INTEGER NOT NULL REFERENCES org(id),
            user TEXT NOT NULL,
            added INTEGER NOT NULL, removed INTEGER,
            daily_limit INTEGER, monthly_limit INTEGER,
            day INTEGER NOT NULL, day_spend INTEGER NOT NULL,
            month INTEGER NOT NULL, month_spend INTEGER NOT NULL,
            PRIMARY KEY(org, user)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE alert(
            org INTEGER NOT NULL REFERENCES org(id),
            threshold INTEGER NOT NULL,
            PRIMARY KEY(org, threshold)
        ) STRICT, WITHOUT ROWID;

        -- The outbox: what others follow by number
        CREATE TABLE event(
            number INTEGER PRIMARY KEY,
            at INTEGER NOT NULL, kind TEXT NOT NULL, org TEXT NOT NULL, data TEXT NOT NULL
        ) STRICT;
        CREATE INDEX event_by_age ON event(at);

        """

    private static let books = """
        CREATE TABLE rate_card(
            id INTEGER PRIMARY KEY,
            hash TEXT NOT NULL,
            effective INTEGER NOT NULL, recorded INTEGER NOT NULL,
            source TEXT NOT NULL, document TEXT NOT NULL
        ) STRICT;

        -- One row a commit that moved something: the last row of each kind that it covers, and a digest over those rows
        -- and the digest before.
        CREATE TABLE ledger_commit(
            number INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            last_transfer INTEGER NOT NULL, last_usage INTEGER NOT NULL, last_hold INTEGER NOT NULL,
            last_grant INTEGER NOT NULL, last_correction INTEGER NOT NULL, last_erasure INTEGER NOT NULL,
            last_org INTEGER NOT NULL, last_card INTEGER NOT NULL,
            digest BLOB NOT NULL
        ) STRICT;
        CREATE TRIGGER ledger_commit_is_never_updated BEFORE UPDATE ON ledger_commit
            BEGIN SELECT RAISE(ABORT, 'commits are append-only'); END;
        CREATE TRIGGER ledger_commit_is_never_deleted BEFORE DELETE ON ledger_commit
            BEGIN SELECT RAISE(ABORT, 'commits are append-only'); END;

        -- Ranges of an org's usage records whose detail was erased; what is gone without standing here was tampered with
        CREATE TABLE erasure(
            number INTEGER PRIMARY KEY,
            org INTEGER NOT NULL,
            last_sequence INTEGER NOT NULL,
            at INTEGER NOT NULL
        ) STRICT;

        -- Keys of control-plane mutations, with the answer that was given
        CREATE TABLE idempotency(
            route TEXT NOT NULL, org TEXT NOT NULL, key TEXT NOT NULL,
            body TEXT NOT NULL, answer BLOB NOT NULL, created INTEGER NOT NULL,
            PRIMARY KEY(route, org, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idempotency_by_age ON idempotency(created);
        """

    private static let idGroups = """
        -- One filter over many sealed segments of ids, so that a look-up asks few of them. number: from 1, in their order.
        CREATE TABLE id_group(number INTEGER PRIMARY KEY, filter BLOB NOT NULL) STRICT;
        CREATE TABLE hold_id_group(number INTEGER PRIMARY KEY, filter BLOB NOT NULL) STRICT;
        """

    private static let peers = """
        -- Processes that handed records in, as they were when they connected
        CREATE TABLE peer(
            id INTEGER PRIMARY KEY, uid INTEGER NOT NULL, pid INTEGER NOT NULL, UNIQUE(uid, pid)
        ) STRICT;
        CREATE TRIGGER peer_is_never_updated BEFORE UPDATE ON peer
            BEGIN SELECT RAISE(ABORT, 'peers are append-only'); END;
        ALTER TABLE usage ADD COLUMN peer INTEGER;
        """

    private static let findings = """
        -- missing: 1 while something that was used has no price yet, though the rest was charged
        ALTER TABLE usage ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX usage_missing ON usage(sequence) WHERE missing = 1;

        -- Numbers in usage objects that nobody knows. name '': those of a provider beyond the ones that are kept apart.
        CREATE TABLE unread_member(
            provider TEXT NOT NULL, name TEXT NOT NULL,
            model TEXT NOT NULL, records INTEGER NOT NULL, total INTEGER NOT NULL,
            first INTEGER NOT NULL, last INTEGER NOT NULL, sample INTEGER NOT NULL,
            PRIMARY KEY(provider, name)
        ) STRICT, WITHOUT ROWID;

        -- What senders report against our own price, by provider and model. ours, theirs: of the records that differ.
        CREATE TABLE cost_drift(
            provider TEXT NOT NULL, model TEXT NOT NULL,
            records INTEGER NOT NULL, differing INTEGER NOT NULL, ours INTEGER NOT NULL, theirs INTEGER NOT NULL,
            last INTEGER NOT NULL, sample INTEGER NOT NULL,
            PRIMARY KEY(provider, model)
        ) STRICT, WITHOUT ROWID;
        """

    private static let aliases = """
        -- Names that stand for a model of the cards; model NULL: not any more. Of one name the newest row counts.
        CREATE TABLE rate_alias(
            id INTEGER PRIMARY KEY,
            alias TEXT NOT NULL, model TEXT, provider TEXT,
            recorded INTEGER NOT NULL, actor TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER rate_alias_is_never_updated BEFORE UPDATE ON rate_alias
            BEGIN SELECT RAISE(ABORT, 'aliases are append-only'); END;
        CREATE TRIGGER rate_alias_is_never_deleted BEFORE DELETE ON rate_alias
            BEGIN SELECT RAISE(ABORT, 'aliases are append-only'); END;
        CREATE TRIGGER rate_card_is_never_updated BEFORE UPDATE ON rate_card
            BEGIN SELECT RAISE(ABORT, 'rate cards are append-only'); END;
        CREATE TRIGGER rate_card_is_never_deleted BEFORE DELETE ON rate_card
            BEGIN SELECT RAISE(ABORT, 'rate cards are append-only'); END;
        ALTER TABLE ledger_commit ADD COLUMN last_alias INTEGER NOT NULL DEFAULT 0;
        """

    private static let usageByDay = """
        -- Sums of usage records, by the day of their at and that of their receipt (days since 1970); user '' is nobody.
        -- Made from the records up to usage_rollup.through, and changed with each of those.
        CREATE TABLE usage_day(
            org INTEGER NOT NULL, day INTEGER NOT NULL, received_day INTEGER NOT NULL,
            user TEXT NOT NULL, model TEXT NOT NULL,
            records INTEGER NOT NULL, unpriced INTEGER NOT NULL, cost INTEGER NOT NULL,
            input INTEGER NOT NULL, output INTEGER NOT NULL,
            PRIMARY KEY(org, day, received_day, user, model)
        ) STRICT, WITHOUT ROWID;
        -- By tag; name '' holds the pairs of a day beyond those that are kept apart.
        CREATE TABLE usage_tag_day(
            org INTEGER NOT NULL, day INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
            records INTEGER NOT NULL, cost INTEGER NOT NULL,
            PRIMARY KEY(org, day, name, value)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE usage_rollup(through INTEGER NOT NULL) STRICT;
        INSERT INTO usage_rollup VALUES(0);
        """
}
