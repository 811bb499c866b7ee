//! Whether the key book is the one that the database was written with.
//!
//! With another one, or a new and empty one, everything would seem to work: but hashes would be made with other keys, so
//! that mails sent again become second issues and replies find no thread. That harm is silent, so the start is refused.

use super::book::Book;
use super::hash::HashUse;
use crate::database::{Db, one};
use policy::{Fault, FaultCode};

/// Sites are few; a loop that does not end is still cut.
const SITES_MAX: usize = 10_000;

/// Permanent `KeyUnavailable` when the book lacks the key of the oldest mail or the hash keys of a site that has mail or
/// a fetched mailbox.
/// A key that was destroyed is not lacking: the book remembers it.
pub(crate) async fn check(db: &Db, book: &Book) -> Result<(), Fault> {
    const OLDEST: &str = "SELECT key_id FROM messages ORDER BY arrival LIMIT 1";
    const NEXT_SITE: &str = "SELECT site FROM (SELECT MIN(site) AS site FROM messages WHERE site > $1
            UNION ALL SELECT MIN(site) FROM mailboxes WHERE site > $1) AS found
        WHERE site IS NOT NULL ORDER BY site LIMIT 1";
    let oldest = db.read(|conn| Box::pin(async move { one!(conn, (String,), OLDEST) })).await?;
    if let Some((key,)) = oldest
        && !book.knows(key).await?
    {
        return Err(foreign("the key of the oldest mail"));
    }
    let mut site = String::new();
    for _ in 0..SITES_MAX {
        let after = site.clone();
        let next = db.read(move |conn| Box::pin(async move { one!(conn, (String,), NEXT_SITE, &after) })).await?;
        let Some((next,)) = next else { break };
        for of in HashUse::ALL {
            if book.keys(&next, of.kind()).await?.is_empty() {
                return Err(foreign(&format!("the {} key of site {next}", of.kind())));
            }
        }
        site = next;
    }
    Ok(())
}

fn foreign(what: &str) -> Fault {
    let why = "This is not the key book that the database was written with, or an older copy of it. Restore the one that \
               belongs to it; with another one mails would be taken twice and replies would find no issue.";
    Fault::permanent(FaultCode::KeyUnavailable, format!("the key book lacks {what}")).with_public(why)
}
