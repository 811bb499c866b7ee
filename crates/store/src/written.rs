//! Letters that people write on purpose: each asked for once, decided by a job, and sent at once or after a look.

mod forget;
mod known;
mod shown;

pub(crate) use known::is_asked;
pub use shown::{WrittenDeed, WrittenDeedLine, WrittenLine};

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::job::{check_lease, end};
use crate::outbox::{self, NewLetter};
use crate::rows::{Lease, Micros};
use crate::sealed;
use crate::vault::seal::Place;
use aws_lc_rs::digest;
use policy::event::Event;
use policy::notify::{OwnFile, Writing, WrittenBy};
use policy::{Fault, FaultCode, StepKey, Visibility};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const HOUR: Micros = 3600 * 1_000_000;

/// In the column `preview`, of one that somebody looked at and has sent; 1 stands for one that is looked at first.
const APPROVED: i64 = 2;

/// More letters than one can have.
const DRAFTS_MAX: i64 = 10_000;

/// A file that the writer gave, and where it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenFile {
    pub file: OwnFile,
    /// The id under which [`crate::LetterFileWriter::finish`] keeps it.
    pub kept: String,
    /// Of its bytes, in hex: by it the same request is known again.
    pub sha256: String,
}

/// What somebody asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub writing: Writing,
    pub files: Vec<GivenFile>,
    /// Of one that is written by a comment: who may see that.
    pub comment_seen_by: Option<Vec<Visibility>>,
    /// Of such a one: that comment, as what somebody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Event>,
    /// To whom it would go when it was decided who is told of that comment: they were left out for its sake.
    #[serde(default)]
    pub counted_on: Vec<String>,
}

/// A letter that is asked for.
#[derive(Debug, Clone)]
pub struct NewWritten {
    /// From [`Store::new_written_id`], under which its files are kept already.
    pub id: String,
    pub site: String,
    pub by: WrittenBy,
    /// What makes it this request and no other, within its site and way.
    pub request: String,
    pub asked: Asked,
    /// The id of the token that it came with.
    pub token: Option<String>,
    /// It is looked at before it is sent.
    pub preview: bool,
    /// How many the site may ask for within an hour.
    pub per_hour: u32,
    /// Nothing but what it asks for makes it this request: one that came to nothing may be asked for anew.
    pub keyless: bool,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrittenTaken {
    New {
        id: String,
    },
    /// The same was asked for before: nothing was stored.
    Known {
        id: String,
    },
    /// Another letter was asked for by the same request.
    Reused,
    /// As many were asked for within an hour as may be.
    TooMany,
}

/// How far one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrittenState {
    /// Nothing is decided yet.
    Asked,
    /// It waits for somebody's word; nothing is sent.
    Drafted,
    /// Its letters are on their way, or sent.
    Posted,
    /// Nobody gets it.
    Refused,
    /// Somebody did not have it sent after all.
    Dropped,
}

impl WrittenState {
    pub fn word(self) -> &'static str {
        match self {
            WrittenState::Asked => "asked",
            WrittenState::Drafted => "drafted",
            WrittenState::Posted => "posted",
            WrittenState::Refused => "refused",
            WrittenState::Dropped => "dropped",
        }
    }

    fn from_word(word: &str) -> Result<WrittenState, Fault> {
        use WrittenState::{Asked, Drafted, Dropped, Posted, Refused};
        let known = [Asked, Drafted, Posted, Refused, Dropped].into_iter().find(|state| state.word() == word);
        known.ok_or_else(|| Fault::permanent(FaultCode::StoreCorrupt, "a written letter has an unknown state"))
    }
}

/// What was decided about one.
#[derive(Debug)]
pub struct Decision<'a, T> {
    /// `Drafted`, `Posted` or `Refused`.
    pub state: WrittenState,
    /// `None` where there is no such issue.
    pub issue_id: Option<&'a str>,
    /// For its story, and for the note.
    pub told: &'a T,
    /// Those that are not put aside already.
    pub letters: Vec<NewLetter>,
    /// The comment that asks for it, where somebody who was left out for its sake does not get it: who is told of that is decided anew.
    pub anew: Option<&'a Event>,
    /// Nothing is left to do for its job.
    pub ends: bool,
}

