-- The desk's own tables. Times are milliseconds since 1970 in UTC; texts written by people are kept as Atlassian
-- documents (JSON) beside a folded plain text that search reads.
CREATE TABLE person (
    account_id TEXT PRIMARY KEY,
    address    TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE project (
    id          INTEGER PRIMARY KEY,
    key         TEXT NOT NULL UNIQUE,
    name        TEXT NOT NULL,
    lead        TEXT NOT NULL,
    last_number INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE issue (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id     INTEGER NOT NULL,
    number         INTEGER NOT NULL,
    key            TEXT NOT NULL UNIQUE,
    type_id        INTEGER NOT NULL,
    status_id      INTEGER NOT NULL,
    priority_id    INTEGER NOT NULL,
    summary        TEXT NOT NULL,
    description    TEXT,
    environment    TEXT,
    labels         TEXT NOT NULL,
    creator        TEXT NOT NULL,
    reporter       TEXT,
    assignee       TEXT,
    due            TEXT,
    parent_id      INTEGER,
    created_ms     INTEGER NOT NULL,
    updated_ms     INTEGER NOT NULL,
    status_ms      INTEGER NOT NULL,
    resolved_ms    INTEGER,
    folded_summary TEXT NOT NULL,
    folded_text    TEXT NOT NULL
);
CREATE UNIQUE INDEX issue_number ON issue (project_id, number);
CREATE INDEX issue_created ON issue (project_id, created_ms);
CREATE INDEX issue_parent ON issue (parent_id) WHERE parent_id IS NOT NULL;
-- Ids start where Jira's usually do, so that nothing mistakes one for a row number.
INSERT INTO sqlite_sequence (name, seq) VALUES ('issue', 10000), ('comment', 10000), ('attachment', 10000),
    ('history', 10000), ('worklog', 10000), ('issue_link', 10000);

-- Keys that an issue had before it was moved.
CREATE TABLE old_key (
    key      TEXT PRIMARY KEY,
    issue_id INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE comment (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    issue_id      INTEGER NOT NULL,
    author        TEXT NOT NULL,
    update_author TEXT NOT NULL,
    body          TEXT NOT NULL,
    visibility    TEXT,
    created_ms    INTEGER NOT NULL,
    updated_ms    INTEGER NOT NULL,
    folded_text   TEXT NOT NULL
);
CREATE INDEX comment_issue ON comment (issue_id, id);

-- Entity properties; owner is 'issue', 'comment' or 'worklog'.
CREATE TABLE property (
    owner    TEXT NOT NULL,
    owner_id INTEGER NOT NULL,
    key      TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (owner, owner_id, key)
) WITHOUT ROWID;

CREATE TABLE attachment (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    issue_id   INTEGER NOT NULL,
    name       TEXT NOT NULL,
    mime       TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    file       TEXT NOT NULL,
    author     TEXT NOT NULL,
    created_ms INTEGER NOT NULL
);
CREATE UNIQUE INDEX attachment_file ON attachment (file);
CREATE INDEX attachment_issue ON attachment (issue_id, id);

CREATE TABLE history (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    issue_id   INTEGER NOT NULL,
    author     TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    items      TEXT NOT NULL
);
CREATE INDEX history_issue ON history (issue_id, id);

CREATE TABLE watcher (
    issue_id   INTEGER NOT NULL,
    account_id TEXT NOT NULL,
    PRIMARY KEY (issue_id, account_id)
) WITHOUT ROWID;

CREATE TABLE issue_link (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    type_id    INTEGER NOT NULL,
    inward_id  INTEGER NOT NULL,
    outward_id INTEGER NOT NULL
);
CREATE INDEX issue_link_inward ON issue_link (inward_id);
CREATE INDEX issue_link_outward ON issue_link (outward_id);

CREATE TABLE worklog (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    issue_id      INTEGER NOT NULL,
    author        TEXT NOT NULL,
    update_author TEXT NOT NULL,
    comment       TEXT,
    started_ms    INTEGER NOT NULL,
    spent_s       INTEGER NOT NULL,
    created_ms    INTEGER NOT NULL,
    updated_ms    INTEGER NOT NULL
);
CREATE INDEX worklog_issue ON worklog (issue_id, id);

CREATE TABLE webhook (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    name    TEXT NOT NULL,
    url     TEXT NOT NULL,
    events  TEXT NOT NULL,
    jql     TEXT NOT NULL,
    secret  TEXT NOT NULL,
    enabled INTEGER NOT NULL
);
