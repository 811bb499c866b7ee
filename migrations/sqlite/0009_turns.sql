-- A site has a grant of its own, under the mailbox ''. All processes share the access token that came last, and one of them at
-- a time asks for the next one: a refresh token may be good only once.

ALTER TABLE grants ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN sealed_access BLOB;
ALTER TABLE grants ADD COLUMN access_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN turn_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grants ADD COLUMN ends_at INTEGER;
ALTER TABLE grants ADD COLUMN cloud_id TEXT;
