-- Values of further fields, as they are shown, in one JSON object by the field's id.
ALTER TABLE issue ADD COLUMN other TEXT NOT NULL DEFAULT '{}';
-- `customer` for accounts that exist for service management alone.
ALTER TABLE person ADD COLUMN kind TEXT NOT NULL DEFAULT 'atlassian';
CREATE TABLE group_member (
    name       TEXT NOT NULL,
    account_id TEXT NOT NULL,
    PRIMARY KEY (name, account_id)
) WITHOUT ROWID;
CREATE TABLE customer (
    project_id INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    PRIMARY KEY (project_id, account_id)
) WITHOUT ROWID;
CREATE TABLE organisation_member (
    organisation_id INTEGER NOT NULL,
    account_id      TEXT NOT NULL,
    PRIMARY KEY (organisation_id, account_id)
) WITHOUT ROWID;
