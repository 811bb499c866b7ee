-- Letters that wait for a key, by the rules for sealing: administrators are told of those that wait too long.
CREATE INDEX jobs_unsealed ON jobs (created_at) WHERE aside = 3;
