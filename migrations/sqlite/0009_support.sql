-- Mails that people of the support may open for a while, and who these people are.

CREATE TABLE flags (
    message TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    flagged_at INTEGER NOT NULL,
    until INTEGER NOT NULL,
    sealed_reason BLOB NOT NULL
) STRICT;
CREATE INDEX flags_until ON flags (until);

CREATE TABLE supporters (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    sealed_name BLOB NOT NULL,
    sealed_secret BLOB NOT NULL,
    last_step INTEGER NOT NULL DEFAULT 0,
    added_at INTEGER NOT NULL
) STRICT;

ALTER TABLE sign_in_links ADD COLUMN supporter TEXT;
ALTER TABLE sign_in_links ADD COLUMN wrong INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN supporter TEXT;
