-- What happened to issues, as trackers told us or as their history says: each deed once. The deed is a keyed hash.
CREATE TABLE events (
    arrival INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    site TEXT NOT NULL,
    deed BLOB NOT NULL,
    kind TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    via TEXT NOT NULL,
    happened_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    wrapped_key BLOB,
    sealed_event BLOB,
    sealed_body BLOB,
    notice TEXT
) STRICT;
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
    made_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    key_id TEXT NOT NULL,
    wrapped_key BLOB,
    sealed_notice BLOB
) STRICT;
CREATE INDEX notices_key ON notices (key_id) WHERE wrapped_key IS NOT NULL;

-- How far the history of each site is read that is read at all.
CREATE TABLE polls (
    site TEXT PRIMARY KEY,
    sealed_mark BLOB NOT NULL,
    moved_at INTEGER NOT NULL
) STRICT;
