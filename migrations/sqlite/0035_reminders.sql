-- The end of a key of which its owner was told by a letter.
ALTER TABLE person_keys ADD COLUMN reminded_for INTEGER;
