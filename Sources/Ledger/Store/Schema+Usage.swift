// What was added to sums of usage.
extension Schema {
    static let usageByProvider = """
        -- As before, and by provider ('' if none is named), with kinds of tokens. cache_read and cache_write are parts of input,
        -- reasoning is one of output. It is made anew from the records while nothing else is done.
        DROP TABLE usage_day;
        CREATE TABLE usage_day(
            org INTEGER NOT NULL, day INTEGER NOT NULL, received_day INTEGER NOT NULL,
            user TEXT NOT NULL, model TEXT NOT NULL, provider TEXT NOT NULL,
            records INTEGER NOT NULL, unpriced INTEGER NOT NULL, cost INTEGER NOT NULL,
            input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
            output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
            PRIMARY KEY(org, day, received_day, user, model, provider)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX usage_day_by_user ON usage_day(org, user, day);
        DELETE FROM usage_tag_day;
        UPDATE usage_rollup SET through = 0;

        """

    static let usageByMonth = """
        -- The same by month, which is named by its first day: a year is answered from a twentieth of the rows.
        CREATE TABLE usage_month(
            org INTEGER NOT NULL, month INTEGER NOT NULL,
            user TEXT NOT NULL, model TEXT NOT NULL, provider TEXT NOT NULL,
            records INTEGER NOT NULL, unpriced INTEGER NOT NULL, cost INTEGER NOT NULL,
            input INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL,
            output INTEGER NOT NULL, reasoning INTEGER NOT NULL,
            PRIMARY KEY(org, month, user, model, provider)
        ) STRICT, WITHOUT ROWID;
        -- Made anew from the records, as sums by day are: those may be capped.
        DELETE FROM usage_day;
        DELETE FROM usage_tag_day;
        UPDATE usage_rollup SET through = 0;

        """
}
