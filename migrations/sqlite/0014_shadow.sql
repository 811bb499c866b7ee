-- Mail that was only looked at: its plan is written down and never carried out, unless a person asks for it.
ALTER TABLE messages ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0;
CREATE INDEX messages_shadow ON messages (site, received_at) WHERE shadow = 1;
