-- Whom letters told of an issue, and what was decided about it: asked when it is deleted.
CREATE INDEX outbox_told ON outbox (site, issue_id, address) WHERE posted_at IS NOT NULL;
CREATE INDEX notices_issue ON notices (site, issue_id, made_at) WHERE wrapped_key IS NOT NULL;
