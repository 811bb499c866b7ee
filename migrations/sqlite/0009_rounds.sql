-- How far folders were read whose servers name their mails by words and tell what changed (Microsoft Graph).
-- The place holds the server's words, among them the mailbox's address, and is sealed.

ALTER TABLE mailboxes ADD COLUMN sealed_bookmark BLOB;

-- When a mailbox was looked through last, and reports on rounds for those who wait for them.

ALTER TABLE mailboxes ADD COLUMN looked_at INTEGER;

CREATE TABLE fetch_reports (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    sealed_report BLOB
) STRICT;
CREATE INDEX fetch_reports_mailbox ON fetch_reports (site, mailbox, asked_at);
