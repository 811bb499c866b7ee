-- Letters that were too many when they were to be posted: why. They are counted nowhere.
ALTER TABLE letters ADD COLUMN withheld TEXT;
-- What stands for the letter in its Message-ID, and when a letter came back for good.
ALTER TABLE letters ADD COLUMN number INTEGER;
ALTER TABLE letters ADD COLUMN returned_at INTEGER;

-- What is counted stays small, however many are withheld.
DROP INDEX letters_address;
DROP INDEX letters_domain;
DROP INDEX letters_posted;
CREATE INDEX letters_address ON letters (site, kind, address, posted_at) WHERE withheld IS NULL;
CREATE INDEX letters_domain ON letters (site, kind, domain, posted_at) WHERE withheld IS NULL;
CREATE INDEX letters_posted ON letters (site, kind, posted_at) WHERE withheld IS NULL;
CREATE INDEX letters_number ON letters (site, number);
CREATE INDEX letters_returned ON letters (site, kind, address, returned_at) WHERE returned_at IS NOT NULL;