/// A row, sealed and hashed, ready to be inserted.
pub(crate) struct Row {
    id: String,
    site: String,
    way: &'static str,
    request: Vec<u8>,
    fingerprint: Vec<u8>,
    token: Option<String>,
    preview: i64,
    per_hour: i64,
    /// By what an earlier one is known from then on that came to nothing; `None` where it stays known.
    aside: Option<Vec<u8>>,
    key_id: String,
    wrapped_key: Vec<u8>,
    sealed_asked: Vec<u8>,
    /// What stands as the decision of one that is too many, where nobody waits for an answer who could be told.
    sealed_too_many: Vec<u8>,
    entry: Entry,
}

fn asked_place<'a>(site: &'a str, id: &'a str) -> Place<'a> {
    Place { site, table: "written", row: id, field: "sealed_asked" }
}

fn decision_place<'a>(site: &'a str, id: &'a str) -> Place<'a> {
    Place { site, table: "written", row: id, field: "sealed_decision" }
}

/// The job that decides about one.
fn job_id(id: &str) -> String {
    format!("written:{id}")
}

impl Store {
    /// The id of one that will be asked for.
    pub fn new_written_id() -> String {
        Uuid::now_v7().simple().to_string()
    }

    /// Takes a request in, durable when it returns. The same request is known again for 90 days. `who` asked stands in the audit trail.
    pub async fn take_in_written(&self, new: NewWritten, who: &str) -> Result<WrittenTaken, Fault> {
        let row = self.written_row(new, who).await?;
        let id = row.id.clone();
        let taken = self.inner.db.unit(move |conn| Box::pin(async move { insert(conn, &row).await })).await?;
        match taken {
            WrittenTaken::New { .. } => self.inner.bell.ring(),
            _ => {
                self.inner.vault.forget_message_key(&id);
                self.erase_files_of(&id).await?;
            }
        }
        Ok(taken)
    }

    pub(crate) async fn written_row(&self, new: NewWritten, who: &str) -> Result<Row, Fault> {
        self.inner.room.check()?;
        let NewWritten { id, site, by, request, asked, token, preview, per_hour, keyless } = new;
        let hasher = self.inner.vault.hasher(&site).await?;
        let key = self.inner.vault.new_message_key(&site, &id, dialect::this_clock()).await?;
        let entry = Entry::by_person(&self.inner.vault, &site, "letter_written", &id, who).await?;
        let receipt = serde_json::json!({ "by": by.word(), "token": token, "preview": preview }).to_string();
        Ok(Row {
            request: hasher.handle(&known::request_of(by, &request)),
            fingerprint: hasher.handle(&fingerprint(&asked, preview)?),
            aside: keyless.then(|| hasher.handle(&format!("written:before/{id}"))),
            way: by.word(),
            token,
            preview: i64::from(preview),
            per_hour: i64::from(per_hour),
            sealed_asked: sealed::seal(&key.key, asked_place(&site, &id), &asked)?,
            sealed_too_many: sealed::seal(&key.key, decision_place(&site, &id), &too_many(per_hour))?,
            key_id: key.wrapped_by,
            wrapped_key: key.wrapped,
            entry: entry.with_receipt(Some(receipt)),
            id,
            site,
        })
    }

