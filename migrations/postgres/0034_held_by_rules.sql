-- Whether rules for sealing ever held back what a job is about, so that it leaves by rules alone.
ALTER TABLE jobs ADD COLUMN held_by_rules BIGINT NOT NULL DEFAULT 0;
