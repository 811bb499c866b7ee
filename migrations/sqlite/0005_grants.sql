-- What OAuth token servers gave for mailboxes, to be handed in for the next token.

CREATE TABLE grants (
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    sealed_token BLOB NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (site, mailbox)
) STRICT, WITHOUT ROWID;
