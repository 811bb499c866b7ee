-- Letters by which somebody proves that an address, or a key that he brought, is his; the link in each is good once and for a while.
CREATE TABLE key_challenges (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    address BYTEA NOT NULL,
    domain BYTEA NOT NULL,
    proves TEXT NOT NULL,
    sealed_challenge BYTEA NOT NULL,
    posted_at BIGINT NOT NULL,
    until BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX key_challenges_posted ON key_challenges (site, posted_at);
