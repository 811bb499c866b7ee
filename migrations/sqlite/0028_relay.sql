-- Who has a relayed mail already, so that a client's second try doubles nothing: a keyed hash of relay, mail and recipient, and when.
CREATE TABLE relay_done (
    site TEXT NOT NULL,
    hash BLOB NOT NULL,
    done_at INTEGER NOT NULL,
    PRIMARY KEY (site, hash)
) STRICT;
CREATE INDEX relay_done_at ON relay_done (done_at);
