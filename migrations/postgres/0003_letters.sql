-- Letters that are sent because a mail came in: which ones, when, and how many to whom.
-- What they say stands in the sealed plan; address and domain hold keyed hashes.

CREATE TABLE letters (
    key TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    message TEXT NOT NULL,
    revision BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    kind TEXT NOT NULL,
    address BYTEA NOT NULL,
    domain BYTEA NOT NULL,
    posted_at BIGINT NOT NULL
);
CREATE INDEX letters_message ON letters (message, revision, ordinal);
CREATE INDEX letters_address ON letters (site, kind, address, posted_at);
CREATE INDEX letters_domain ON letters (site, kind, domain, posted_at);
CREATE INDEX letters_posted ON letters (site, kind, posted_at);
CREATE INDEX letters_newest ON letters (posted_at, key);

-- The jobs about one message, whatever their kind.
CREATE INDEX jobs_subject ON jobs (subject);

-- What a proposed plan was decided on, so that it can become a test case.
ALTER TABLE plans ADD COLUMN sealed_facts BYTEA;
