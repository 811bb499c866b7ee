-- Mail that came encrypted and was opened here, and the issues that have got something of it: letters about those leave sealed or say nothing of it.
ALTER TABLE messages ADD COLUMN came_sealed BIGINT NOT NULL DEFAULT 0;
CREATE INDEX messages_sealed ON messages (site, issue_id) WHERE came_sealed = 1;
CREATE TABLE sealed_issues (
    site TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (site, issue_id)
);
