-- Files that the gateway keeps for issues; a row stays behind as a tombstone when its file goes.
-- sealed_about holds name, type, digest, mapping and rule under the file's own key of the key book.

CREATE TABLE kept_files (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    message TEXT NOT NULL,
    issue_id TEXT,
    key_id TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    sealed_about BLOB,
    blob TEXT,
    sealed_inline BLOB,
    kept_at INTEGER NOT NULL,
    over_since INTEGER,
    looked_at INTEGER NOT NULL,
    gone_at INTEGER,
    gone_why TEXT
) STRICT;
CREATE INDEX kept_files_due ON kept_files (site, looked_at) WHERE gone_at IS NULL;
CREATE INDEX kept_files_message ON kept_files (message);
CREATE INDEX kept_files_issue ON kept_files (site, issue_id);
CREATE UNIQUE INDEX kept_files_blob ON kept_files (blob) WHERE blob IS NOT NULL;

-- How often each exclusion of a profile kept something back.
CREATE TABLE exclusion_counts (
    site TEXT NOT NULL,
    profile TEXT NOT NULL,
    name TEXT NOT NULL,
    times INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    PRIMARY KEY (site, profile, name)
) STRICT, WITHOUT ROWID;
