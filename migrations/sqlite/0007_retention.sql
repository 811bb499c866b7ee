-- The period for which each site keeps content, as the settings said last, so that a change can be told.

CREATE TABLE retention (
    site TEXT PRIMARY KEY,
    keep_content_days INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

-- What is to be erased is looked for site by site.
DROP INDEX messages_kept;
CREATE INDEX messages_kept ON messages (site, received_at) WHERE wrapped_key IS NOT NULL;
