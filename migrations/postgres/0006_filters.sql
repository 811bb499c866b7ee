-- What lists of messages filter by, each with the time behind it, so that a page is read in the order of its index.

CREATE INDEX messages_site ON messages (site, received_at, id);
CREATE INDEX messages_mailbox ON messages (mailbox, received_at, id);
CREATE INDEX messages_project ON messages (project, received_at, id) WHERE project IS NOT NULL;
CREATE INDEX messages_issue ON messages (site, issue_id, received_at, id) WHERE issue_id IS NOT NULL;
CREATE INDEX issues_key ON issues (issue_key);
DROP INDEX messages_sender;
CREATE INDEX messages_sender ON messages (site, sender, received_at, id) WHERE sender IS NOT NULL;
DROP INDEX messages_outcome;
CREATE INDEX messages_outcome ON messages (outcome, received_at, id);
