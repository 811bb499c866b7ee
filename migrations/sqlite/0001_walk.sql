-- Messages, plans, jobs, ledger, audit, profiles, sessions: what the walk from mail to issue remembers.
-- Columns named sealed_* and wrapped_* hold AES-256-GCM; digest, message_id, handle, sender and address hold keyed hashes.

CREATE TABLE messages (
    arrival INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    handle BLOB,
    handle_lasting INTEGER NOT NULL,
    digest BLOB NOT NULL,
    message_id BLOB,
    received_at INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    wrapped_key BLOB,
    sealed_arrival BLOB,
    sealed_summary BLOB,
    sender BLOB,
    outcome TEXT,
    project TEXT,
    issue_id TEXT,
    tied_at INTEGER,
    decided_at INTEGER,
    revision INTEGER NOT NULL DEFAULT 0,
    job TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_handle ON messages (site, mailbox, handle);
CREATE INDEX messages_message_id ON messages (site, message_id) WHERE message_id IS NOT NULL;
CREATE INDEX messages_digest ON messages (site, digest);
CREATE INDEX messages_received ON messages (received_at, id);
CREATE INDEX messages_sender ON messages (site, sender, received_at) WHERE sender IS NOT NULL;
CREATE INDEX messages_outcome ON messages (outcome, received_at);
CREATE INDEX messages_kept ON messages (received_at) WHERE wrapped_key IS NOT NULL;
CREATE INDEX messages_key ON messages (key_id) WHERE wrapped_key IS NOT NULL;

CREATE TABLE contents (
    message TEXT PRIMARY KEY,
    blob TEXT,
    sealed_inline BLOB
) STRICT;
CREATE UNIQUE INDEX contents_blob ON contents (blob) WHERE blob IS NOT NULL;

CREATE TABLE message_people (
    message TEXT NOT NULL,
    address BLOB NOT NULL,
    PRIMARY KEY (message, address)
) STRICT;

CREATE TABLE participants (
    site TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    address BLOB NOT NULL,
    PRIMARY KEY (site, issue_id, address)
) STRICT;

CREATE TABLE issues (
    site TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    issue_key TEXT NOT NULL,
    PRIMARY KEY (site, issue_id)
) STRICT;

CREATE TABLE plans (
    message TEXT NOT NULL,
    revision INTEGER NOT NULL,
    active INTEGER NOT NULL,
    profile_version INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    sealed_plan BLOB,
    PRIMARY KEY (message, revision)
) STRICT;

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    site TEXT NOT NULL,
    subject TEXT NOT NULL,
    lane TEXT,
    issue_lane TEXT,
    position INTEGER NOT NULL,
    state TEXT NOT NULL,
    due INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    fence INTEGER NOT NULL DEFAULT 0,
    worker TEXT,
    sealed_fault BLOB,
    created_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX jobs_due ON jobs (due, position) WHERE state IN ('ready', 'running', 'waiting');
CREATE INDEX jobs_lane ON jobs (lane, position) WHERE state <> 'done';
CREATE INDEX jobs_issue_lane ON jobs (issue_lane, position) WHERE state <> 'done';
CREATE INDEX jobs_state ON jobs (state, ended_at);

CREATE TABLE ledger (
    key TEXT PRIMARY KEY,
    message TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    ended_at INTEGER,
    looked INTEGER NOT NULL DEFAULT 0,
    sealed_before BLOB,
    sealed_fault BLOB,
    receipt TEXT
) STRICT;
CREATE INDEX ledger_message ON ledger (message, begun_at);

CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    site TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    receipt TEXT,
    sealed_who BLOB,
    mac BLOB NOT NULL,
    place INTEGER,
    link BLOB
) STRICT;
CREATE UNIQUE INDEX audit_place ON audit (place) WHERE place IS NOT NULL;
CREATE INDEX audit_unlinked ON audit (id) WHERE place IS NULL;
CREATE INDEX audit_subject ON audit (subject);

CREATE TABLE audit_head (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    place INTEGER NOT NULL,
    mac BLOB NOT NULL
) STRICT;

CREATE TABLE profiles (
    site TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    digest BLOB NOT NULL,
    sealed_text BLOB NOT NULL,
    imported_at INTEGER NOT NULL,
    PRIMARY KEY (site, name, version)
) STRICT;

CREATE TABLE sign_in_links (
    secret BLOB PRIMARY KEY,
    valid_until INTEGER NOT NULL,
    used_at INTEGER
) STRICT;

CREATE TABLE sessions (
    secret BLOB PRIMARY KEY,
    opened_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
