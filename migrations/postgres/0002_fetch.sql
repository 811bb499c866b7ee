-- Mailboxes that are fetched, and the mails that lay in them before.
-- account and handle hold keyed hashes.

CREATE TABLE mailboxes (
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    account BYTEA NOT NULL,
    opened_at BIGINT NOT NULL,
    fetched_at BIGINT,
    PRIMARY KEY (site, mailbox, account)
);

CREATE TABLE left_behind (
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    handle BYTEA NOT NULL,
    PRIMARY KEY (site, mailbox, handle)
);
