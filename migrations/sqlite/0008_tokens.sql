-- Tokens of programs that hand mail in over HTTP, and by which of them each mail came.
-- secret is the SHA-256 of 256 random bits; fingerprint is a keyed hash of envelope and bytes.

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    mailboxes TEXT NOT NULL,
    secret BLOB NOT NULL,
    sealed_name BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE TABLE handed_in (
    message TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX handed_in_token ON handed_in (token, at);
