-- Letters about events: to whom and why is sealed beside the bytes that are sent. Until its decision is written down a letter is a draft, and
-- `posted_at` is null. The address is a keyed hash; `number` stands for the letter in its Message-ID.
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    site TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    notice TEXT NOT NULL,
    number BIGINT NOT NULL,
    address BYTEA NOT NULL,
    size_bytes BIGINT NOT NULL,
    drafted_at BIGINT NOT NULL,
    posted_at BIGINT,
    returned_at BIGINT,
    key_id TEXT NOT NULL,
    wrapped_key BYTEA,
    sealed_letter BYTEA,
    sealed_inline BYTEA,
    blob TEXT
);
CREATE INDEX outbox_notice ON outbox (notice, id);
CREATE INDEX outbox_drafts ON outbox (site, issue_id) WHERE posted_at IS NULL;
CREATE INDEX outbox_number ON outbox (site, number);
CREATE INDEX outbox_returned ON outbox (site, address, returned_at) WHERE returned_at IS NOT NULL;
CREATE INDEX outbox_newest ON outbox (posted_at, id) WHERE posted_at IS NOT NULL;
CREATE INDEX outbox_kept ON outbox (site, posted_at, id) WHERE wrapped_key IS NOT NULL AND posted_at IS NOT NULL;
CREATE INDEX outbox_key ON outbox (key_id) WHERE wrapped_key IS NOT NULL;
CREATE INDEX outbox_blob ON outbox (blob) WHERE blob IS NOT NULL;

-- Files that go along with the letters of one decision: each is kept once, however many get it, and put into each letter when it is sent.
CREATE TABLE outbox_files (
    id TEXT PRIMARY KEY,
    site TEXT NOT NULL,
    notice TEXT NOT NULL,
    size_bytes BIGINT NOT NULL,
    kept_at BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    wrapped_key BYTEA NOT NULL,
    sealed_inline BYTEA,
    blob TEXT
);
CREATE INDEX outbox_files_notice ON outbox_files (notice);
CREATE INDEX outbox_files_kept ON outbox_files (kept_at);
CREATE INDEX outbox_files_key ON outbox_files (key_id);
CREATE INDEX outbox_files_blob ON outbox_files (blob) WHERE blob IS NOT NULL;

-- Who wants no more letters about an issue, by the link in one of them, whose number is kept. The address is a keyed hash.
CREATE TABLE silences (
    site TEXT NOT NULL,
    issue_id TEXT NOT NULL,
    address BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (site, address, issue_id)
);
