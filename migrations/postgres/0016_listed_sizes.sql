-- How long a server said that each mail is which it knows by a name of its own making (POP3): it may give the name to another one.
-- handle holds a keyed hash.

CREATE TABLE listed_sizes (
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    handle BYTEA NOT NULL,
    size_bytes BIGINT NOT NULL,
    PRIMARY KEY (site, mailbox, handle)
);
