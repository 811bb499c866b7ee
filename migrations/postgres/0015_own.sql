-- Messages of our own making (clicks on links in letters, uploads): no mail came in with them.
ALTER TABLE messages ADD COLUMN own BIGINT NOT NULL DEFAULT 0;

-- Outcomes are counted from the index alone, which shadow had made it leave.
DROP INDEX messages_outcome;
CREATE INDEX messages_outcome ON messages (outcome, received_at, id, shadow);

-- Pages in the order of their index.
DROP INDEX messages_shadow;
CREATE INDEX messages_shadow ON messages (site, received_at, id) WHERE shadow = 1;
CREATE INDEX kept_files_newest ON kept_files (kept_at, id);

-- Files that went and whose key has not been destroyed yet; after it the row names none.
CREATE INDEX kept_files_key ON kept_files (id) WHERE gone_at IS NOT NULL AND key_id <> '';
