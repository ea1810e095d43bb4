import GRDB
import Ledger

// The form of an older version.
extension FaultCourse {
    /// Ends it, and takes the file back to the form that an earlier version left, which had neither seals nor policies.
    func makeOlder() throws {
        try close()
        let queue = try DatabaseQueue(path: directory.path + "/meterd.db")
        try queue.write {
            try $0.execute(
                sql: """
                    DROP TABLE row_seal;
                    DROP INDEX billing_change_by_org;
                    DROP TABLE usage_day;
                    DROP TABLE usage_month;
                    CREATE TABLE usage_day(
                        org INTEGER NOT NULL, day INTEGER NOT NULL, received_day INTEGER NOT NULL,
                        user TEXT NOT NULL, model TEXT NOT NULL,
                        records INTEGER NOT NULL, unpriced INTEGER NOT NULL, cost INTEGER NOT NULL,
                        input INTEGER NOT NULL, output INTEGER NOT NULL,
                        PRIMARY KEY(org, day, received_day, user, model)
                    ) STRICT, WITHOUT ROWID;
                    DROP TABLE audit;
                    ALTER TABLE ledger_commit DROP COLUMN last_audit;
                    DROP TRIGGER payment_member_is_never_edited;
                    DROP INDEX payment_of_members;
                    ALTER TABLE payment DROP COLUMN member;
                    DROP TABLE invitation;
                    DROP TABLE member_identity;
                    DELETE FROM meta WHERE name = 'last_member';
                    CREATE TABLE older_member(
                        org INTEGER NOT NULL REFERENCES org(id),
                        user TEXT NOT NULL,
                        added INTEGER NOT NULL, removed INTEGER,
                        daily_limit INTEGER, monthly_limit INTEGER,
                        day INTEGER NOT NULL, day_spend INTEGER NOT NULL,
                        month INTEGER NOT NULL, month_spend INTEGER NOT NULL,
                        PRIMARY KEY(org, user)
                    ) STRICT, WITHOUT ROWID;
                    INSERT INTO older_member
                        SELECT member.org, user, member.added, removed, daily_limit, monthly_limit, day, day_spend, month,
                            month_spend
                        FROM member JOIN member_user ON member_user.member = member.id;
                    DROP TABLE member_user;
                    DROP TABLE member;
                    ALTER TABLE older_member RENAME TO member;
                    DROP INDEX usage_missing;
                    ALTER TABLE usage DROP COLUMN missing;
                    DROP TABLE unread_member;
                    DROP TABLE cost_drift;
                    DROP TABLE quarantine_step;
                    DROP TABLE quarantine;
                    DROP TABLE org_alias;
                    ALTER TABLE ledger_commit DROP COLUMN last_quarantine;
                    ALTER TABLE ledger_commit DROP COLUMN last_quarantine_step;
                    ALTER TABLE ledger_commit DROP COLUMN last_org_alias;
                    DROP INDEX peer_by_process;
                    ALTER TABLE peer DROP COLUMN sender;
                    DROP TRIGGER hold_terms_are_never_edited;
                    DROP TRIGGER hold_estimate_is_never_edited;
                    DROP INDEX hold_expired;
                    DROP INDEX hold_estimated;
                    ALTER TABLE hold DROP COLUMN terms;
                    ALTER TABLE hold DROP COLUMN worst;
                    ALTER TABLE hold DROP COLUMN estimated_by;
                    DROP TABLE org_policy;
                    DROP TRIGGER payment_balance_is_never_edited;
                    DROP INDEX billing_by_chargebacks;
                    ALTER TABLE billing DROP COLUMN chargebacks;
                    DROP TABLE refund;
                    DROP TABLE payment_return;
                    ALTER TABLE payment DROP COLUMN returned;
                    ALTER TABLE payment DROP COLUMN refunded;
                    ALTER TABLE payment DROP COLUMN from_balance;
                    ALTER TABLE invoice DROP COLUMN settled;
                    DELETE FROM account WHERE kind = 10;
                    ALTER TABLE ledger_commit DROP COLUMN last_refund;
                    ALTER TABLE ledger_commit DROP COLUMN last_return;
                    DELETE FROM grdb_migrations
                    WHERE identifier IN ('2026-11-27 row seals', '2026-11-29 holds and policies',
                        '2026-11-29 refused usage', '2026-11-29 findings',
                        '2026-11-29 money that goes back', '2026-11-30 people', '2026-11-30 usage by provider',
                        '2026-11-30 data policies', '2026-11-30 usage by month',
                        '2026-11-30 required issuers');
                    """)
        }
        try queue.close()
    }
}
