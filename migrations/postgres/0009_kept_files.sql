-- Files that the gateway keeps for issues; a row stays behind as a tombstone when its file goes.
-- sealed_about holds name, type, digest, mapping and rule under the file's own key of the key book.

CREATE TABLE kept_files (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    message TEXT NOT NULL,
    issue_id TEXT,
    key_id TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    sealed_about BYTEA,
    blob TEXT,
    sealed_inline BYTEA,
    kept_at BIGINT NOT NULL,
    over_since BIGINT,
    looked_at BIGINT NOT NULL,
    gone_at BIGINT,
    gone_why TEXT
);
CREATE INDEX kept_files_due ON kept_files (site, looked_at) WHERE gone_at IS NULL;
CREATE INDEX kept_files_message ON kept_files (message);
CREATE INDEX kept_files_issue ON kept_files (site, issue_id);
CREATE UNIQUE INDEX kept_files_blob ON kept_files (blob) WHERE blob IS NOT NULL;

-- How often each exclusion of a profile kept something back.
CREATE TABLE exclusion_counts (
    site TEXT NOT NULL,
    profile TEXT NOT NULL,
    name TEXT NOT NULL,
    times BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    PRIMARY KEY (site, profile, name)
);