    /// The keys of the letters of one that are made and not posted.
    pub async fn drafts_of_written(&self, id: &str) -> Result<Vec<StepKey>, Fault> {
        const SQL: &str = "SELECT key FROM outbox WHERE notice = $1 AND posted_at IS NULL ORDER BY key LIMIT $2";
        let id = id.to_owned();
        let rows = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, (String,), SQL, &id, DRAFTS_MAX) }));
        Ok(rows.await?.into_iter().map(|(key,)| StepKey(key)).collect())
    }

    /// Begins a decision: drafts that an earlier try left are gone then, because it may have decided otherwise.
    pub async fn begin_written(&self, lease: &Lease) -> Result<(), Fault> {
        const LEFT: &str = "DELETE FROM outbox WHERE notice = $1 AND posted_at IS NULL
            AND EXISTS (SELECT 1 FROM written w WHERE w.id = $1 AND w.state = 'asked' AND w.preview <> $2)";
        let lease = lease.clone();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                execute!(conn, LEFT, &lease.subject, APPROVED).map(|_| ())
            })
        });
        work.await
    }

    /// Writes down what was decided about the job's letter, posts its letters unless somebody looks first, and ends the job when nothing
    /// else is to be done. What was decided before stays as it is.
    pub async fn write_written<T: Serialize + Sync>(
        &self,
        lease: &Lease,
        decision: Decision<'_, T>,
    ) -> Result<(), Fault> {
        const DECIDED: &str = "UPDATE written SET state = $1, issue_id = $2, decided_at = $3, sealed_decision = $4
            WHERE id = $5 AND state = 'asked'";
        let Decision { state, issue_id, told, letters, anew, ends } = decision;
        let anew = self.anew(&lease.site, anew).await?;
        let sealing = self.inner.key_for(lease).await?.ok_or_else(crate::content::erased)?;
        let sealed = sealed::seal(&sealing, decision_place(&lease.site, &lease.subject), told)?;
        let letters = self.drafts(&lease.site, letters).await?;
        let (lease, issue_id) = (lease.clone(), issue_id.map(str::to_owned));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                let (now, id) = (dialect::now(conn).await?, &lease.subject);
                if let Some(anew) = anew {
                    anew.begin(conn).await?;
                }
                if execute!(conn, DECIDED, state.word(), issue_id.as_deref(), now, &sealed, id)? == 1 {
                    match state {
                        WrittenState::Posted => letters.release(conn, &lease, id, now).await?,
                        _ => letters.insert(conn, &lease, id, now).await?,
                    }
                }
                if ends { end(conn, &lease, now).await } else { Ok(()) }
            })
        });
        work.await?;
        self.inner.bell.ring();
        Ok(())
    }

    /// Writes down what was decided anew about one that somebody has sent: of its drafts these leave as they were looked at, the others do not.
    /// `false` when somebody dropped it meanwhile: then nothing leaves, and the job has ended.
    pub async fn write_approved<T: Serialize + Sync>(
        &self,
        lease: &Lease,
        decision: Decision<'_, T>,
        leave: Vec<StepKey>,
    ) -> Result<bool, Fault> {
        const DECIDED: &str = "UPDATE written SET state = $1, issue_id = $2, decided_at = $3, sealed_decision = $4
            WHERE id = $5 AND state = 'asked' AND preview = $6";
        const LEAVES: &str = "UPDATE outbox SET posted_at = $1 WHERE notice = $2 AND key = $3 AND posted_at IS NULL";
        const OTHERS: &str = "DELETE FROM outbox WHERE notice = $1 AND posted_at IS NULL";
        let Decision { state, issue_id, told, ends, .. } = decision;
        let sealing = self.inner.key_for(lease).await?.ok_or_else(crate::content::erased)?;
        let sealed = sealed::seal(&sealing, decision_place(&lease.site, &lease.subject), told)?;
        let (lease, issue_id) = (lease.clone(), issue_id.map(str::to_owned));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                let (now, id) = (dialect::now(conn).await?, &lease.subject);
                let is_written =
                    execute!(conn, DECIDED, state.word(), issue_id.as_deref(), now, &sealed, id, APPROVED)? == 1;
                if is_written {
                    for key in &leave {
                        execute!(conn, LEAVES, now, id, &key.0)?;
                    }
                    outbox::begin_posted(conn, id, now).await?;
                    execute!(conn, OTHERS, id)?;
                }
                if ends || !is_written {
                    end(conn, &lease, now).await?;
                }
                Ok(is_written)
            })
        });
        let is_written = work.await?;
        self.inner.bell.ring();
        Ok(is_written)
    }

    /// A person's word: what he looked at is sent, to those of them who may get it when the job has asked once more. `false` when it waits for
    /// no word, or is not kept any more.
    pub async fn send_written(&self, id: &str, who: &str) -> Result<bool, Fault> {
        const SENT: &str = "UPDATE written SET state = 'asked', preview = $2 WHERE id = $1 AND state = 'drafted'
            AND EXISTS (SELECT 1 FROM outbox o WHERE o.notice = $1 AND o.posted_at IS NULL)";
        let Some(site) = self.site_of_written(id).await? else { return Ok(false) };
        let entry = Entry::by_person(&self.inner.vault, &site, "letter_sent", id, who).await?;
        let id = id.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                if execute!(conn, SENT, &id, APPROVED)? == 0 {
                    return Ok(false);
                }
                let now = dialect::now(conn).await?;
                // A draft may be days old: the job asks once more who may get it.
                wake(conn, &id, now).await?;
                audit::write(conn, &entry, now).await?;
                Ok(true)
            })
        });
        let sent = work.await?;
        self.inner.bell.ring();
        Ok(sent)
    }

    /// A person's word: what he looked at is not sent, also where he has it sent and it is not decided yet who may get it. `false` when it waits
    /// for no word, or is on its way.
    pub async fn drop_written(&self, id: &str, who: &str) -> Result<bool, Fault> {
        const DROPPED: &str = "UPDATE written SET state = 'dropped'
            WHERE id = $1 AND (state = 'drafted' OR (state = 'asked' AND preview = $2))";
        // One that runs finds it dropped.
        const JOB: &str = "UPDATE jobs SET state = 'done', ended_at = $1, sealed_fault = NULL
            WHERE id = $2 AND state IN ('ready', 'waiting', 'held', 'dead')";
        const DRAFTS: &str = "DELETE FROM outbox WHERE notice = $1 AND posted_at IS NULL";
        let Some(site) = self.site_of_written(id).await? else { return Ok(false) };
        let entry = Entry::by_person(&self.inner.vault, &site, "letter_dropped", id, who).await?;
        let owned = id.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let job = job_id(&owned);
                dialect::lock_job(conn, &job).await?;
                if execute!(conn, DROPPED, &owned, APPROVED)? == 0 {
                    return Ok(false);
                }
                execute!(conn, DRAFTS, &owned)?;
                let now = dialect::now(conn).await?;
                execute!(conn, JOB, now, &job)?;
                audit::write(conn, &entry, now).await?;
                Ok(true)
            })
        });
        let dropped = work.await?;
        if dropped {
            self.erase_files_of(id).await?;
        }
        Ok(dropped)
    }

    /// A person's word: the work on it that was given up or is held is begun anew. `false` when it was not.
    pub async fn wake_written(&self, id: &str, who: &str) -> Result<bool, Fault> {
        const STOPPED: &str = "SELECT id FROM jobs WHERE id = $1 AND state IN ('held', 'dead')";
        const FAILED: &str = "UPDATE ledger SET state = 'open', ended_at = NULL, sealed_fault = NULL, looked = 0
            WHERE state = 'failed' AND message = $1";
        const DOUBTFUL: &str = "UPDATE ledger SET looked = 0 WHERE state = 'begun' AND message = $1";
        let Some(site) = self.site_of_written(id).await? else { return Ok(false) };
        let entry = Entry::by_person(&self.inner.vault, &site, "wake", id, who).await?;
        let id = id.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                if one!(conn, (String,), STOPPED, &job_id(&id))?.is_none() {
                    return Ok(false);
                }
                let now = dialect::now(conn).await?;
                execute!(conn, FAILED, &id)?;
                execute!(conn, DOUBTFUL, &id)?;
                wake(conn, &id, now).await?;
                audit::write(conn, &entry, now).await?;
                Ok(true)
            })
        });
        let woken = work.await?;
        self.inner.bell.ring();
        Ok(woken)
    }

    async fn site_of_written(&self, id: &str) -> Result<Option<String>, Fault> {
        const SITE: &str = "SELECT site FROM written WHERE id = $1";
        let id = id.to_owned();
        let found = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), SITE, &id) }));
        Ok(found.await?.map(|(site,)| site))
    }
}

