-- To whom the usage of a site and its plan are told, in this order within a kind. The address is a keyed hash; as it is written it is sealed.
CREATE TABLE contacts (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    kind TEXT NOT NULL,
    place BIGINT NOT NULL,
    address BYTEA NOT NULL,
    sealed_contact BYTEA NOT NULL,
    added_at BIGINT NOT NULL,
    -- Since when a letter to it has come back.
    flagged_at BIGINT,
    UNIQUE (site, address)
);

-- What a letter to a contact is known by when it comes back, as which of the contacts it was told, and whether the next one was told instead.
ALTER TABLE bulletins ADD COLUMN number BIGINT;
ALTER TABLE bulletins ADD COLUMN contact TEXT;
ALTER TABLE bulletins ADD COLUMN returned_at BIGINT;
ALTER TABLE bulletins ADD COLUMN passed_on BIGINT NOT NULL DEFAULT 0;
CREATE INDEX bulletins_number ON bulletins (site, number) WHERE number IS NOT NULL;

-- What sites of plans are charged by, kept for years: each month that is over, and each pack. It names nobody.
CREATE TABLE billing_records (
    site TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The last day that it is about, in days since 1970.
    day BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (site, name)
);
