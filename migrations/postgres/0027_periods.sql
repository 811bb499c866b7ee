-- The periods for which each site keeps what is not content, as the settings said last, so that a change can be told.
CREATE TABLE retention_periods (
    site TEXT NOT NULL,
    kind TEXT NOT NULL,
    days BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (site, kind)
);

-- What is to be erased is looked for site by site.
DROP INDEX events_decided;
CREATE INDEX events_decided ON events (site, received_at) WHERE notice IS NOT NULL AND wrapped_key IS NOT NULL;
DROP INDEX notices_received;
CREATE INDEX notices_received ON notices (site, received_at) WHERE wrapped_key IS NOT NULL;
