-- The key book: every key that wraps or hashes, itself wrapped by the master key. Destroying a row's wrapped_key erases
-- what it wrapped from every copy of the main database.

CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    kind TEXT NOT NULL,
    day INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    wrapped_key BLOB,
    uses INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER,
    destroyed_at INTEGER,
    UNIQUE (site, kind, day, seq)
) STRICT;

CREATE TABLE master_keys (
    id TEXT PRIMARY KEY,
    since INTEGER NOT NULL
) STRICT;