/// The job from its beginning, or anew.
async fn wake(conn: &mut Conn, id: &str, now: Micros) -> Result<(), Fault> {
    const JOB: &str = "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
        SELECT $1, 'written', site, id, $2, 'ready', $2, $2 FROM written WHERE id = $3
        ON CONFLICT (id) DO UPDATE SET state = 'ready', due = excluded.due, created_at = excluded.created_at, tries = 0,
            ended_at = NULL WHERE jobs.state IN ('done', 'held', 'dead')";
    execute!(conn, JOB, job_id(id), now, id).map(|_| ())
}

/// The same of one that a comment asks for: one that is too many is refused, and its story says so.
pub(crate) async fn insert_of_comment(conn: &mut Conn, row: &Row) -> Result<WrittenTaken, Fault> {
    const REFUSED: &str = "INSERT INTO written (id, site, way, request, fingerprint, token, preview, state, asked_at,
            decided_at, key_id, wrapped_key, sealed_asked, sealed_decision)
        VALUES ($1, $2, $3, $4, $5, NULL, 0, 'refused', $6, $6, $7, $8, $9, $10)";
    let taken = insert(conn, row).await?;
    if taken == WrittenTaken::TooMany {
        let now = dialect::now(conn).await?;
        let (id, site, request, fingerprint) = (&row.id, &row.site, &row.request, &row.fingerprint);
        let (key_id, wrapped, asked, why) = (&row.key_id, &row.wrapped_key, &row.sealed_asked, &row.sealed_too_many);
        execute!(conn, REFUSED, id, site, row.way, request, fingerprint, now, key_id, wrapped, asked, why)?;
        audit::write(conn, &row.entry, now).await?;
    }
    Ok(taken)
}

