//! Letters about events: drafted while it is decided who is told, posted with the decision, and delivered by a job each.

mod again;
mod file;
pub(crate) mod filtered;
pub(crate) mod forget;
mod origin;
mod reading;
pub(crate) mod returned;
mod second;
mod sets;
pub(crate) mod shown;
mod silence;

pub use again::{LETTER_AGAIN_MAX, NotAgain, SentAgain};
use again::{step_of, time_of};
pub use file::{LetterFileWriter, StoredLetterFile};
pub use origin::IssueMail;
pub(crate) use reading::LetterReader;
pub use returned::{ReturnDecision, ReturnWritten};
pub use sets::{LetterSet, LetterSets, SetLetter};
pub use shown::{LETTERS_PAGE_MAX, OutboxLine};
pub use silence::Subscription;

use crate::Store;
use crate::content::erased;
use crate::database::{Conn, execute, one};
use crate::dialect;
use crate::job::check_lease;
use crate::rows::{Lease, Micros};
use crate::sealed;
use crate::segment::{ContentReader, Kept, SegmentReader, SegmentWriter, Whereabouts};
use crate::vault::seal::Place;
use mail::normalised;
use policy::bulletin::channel::Message;
use policy::event::Event;
use policy::{Fault, FaultCode, StepKey};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use uuid::Uuid;

/// What is kept of a letter beside its bytes: to whom it goes, what it is about, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterAbout {
    /// A plain address; of a channel its name in words.
    pub to: String,
    /// Whom servers tell that it could not be delivered; a plain address.
    pub return_path: String,
    /// The issue's key at that time.
    pub issue_key: String,
    pub subject: String,
    /// Without angle brackets.
    pub message_id: String,
    pub mapping: String,
    /// The name of the server by which it leaves; empty for the site's.
    pub outgoing: String,
    /// One sentence: why he gets it.
    pub reason: String,
    /// What was wrong with its template, so that its theme was used instead.
    pub trouble: Option<String>,
    /// The files that it is about.
    #[serde(default)]
    pub files: Vec<LetterFile>,
    /// It is no letter but this message to a channel.
    #[serde(default)]
    pub message: Option<ChannelMessage>,
    /// It without its files, for a server that does not take it with them.
    #[serde(default)]
    pub second: Option<SecondForm>,
    /// What the server said when it did not take it with its files, so that the second form is the one that is sent.
    #[serde(default)]
    pub refused_with_files: Option<String>,
    #[serde(default)]
    pub cause: LetterCause,
    /// The directive sets that its mapping names.
    #[serde(default)]
    pub sets: LetterSets,
    #[serde(default)]
    pub matter: LetterMatter,
}

/// What decides how a letter is sealed, beside the issue and the recipient.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LetterMatter {
    /// It is the summary of a search, and of no issue.
    pub is_summary: bool,
    /// The keys of the projects of all issues that it tells of, where these are several.
    pub projects: Vec<String>,
    /// Something that it tells came in sealed, and it says so: it leaves sealed, or says only where to look (SEC-15).
    pub came_sealed: bool,
}

/// Whose doing it is that there is a letter: for whoever is told that it did not arrive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LetterCause {
    /// What it tells, without the values that changed.
    pub deeds: Vec<Event>,
    /// In whose name it was written on purpose.
    pub writer: Option<String>,
    /// What its recipient is called, where that is one of those who work in the tracker, and not somebody who is known by his address.
    pub known_as: Option<String>,
    /// The letter that did not arrive, of which this one tells.
    pub tells_of: Option<String>,
    /// The directive sets that its mapping names.
    #[serde(default)]
    pub sets: LetterSets,
}

/// A letter without its files, kept as a file of its decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondForm {
    /// The id under which [`LetterFileWriter::finish`] keeps it.
    pub file: String,
    pub size_bytes: u64,
    /// Why its files stay behind.
    pub why: String,
}

impl LetterAbout {
    /// The form that is not the one that is sent, if there is one still.
    pub fn other_form(&self) -> Option<&SecondForm> {
        self.second.as_ref().filter(|_| self.refused_with_files.is_none())
    }
}

