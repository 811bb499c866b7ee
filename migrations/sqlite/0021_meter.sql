-- What came in and went out, by day, spread over parts so that those who count at the same time do not wait for each other.
CREATE TABLE meter_days (
    site TEXT NOT NULL,
    day INTEGER NOT NULL,
    kind TEXT NOT NULL,
    maintenance INTEGER NOT NULL,
    part INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (site, day, kind, maintenance, part)
) STRICT, WITHOUT ROWID;

-- As what a message is counted among maintenance; null when nothing came of counting it, or when it counts as standard.
ALTER TABLE messages ADD COLUMN metered TEXT;

-- Jobs that wait for room in a capacity plan; they are found again by it when there is some.
ALTER TABLE jobs ADD COLUMN aside INTEGER NOT NULL DEFAULT 0;
CREATE INDEX jobs_aside ON jobs (site) WHERE aside = 1;

-- What administrators were told of the gateway itself: once for each name and target, which is a keyed hash. To whom and what is sealed.
CREATE TABLE bulletins (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    cause TEXT NOT NULL,
    site TEXT NOT NULL,
    target BLOB NOT NULL,
    posted_at INTEGER NOT NULL,
    withheld INTEGER NOT NULL,
    sealed_bulletin BLOB NOT NULL
) STRICT;
CREATE INDEX bulletins_newest ON bulletins (posted_at, id);
CREATE INDEX bulletins_target ON bulletins (target, posted_at) WHERE withheld = 0;

-- Sites that some process could not reach when it looked last.
CREATE TABLE outages (
    site TEXT PRIMARY KEY,
    began_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
) STRICT;