fn too_many(per_hour: u32) -> serde_json::Value {
    serde_json::json!({ "refused": format!("{per_hour} letters were asked for within an hour, and no more may be (written.per_hour)") })
}

/// Inserts it with its job, unless it is known or too many are asked for.
pub(crate) async fn insert(conn: &mut Conn, row: &Row) -> Result<WrittenTaken, Fault> {
    const KNOWN: &str = "SELECT id, fingerprint, state FROM written WHERE site = $1 AND request = $2";
    // A comment that was too many was refused when it was asked for, and does not count.
    const NUMBER: &str = "SELECT COUNT(*) FROM written WHERE site = $1 AND asked_at > $2 AND state <> 'dropped'
            AND NOT (state = 'refused' AND decided_at = asked_at)";
    const ASIDE: &str = "UPDATE written SET request = $1 WHERE site = $2 AND request = $3";
    const NEW: &str =
        "INSERT INTO written (id, site, way, request, fingerprint, token, preview, state, asked_at, key_id,
            wrapped_key, sealed_asked)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'asked', $8, $9, $10, $11)";
    // Two at once would not see each other's.
    dialect::lock_letters(conn, &row.site).await?;
    let known = one!(conn, (String, Vec<u8>, String), KNOWN, &row.site, &row.request)?;
    let nothing = [WrittenState::Refused, WrittenState::Dropped].map(WrittenState::word);
    let came_to_nothing = known.as_ref().is_some_and(|(.., state)| nothing.contains(&state.as_str()));
    let aside = row.aside.as_ref().filter(|_| came_to_nothing);
    if let Some((id, fingerprint, _)) = known.filter(|_| aside.is_none()) {
        let is_same = fingerprint == row.fingerprint;
        return Ok(if is_same { WrittenTaken::Known { id } } else { WrittenTaken::Reused });
    }
    let now = dialect::now(conn).await?;
    let (number,) = one!(conn, (i64,), NUMBER, &row.site, now - HOUR)?.unwrap_or((i64::MAX,));
    if number >= row.per_hour {
        return Ok(WrittenTaken::TooMany);
    }
    if let Some(aside) = aside {
        execute!(conn, ASIDE, aside, &row.site, &row.request)?;
    }
    let (id, site, token) = (&row.id, &row.site, row.token.as_deref());
    let (request, fingerprint, asked) = (&row.request, &row.fingerprint, &row.sealed_asked);
    let (key_id, wrapped) = (&row.key_id, &row.wrapped_key);
    execute!(conn, NEW, id, site, row.way, request, fingerprint, token, row.preview, now, key_id, wrapped, asked)?;
    wake(conn, id, now).await?;
    audit::write(conn, &row.entry, now).await?;
    Ok(WrittenTaken::New { id: id.clone() })
}

/// What two requests have in common that ask for the same: not where their files are kept.
///
/// # Errors
/// `Internal`, which should never happen.
pub fn fingerprint(asked: &Asked, preview: bool) -> Result<String, Fault> {
    let files: Vec<_> = asked.files.iter().map(|given| (&given.file, &given.sha256)).collect();
    let json = serde_json::to_vec(&(&asked.writing, files, preview))
        .map_err(|error| Fault::permanent(FaultCode::Internal, format!("writing what is asked for: {error}")))?;
    Ok(data_encoding::HEXLOWER.encode(digest::digest(&digest::SHA256, &json).as_ref()))
}
