extension Schema {
    static let quarantine = """
        -- Usage lines that were refused for good, as they came. org: the org, if there was one of the name that the line has.
        -- digest: of what is erased later: named, id, user, message, line, peer. step: the newest decision, 0 for none.
        -- repeats: equal lines that came after it. line_hash: SHA-256 of the line, NULL once it is erased.
        CREATE TABLE quarantine(
            number INTEGER PRIMARY KEY,
            received INTEGER NOT NULL,
            org INTEGER REFERENCES org(id),
            code TEXT NOT NULL,
            length INTEGER NOT NULL,
            peer INTEGER,
            digest BLOB NOT NULL,
            state INTEGER NOT NULL, step INTEGER NOT NULL DEFAULT 0,
            repeats INTEGER NOT NULL DEFAULT 0, repeated INTEGER,
            line_hash BLOB, named TEXT, id TEXT, user TEXT, message TEXT, line BLOB
        ) STRICT;
        CREATE UNIQUE INDEX quarantine_by_line ON quarantine(line_hash) WHERE state = 1;
        CREATE INDEX quarantine_detail ON quarantine(number, received, length) WHERE line_hash IS NOT NULL;
        CREATE INDEX quarantine_by_name ON quarantine(named, number) WHERE line_hash IS NOT NULL;
        CREATE INDEX quarantine_kept ON quarantine(code, received) WHERE state = 1;
        CREATE TRIGGER quarantine_is_never_edited
            BEFORE UPDATE OF number, received, org, code, length, peer, digest ON quarantine
            BEGIN SELECT RAISE(ABORT, 'a quarantined line is decided upon, never edited'); END;
        CREATE TRIGGER quarantine_is_never_deleted BEFORE DELETE ON quarantine
            BEGIN SELECT RAISE(ABORT, 'quarantined lines stay'); END;

        -- What was decided about them. kind: 1 taken as the record usage, 2 discarded, 3 the text of all up to quarantine is
        -- erased, 4 the text of quarantine is.
        CREATE TABLE quarantine_step(
            number INTEGER PRIMARY KEY,
            quarantine INTEGER NOT NULL REFERENCES quarantine(number),
            kind INTEGER NOT NULL,
            at INTEGER NOT NULL,
            usage INTEGER, new_at INTEGER, new_id TEXT,
            actor TEXT NOT NULL
        ) STRICT;
        CREATE INDEX quarantine_step_by_line ON quarantine_step(quarantine);
        CREATE TRIGGER quarantine_step_is_never_updated BEFORE UPDATE ON quarantine_step
            BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
        CREATE TRIGGER quarantine_step_is_never_deleted BEFORE DELETE ON quarantine_step
            BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;

        -- Names that stand for an org; org NULL: not any more. Of one name the newest row counts.
        CREATE TABLE org_alias(
            id INTEGER PRIMARY KEY,
            alias TEXT NOT NULL, org INTEGER REFERENCES org(id),
            recorded INTEGER NOT NULL, actor TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER org_alias_is_never_updated BEFORE UPDATE ON org_alias
            BEGIN SELECT RAISE(ABORT, 'aliases are append-only'); END;
        CREATE TRIGGER org_alias_is_never_deleted BEFORE DELETE ON org_alias
            BEGIN SELECT RAISE(ABORT, 'aliases are append-only'); END;

        ALTER TABLE ledger_commit ADD COLUMN last_quarantine INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE ledger_commit ADD COLUMN last_quarantine_step INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE ledger_commit ADD COLUMN last_org_alias INTEGER NOT NULL DEFAULT 0;

        -- One process may speak for several senders. SQLite can't take a UNIQUE of a table back, so it is made anew.
        DROP TRIGGER peer_is_never_updated;
        CREATE TABLE peer_of_sender(
            id INTEGER PRIMARY KEY, uid INTEGER NOT NULL, pid INTEGER NOT NULL, sender TEXT
        ) STRICT;
        INSERT INTO peer_of_sender SELECT id, uid, pid, NULL FROM peer;
        DROP TABLE peer;
        ALTER TABLE peer_of_sender RENAME TO peer;
        CREATE UNIQUE INDEX peer_by_process ON peer(uid, pid, coalesce(sender, ''));
        CREATE TRIGGER peer_is_never_updated BEFORE UPDATE ON peer
            BEGIN SELECT RAISE(ABORT, 'peers are append-only'); END;
        DELETE FROM row_seal WHERE name = 'peer';

        """
}
