-- Under which rules a mail is rehearsed, where these are not the ones in force for its mailbox.
CREATE TABLE rehearsals (
    message TEXT PRIMARY KEY,
    profile TEXT NOT NULL,
    version BIGINT NOT NULL
);
