-- Mails that people of the support may open for a while, and who these people are.

CREATE TABLE flags (
    message TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    flagged_at BIGINT NOT NULL,
    until BIGINT NOT NULL,
    sealed_reason BYTEA NOT NULL
);
CREATE INDEX flags_until ON flags (until);

CREATE TABLE supporters (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    sealed_name BYTEA NOT NULL,
    sealed_secret BYTEA NOT NULL,
    last_step BIGINT NOT NULL DEFAULT 0,
    added_at BIGINT NOT NULL
);

ALTER TABLE sign_in_links ADD COLUMN supporter TEXT;
ALTER TABLE sign_in_links ADD COLUMN wrong BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN supporter TEXT;
