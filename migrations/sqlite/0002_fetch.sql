-- Mailboxes that are fetched, and the mails that lay in them before.
-- account and handle hold keyed hashes.

CREATE TABLE mailboxes (
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    account BLOB NOT NULL,
    opened_at INTEGER NOT NULL,
    fetched_at INTEGER,
    PRIMARY KEY (site, mailbox, account)
) STRICT;

CREATE TABLE left_behind (
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    handle BLOB NOT NULL,
    PRIMARY KEY (site, mailbox, handle)
) STRICT, WITHOUT ROWID;