/// A message to a channel of the settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelMessage {
    /// The channel's name.
    pub channel: String,
    pub message: Message,
}

/// A file that a letter is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterFile {
    pub name: String,
    pub size_bytes: u64,
    /// Why it stays behind; `None` for one that goes along.
    pub why_not: Option<String>,
    /// Where it is put into the letter when that is sent: behind so many of its bytes.
    pub gap: Option<LetterGap>,
}

/// Where a file of the decision belongs in a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterGap {
    /// The id under which [`LetterFileWriter::finish`] keeps it.
    pub file: String,
    pub at: u64,
}

/// A letter that is to be posted.
#[derive(Debug, Clone)]
pub struct NewLetter {
    /// The same for the same events, mapping and person, within every site.
    pub key: StepKey,
    /// What stands for it in its Message-ID: see [`policy::event_letter_number`].
    pub number: u64,
    /// The numeric id of the issue that it is about.
    pub issue_id: String,
    pub about: LetterAbout,
    /// The whole mail but for its files.
    pub bytes: Vec<u8>,
}

/// A letter that is to be delivered.
pub struct PostedLetter {
    /// Of the step by which it is delivered, or was last.
    pub key: StepKey,
    /// Which time it is that somebody had it sent once more after it was sent; 0 for the first sending.
    pub again: u32,
    pub about: LetterAbout,
    /// With its files.
    pub size_bytes: u64,
    pub content: ContentReader,
}

/// A row, sealed and hashed, ready to be inserted.
struct Draft {
    id: String,
    key: String,
    issue_id: String,
    number: i64,
    address: Vec<u8>,
    size_bytes: i64,
    key_id: String,
    wrapped_key: Vec<u8>,
    sealed_letter: Vec<u8>,
    inline: Option<Vec<u8>>,
    blob: Option<String>,
    /// The files of the decision that it takes along.
    files: Vec<String>,
}

/// Drafts that wait for the unit of work that inserts them.
#[derive(Default)]
pub(crate) struct Drafts(Vec<Draft>);

fn about_place<'a>(site: &'a str, id: &'a str) -> Place<'a> {
    Place { site, table: "outbox", row: id, field: "sealed_letter" }
}

fn whereabouts(site: &str, id: &str) -> Whereabouts {
    Whereabouts { site: site.to_owned(), table: "outbox", row: id.to_owned() }
}

/// What a decision about the events of an issue put aside that is not written down.
pub(crate) const LEFT: &str = "DELETE FROM outbox WHERE site = $1 AND issue_id = $2 AND posted_at IS NULL
    AND NOT EXISTS (SELECT 1 FROM written w WHERE w.id = outbox.notice)";

/// The job that delivers a letter.
fn job_id(id: &str) -> String {
    format!("letter:{id}")
}

