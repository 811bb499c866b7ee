-- Who may add files to which issue by a signed link; sealed_about holds the person's address.

CREATE TABLE upload_links (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    mailbox TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    sealed_about BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX upload_links_until ON upload_links (until);
