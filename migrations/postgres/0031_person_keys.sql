-- Public keys of people that they or administrators brought, or that came with their mail, and in which standing each is.
CREATE TABLE person_keys (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    address BYTEA NOT NULL,
    scheme TEXT NOT NULL,
    origin TEXT NOT NULL,
    standing TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    sealed_key BYTEA NOT NULL,
    ends_at BIGINT,
    kept_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    UNIQUE (site, address, scheme, origin, fingerprint)
);
CREATE INDEX person_keys_page ON person_keys (site, changed_at, id);