impl Store {
    /// Begins a decision about the events of the job's issue: the id that it will have. Drafts that an earlier try left are gone then,
    /// because it may have decided otherwise.
    pub async fn begin_notice(&self, lease: &Lease) -> Result<String, Fault> {
        let lease = lease.clone();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                execute!(conn, LEFT, &lease.site, &lease.subject).map(|_| ())
            })
        });
        work.await?;
        Ok(Uuid::now_v7().simple().to_string())
    }

    /// Puts letters aside that the decision `notice` will post, so that not all of them have to be in memory at once. Nothing is sent of
    /// them before [`Store::write_notice`].
    pub async fn draft_letters(&self, lease: &Lease, notice: &str, letters: Vec<NewLetter>) -> Result<(), Fault> {
        let drafts = self.drafts(&lease.site, letters).await?;
        let (lease, notice) = (lease.clone(), notice.to_owned());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                let now = dialect::now(conn).await?;
                drafts.insert(conn, &lease, &notice, now).await
            })
        });
        work.await
    }

    /// What is large of them is durable when it returns.
    pub(crate) async fn drafts(&self, site: &str, letters: Vec<NewLetter>) -> Result<Drafts, Fault> {
        let mut drafts = Drafts::default();
        for letter in letters {
            drafts.0.push(self.draft(site, letter).await?);
        }
        Ok(drafts)
    }

    async fn draft(&self, site: &str, letter: NewLetter) -> Result<Draft, Fault> {
        self.inner.room.check()?;
        let NewLetter { key, number, issue_id, about, bytes } = letter;
        let id = Uuid::now_v7().simple().to_string();
        let sealing = self.inner.vault.new_message_key(site, &id, dialect::this_clock()).await?;
        let mut segments =
            SegmentWriter::new(Arc::clone(&self.inner), whereabouts(site, &id), Arc::clone(&sealing.key));
        segments.write(&bytes).await?;
        let (kept, size_bytes) = segments.finish().await?;
        let (inline, blob) = match kept {
            Kept::Inline(sealed) => (Some(sealed), None),
            Kept::Blob(name) => (None, Some(name)),
        };
        let hasher = self.inner.vault.hasher(site).await?;
        let mut files: Vec<String> =
            about.files.iter().filter_map(|file| Some(file.gap.as_ref()?.file.clone())).collect();
        files.extend(about.second.iter().map(|second| second.file.clone()));
        files.sort();
        files.dedup();
        // The form in which it is asked about when the next letter is due.
        let to = normalised(&about.to);
        Ok(Draft {
            number: number.cast_signed(),
            issue_id,
            key: key.0,
            address: hasher.address(&to),
            size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
            sealed_letter: sealed::seal(&sealing.key, about_place(site, &id), &about)?,
            key_id: sealing.wrapped_by,
            wrapped_key: sealing.wrapped,
            inline,
            blob,
            files,
            id,
        })
    }

    /// Lets a letter go to its address unless so many went there within the last hour; then the time at which there is room. What was let
    /// go once may be tried again at once; it is counted anew when its server kept it from being sent, and when a person has it sent once more.
    pub async fn let_go(&self, lease: &Lease, most: u32) -> Result<Option<Micros>, Fault> {
        const HOUR: Micros = 3600 * 1_000_000;
        const KNOWN: &str = "SELECT address, let_at,
            (SELECT COUNT(*) FROM ledger x WHERE x.message = outbox.id AND x.key <> outbox.key) FROM outbox WHERE id = $1";
        const LAST: &str = "SELECT let_at FROM outbox WHERE site = $1 AND address = $2 AND let_at > $3
            ORDER BY let_at DESC LIMIT 1 OFFSET $4";
        const LET: &str = "UPDATE outbox SET let_at = $1 WHERE id = $2";
        let (lease, before) = (lease.clone(), i64::from(most.max(1)) - 1);
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                dialect::lock_letters(conn, &lease.site).await?;
                let now = dialect::now(conn).await?;
                let known = one!(conn, (Vec<u8>, Option<i64>, i64), KNOWN, &lease.subject)?;
                let Some((address, let_at, again)) = known else { return Ok(None) };
                if let_at.is_some_and(|at| again == 0 || at >= lease.created_at) {
                    return Ok(None);
                }
                if let Some((last,)) = one!(conn, (i64,), LAST, &lease.site, &address, now - HOUR, before)? {
                    return Ok(Some(last + HOUR));
                }
                execute!(conn, LET, now, &lease.subject)?;
                Ok(None)
            })
        });
        work.await
    }

    /// The letter of this job.
    ///
    /// # Errors
    /// `KeyUnavailable` when it was erased.
    pub async fn posted_letter(&self, lease: &Lease) -> Result<PostedLetter, Fault> {
        let no_letter = || Fault::permanent(FaultCode::StoreCorrupt, "a job delivers a letter that is not there");
        self.letter_content(&lease.subject).await?.ok_or_else(no_letter)
    }

    /// A letter as it is sent; `None` when none of this id was posted, nor is looked at before somebody has it sent.
    ///
    /// # Errors
    /// `KeyUnavailable` when it was erased.
    pub async fn letter_content(&self, id: &str) -> Result<Option<PostedLetter>, Fault> {
        type Row = (String, String, i64, Option<Vec<u8>>, Option<Vec<u8>>, Option<String>, Option<Vec<u8>>);
        const SQL: &str = concat!(
            "SELECT ",
            step_of!("o"),
            ", o.site, o.size_bytes, o.wrapped_key, o.sealed_letter, o.blob, o.sealed_inline FROM outbox o
            WHERE o.id = $1 AND (o.posted_at IS NOT NULL OR o.notice IN (SELECT id FROM written))"
        );
        let asked = id.to_owned();
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &asked) })).await?;
        let Some((key, site, size_bytes, wrapped, about, blob, inline)) = row else { return Ok(None) };
        let (Some(wrapped), Some(about)) = (wrapped, about) else { return Err(erased()) };
        let again = time_of(&key);
        let sealing = self.inner.vault.message_key(&site, id, &wrapped).await?;
        let about: LetterAbout = sealed::open(&sealing, about_place(&site, id), &about)?;
        if let Some(second) = about.second.as_ref().filter(|_| about.refused_with_files.is_some()) {
            let (size_bytes, content) = (second.size_bytes, file::opened(&self.inner, &site, &second.file).await?);
            return Ok(Some(PostedLetter {
                key: StepKey(key),
                again,
                size_bytes,
                content: ContentReader::of_file(content),
                about,
            }));
        }
        let content = SegmentReader::open(&self.inner, whereabouts(&site, id), sealing, size_bytes, (blob, inline));
        let content = content.await?.ok_or_else(erased)?;
        let content = LetterReader::of(Arc::clone(&self.inner), &site, content, &about);
        let size_bytes = u64::try_from(size_bytes).unwrap_or_default() + content.files_bytes();
        Ok(Some(PostedLetter {
            key: StepKey(key),
            again,
            about,
            size_bytes,
            content: ContentReader::of_letter(content),
        }))
    }
}

