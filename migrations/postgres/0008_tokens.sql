-- Tokens of programs that hand mail in over HTTP, and by which of them each mail came.
-- secret is the SHA-256 of 256 random bits; fingerprint is a keyed hash of envelope and bytes.

CREATE TABLE tokens (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    mailboxes TEXT NOT NULL,
    secret BYTEA NOT NULL,
    sealed_name BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    valid_until BIGINT NOT NULL,
    revoked_at BIGINT
);

CREATE TABLE handed_in (
    message TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX handed_in_token ON handed_in (token, at);
