//! A decision about events, written down with its letters, with those that comments ask for, and with the end of its job.

use super::again::Anew;
use super::{end_or_go_on, notice_place};
use crate::Store;
use crate::database::{Conn, execute, one};
use crate::dialect;
use crate::job::check_lease;
use crate::outbox::NewLetter;
use crate::rows::Lease;
use crate::sealed;
use crate::written::{self, NewWritten, WrittenTaken};
use policy::Fault;
use policy::event::Event;
use serde::Serialize;

const DECIDED: &str = "UPDATE events SET notice = $1 WHERE id = $2 AND notice IS NULL RETURNING received_at";
const NEW_NOTICE: &str =
    "INSERT INTO notices (id, site, issue_id, received_at, made_at, outcome, key_id, wrapped_key, sealed_notice)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// What was decided about events.
#[derive(Debug)]
pub struct Decided<'a, T> {
    /// Their ids.
    pub events: &'a [String],
    pub outcome: &'static str,
    /// For its story.
    pub notice: &'a T,
    /// Those that are not put aside already.
    pub letters: Vec<NewLetter>,
    /// The letters that comments among the events ask for, each with the account that wrote it: each is asked for once, whatever became of
    /// earlier tries.
    pub asked: Vec<(NewWritten, String)>,
    /// Letters that were asked for before and not decided, for whose sake somebody is left out, each with its comment. Is one decided
    /// meanwhile, its comment is decided about anew.
    pub counted: Vec<(String, Event)>,
}

/// Letters that comments ask for, or asked for before; each with the word by which its comment is decided about anew.
struct OfComments {
    rows: Vec<(written::Row, Option<Anew>)>,
    counted: Vec<(String, Option<Anew>)>,
}

impl OfComments {
    /// Inserts them. A letter that is refused at once, as one too many, goes to nobody: then whoever was left out for its sake is told of the
    /// comment, as are those of one that was decided meanwhile.
    async fn insert(self, conn: &mut Conn) -> Result<(), Fault> {
        let mut all = Vec::new();
        for (row, anew) in self.rows {
            let taken = written::insert_of_comment(conn, &row).await?;
            all.extend(anew.filter(|_| !matches!(taken, WrittenTaken::New { .. })));
        }
        for (id, anew) in self.counted {
            let is_asked = written::is_asked(conn, &id).await?;
            all.extend(anew.filter(|_| !is_asked));
        }
        for anew in all {
            anew.begin(conn).await?;
        }
        Ok(())
    }
}

impl Store {
    /// [`Store::write_decided`] where no comment asks for a letter.
    pub async fn write_notice<T: Serialize + Sync>(
        &self,
        lease: &Lease,
        id: &str,
        events: &[String],
        outcome: &'static str,
        notice: &T,
        letters: Vec<NewLetter>,
    ) -> Result<(), Fault> {
        self.write_decided(
            lease,
            id,
            Decided { events, outcome, notice, letters, asked: Vec::new(), counted: Vec::new() },
        )
        .await
    }

    /// Writes down under the id of [`Store::begin_notice`] what was decided about these events, posts its letters, those that were drafted
    /// and these, and ends the job, or has it go on with those that came meanwhile when the first
    /// of their windows is over.
    pub async fn write_decided<T: Serialize + Sync>(
        &self,
        lease: &Lease,
        id: &str,
        decided: Decided<'_, T>,
    ) -> Result<(), Fault> {
        let Decided { events, outcome, notice, letters, asked, counted } = decided;
        let of_comments = self.of_comments(&lease.site, asked, counted).await?;
        let letters = self.drafts(&lease.site, letters).await?;
        let key = self.inner.vault.new_event_key(&lease.site, id, dialect::this_clock()).await?;
        let sealed = sealed::seal(&key.key, notice_place(&lease.site, id), notice)?;
        let (id, lease, events) = (id.to_owned(), lease.clone(), events.to_vec());
        let (key_id, wrapped) = (key.wrapped_by, key.wrapped);
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                let now = dialect::now(conn).await?;
                let mut last = None;
                for event in &events {
                    let received_at = one!(conn, (i64,), DECIDED, &id, event)?.map(|(at,)| at);
                    last = last.max(received_at);
                }
                let (site, issue, last) = (&lease.site, &lease.subject, last.unwrap_or(now));
                execute!(conn, NEW_NOTICE, &id, site, issue, last, now, outcome, &key_id, &wrapped, &sealed)?;
                letters.release(conn, &lease, &id, now).await?;
                of_comments.insert(conn).await?;
                end_or_go_on(conn, &lease, now).await
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(())
    }

    async fn of_comments(
        &self,
        site: &str,
        asked: Vec<(NewWritten, String)>,
        counted: Vec<(String, Event)>,
    ) -> Result<OfComments, Fault> {
        let mut all = OfComments { rows: Vec::with_capacity(asked.len()), counted: Vec::with_capacity(counted.len()) };
        for (new, who) in asked {
            let comment = new.asked.comment.as_ref().filter(|_| !new.asked.counted_on.is_empty());
            let anew = self.anew(site, comment).await?;
            all.rows.push((self.written_row(new, &who).await?, anew));
        }
        for (id, comment) in counted {
            all.counted.push((id, self.anew(site, Some(&comment)).await?));
        }
        Ok(all)
    }
}
