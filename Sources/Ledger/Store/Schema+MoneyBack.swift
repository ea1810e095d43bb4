// What was added to bills for money that goes back, and for the customer's balance.
extension Schema {
    static let moneyBack = """
        -- from_balance: what the customer's balance pays of it; refunded: what refunds gave back or are about to; returned: what
        -- went back otherwise
        ALTER TABLE payment ADD COLUMN from_balance INTEGER NOT NULL DEFAULT 0 CHECK(from_balance <= amount);
        ALTER TABLE payment ADD COLUMN refunded INTEGER NOT NULL DEFAULT 0 CHECK(refunded >= 0);
        ALTER TABLE payment ADD COLUMN returned INTEGER NOT NULL DEFAULT 0
            CHECK(returned >= 0 AND refunded + returned <= amount - from_balance);
        CREATE TRIGGER payment_balance_is_never_edited BEFORE UPDATE OF from_balance ON payment
            BEGIN SELECT RAISE(ABORT, 'a payment is settled, never edited'); END;

        -- settled: what was paid of what it asks for and did not go back
        ALTER TABLE invoice ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
        UPDATE invoice SET settled = net_due + tax_due - credited WHERE kind = 1 AND state = 2;

        -- Money that goes back by us. cause: 1 a payment in vain, 2 credits, 3 a credit note, 4 the customer's balance. note: the
        -- credit note that shows it. first_transfer, last_transfer: those of its opening.
        CREATE TABLE refund(
            id INTEGER PRIMARY KEY,
            org INTEGER NOT NULL REFERENCES org(id),
            payment INTEGER NOT NULL REFERENCES payment(id),
            cause INTEGER NOT NULL,
            net INTEGER NOT NULL, tax INTEGER NOT NULL,
            note INTEGER REFERENCES invoice(id),
            gateway TEXT NOT NULL, reason TEXT NOT NULL, created INTEGER NOT NULL,
            state INTEGER NOT NULL, reference TEXT, words TEXT, settled INTEGER,
            CHECK(net + tax > 0)
        ) STRICT;
        CREATE INDEX refund_by_org ON refund(org, id);
        CREATE INDEX refund_by_payment ON refund(payment);
        CREATE INDEX refund_open ON refund(org, id) WHERE state <> 4;
        CREATE TRIGGER refund_is_never_edited
            BEFORE UPDATE OF id, org, payment, cause, net, tax, note, gateway, reason, created ON refund
            BEGIN SELECT RAISE(ABORT, 'a refund is settled, never edited'); END;
        CREATE TRIGGER refund_is_never_deleted BEFORE DELETE ON refund
            BEGIN SELECT RAISE(ABORT, 'refunds stay'); END;

        -- Money that went back otherwise (reinstated 0), or came again (1). kind: 1 a chargeback, 2 a refund that was made at the
        -- gateway, 3 what an operator says. amount = credits + tax + carried + what its invoice asks for again. excess: what went
        -- beyond the payment.
        CREATE TABLE payment_return(
            id INTEGER PRIMARY KEY,
            org INTEGER NOT NULL REFERENCES org(id),
            payment INTEGER NOT NULL REFERENCES payment(id),
            kind INTEGER NOT NULL, reinstated INTEGER NOT NULL,
            amount INTEGER NOT NULL CHECK(amount >= 0),
            credits INTEGER NOT NULL, tax INTEGER NOT NULL, carried INTEGER NOT NULL, fee INTEGER NOT NULL,
            excess INTEGER NOT NULL CHECK(excess >= 0),
            reference TEXT, reason TEXT NOT NULL, created INTEGER NOT NULL,
            CHECK(credits + tax + carried <= amount)
        ) STRICT;
        CREATE INDEX payment_return_by_org ON payment_return(org, id);
        CREATE INDEX payment_return_by_payment ON payment_return(payment);
        CREATE TRIGGER payment_return_is_never_updated BEFORE UPDATE ON payment_return
            BEGIN SELECT RAISE(ABORT, 'returns are append-only'); END;
        CREATE TRIGGER payment_return_is_never_deleted BEFORE DELETE ON payment_return
            BEGIN SELECT RAISE(ABORT, 'returns are append-only'); END;

        -- chargebacks: how many are open
        ALTER TABLE billing ADD COLUMN chargebacks INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX billing_by_chargebacks ON billing(org) WHERE chargebacks > 0;
        INSERT INTO account(org, kind) VALUES(NULL, 10);
        ALTER TABLE ledger_commit ADD COLUMN last_refund INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE ledger_commit ADD COLUMN last_return INTEGER NOT NULL DEFAULT 0;
        DELETE FROM row_seal WHERE name IN ('billing', 'payment', 'invoice');

        """
}
