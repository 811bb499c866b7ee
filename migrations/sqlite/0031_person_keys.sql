-- Public keys of people that they or administrators brought, or that came with their mail, and in which standing each is.
CREATE TABLE person_keys (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    address BLOB NOT NULL,
    scheme TEXT NOT NULL,
    origin TEXT NOT NULL,
    standing TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    sealed_key BLOB NOT NULL,
    ends_at INTEGER,
    kept_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    UNIQUE (site, address, scheme, origin, fingerprint)
) STRICT;
CREATE INDEX person_keys_page ON person_keys (site, changed_at, id);
