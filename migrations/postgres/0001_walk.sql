-- Messages, plans, jobs, ledger, audit, profiles, sessions: what the walk from mail to issue remembers.
-- Columns named sealed_* and wrapped_* hold AES-256-GCM; digest, message_id, handle, sender and address hold keyed hashes.

CREATE TABLE messages (
    arrival BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    handle BYTEA,
    handle_lasting BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    message_id BYTEA,
    received_at BIGINT NOT NULL,
    size_bytes BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    wrapped_key BYTEA,
    sealed_arrival BYTEA,
    sealed_summary BYTEA,
    sender BYTEA,
    outcome TEXT,
    project TEXT,
    issue_id TEXT,
    tied_at BIGINT,
    decided_at BIGINT,
    revision BIGINT NOT NULL DEFAULT 0,
    job TEXT NOT NULL
);
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
    sealed_inline BYTEA
);
CREATE UNIQUE INDEX contents_blob ON contents (blob) WHERE blob IS NOT NULL;

CREATE TABLE message_people (
    message TEXT NOT NULL,
    address BYTEA NOT NULL,
    PRIMARY KEY (message, address)
);

CREATE TABLE participants (
    site TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    address BYTEA NOT NULL,
    PRIMARY KEY (site, issue_id, address)
);

CREATE TABLE issues (
    site TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    issue_key TEXT NOT NULL,
    PRIMARY KEY (site, issue_id)
);

CREATE TABLE plans (
    message TEXT NOT NULL,
    revision BIGINT NOT NULL,
    active BIGINT NOT NULL,
    profile_version BIGINT NOT NULL,
    written_at BIGINT NOT NULL,
    sealed_plan BYTEA,
    PRIMARY KEY (message, revision)
);

CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    site TEXT NOT NULL,
    subject TEXT NOT NULL,
    lane TEXT,
    issue_lane TEXT,
    position BIGINT NOT NULL,
    state TEXT NOT NULL,
    due BIGINT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    fence BIGINT NOT NULL DEFAULT 0,
    worker TEXT,
    sealed_fault BYTEA,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX jobs_due ON jobs (due, position) WHERE state IN ('ready', 'running', 'waiting');
CREATE INDEX jobs_lane ON jobs (lane, position) WHERE state <> 'done';
CREATE INDEX jobs_issue_lane ON jobs (issue_lane, position) WHERE state <> 'done';
CREATE INDEX jobs_state ON jobs (state, ended_at);

CREATE TABLE ledger (
    key TEXT PRIMARY KEY,
    message TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    ended_at BIGINT,
    looked BIGINT NOT NULL DEFAULT 0,
    sealed_before BYTEA,
    sealed_fault BYTEA,
    receipt TEXT
);
CREATE INDEX ledger_message ON ledger (message, begun_at);

CREATE TABLE audit (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    site TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    receipt TEXT,
    sealed_who BYTEA,
    mac BYTEA NOT NULL,
    place BIGINT,
    link BYTEA
);
CREATE UNIQUE INDEX audit_place ON audit (place) WHERE place IS NOT NULL;
CREATE INDEX audit_unlinked ON audit (id) WHERE place IS NULL;
CREATE INDEX audit_subject ON audit (subject);

CREATE TABLE audit_head (
    only_one BIGINT PRIMARY KEY CHECK (only_one = 1),
    place BIGINT NOT NULL,
    mac BYTEA NOT NULL
);

CREATE TABLE profiles (
    site TEXT NOT NULL,
    name TEXT NOT NULL,
    version BIGINT NOT NULL,
    digest BYTEA NOT NULL,
    sealed_text BYTEA NOT NULL,
    imported_at BIGINT NOT NULL,
    PRIMARY KEY (site, name, version)
);

CREATE TABLE sign_in_links (
    secret BYTEA PRIMARY KEY,
    valid_until BIGINT NOT NULL,
    used_at BIGINT
);

CREATE TABLE sessions (
    secret BYTEA PRIMARY KEY,
    opened_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);

-- Ciphertext does not compress: trying costs time and wins nothing.
ALTER TABLE contents ALTER COLUMN sealed_inline SET STORAGE EXTERNAL;
ALTER TABLE plans ALTER COLUMN sealed_plan SET STORAGE EXTERNAL;
ALTER TABLE messages ALTER COLUMN sealed_arrival SET STORAGE EXTERNAL;
ALTER TABLE messages ALTER COLUMN sealed_summary SET STORAGE EXTERNAL;
