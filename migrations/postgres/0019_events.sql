-- What happened to issues, as trackers told us or as their history says: each deed once. The deed is a keyed hash.
CREATE TABLE events (
    arrival BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    site TEXT NOT NULL,
    deed BYTEA NOT NULL,
    kind TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    via TEXT NOT NULL,
    happened_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    wrapped_key BYTEA,
    sealed_event BYTEA,
    sealed_body BYTEA,
    notice TEXT
);
CREATE UNIQUE INDEX events_deed ON events (site, deed);
CREATE INDEX events_open ON events (site, issue_id, arrival) WHERE notice IS NULL;
CREATE INDEX events_notice ON events (notice) WHERE notice IS NOT NULL;
CREATE INDEX events_received ON events (received_at, id);
CREATE INDEX events_key ON events (key_id) WHERE wrapped_key IS NOT NULL;

-- What was decided about the events of one issue and one window.
CREATE TABLE notices (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    made_at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    key_id TEXT NOT NULL,
    wrapped_key BYTEA,
    sealed_notice BYTEA
);
CREATE INDEX notices_key ON notices (key_id) WHERE wrapped_key IS NOT NULL;

-- How far the history of each site is read that is read at all.
CREATE TABLE polls (
    site TEXT PRIMARY KEY,
    sealed_mark BYTEA NOT NULL,
    moved_at BIGINT NOT NULL
);
