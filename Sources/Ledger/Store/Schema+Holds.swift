// What holds and orgs got on 2026-11-29.
extension Schema {
    static let holdsAndPolicies = """
        -- terms: what was asked beside the other columns, NULL for nothing; see HoldTerms. worst: the worst case, if less is
        -- reserved. estimated_by: the usage record that charged what it had reserved when it expired unsettled.
        ALTER TABLE hold ADD COLUMN terms TEXT;
        ALTER TABLE hold ADD COLUMN worst INTEGER;
        ALTER TABLE hold ADD COLUMN estimated_by INTEGER;
        CREATE INDEX hold_expired ON hold(org, number) WHERE state = 4;
        CREATE INDEX hold_estimated ON hold(org, number) WHERE estimated_by IS NOT NULL;
        CREATE TRIGGER hold_terms_are_never_edited BEFORE UPDATE OF terms, worst ON hold
            BEGIN SELECT RAISE(ABORT, 'a hold is closed, never edited'); END;
        CREATE TRIGGER hold_estimate_is_never_edited BEFORE UPDATE OF estimated_by ON hold WHEN old.estimated_by IS NOT NULL
            BEGIN SELECT RAISE(ABORT, 'a hold is estimated once'); END;

        -- What an operator decided about an org's requests; NULL for the default. allowed_models: a JSON array of patterns.
        CREATE TABLE org_policy(
            org INTEGER PRIMARY KEY REFERENCES org(id),
            default_output_tokens INTEGER, capped_exposure_max INTEGER,
            allowed_models TEXT,
            charge_expired_holds INTEGER NOT NULL,
            unpriced_records_max INTEGER
        ) STRICT;

        """
}
