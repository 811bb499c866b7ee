-- Letters by which somebody proves that an address, or a key that he brought, is his; the link in each is good once and for a while.
CREATE TABLE key_challenges (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    address BLOB NOT NULL,
    domain BLOB NOT NULL,
    proves TEXT NOT NULL,
    sealed_challenge BLOB NOT NULL,
    posted_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX key_challenges_posted ON key_challenges (site, posted_at);
