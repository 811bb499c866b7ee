-- How far folders of IMAP servers were read, and mails that are known under a second name.
-- handle holds a keyed hash.

ALTER TABLE mailboxes ADD COLUMN uid_validity INTEGER;
ALTER TABLE mailboxes ADD COLUMN uid_floor INTEGER;
ALTER TABLE mailboxes ADD COLUMN uid_next INTEGER;
ALTER TABLE mailboxes ADD COLUMN left_before INTEGER;
ALTER TABLE mailboxes ADD COLUMN renamed_below INTEGER;
ALTER TABLE mailboxes ADD COLUMN renamed_at INTEGER;

CREATE TABLE second_names (
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    handle BLOB NOT NULL,
    uid_validity INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (site, mailbox, handle)
) STRICT, WITHOUT ROWID;
CREATE INDEX second_names_message ON second_names (message, uid_validity);
