PRAGMA application_id = 1836348004;
PRAGMA user_version = 0;
BEGIN TRANSACTION;
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
INSERT INTO "account" VALUES(1,NULL,2,0,0,0,0,0,0,0,0,0,0,0);
INSERT INTO "account" VALUES(2,NULL,3,134510000000,134510000000,0,0,0,0,0,0,0,0,0);
INSERT INTO "account" VALUES(3,NULL,4,0,0,0,0,0,0,0,0,0,0,0);
INSERT INTO "account" VALUES(4,NULL,6,37400000000,261000000000,0,0,0,0,0,0,0,0,0);
INSERT INTO "account" VALUES(5,NULL,7,7110000000,68590000000,0,0,0,0,0,0,0,0,0);
INSERT INTO "account" VALUES(6,NULL,8,504560000000,119000000000,0,0,0,0,0,0,0,0,0);
INSERT INTO "account" VALUES(7,1,1,0,134510000000,0,0,0,1,100000000000,0,0,0,18);
INSERT INTO "account" VALUES(8,1,5,464100000000,370570000000,0,0,0,0,0,0,0,0,0);
INSERT INTO "account" VALUES(9,2,1,0,0,0,0,0,0,0,0,0,0,21);
INSERT INTO "account" VALUES(10,2,5,119000000000,178500000000,0,0,0,0,0,0,0,0,0);
CREATE TABLE alert(
    org INTEGER NOT NULL REFERENCES org(id),
    threshold INTEGER NOT NULL,
    PRIMARY KEY(org, threshold)
) STRICT, WITHOUT ROWID;
CREATE TABLE billing(
    org INTEGER PRIMARY KEY REFERENCES org(id),
    change INTEGER NOT NULL,
    due INTEGER, members_max INTEGER, top_up_below INTEGER
) STRICT;
INSERT INTO "billing" VALUES(1,11,1776124800000,3,NULL);
INSERT INTO "billing" VALUES(2,16,NULL,NULL,NULL);
CREATE TABLE billing_change(
    number INTEGER PRIMARY KEY,
    org INTEGER NOT NULL REFERENCES org(id),
    previous INTEGER NOT NULL,
    at INTEGER NOT NULL, kind TEXT NOT NULL, actor TEXT NOT NULL, state TEXT NOT NULL
) STRICT;
INSERT INTO "billing_change" VALUES(1,1,0,1769853600000,'seats_ordered','uid 0','{"billTo":{"address":[]},"isBegun":false,"standing":{"current":{}},"subscription":{"nextSeats":0,"number":0,"seats":0,"signup":"2026-01-31"},"topUps":{"declines":0,"pending":"0.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(2,1,1,1769853600000,'payment_succeeded','uid 0','{"billTo":{"address":[]},"isBegun":true,"standing":{"current":{}},"subscription":{"nextSeats":3,"number":0,"seats":3,"signup":"2026-01-31"},"topUps":{"declines":0,"pending":"0.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(3,1,2,1769853600000,'credits_ordered','uid 0','{"billTo":{"address":[]},"isBegun":true,"standing":{"current":{}},"subscription":{"nextSeats":3,"number":0,"seats":3,"signup":"2026-01-31"},"topUps":{"declines":0,"pending":"100.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(4,1,3,1769853600000,'payment_succeeded','uid 0','{"billTo":{"address":[]},"isBegun":true,"standing":{"current":{}},"subscription":{"nextSeats":3,"number":0,"seats":3,"signup":"2026-01-31"},"topUps":{"declines":0,"pending":"0.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(5,1,4,1772236800000,'period_billed','meterd','{"asked":"2026-02-28T00:00:00.000Z","billTo":{"address":[]},"isBegun":true,"standing":{"current":{}},"subscription":{"nextSeats":3,"number":1,"seats":3,"signup":"2026-01-31"},"topUps":{"declines":0,"pending":"0.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(6,1,5,1772236800000,'payment_asked','meterd','{"asked":"2026-02-28T00:00:00.000Z","billTo":{"address":[]},"isBegun":true,"standing":{"current":{}},"subscription":{"nextSeats":3,"number":1,"seats":3,"signup":"2026-01-31"},"topUps":{"declines":0,"pending":"0.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(7,1,6,1772236800000,'payment_succeeded','uid 0','{"billTo":{"address":[]},"isBegun":true,"standing":{"current":{}},"subscription":{"nextSeats":3,"number":1,"seats":3,"signup":"2026-01-31"},"topUps":{"declines":0,"pending":"0.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(8,1,7,1772236800000,'invoice_credited','uid 0','{"billTo":{"address":[]},"isBegun":true,"standing":{"current":{}},"subscription":{"nextSeats":3,"number":1,"seats":3,"signup":"2026-01-31"},"topUps":{"declines":0,"pending":"0.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(9,1,8,1774915200000,'period_billed','meterd','{"asked":"2026-03-31T00:00:00.000Z","billTo":{"address":[]},"isBegun":true,"standing":{"current":{}},"subscription":{"nextSeats":3,"number":2,"seats":3,"signup":"2026-01-31"},"topUps":{"declines":0,"pending":"0.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(10,1,9,1774915200000,'payment_asked','meterd','{"asked":"2026-03-31T00:00:00.000Z","billTo":{"address":[]},"isBegun":true,"standing":{"current":{}},"subscription":{"nextSeats":3,"number":2,"seats":3,"signup":"2026-01-31"},"topUps":{"declines":0,"pending":"0.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(11,1,10,1774915200000,'invoice_credited','uid 0','{"asked":"2026-03-31T00:00:00.000Z","billTo":{"address":[]},"isBegun":true,"standing":{"current":{}},"subscription":{"nextSeats":3,"number":2,"seats":3,"signup":"2026-01-31"},"topUps":{"declines":0,"pending":"0.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(12,2,0,1774915200000,'credits_ordered','uid 0','{"billTo":{"address":[]},"isBegun":false,"standing":{"current":{}},"subscription":{"nextSeats":0,"number":0,"seats":0,"signup":"2026-03-31"},"topUps":{"declines":0,"pending":"50.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(13,2,12,1774915200000,'credits_ordered','uid 0','{"billTo":{"address":[]},"isBegun":false,"standing":{"current":{}},"subscription":{"nextSeats":0,"number":0,"seats":0,"signup":"2026-03-31"},"topUps":{"declines":0,"pending":"150.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(14,2,13,1774915200000,'refund_due','uid 0','{"billTo":{"address":[]},"isBegun":false,"standing":{"current":{}},"subscription":{"nextSeats":0,"number":0,"seats":0,"signup":"2026-03-31"},"topUps":{"declines":0,"pending":"100.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(15,2,14,1774915200000,'refund_due','uid 0','{"billTo":{"address":[]},"isBegun":false,"standing":{"current":{}},"subscription":{"nextSeats":0,"number":0,"seats":0,"signup":"2026-03-31"},"topUps":{"declines":0,"pending":"0.000000000","purchases":[]},"warnings":0}');
INSERT INTO "billing_change" VALUES(16,2,15,1774915200000,'payment_refunded','uid 0','{"billTo":{"address":[]},"isBegun":false,"standing":{"current":{}},"subscription":{"nextSeats":0,"number":0,"seats":0,"signup":"2026-03-31"},"topUps":{"declines":0,"pending":"0.000000000","purchases":[]},"warnings":0}');
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
CREATE TABLE cost_drift(
    provider TEXT NOT NULL, model TEXT NOT NULL,
    records INTEGER NOT NULL, differing INTEGER NOT NULL, ours INTEGER NOT NULL, theirs INTEGER NOT NULL,
    last INTEGER NOT NULL, sample INTEGER NOT NULL,
    PRIMARY KEY(provider, model)
) STRICT, WITHOUT ROWID;
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
INSERT INTO "credit_grant" VALUES(1,1,100000000000,1,50,NULL,'payment 2','payment-2',7,100000000000,1769853600000,1,0);
INSERT INTO "credit_grant" VALUES(2,1,34510000000,4,50,NULL,'credit note CN-000001','credit-note-2',14,134510000000,1772236800000,1,34510000000);
CREATE TABLE erasure(
    number INTEGER PRIMARY KEY,
    org INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE TABLE event(
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL, kind TEXT NOT NULL, org TEXT NOT NULL, data TEXT NOT NULL
) STRICT;
INSERT INTO "event" VALUES(4,1772236800000,'invoice_issued','acme','{"due":"103.53","invoice":"INV-000001","total":"326.06"}');
INSERT INTO "event" VALUES(5,1772236800000,'payment_succeeded','acme','{"amount":"103.53","payment":"3"}');
INSERT INTO "event" VALUES(6,1772236800000,'invoice_paid','acme','{"invoice":"INV-000001"}');
INSERT INTO "event" VALUES(7,1772236800000,'credit_note_issued','acme','{"amount":"34.51","corrects":"INV-000001","invoice":"CN-000001","words":"a seat"}');
INSERT INTO "event" VALUES(8,1774915200000,'invoice_issued','acme','{"due":"103.53","invoice":"INV-000002","total":"103.53"}');
INSERT INTO "event" VALUES(9,1774915200000,'credit_note_issued','acme','{"amount":"10.00","corrects":"INV-000002","invoice":"CN-000002","words":"late"}');
INSERT INTO "event" VALUES(10,1774915200000,'payment_refunded','gone','{"amount":"119.00","payment":"7"}');
CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
INSERT INTO "grdb_migrations" VALUES('2026-11-24 ledger');
INSERT INTO "grdb_migrations" VALUES('2026-11-24 rate aliases');
INSERT INTO "grdb_migrations" VALUES('2026-11-25 id groups');
INSERT INTO "grdb_migrations" VALUES('2026-11-25 peers');
INSERT INTO "grdb_migrations" VALUES('2026-11-25 billing');
INSERT INTO "grdb_migrations" VALUES('2026-11-25 usage by day');
INSERT INTO "grdb_migrations" VALUES('2026-11-27 row seals');
INSERT INTO "grdb_migrations" VALUES('2026-11-29 refused usage');
INSERT INTO "grdb_migrations" VALUES('2026-11-29 findings');
INSERT INTO "grdb_migrations" VALUES('2026-11-29 holds and policies');
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
, terms TEXT, worst INTEGER, estimated_by INTEGER) STRICT;
CREATE TABLE hold_id_group(number INTEGER PRIMARY KEY, filter BLOB NOT NULL) STRICT;
CREATE TABLE hold_id_page(id INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
CREATE TABLE hold_id_segment(
    number INTEGER PRIMARY KEY,
    first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
    fences BLOB NOT NULL, filter BLOB NOT NULL
) STRICT;
CREATE TABLE id_group(number INTEGER PRIMARY KEY, filter BLOB NOT NULL) STRICT;
CREATE TABLE id_page(id INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
CREATE TABLE id_segment(
    number INTEGER PRIMARY KEY,
    first_sequence INTEGER NOT NULL, last_sequence INTEGER NOT NULL,
    fences BLOB NOT NULL, filter BLOB NOT NULL
) STRICT;
CREATE TABLE idempotency(
    route TEXT NOT NULL, org TEXT NOT NULL, key TEXT NOT NULL,
    body TEXT NOT NULL, answer BLOB NOT NULL, created INTEGER NOT NULL,
    PRIMARY KEY(route, org, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "idempotency" VALUES('buyCredits','gone','daa62695-27c2-497d-b674-811afb19dca0','{"amount":"100.000000000"}',X'017B226368616E6765223A31332C22696E766F69636573223A5B5D2C227061796D656E7473223A5B375D7D',1774915200000);
INSERT INTO "idempotency" VALUES('buyCredits','gone','fe3c097c-1cc8-443a-8360-e81004cd2614','{"amount":"50.000000000"}',X'017B226368616E6765223A31322C22696E766F69636573223A5B5D2C227061796D656E7473223A5B365D7D',1774915200000);
INSERT INTO "idempotency" VALUES('closeOrg','gone','ffec9751-74af-4895-822d-c8abbb61c2f5','["gone"]',X'017B22617661696C61626C65223A22302E303030303030303030222C2262616C616E6365223A22302E303030303030303030222C22636C6F736564223A22323032362D30332D33315430303A30303A30302E3030305A222C22636F756E747279223A224445222C2263726561746564223A22323032362D30332D33315430303A30303A30302E3030305A222C226F7267223A22676F6E65222C227374617465223A22636C6F736564227D',1774915200000);
INSERT INTO "idempotency" VALUES('createOrg','gone','e1bae558-e05b-4d2f-9e87-200b1afdc01a','{"country":"DE","org":"gone"}',X'017B22617661696C61626C65223A22302E303030303030303030222C2262616C616E6365223A22302E303030303030303030222C22636F756E747279223A224445222C2263726561746564223A22323032362D30332D33315430303A30303A30302E3030305A222C226F7267223A22676F6E65222C227374617465223A22616374697665227D',1774915200000);
INSERT INTO "idempotency" VALUES('creditInvoice','acme','9b498229-69aa-4059-9513-a2f80d39b06f','["INV-000001","34.510000000","a seat"]',X'017B226368616E6765223A382C22696E766F69636573223A5B325D2C227061796D656E7473223A5B5D7D',1772236800000);
INSERT INTO "idempotency" VALUES('creditInvoice','acme','c8c09916-3556-4f76-bf90-9356a6b135cb','["INV-000002","10.000000000","late"]',X'017B226368616E6765223A31312C22696E766F69636573223A5B345D2C227061796D656E7473223A5B355D7D',1774915200000);
INSERT INTO "idempotency" VALUES('recordPayment','acme','3d07a853-bf32-44b5-8399-22fa4488ca39','["3","paid","t3"]',X'017B226368616E6765223A372C22696E766F69636573223A5B5D2C227061796D656E7473223A5B5D7D',1772236800000);
INSERT INTO "idempotency" VALUES('recordPayment','gone','10031315-09b4-4620-b0f0-5c4fc07992d7','["6","paid",""]',X'017B226368616E6765223A31342C22696E766F69636573223A5B5D2C227061796D656E7473223A5B5D7D',1774915200000);
INSERT INTO "idempotency" VALUES('recordPayment','gone','32146fd6-41a8-48d0-a6d9-afa490b828f8','["7","paid",""]',X'017B226368616E6765223A31362C22696E766F69636573223A5B5D2C227061796D656E7473223A5B5D7D',1774915200000);
INSERT INTO "idempotency" VALUES('recordPayment','gone','69fb028b-10df-4313-b77e-4252479fdfa7','["7","paid",""]',X'017B226368616E6765223A31352C22696E766F69636573223A5B5D2C227061796D656E7473223A5B5D7D',1774915200000);
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
INSERT INTO "invoice" VALUES(1,1,1,'INV-',1,274000000000,52060000000,87000000000,16530000000,NULL,'{"buyer":{"address":[],"country":"DE","name":"acme"},"lines":[{"gross":"103.530000000","item":{"seats":{"_0":{"from":"2026-02-28","of":31,"until":"2026-03-31"}}},"net":"87.000000000","quantity":3,"rule":{"rate":{"_0":{"from":"2021-01-01","isInclusive":false,"microPercent":19000000,"name":"USt.","place":{"country":"DE"},"products":["credits","seats"]}}},"tax":"16.530000000","unitPrice":"29.000000000"},{"gross":"103.530000000","item":{"seats":{"_0":{"from":"2026-01-31","of":28,"until":"2026-02-28"}}},"net":"87.000000000","paidOn":"2026-01-31","payment":1,"quantity":3,"rule":{"rate":{"_0":{"from":"2021-01-01","isInclusive":false,"microPercent":19000000,"name":"USt.","place":{"country":"DE"},"products":["seats","credits"]}}},"tax":"16.530000000","unitPrice":"29.000000000"},{"gross":"119.000000000","item":{"credits":{}},"net":"100.000000000","paidOn":"2026-01-31","payment":2,"quantity":1,"rule":{"rate":{"_0":{"from":"2021-01-01","isInclusive":false,"microPercent":19000000,"name":"USt.","place":{"country":"DE"},"products":["credits","seats"]}}},"tax":"19.000000000","unitPrice":"100.000000000"}],"period":{"end":"2026-03-31","number":1,"start":"2026-02-28"},"seller":{"address":[],"creditNoteSeries":"CN-","invoiceSeries":"INV-","name":"Seller"},"totals":{"due":"103.530000000","net":"274.000000000","paid":"222.530000000","tax":"52.060000000","total":"326.060000000"}}',1772236800000,2,1772236800000,3,34510000000,8,9);
INSERT INTO "invoice" VALUES(2,1,2,'CN-',1,29000000000,5510000000,29000000000,5510000000,1,'{"buyer":{"address":[],"country":"DE","name":"acme"},"corrects":"INV-000001","lines":[{"gross":"34.510000000","item":{"correction":{"of":"INV-000001"}},"net":"29.000000000","quantity":1,"rule":{"rate":{"_0":{"from":"2021-01-01","isInclusive":false,"microPercent":19000000,"name":"USt.","place":{"country":"DE"},"products":["credits","seats"]}}},"tax":"5.510000000","unitPrice":"29.000000000"}],"period":{"end":"2026-03-31","number":1,"start":"2026-02-28"},"reason":"a seat","seller":{"address":[],"creditNoteSeries":"CN-","invoiceSeries":"INV-","name":"Seller"},"totals":{"due":"34.510000000","net":"29.000000000","paid":"0.000000000","tax":"5.510000000","total":"34.510000000"}}',1772236800000,2,1772236800000,NULL,0,11,14);
INSERT INTO "invoice" VALUES(3,1,1,'INV-',2,87000000000,16530000000,87000000000,16530000000,NULL,'{"buyer":{"address":[],"country":"DE","name":"acme"},"lines":[{"gross":"103.530000000","item":{"seats":{"_0":{"from":"2026-03-31","of":30,"until":"2026-04-30"}}},"net":"87.000000000","quantity":3,"rule":{"rate":{"_0":{"from":"2021-01-01","isInclusive":false,"microPercent":19000000,"name":"USt.","place":{"country":"DE"},"products":["credits","seats"]}}},"tax":"16.530000000","unitPrice":"29.000000000"}],"period":{"end":"2026-04-30","number":2,"start":"2026-03-31"},"seller":{"address":[],"creditNoteSeries":"CN-","invoiceSeries":"INV-","name":"Seller"},"totals":{"due":"103.530000000","net":"87.000000000","paid":"0.000000000","tax":"16.530000000","total":"103.530000000"}}',1774915200000,1,NULL,NULL,10000000000,15,16);
INSERT INTO "invoice" VALUES(4,1,2,'CN-',2,8400000000,1600000000,8400000000,1600000000,3,'{"buyer":{"address":[],"country":"DE","name":"acme"},"corrects":"INV-000002","lines":[{"gross":"10.000000000","item":{"correction":{"of":"INV-000002"}},"net":"8.400000000","quantity":1,"rule":{"rate":{"_0":{"from":"2021-01-01","isInclusive":false,"microPercent":19000000,"name":"USt.","place":{"country":"DE"},"products":["seats","credits"]}}},"tax":"1.600000000","unitPrice":"8.400000000"}],"period":{"end":"2026-04-30","number":2,"start":"2026-03-31"},"reason":"late","seller":{"address":[],"creditNoteSeries":"CN-","invoiceSeries":"INV-","name":"Seller"},"totals":{"due":"10.000000000","net":"8.400000000","paid":"0.000000000","tax":"1.600000000","total":"10.000000000"}}',1774915200000,2,1774915200000,NULL,0,17,18);
CREATE TABLE invoice_note(
    number INTEGER PRIMARY KEY,
    invoice INTEGER NOT NULL REFERENCES invoice(id),
    at INTEGER NOT NULL, kind INTEGER NOT NULL, actor TEXT NOT NULL, text TEXT NOT NULL
) STRICT;
INSERT INTO "invoice_note" VALUES(1,1,1772236800000,4,'uid 0','a seat');
INSERT INTO "invoice_note" VALUES(2,3,1774915200000,4,'uid 0','late');
CREATE TABLE ledger_commit(
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    last_transfer INTEGER NOT NULL, last_usage INTEGER NOT NULL, last_hold INTEGER NOT NULL,
    last_grant INTEGER NOT NULL, last_correction INTEGER NOT NULL, last_erasure INTEGER NOT NULL,
    last_org INTEGER NOT NULL, last_card INTEGER NOT NULL,
    digest BLOB NOT NULL
, last_alias INTEGER NOT NULL DEFAULT 0, last_change INTEGER NOT NULL DEFAULT 0, last_payment INTEGER NOT NULL DEFAULT 0, last_invoice INTEGER NOT NULL DEFAULT 0, last_note INTEGER NOT NULL DEFAULT 0, last_quarantine INTEGER NOT NULL DEFAULT 0, last_quarantine_step INTEGER NOT NULL DEFAULT 0, last_org_alias INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "ledger_commit" VALUES(1,1769853600000,0,0,0,0,0,0,1,0,X'8F8556D279017CACEF5FC330D3288D8B3704605C808CCFE7749BEDB9542C582E',0,0,0,0,0,0,0,0);
INSERT INTO "ledger_commit" VALUES(2,1769853600000,0,0,0,0,0,0,1,0,X'DD617C80AFD0B178D32457BEC1F4035B791B29C5D468D417F4CD9ED086C720DE',0,1,1,0,0,0,0,0);
INSERT INTO "ledger_commit" VALUES(3,1769853600000,3,0,0,0,0,0,1,0,X'6E2B0DE85A1AEAC7A075F838CA2FDE7F12878E76A827F3BEBEB7D304EFD5FE80',0,2,1,0,0,0,0,0);
INSERT INTO "ledger_commit" VALUES(4,1769853600000,3,0,0,0,0,0,1,0,X'EB997C69FCBCBCDD42A7C10F62BD83039F131CC20EDFB3098AE4992F144F20D5',0,3,2,0,0,0,0,0);
INSERT INTO "ledger_commit" VALUES(5,1769853600000,7,0,0,1,0,0,1,0,X'DAD575681A383534FA06F5FD69C96A8D53B6DF1AC29BE2FFF3D18FED42FB7B51',0,4,2,0,0,0,0,0);
INSERT INTO "ledger_commit" VALUES(6,1772236800000,9,0,0,1,0,0,1,0,X'69501C5D4CB7A719EB5C68F61F90F1A07123F4F7BCB54DFFC14C26D13D903621',0,5,2,1,0,0,0,0);
INSERT INTO "ledger_commit" VALUES(7,1772236800000,9,0,0,1,0,0,1,0,X'6835B9F38ED61042E61F2D625A24E850D0ACCF39DF7C7B7BB4370E629C027617',0,6,3,1,0,0,0,0);
INSERT INTO "ledger_commit" VALUES(8,1772236800000,10,0,0,1,0,0,1,0,X'29CFF83314CAD4E5467C817818BE512DEB7046B78BDDB638C0C782B9444E7B9F',0,7,3,1,0,0,0,0);
INSERT INTO "ledger_commit" VALUES(9,1772236800000,14,0,0,2,0,0,1,0,X'2919468FE2982A608614560A2F1035773E50773E76FF322E554CA05D32C98CC0',0,8,3,2,1,0,0,0);
INSERT INTO "ledger_commit" VALUES(10,1774915200000,16,0,0,2,0,0,1,0,X'D98044B61E8241DFF98EB0879839C5128238E44AFEF2BE370E5E492CFA27993D',0,9,3,3,1,0,0,0);
INSERT INTO "ledger_commit" VALUES(11,1774915200000,16,0,0,2,0,0,1,0,X'3EAF2ECA91E736096734A01FF5B3BD61849F72188085D5BFE30597D7C54B40BD',0,10,4,3,1,0,0,0);
INSERT INTO "ledger_commit" VALUES(12,1774915200000,18,0,0,2,0,0,1,0,X'5C07D54E199BC70C140CD57908DC526EA271BEE620E5364649EB08914D25609C',0,11,5,4,2,0,0,0);
INSERT INTO "ledger_commit" VALUES(13,1774915200000,18,0,0,2,0,0,2,0,X'9DE5CE0528CA06A3A9155C7744891FA5330AA603BA0462C9AEE16C645786B08C',0,11,5,4,2,0,0,0);
INSERT INTO "ledger_commit" VALUES(14,1774915200000,18,0,0,2,0,0,2,0,X'331A63A770802551AACEDC2B1664B71BB0AAC5830234F47CECFB2BE3D4070E85',0,12,6,4,2,0,0,0);
INSERT INTO "ledger_commit" VALUES(15,1774915200000,18,0,0,2,0,0,2,0,X'1455664607DF978AE1C7F32ACF904E57780D87EEF71CAFAC3F5813E909F22645',0,13,7,4,2,0,0,0);
INSERT INTO "ledger_commit" VALUES(16,1774915200000,19,0,0,2,0,0,2,0,X'DEB6055558FBA9CCBAB70C7B05C644BA4A483828317ED6A4D92E60B9A0BCF18B',0,14,7,4,2,0,0,0);
INSERT INTO "ledger_commit" VALUES(17,1774915200000,20,0,0,2,0,0,2,0,X'B0A4EF6A3085BE2CE241C3B5A5020D80CD114C5596BCC26776C00DE56467121C',0,15,7,4,2,0,0,0);
INSERT INTO "ledger_commit" VALUES(18,1774915200000,21,0,0,2,0,0,2,0,X'598018A720B32B929800AA5A6AA677D0B81852B7E6A887960908791D92BC604A',0,16,7,4,2,0,0,0);
CREATE TABLE member(
    org INTEGER NOT NULL REFERENCES org(id),
    user TEXT NOT NULL,
    added INTEGER NOT NULL, removed INTEGER,
    daily_limit INTEGER, monthly_limit INTEGER,
    day INTEGER NOT NULL, day_spend INTEGER NOT NULL,
    month INTEGER NOT NULL, month_spend INTEGER NOT NULL, seal BLOB,
    PRIMARY KEY(org, user)
) STRICT, WITHOUT ROWID;
CREATE TABLE meta(name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('id_hash_key',X'8975A444947C7F5B5A3332157BFADD76');
INSERT INTO "meta" VALUES('ledger_id','18bd7262f30976b2');
CREATE TABLE org(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    display_name TEXT, country TEXT, region TEXT,
    state INTEGER NOT NULL,
    monthly_budget INTEGER,
    created INTEGER NOT NULL, closed INTEGER
) STRICT;
INSERT INTO "org" VALUES(1,'acme',NULL,'DE',NULL,1,NULL,1769853600000,NULL);
INSERT INTO "org" VALUES(2,'gone',NULL,'DE',NULL,2,NULL,1774915200000,1774915200000);
CREATE TABLE org_alias(
    id INTEGER PRIMARY KEY,
    alias TEXT NOT NULL, org INTEGER REFERENCES org(id),
    recorded INTEGER NOT NULL, actor TEXT NOT NULL
) STRICT;
CREATE TABLE org_policy(
    org INTEGER PRIMARY KEY REFERENCES org(id),
    default_output_tokens INTEGER, capped_exposure_max INTEGER,
    allowed_models TEXT,
    charge_expired_holds INTEGER NOT NULL,
    unpriced_records_max INTEGER
) STRICT;
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
INSERT INTO "payment" VALUES(1,1,103530000000,1,87000000000,16530000000,NULL,'addSeats-952d17bb-e788-413c-aa9b-94b38999f4fa','manual','{"lines":[{"gross":"103.530000000","item":{"seats":{"_0":{"from":"2026-01-31","of":28,"until":"2026-02-28"}}},"net":"87.000000000","quantity":3,"rule":{"rate":{"_0":{"from":"2021-01-01","isInclusive":false,"microPercent":19000000,"name":"USt.","place":{"country":"DE"},"products":["credits","seats"]}}},"tax":"16.530000000","unitPrice":"29.000000000"}],"purpose":{"seats":{"_0":3,"period":0,"signup":"2026-01-31"}}}',1769853600000,2,NULL,NULL,1769853600000,1,1,3);
INSERT INTO "payment" VALUES(2,1,119000000000,2,100000000000,19000000000,NULL,'buyCredits-cd5c49e5-eab0-47f7-80c5-c75195d72c33','manual','{"lines":[{"gross":"119.000000000","item":{"credits":{}},"net":"100.000000000","quantity":1,"rule":{"rate":{"_0":{"from":"2021-01-01","isInclusive":false,"microPercent":19000000,"name":"USt.","place":{"country":"DE"},"products":["credits","seats"]}}},"tax":"19.000000000","unitPrice":"100.000000000"}],"purpose":{"credits":{}}}',1769853600000,2,NULL,NULL,1769853600000,1,4,7);
INSERT INTO "payment" VALUES(3,1,103530000000,NULL,NULL,NULL,1,'meterd-invoice-5','manual','{"lines":[],"purpose":{"invoice":{}}}',1772236800000,2,'t3',NULL,1772236800000,NULL,10,10);
INSERT INTO "payment" VALUES(4,1,103530000000,NULL,NULL,NULL,3,'meterd-invoice-9','manual','{"lines":[],"purpose":{"invoice":{}}}',1774915200000,4,NULL,'less is to be paid after a credit note',1774915200000,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5,1,93530000000,NULL,NULL,NULL,3,'meterd-credited-10','manual','{"lines":[],"purpose":{"invoice":{}}}',1774915200000,1,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(6,2,59500000000,2,50000000000,9500000000,NULL,'buyCredits-fe3c097c-1cc8-443a-8360-e81004cd2614','manual','{"lines":[{"gross":"59.500000000","item":{"credits":{}},"net":"50.000000000","quantity":1,"rule":{"rate":{"_0":{"from":"2021-01-01","isInclusive":false,"microPercent":19000000,"name":"USt.","place":{"country":"DE"},"products":["credits","seats"]}}},"tax":"9.500000000","unitPrice":"50.000000000"}],"purpose":{"credits":{}}}',1774915200000,5,NULL,'the org is closed',1774915200000,NULL,19,19);
INSERT INTO "payment" VALUES(7,2,119000000000,2,100000000000,19000000000,NULL,'buyCredits-daa62695-27c2-497d-b674-811afb19dca0','manual','{"lines":[{"gross":"119.000000000","item":{"credits":{}},"net":"100.000000000","quantity":1,"rule":{"rate":{"_0":{"from":"2021-01-01","isInclusive":false,"microPercent":19000000,"name":"USt.","place":{"country":"DE"},"products":["credits","seats"]}}},"tax":"19.000000000","unitPrice":"100.000000000"}],"purpose":{"credits":{}}}',1774915200000,6,NULL,'the org is closed',1774915200000,NULL,20,21);
CREATE TABLE "peer"(
    id INTEGER PRIMARY KEY, uid INTEGER NOT NULL, pid INTEGER NOT NULL, sender TEXT
) STRICT;
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
CREATE TABLE quarantine_step(
    number INTEGER PRIMARY KEY,
    quarantine INTEGER NOT NULL REFERENCES quarantine(number),
    kind INTEGER NOT NULL,
    at INTEGER NOT NULL,
    usage INTEGER, new_at INTEGER, new_id TEXT,
    actor TEXT NOT NULL
) STRICT;
CREATE TABLE rate_alias(
    id INTEGER PRIMARY KEY,
    alias TEXT NOT NULL, model TEXT, provider TEXT,
    recorded INTEGER NOT NULL, actor TEXT NOT NULL
) STRICT;
CREATE TABLE rate_card(
    id INTEGER PRIMARY KEY,
    hash TEXT NOT NULL,
    effective INTEGER NOT NULL, recorded INTEGER NOT NULL,
    source TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE TABLE row_seal(
    name TEXT NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY(name, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "row_seal" VALUES('billing','[1]',X'C2A195E242505F6A1B15520C2F1637B45A95FB63BCA81B67CF3DF73B1F2FBF1A');
INSERT INTO "row_seal" VALUES('billing','[2]',X'556B7D9C24A53AA695F3C0EEFAF767FF026EF303445F7C794656B8EECCE8457C');
INSERT INTO "row_seal" VALUES('event','[10]',X'5680C762B6F0567C89AC54503FDE08D7CBB7CA07ACF1AA5FD60448078849A886');
INSERT INTO "row_seal" VALUES('event','[4]',X'31DB68EED26F89CC6239A0A00CB7CF043754D95E47F1A178D44F0E41AE53A092');
INSERT INTO "row_seal" VALUES('event','[5]',X'FCEE7C523D647E3591DD7A9384C9F19B65173067E0F751DD86FE4D7E0D436032');
INSERT INTO "row_seal" VALUES('event','[6]',X'BB53240EBD03AB6A0D8A356BF6CB178AA830D4C435708ADC4B3EA0B5B82C2751');
INSERT INTO "row_seal" VALUES('event','[7]',X'D7ACE1F42D103F3B48300D2E516C1357D3F23FF5C69A81D886CD74841324DCC9');
INSERT INTO "row_seal" VALUES('event','[8]',X'C209BC20AF346A6C7A54E5C848D8B657460DD2B445FCF58E8113E17281A3349A');
INSERT INTO "row_seal" VALUES('event','[9]',X'B66FDC6A1EC15C2A6299852688B67C824637748AC72FCB821230A58A8B95D401');
INSERT INTO "row_seal" VALUES('idempotency','["buyCredits","gone","daa62695-27c2-497d-b674-811afb19dca0"]',X'B395453E2DDFAAC9F8B09C55D5AB1AEA5E32BAF916F4CA76E731D0000DA11204');
INSERT INTO "row_seal" VALUES('idempotency','["buyCredits","gone","fe3c097c-1cc8-443a-8360-e81004cd2614"]',X'6DB5976F89376AA5E6C4494B8B30F981C4EDC4128420EF3EB67A35D5BDE3605C');
INSERT INTO "row_seal" VALUES('idempotency','["closeOrg","gone","ffec9751-74af-4895-822d-c8abbb61c2f5"]',X'B324CAE0CAE2205D7AF49C539AE27C836083A101A19072D630487216BF50AA20');
INSERT INTO "row_seal" VALUES('idempotency','["createOrg","gone","e1bae558-e05b-4d2f-9e87-200b1afdc01a"]',X'2D2794DB2486D5C9F36408EC19587A7142BE89A526CAECFE6F6294907102E976');
INSERT INTO "row_seal" VALUES('idempotency','["creditInvoice","acme","9b498229-69aa-4059-9513-a2f80d39b06f"]',X'30F8983E0DA7D0459B099D30C31CA2504F1D57BC30719CE4DB9CAF7969B25E54');
INSERT INTO "row_seal" VALUES('idempotency','["creditInvoice","acme","c8c09916-3556-4f76-bf90-9356a6b135cb"]',X'BA72EA84A0E2371589CCA0435D30D859567092042BF6F1F64E998C9508B410D2');
INSERT INTO "row_seal" VALUES('idempotency','["recordPayment","acme","3d07a853-bf32-44b5-8399-22fa4488ca39"]',X'5FE735255DE464DF8EC0F20D0E92684D11EEA7B6C0936A009AF685E19D994E75');
INSERT INTO "row_seal" VALUES('idempotency','["recordPayment","gone","10031315-09b4-4620-b0f0-5c4fc07992d7"]',X'6155506F482D4DBAC667F50D8DCC878B32CAA3A1DE9D5339B128870CBB7789B5');
INSERT INTO "row_seal" VALUES('idempotency','["recordPayment","gone","32146fd6-41a8-48d0-a6d9-afa490b828f8"]',X'25B0DDD2617BEDC43C1761B325B68ABD9BF093ED2B18059AB0945C609F1EFA21');
INSERT INTO "row_seal" VALUES('idempotency','["recordPayment","gone","69fb028b-10df-4313-b77e-4252479fdfa7"]',X'1EC95F6432D97FFEE1058F56DC511D69B2F3058F67DA878432AFE53B03D516D4');
INSERT INTO "row_seal" VALUES('invoice','[1]',X'4E4C52CC3EF2324CED74228C86A0489EF8430EEBEC24C98F7479FB071BE47DE1');
INSERT INTO "row_seal" VALUES('invoice','[2]',X'E0EE54B7238E7264B3180CD7A28E8505E1FF8B75D161B950E4226DAF0C31B93F');
INSERT INTO "row_seal" VALUES('invoice','[3]',X'BD10DDD2BA616CCC55A0E7E024B9E0EE20831888C309A63C3E9BC85E259A22B5');
INSERT INTO "row_seal" VALUES('invoice','[4]',X'883593F86FB707EADEB315019EC14343F303201F7658A85AB6E4FE68BA9F17FE');
INSERT INTO "row_seal" VALUES('meta','["id_hash_key"]',X'A552F595C7CC209AA426CD57CB2659A887620A337782D27DB04B14B46A179E4F');
INSERT INTO "row_seal" VALUES('meta','["ledger_id"]',X'44A562F5D6CB0EC54A43774CB50B67773307AD089AA78353B3413EC63EF733E0');
INSERT INTO "row_seal" VALUES('org','[1]',X'1DA9BC7F4409E02C74A0CC9BA84B8FD6A2F215DD21B9E7FD4FF1D772F97C74E7');
INSERT INTO "row_seal" VALUES('org','[2]',X'9357E9CDFDAD459FE91BE4F1CA80B99D1812F9323C10BF04D5EDE92A16553280');
INSERT INTO "row_seal" VALUES('payment','[1]',X'73D13064A1A2E865629711722FA19764269BB5CD588A341FFDC76021FD7CDF4B');
INSERT INTO "row_seal" VALUES('payment','[2]',X'D5602B0ACF8034D3F8E817EA5062A0EA44A557E5BDE9915A76E04DF9F606670E');
INSERT INTO "row_seal" VALUES('payment','[3]',X'F5F7B78F356A7C9CB7171B0DFFD3F8C4BEEBC2CD752D44222983E63BCBCDABE2');
INSERT INTO "row_seal" VALUES('payment','[4]',X'2CECF69D4857C87C4BA4C051366AB07B8E0D1FF3E6E820A3895EB196638723D2');
INSERT INTO "row_seal" VALUES('payment','[5]',X'CB092B14E535FC66416BB9921863EB12F83E8EB73A631EE2857B5BEBD7A07254');
INSERT INTO "row_seal" VALUES('payment','[6]',X'D2A5CAE035D5D54D990AAAA39BA5E7CACCC0638615ACCD58532D3E2BE5729FDA');
INSERT INTO "row_seal" VALUES('payment','[7]',X'699182C7307EB13D0470695327DBE7ACC4F9C88641E09FF6AA25186FD8C5C3E7');
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
INSERT INTO "transfer" VALUES(1,0,8,4,87000000000,12,1,1769853600000,0,NULL);
INSERT INTO "transfer" VALUES(2,1,8,5,16530000000,12,1,1769853600000,0,NULL);
INSERT INTO "transfer" VALUES(3,2,6,8,103530000000,13,1,1769853600000,0,NULL);
INSERT INTO "transfer" VALUES(4,3,8,2,100000000000,12,2,1769853600000,0,NULL);
INSERT INTO "transfer" VALUES(5,4,8,5,19000000000,12,2,1769853600000,0,NULL);
INSERT INTO "transfer" VALUES(6,5,6,8,119000000000,13,2,1769853600000,0,NULL);
INSERT INTO "transfer" VALUES(7,6,2,7,100000000000,2,1,1769853600000,0,X'01');
INSERT INTO "transfer" VALUES(8,7,8,4,87000000000,11,1,1772236800000,0,NULL);
INSERT INTO "transfer" VALUES(9,8,8,5,16530000000,11,1,1772236800000,0,NULL);
INSERT INTO "transfer" VALUES(10,9,6,8,103530000000,13,3,1772236800000,0,NULL);
INSERT INTO "transfer" VALUES(11,10,4,8,29000000000,15,2,1772236800000,0,NULL);
INSERT INTO "transfer" VALUES(12,11,5,8,5510000000,15,2,1772236800000,0,NULL);
INSERT INTO "transfer" VALUES(13,12,8,2,34510000000,15,2,1772236800000,0,NULL);
INSERT INTO "transfer" VALUES(14,13,2,7,34510000000,2,2,1772236800000,0,X'02');
INSERT INTO "transfer" VALUES(15,14,8,4,87000000000,11,3,1774915200000,0,NULL);
INSERT INTO "transfer" VALUES(16,15,8,5,16530000000,11,3,1774915200000,0,NULL);
INSERT INTO "transfer" VALUES(17,16,4,8,8400000000,15,4,1774915200000,0,NULL);
INSERT INTO "transfer" VALUES(18,17,5,8,1600000000,15,4,1774915200000,0,NULL);
INSERT INTO "transfer" VALUES(19,0,6,10,59500000000,13,6,1774915200000,0,NULL);
INSERT INTO "transfer" VALUES(20,19,6,10,119000000000,13,7,1774915200000,0,NULL);
INSERT INTO "transfer" VALUES(21,20,10,6,119000000000,14,7,1774915200000,0,NULL);
CREATE TABLE unread_member(
    provider TEXT NOT NULL, name TEXT NOT NULL,
    model TEXT NOT NULL, records INTEGER NOT NULL, total INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, sample INTEGER NOT NULL,
    PRIMARY KEY(provider, name)
) STRICT, WITHOUT ROWID;
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
, peer INTEGER, missing INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE usage_day(
    org INTEGER NOT NULL, day INTEGER NOT NULL, received_day INTEGER NOT NULL,
    user TEXT NOT NULL, model TEXT NOT NULL,
    records INTEGER NOT NULL, unpriced INTEGER NOT NULL, cost INTEGER NOT NULL,
    input INTEGER NOT NULL, output INTEGER NOT NULL,
    PRIMARY KEY(org, day, received_day, user, model)
) STRICT, WITHOUT ROWID;
CREATE TABLE usage_rollup(through INTEGER NOT NULL) STRICT;
INSERT INTO "usage_rollup" VALUES(0);
CREATE TABLE usage_tag_day(
    org INTEGER NOT NULL, day INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    records INTEGER NOT NULL, cost INTEGER NOT NULL,
    PRIMARY KEY(org, day, name, value)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX account_by_org ON account(org, kind);
CREATE TRIGGER transfer_is_never_updated BEFORE UPDATE ON transfer
    BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE TRIGGER transfer_is_never_deleted BEFORE DELETE ON transfer
    BEGIN SELECT RAISE(ABORT, 'transfers are append-only'); END;
CREATE INDEX usage_unpriced ON usage(sequence) WHERE status = 2 AND correction = 0;
CREATE TRIGGER usage_money_is_never_updated
    BEFORE UPDATE OF sequence, previous, org, id, at, received, status, cost, card, balance, held, hold_number,
        hold_state, transfer, digest ON usage
    BEGIN SELECT RAISE(ABORT, 'a charge is never edited'); END;
CREATE TRIGGER correction_money_is_never_updated
    BEFORE UPDATE OF number, usage, previous, kind, at, cost, card, transfer, digest ON correction
    BEGIN SELECT RAISE(ABORT, 'a correction is never edited'); END;
CREATE INDEX credit_grant_by_org ON credit_grant(org, id);
CREATE UNIQUE INDEX credit_grant_by_key ON credit_grant(org, key);
CREATE INDEX credit_grant_open ON credit_grant(org, id) WHERE state = 1;
CREATE INDEX hold_open ON hold(org, number) WHERE state = 1;
CREATE TRIGGER hold_is_never_edited
    BEFORE UPDATE OF number, org, id, ttl, amount, balance, available, created, expires, transfer, digest ON hold
    BEGIN SELECT RAISE(ABORT, 'a hold is closed, never edited'); END;
CREATE INDEX event_by_age ON event(at);
CREATE TRIGGER ledger_commit_is_never_updated BEFORE UPDATE ON ledger_commit
    BEGIN SELECT RAISE(ABORT, 'commits are append-only'); END;
CREATE TRIGGER ledger_commit_is_never_deleted BEFORE DELETE ON ledger_commit
    BEGIN SELECT RAISE(ABORT, 'commits are append-only'); END;
CREATE INDEX idempotency_by_age ON idempotency(created);
CREATE TRIGGER rate_alias_is_never_updated BEFORE UPDATE ON rate_alias
    BEGIN SELECT RAISE(ABORT, 'aliases are append-only'); END;
CREATE TRIGGER rate_alias_is_never_deleted BEFORE DELETE ON rate_alias
    BEGIN SELECT RAISE(ABORT, 'aliases are append-only'); END;
CREATE TRIGGER rate_card_is_never_updated BEFORE UPDATE ON rate_card
    BEGIN SELECT RAISE(ABORT, 'rate cards are append-only'); END;
CREATE TRIGGER rate_card_is_never_deleted BEFORE DELETE ON rate_card
    BEGIN SELECT RAISE(ABORT, 'rate cards are append-only'); END;
CREATE TRIGGER billing_change_is_never_updated BEFORE UPDATE ON billing_change
    BEGIN SELECT RAISE(ABORT, 'billing changes are append-only'); END;
CREATE TRIGGER billing_change_is_never_deleted BEFORE DELETE ON billing_change
    BEGIN SELECT RAISE(ABORT, 'billing changes are append-only'); END;
CREATE INDEX billing_by_due ON billing(due) WHERE due IS NOT NULL;
CREATE INDEX payment_by_org ON payment(org, id);
CREATE INDEX payment_open ON payment(org, id) WHERE state IN (1, 5);
CREATE INDEX payment_uninvoiced ON payment(org, id) WHERE state = 2 AND product IS NOT NULL AND stands_on IS NULL;
CREATE TRIGGER payment_is_never_edited
    BEFORE UPDATE OF id, org, amount, product, net, tax, invoice, key, gateway, body, created ON payment
    BEGIN SELECT RAISE(ABORT, 'a payment is settled, never edited'); END;
CREATE TRIGGER payment_is_never_deleted BEFORE DELETE ON payment
    BEGIN SELECT RAISE(ABORT, 'payments stay'); END;
CREATE INDEX invoice_by_org ON invoice(org, id);
CREATE INDEX invoice_by_corrected ON invoice(refers_to) WHERE refers_to IS NOT NULL;
CREATE INDEX invoice_open ON invoice(org, id) WHERE state = 1;
CREATE TRIGGER invoice_is_never_edited
    BEFORE UPDATE OF id, org, kind, series, number, net, tax, net_due, tax_due, refers_to, body, issued ON invoice
    BEGIN SELECT RAISE(ABORT, 'an invoice is final'); END;
CREATE TRIGGER invoice_is_never_deleted BEFORE DELETE ON invoice
    BEGIN SELECT RAISE(ABORT, 'invoices stay'); END;
CREATE INDEX invoice_note_by_invoice ON invoice_note(invoice, number);
CREATE TRIGGER invoice_note_is_never_updated BEFORE UPDATE ON invoice_note
    BEGIN SELECT RAISE(ABORT, 'notes are append-only'); END;
CREATE TRIGGER invoice_note_is_never_deleted BEFORE DELETE ON invoice_note
    BEGIN SELECT RAISE(ABORT, 'notes are append-only'); END;
CREATE UNIQUE INDEX quarantine_by_line ON quarantine(line_hash) WHERE state = 1;
CREATE INDEX quarantine_detail ON quarantine(number, received, length) WHERE line_hash IS NOT NULL;
CREATE INDEX quarantine_by_name ON quarantine(named, number) WHERE line_hash IS NOT NULL;
CREATE INDEX quarantine_kept ON quarantine(code, received) WHERE state = 1;
CREATE TRIGGER quarantine_is_never_edited
    BEFORE UPDATE OF number, received, org, code, length, peer, digest ON quarantine
    BEGIN SELECT RAISE(ABORT, 'a quarantined line is decided upon, never edited'); END;
CREATE TRIGGER quarantine_is_never_deleted BEFORE DELETE ON quarantine
    BEGIN SELECT RAISE(ABORT, 'quarantined lines stay'); END;
CREATE INDEX quarantine_step_by_line ON quarantine_step(quarantine);
CREATE TRIGGER quarantine_step_is_never_updated BEFORE UPDATE ON quarantine_step
    BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER quarantine_step_is_never_deleted BEFORE DELETE ON quarantine_step
    BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER org_alias_is_never_updated BEFORE UPDATE ON org_alias
    BEGIN SELECT RAISE(ABORT, 'aliases are append-only'); END;
CREATE TRIGGER org_alias_is_never_deleted BEFORE DELETE ON org_alias
    BEGIN SELECT RAISE(ABORT, 'aliases are append-only'); END;
CREATE UNIQUE INDEX peer_by_process ON peer(uid, pid, coalesce(sender, ''));
CREATE TRIGGER peer_is_never_updated BEFORE UPDATE ON peer
    BEGIN SELECT RAISE(ABORT, 'peers are append-only'); END;
CREATE INDEX usage_missing ON usage(sequence) WHERE missing = 1;
CREATE INDEX hold_expired ON hold(org, number) WHERE state = 4;
CREATE INDEX hold_estimated ON hold(org, number) WHERE estimated_by IS NOT NULL;
CREATE TRIGGER hold_terms_are_never_edited BEFORE UPDATE OF terms, worst ON hold
    BEGIN SELECT RAISE(ABORT, 'a hold is closed, never edited'); END;
CREATE TRIGGER hold_estimate_is_never_edited BEFORE UPDATE OF estimated_by ON hold WHEN old.estimated_by IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a hold is estimated once'); END;
COMMIT;
