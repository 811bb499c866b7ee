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
    due_at INTEGER,
    key_id TEXT NOT NULL,
    wrapped_key BLOB,
    sealed_event BLOB,
    sealed_body BLOB,
    notice TEXT
) STRICT;
CREATE UNIQUE INDEX events_deed ON events (site, deed);
CREATE INDEX events_open ON events (site, issue_id, arrival) WHERE notice IS NULL AND wrapped_key IS NOT NULL;
CREATE INDEX events_received ON events (received_at, id);
-- With its condition in it: events are counted by it alone every other second.
CREATE INDEX events_undecided ON events (received_at, notice, wrapped_key) WHERE notice IS NULL AND wrapped_key IS NOT NULL;
CREATE INDEX events_decided ON events (received_at) WHERE notice IS NOT NULL AND wrapped_key IS NOT NULL;
CREATE INDEX events_key ON events (key_id) WHERE wrapped_key IS NOT NULL;

-- What was decided about the events of one issue and one window, the last of which came in at received_at.
CREATE TABLE notices (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    key_id TEXT NOT NULL,
    wrapped_key BLOB,
    sealed_notice BLOB
) STRICT;
CREATE INDEX notices_key ON notices (key_id) WHERE wrapped_key IS NOT NULL;
CREATE INDEX notices_received ON notices (received_at) WHERE wrapped_key IS NOT NULL;
CREATE INDEX notices_made ON notices (made_at) WHERE wrapped_key IS NULL;

-- Each version of a site's file of mappings: no profile, though it is kept like one.
CREATE TABLE mappings (
    site TEXT NOT NULL,
    version INTEGER NOT NULL,
    digest BLOB NOT NULL,
    sealed_text BLOB NOT NULL,
    imported_at INTEGER NOT NULL,
    PRIMARY KEY (site, version)
) STRICT;

-- How far the history of each site is read that is read at all.
CREATE TABLE polls (
    site TEXT PRIMARY KEY,
    sealed_mark BLOB NOT NULL
) STRICT;
