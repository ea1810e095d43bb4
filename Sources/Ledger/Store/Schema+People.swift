// The tables of people and of what they did.
extension Schema {
    static let dataPolicies = """
        -- What may be done with data: 1 yes, 0 no, NULL if nobody has chosen.
        ALTER TABLE org_policy ADD COLUMN allow_training INTEGER;
        ALTER TABLE org_policy ADD COLUMN allow_usage_analytics INTEGER;
        ALTER TABLE org_policy ADD COLUMN allow_anonymized_reporting INTEGER;
        -- The steps of an org's bill are listed from its newest.
        CREATE INDEX billing_change_by_org ON billing_change(org, number);

        """

    static let requiredIssuers = """
        -- The OpenID issuer that members have to sign in at; NULL if any sign-in is good.
        ALTER TABLE org_policy ADD COLUMN sign_in_issuer TEXT;
        DELETE FROM row_seal WHERE name = 'org_policy';

        """

    static let people = """
        -- A person in an org. role: 1 member, 2 admin, 3 owner. state: 1 invited, 2 active, 3 removed. name, email: NULL once erased.
        -- authenticated: their newest sign-in; active: what they did last; last_used: when usage of theirs was charged last.
        -- day, month: the last ones in which something was spent, with what was spent in them.
        CREATE TABLE person(
            id INTEGER PRIMARY KEY,
            org INTEGER NOT NULL REFERENCES org(id),
            role INTEGER NOT NULL, state INTEGER NOT NULL,
            name TEXT, email TEXT,
            added INTEGER NOT NULL, removed INTEGER,
            daily_limit INTEGER, monthly_limit INTEGER,
            authenticated INTEGER, active INTEGER,
            day INTEGER NOT NULL, day_spend INTEGER NOT NULL,
            month INTEGER NOT NULL, month_spend INTEGER NOT NULL,
            last_used INTEGER NOT NULL, seal BLOB
        ) STRICT;
        INSERT INTO person
            SELECT row_number() OVER (ORDER BY org, added, user), org, 1, CASE WHEN removed IS NULL THEN 2 ELSE 3 END,
                NULL, NULL, added, removed, daily_limit, monthly_limit, NULL, NULL, day, day_spend, month, month_spend, 0, NULL
            FROM member;

        -- The names that usage records have. One that was given to a member is never another's.
        CREATE TABLE member_user(
            org INTEGER NOT NULL REFERENCES org(id),
            user TEXT NOT NULL,
            member INTEGER NOT NULL, added INTEGER NOT NULL,
            PRIMARY KEY(org, user)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO member_user
            SELECT org, user, row_number() OVER (ORDER BY org, added, user), added FROM member;
        CREATE INDEX member_user_by_member ON member_user(member);
        DELETE FROM row_seal WHERE name = 'member';
        DROP TABLE member;
        ALTER TABLE person RENAME TO member;
        CREATE INDEX member_by_org ON member(org, id);
        INSERT INTO meta(name, value) SELECT 'last_member', coalesce(max(id), 0) FROM member;

        -- Who a member is at a place where people sign in (OpenID Connect's iss and sub). The same person in two orgs has it in both.
        CREATE TABLE member_identity(
            issuer TEXT NOT NULL, subject TEXT NOT NULL,
            org INTEGER NOT NULL REFERENCES org(id),
            member INTEGER NOT NULL REFERENCES member(id), added INTEGER NOT NULL,
            PRIMARY KEY(issuer, subject, org)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX member_identity_by_member ON member_identity(member);

        -- secret_hash: SHA-256 of the secret, which is kept nowhere. state: 1 open, 2 accepted, 3 withdrawn. by: the member who
        -- invited, NULL for an operator. sent: how often it was sent.
        CREATE TABLE invitation(
            id INTEGER PRIMARY KEY,
            org INTEGER NOT NULL REFERENCES org(id),
            member INTEGER NOT NULL,
            state INTEGER NOT NULL,
            secret_hash BLOB NOT NULL,
            created INTEGER NOT NULL, expires INTEGER NOT NULL, sent INTEGER NOT NULL,
            by INTEGER
        ) STRICT;
        CREATE INDEX invitation_by_org ON invitation(org, id);
        CREATE INDEX invitation_by_member ON invitation(member);
        CREATE UNIQUE INDEX invitation_by_secret ON invitation(secret_hash) WHERE state = 1;

        -- What was changed on somebody's behalf. org: NULL for what is of no org. uid: who asked by the kernel's word. member: the
        -- member on whose behalf. subject: the member whom it was done to. change: the step of the org's bill that it made. detail:
        -- what it was before and after, NULL once erased. digest: of detail.
        CREATE TABLE audit(
            number INTEGER PRIMARY KEY,
            org INTEGER REFERENCES org(id),
            at INTEGER NOT NULL,
            action TEXT NOT NULL,
            uid INTEGER, member INTEGER, subject INTEGER, change INTEGER,
            digest BLOB NOT NULL,
            detail TEXT
        ) STRICT;
        CREATE INDEX audit_by_org ON audit(org, number);
        CREATE INDEX audit_by_subject ON audit(subject) WHERE subject IS NOT NULL AND detail IS NOT NULL;
        CREATE TRIGGER audit_is_never_edited
            BEFORE UPDATE OF number, org, at, action, uid, member, subject, change, digest ON audit
            BEGIN SELECT RAISE(ABORT, 'what was done is never edited'); END;
        CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
            BEGIN SELECT RAISE(ABORT, 'what was done stays'); END;
        CREATE TRIGGER audit_detail_is_only_erased BEFORE UPDATE OF detail ON audit WHEN new.detail IS NOT NULL
            BEGIN SELECT RAISE(ABORT, 'detail is erased, never edited'); END;
        ALTER TABLE ledger_commit ADD COLUMN last_audit INTEGER NOT NULL DEFAULT 0;

        -- member: who ordered it in the dashboard; NULL for an operator, and for what time brought
        ALTER TABLE payment ADD COLUMN member INTEGER;
        CREATE TRIGGER payment_member_is_never_edited BEFORE UPDATE OF member ON payment
            BEGIN SELECT RAISE(ABORT, 'a payment is settled, never edited'); END;
        CREATE INDEX payment_of_members ON payment(org, created) WHERE member IS NOT NULL;

        """
}
