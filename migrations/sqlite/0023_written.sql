-- Letters that people write on purpose: what was asked for, and what was decided, sealed. `request` and `fingerprint` are keyed hashes, by
-- which the same request is known again. The letters themselves stand in the outbox; their decision has the id of the row here.
CREATE TABLE written (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    way TEXT NOT NULL,
    request BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    token TEXT,
    preview INTEGER NOT NULL,
    state TEXT NOT NULL,
    issue_id TEXT,
    asked_at INTEGER NOT NULL,
    decided_at INTEGER,
    key_id TEXT NOT NULL,
    wrapped_key BLOB,
    sealed_asked BLOB,
    sealed_decision BLOB,
    UNIQUE (site, request)
) STRICT;
CREATE INDEX written_newest ON written (asked_at, id);
CREATE INDEX written_hour ON written (site, asked_at);
CREATE INDEX written_key ON written (key_id) WHERE wrapped_key IS NOT NULL;

-- Whether the token's program may write letters.
ALTER TABLE tokens ADD COLUMN letters INTEGER NOT NULL DEFAULT 0;
