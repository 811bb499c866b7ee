-- Relayed mails that wait for a key, where a relay is told to keep them: sealed, until they are handed on or given up.
CREATE TABLE relay_kept (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    relay TEXT NOT NULL,
    kept_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    recipients INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    wrapped_key BLOB NOT NULL,
    sealed_told BLOB NOT NULL,
    sealed_inline BLOB,
    blob TEXT
) STRICT;
CREATE INDEX relay_kept_key ON relay_kept (key_id);
CREATE INDEX relay_kept_blob ON relay_kept (blob) WHERE blob IS NOT NULL;
