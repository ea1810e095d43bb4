// The tables of bills.
extension Schema {
    static let billing = """
        -- Steps of each org's bill. state: all that is known after it. previous: the step before of the same org, 0 for
        -- the first.
        CREATE TABLE billing_change(
            number INTEGER PRIMARY KEY,
            org INTEGER NOT NULL REFERENCES org(id),
            previous INTEGER NOT NULL,
            at INTEGER NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, state TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER billing_change_is_never_updated BEFORE UPDATE ON billing_change
            BEGIN SELECT RAISE(ABORT, 'billing changes are append-only'); END;
        CREATE TRIGGER billing_change_is_never_deleted BEFORE DELETE ON billing_change
            BEGIN SELECT RAISE(ABORT, 'billing changes are append-only'); END;

        -- change: the newest step. due: when time brings the next. What the writer needs of its state stands beside it.
        CREATE TABLE billing(
            org INTEGER PRIMARY KEY REFERENCES org(id),
            change INTEGER NOT NULL,
            due INTEGER, members_max INTEGER, top_up_below INTEGER
        ) STRICT;
        CREATE INDEX billing_by_due ON billing(due) WHERE due IS NOT NULL;

        -- first_transfer, last_transfer: those that its settlement made; an invoice's: those of its issue.
        -- product, net, tax: what it pays by itself; invoice: what it pays otherwise. stands_on: the invoice that its sale
        -- stands on.
        CREATE TABLE payment(
            id INTEGER PRIMARY KEY,
            org INTEGER NOT NULL REFERENCES org(id),
            amount INTEGER NOT NULL CHECK(amount > 0),
            product INTEGER, net INTEGER, tax INTEGER,
            invoice INTEGER REFERENCES invoice(id),
            key TEXT NOT NULL, gateway TEXT NOT NULL, body TEXT NOT NULL,
            created INTEGER NOT NULL,
            state INTEGER NOT NULL,
            reference TEXT, reason TEXT, settled INTEGER,
            stands_on INTEGER REFERENCES invoice(id),
            first_transfer INTEGER, last_transfer INTEGER,
            CHECK((product IS NULL) = (invoice IS NOT NULL)),
            CHECK(product IS NULL OR net + tax = amount),
            UNIQUE(org, key)
        ) STRICT;
        CREATE INDEX payment_by_org ON payment(org, id);
        CREATE INDEX payment_open ON payment(org, id) WHERE state IN (1, 5);
        CREATE INDEX payment_uninvoiced ON payment(org, id) WHERE state = 2 AND product IS NOT NULL AND stands_on IS NULL;
        CREATE TRIGGER payment_is_never_edited
            BEFORE UPDATE OF id, org, amount, product, net, tax, invoice, key, gateway, body, created ON payment
            BEGIN SELECT RAISE(ABORT, 'a payment is settled, never edited'); END;
        CREATE TRIGGER payment_is_never_deleted BEFORE DELETE ON payment
            BEGIN SELECT RAISE(ABORT, 'payments stay'); END;

        -- credited: what credit notes took back of what it asks for
        CREATE TABLE invoice(
            id INTEGER PRIMARY KEY,
            org INTEGER NOT NULL REFERENCES org(id),
            kind INTEGER NOT NULL,
            series TEXT NOT NULL, number INTEGER NOT NULL,
            net INTEGER NOT NULL, tax INTEGER NOT NULL, net_due INTEGER NOT NULL, tax_due INTEGER NOT NULL,
            refers_to INTEGER REFERENCES invoice(id),
            body TEXT NOT NULL, issued INTEGER NOT NULL,
            state INTEGER NOT NULL, paid INTEGER, payment INTEGER REFERENCES payment(id),
            credited INTEGER NOT NULL DEFAULT 0,
            first_transfer INTEGER, last_transfer INTEGER,
            CHECK(credited BETWEEN 0 AND net_due + tax_due),
            UNIQUE(series, number)
        ) STRICT;
        CREATE INDEX invoice_by_org ON invoice(org, id);
        CREATE INDEX invoice_by_corrected ON invoice(refers_to) WHERE refers_to IS NOT NULL;
        CREATE INDEX invoice_open ON invoice(org, id) WHERE state = 1;
        CREATE TRIGGER invoice_is_never_edited
            BEFORE UPDATE OF id, org, kind, series, number, net, tax, net_due, tax_due, refers_to, body, issued ON invoice
            BEGIN SELECT RAISE(ABORT, 'an invoice is final'); END;
        CREATE TRIGGER invoice_is_never_deleted BEFORE DELETE ON invoice
            BEGIN SELECT RAISE(ABORT, 'invoices stay'); END;

        -- What was said about invoices: disputes, how they ended, notes
        CREATE TABLE invoice_note(
            number INTEGER PRIMARY KEY,
            invoice INTEGER NOT NULL REFERENCES invoice(id),
            at INTEGER NOT NULL, kind INTEGER NOT NULL, actor TEXT NOT NULL, text TEXT NOT NULL
        ) STRICT;
        CREATE INDEX invoice_note_by_invoice ON invoice_note(invoice, number);
        CREATE TRIGGER invoice_note_is_never_updated BEFORE UPDATE ON invoice_note
            BEGIN SELECT RAISE(ABORT, 'notes are append-only'); END;
        CREATE TRIGGER invoice_note_is_never_deleted BEFORE DELETE ON invoice_note
            BEGIN SELECT RAISE(ABORT, 'notes are append-only'); END;

        INSERT INTO meta(name, value) VALUES('ledger_id', lower(hex(randomblob(8))));
        INSERT INTO account(org, kind) VALUES(NULL, 6), (NULL, 7), (NULL, 8);
        ALTER TABLE ledger_commit ADD COLUMN last_change INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE ledger_commit ADD COLUMN last_payment INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE ledger_commit ADD COLUMN last_invoice INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE ledger_commit ADD COLUMN last_note INTEGER NOT NULL DEFAULT 0;
        """
}
