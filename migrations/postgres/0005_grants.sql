-- What OAuth token servers gave for mailboxes, to be handed in for the next token.

CREATE TABLE grants (
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    sealed_token BYTEA NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (site, mailbox)
);
