-- Letters that wait for an outgoing server that lets nobody in; they are found by it when settings change.
CREATE INDEX jobs_halted ON jobs (id) WHERE aside = 2;
