-- The key book: every key that wraps or hashes, itself wrapped by the master key. Destroying a row's wrapped_key erases
-- what it wrapped from every copy of the main database.

CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    kind TEXT NOT NULL,
    day BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    wrapped_key BYTEA,
    uses BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT,
    destroyed_at BIGINT,
    UNIQUE (site, kind, day, seq)
);

CREATE TABLE master_keys (
    id TEXT PRIMARY KEY,
    since BIGINT NOT NULL
);
