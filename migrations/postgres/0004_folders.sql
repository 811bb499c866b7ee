-- How far folders of IMAP servers were read, and mails that are known under a second name.
-- handle holds a keyed hash.

ALTER TABLE mailboxes ADD COLUMN uid_validity BIGINT;
ALTER TABLE mailboxes ADD COLUMN uid_floor BIGINT;
ALTER TABLE mailboxes ADD COLUMN uid_next BIGINT;
ALTER TABLE mailboxes ADD COLUMN left_before BIGINT;
ALTER TABLE mailboxes ADD COLUMN renamed_below BIGINT;
ALTER TABLE mailboxes ADD COLUMN renamed_at BIGINT;

CREATE TABLE second_names (
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    handle BYTEA NOT NULL,
    uid_validity BIGINT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (site, mailbox, handle)
);
CREATE INDEX second_names_message ON second_names (message, uid_validity);