impl Drafts {
    /// To whom the first of them goes, hashed.
    pub(crate) fn address(&self) -> Option<&[u8]> {
        self.0.first().map(|draft| draft.address.as_slice())
    }

    /// Inserts them; what is known by its key stays as it is.
    pub(crate) async fn insert(&self, conn: &mut Conn, lease: &Lease, notice: &str, now: Micros) -> Result<(), Fault> {
        const SQL: &str =
            "INSERT INTO outbox (id, key, site, issue_id, notice, number, address, size_bytes, drafted_at,
                key_id, wrapped_key, sealed_letter, sealed_inline, blob)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (key) DO NOTHING";
        const FILE: &str = "INSERT INTO outbox_parts (letter, file) VALUES ($1, $2)";
        for draft in &self.0 {
            let is_new = execute!(
                conn,
                SQL,
                &draft.id,
                &draft.key,
                &lease.site,
                &draft.issue_id,
                notice,
                draft.number,
                &draft.address,
                draft.size_bytes,
                now,
                &draft.key_id,
                &draft.wrapped_key,
                &draft.sealed_letter,
                draft.inline.as_deref(),
                draft.blob.as_deref()
            )?;
            for file in draft.files.iter().filter(|_| is_new > 0) {
                execute!(conn, FILE, &draft.id, file)?;
            }
        }
        Ok(())
    }

    /// Inserts the last of them, and posts all that were drafted for this decision: each with a job of its own, which stands in no lane.
    pub(crate) async fn release(&self, conn: &mut Conn, lease: &Lease, notice: &str, now: Micros) -> Result<(), Fault> {
        self.insert(conn, lease, notice, now).await?;
        post_drafted(conn, notice, now).await
    }
}

/// Posts all letters that were drafted for a decision.
async fn post_drafted(conn: &mut Conn, notice: &str, now: Micros) -> Result<(), Fault> {
    const POSTED: &str = "UPDATE outbox SET posted_at = $1 WHERE notice = $2 AND posted_at IS NULL";
    execute!(conn, POSTED, now, notice)?;
    begin_posted(conn, notice, now).await
}

/// The jobs of all letters of a decision that were posted at this instant.
pub(crate) async fn begin_posted(conn: &mut Conn, notice: &str, now: Micros) -> Result<(), Fault> {
    const JOBS: &str = "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
        SELECT 'letter:' || id, 'letter', site, id, $1, 'ready', $1, $1 FROM outbox WHERE notice = $2 AND posted_at = $1";
    execute!(conn, JOBS, now, notice).map(|_| ())
}
