-- Letters that people write on purpose: what was asked for, and what was decided, sealed. `request` and `fingerprint` are keyed hashes, by
-- which the same request is known again. The letters themselves stand in the outbox; their decision has the id of the row here.
CREATE TABLE written (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    way TEXT NOT NULL,
    request BYTEA NOT NULL,
    fingerprint BYTEA NOT NULL,
    token TEXT,
    preview BIGINT NOT NULL,
    state TEXT NOT NULL,
    issue_id TEXT,
    asked_at BIGINT NOT NULL,
    decided_at BIGINT,
    key_id TEXT NOT NULL,
    wrapped_key BYTEA,
    sealed_asked BYTEA,
    sealed_decision BYTEA,
    UNIQUE (site, request)
);
CREATE INDEX written_newest ON written (asked_at, id);
CREATE INDEX written_hour ON written (site, asked_at);
CREATE INDEX written_key ON written (key_id) WHERE wrapped_key IS NOT NULL;

-- Whether the token's program may write letters.
ALTER TABLE tokens ADD COLUMN letters BIGINT NOT NULL DEFAULT 0;
