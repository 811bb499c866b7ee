-- Letters that wait for an outgoing server that lets nobody in; they are found by it when settings change.
CREATE INDEX jobs_halted ON jobs (id) WHERE aside = 2;

-- Letters about events that a delivery report says came back: when, the message that is the report, and when it was noted on the issue.
ALTER TABLE outbox ADD COLUMN bounced_at INTEGER;
ALTER TABLE outbox ADD COLUMN report TEXT;
ALTER TABLE outbox ADD COLUMN noted_at INTEGER;
CREATE INDEX outbox_bounced ON outbox (bounced_at) WHERE bounced_at IS NOT NULL;
CREATE INDEX outbox_came_back ON outbox (returned_at) WHERE returned_at IS NOT NULL;
CREATE INDEX outbox_noted ON outbox (site, issue_id, noted_at) WHERE noted_at IS NOT NULL;

-- When a letter was let go to its address, where only so many may within an hour.
ALTER TABLE outbox ADD COLUMN let_at INTEGER;
CREATE INDEX outbox_let ON outbox (site, address, let_at) WHERE let_at IS NOT NULL;

-- Which files of its decision a letter takes along, so that a file goes with the last letter that needs it.
CREATE TABLE outbox_parts (
    letter TEXT NOT NULL,
    file TEXT NOT NULL,
    PRIMARY KEY (letter, file)
) STRICT;
CREATE INDEX outbox_parts_file ON outbox_parts (file);
