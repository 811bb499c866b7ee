-- Relayed mails that wait for a key, where a relay is told to keep them: sealed, until they are handed on or given up.
CREATE TABLE relay_kept (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    relay TEXT NOT NULL,
    kept_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    recipients BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed_told BYTEA NOT NULL,
    sealed_inline BYTEA,
    blob TEXT
);
CREATE INDEX relay_kept_key ON relay_kept (key_id);
CREATE INDEX relay_kept_blob ON relay_kept (blob) WHERE blob IS NOT NULL;
