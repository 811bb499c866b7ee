-- Up to when each scheduled summary was seen to, by the schedule that it had then; and since when somebody waits who wants it sent now, or
-- wants to know what would be sent. What stands for the summary is made of its name.
CREATE TABLE summaries (
    site TEXT NOT NULL,
    summary TEXT NOT NULL,
    schedule INTEGER NOT NULL,
    seen_to INTEGER NOT NULL,
    asked_at INTEGER,
    tried_at INTEGER,
    PRIMARY KEY (site, summary)
) STRICT;
