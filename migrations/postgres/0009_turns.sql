-- A site has a grant of its own, under the mailbox ''. All processes share the access token that came last, and one of them at
-- a time asks for the next one: a refresh token may be good only once.

ALTER TABLE grants ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN sealed_access BYTEA;
ALTER TABLE grants ADD COLUMN access_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN turn_until BIGINT NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN ends_at BIGINT;
ALTER TABLE grants ADD COLUMN cloud_id TEXT;
