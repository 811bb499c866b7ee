//! A letter that is sent once more on a person's word: one that failed by the step that failed, one that was sent by a step of its own.

use super::job_id;
use super::silence::SINCE;
use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::ledger;
use crate::letter::came_back_to;
use crate::rows::{Dialogue, Lease, Micros};
use policy::letter::no_more_after;
use policy::{Fault, FaultCode, Receipt};

/// What stands in the audit trail.
const KIND: &str = "send_again";
/// What stands between the key of a letter and which time it is that it is sent once more.
const AGAIN: &str = "/again-";
/// A letter that was sent is sent no more often on anybody's word.
pub const LETTER_AGAIN_MAX: u32 = 5;
const _: () = assert!(LETTER_AGAIN_MAX < 10);
/// Words about one letter that are told.
const WORDS_MAX: i64 = 100;

/// The key of the step by which a letter is sent, or was sent last: each time that a person has a letter sent once more that was sent is a
/// step of its own, so that it happens once, and what is known of the times before stays. The last one has the greatest key: one digit counts them.
macro_rules! step_of {
    ($letter:literal) => {
        concat!("COALESCE((SELECT MAX(x.key) FROM ledger x WHERE x.message = ", $letter, ".id), ", $letter, ".key)")
    };
}
pub(crate) use step_of;

/// Why a letter is not sent once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotAgain {
    /// There is no such letter.
    Unknown,
    /// Somebody wrote it and nobody had it sent yet.
    Draft,
    /// It waits to be sent, or is being sent.
    InWork,
    /// What it says was erased.
    Erased,
    /// Its recipient wants no more letters about the issue.
    Silenced,
    /// Letters to the address came back.
    Returned(String),
    /// It was kept here, because its site was a dead end: what its reader may see by now nobody asked.
    NeverLeft,
    /// It was sent once more as often as may be.
    TooOften,
}

impl NotAgain {
    /// In words, with what to do.
    pub fn in_words(&self) -> String {
        match self {
            NotAgain::Unknown => "There is no letter about events of this id; `sealpost letter list` shows them.".to_owned(),
            NotAgain::Draft => {
                "It was not sent yet: it waits for somebody's word; `sealpost letter send` has it sent, or the page of what was written.".to_owned()
            }
            NotAgain::InWork => "It is being sent, or waits to be; wait until that ended.".to_owned(),
            NotAgain::Erased => "What it says was erased, so it cannot be sent any more; write a new one.".to_owned(),
            NotAgain::Silenced => {
                "Its recipient wants no more letters about this issue, so nothing was sent; when he asks for them again, \
                 `sealpost letter listen` says so."
                    .to_owned()
            }
            NotAgain::Returned(why) => format!(
                "Nothing was sent, because {why}; when the address is good again, `sealpost outgoing write-again` says so."
            ),
            NotAgain::NeverLeft => {
                "It was kept here because its site was a dead end, and never left. What its reader may see is not asked for a letter that is there, \
                 so nothing was sent; `sealpost letter write` writes to him about the issue."
                    .to_owned()
            }
            NotAgain::TooOften => {
                format!("It was sent once more {LETTER_AGAIN_MAX} times already; look in the mailbox that it goes to.")
            }
        }
    }
}

/// A person's word that a letter is sent once more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentAgain {
    pub at: Micros,
    pub who: String,
}

/// What is known of a letter: site, issue_id, address, posted_at, whether it is kept, whether it is a draft of somebody's, the job's state, the
/// key, the state and the receipt of its last step.
type Row =
    (String, String, Vec<u8>, Option<i64>, i64, i64, Option<String>, Option<String>, Option<String>, Option<String>);

const STANDS: &str = concat!(
    "SELECT o.site, o.issue_id, o.address, o.posted_at, CAST(CASE WHEN o.wrapped_key IS NULL THEN 0 ELSE 1 END AS BIGINT),
        (SELECT COUNT(*) FROM written w WHERE w.id = o.notice), j.state, d.key, d.state, d.receipt
    FROM outbox o LEFT JOIN jobs j ON j.id = $2 LEFT JOIN ledger d ON d.key = ",
    step_of!("o"),
    " WHERE o.id = $1"
);

impl Store {
    /// A person's word: a letter that failed, was given up or is held is sent once more. `false` when it is none of them, or was erased.
    pub async fn send_again(&self, id: &str, who: &str) -> Result<bool, Fault> {
        let Some(entry) = self.word(id, who).await? else { return Ok(false) };
        let id = id.to_owned();
        let woken = self.inner.db.unit(move |conn| Box::pin(async move { wake(conn, &id, &entry).await })).await?;
        self.inner.bell.ring();
        Ok(woken)
    }

    /// The same, also of a letter that was sent: the same bytes go to the same recipient once more, by a step of their own. `None` when that was done, otherwise why not.
    pub async fn send_letter_again(&self, id: &str, who: &str) -> Result<Option<NotAgain>, Fault> {
        if self.send_again(id, who).await? {
            return Ok(None);
        }
        let Some(entry) = self.word(id, who).await? else { return Ok(Some(NotAgain::Unknown)) };
        let id = id.to_owned();
        let work = self.inner.db.unit(move |conn| Box::pin(async move { again(conn, &id, &entry).await }));
        let not = work.await?;
        self.inner.bell.ring();
        Ok(not)
    }

    /// What keeps a letter that was sent from being sent once more, as it stands now; for whoever is about to send it.
    pub async fn letter_barred(&self, lease: &Lease) -> Result<Option<Fault>, Fault> {
        const OF: &str = "SELECT issue_id, address FROM outbox WHERE id = $1";
        let lease = lease.clone();
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let Some((issue, address)) = one!(conn, (String, Vec<u8>), OF, &lease.subject)? else {
                    return Ok(None);
                };
                barred(conn, &lease.site, &issue, &address).await
            })
        });
        let barred = work.await?;
        Ok(barred.map(|not| Fault::permanent(FaultCode::LetterWithheld, "").with_public(not.in_words())))
    }

    /// Who had this letter sent once more, and when; the latest last.
    pub async fn sent_again(&self, site: &str, id: &str) -> Result<Vec<SentAgain>, Fault> {
        const SQL: &str = "SELECT at, sealed_who FROM audit WHERE subject = $1 AND kind = $2 ORDER BY id LIMIT $3";
        let asked = id.to_owned();
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move { all!(conn, (i64, Option<Vec<u8>>), SQL, &asked, KIND, WORDS_MAX) })
        });
        let mut words = Vec::new();
        for (at, sealed) in work.await? {
            let who = self.opened_who(site, id, sealed).await?;
            words.push(SentAgain { at, who });
        }
        Ok(words)
    }

    /// How a letter left, each time that it did, in order; nothing after it was erased.
    pub async fn letter_dialogues(&self, site: &str, id: &str) -> Result<Vec<Dialogue>, Fault> {
        const SQL: &str = "SELECT key, sealed_fault FROM ledger WHERE message = $1 AND state = 'done'
            ORDER BY key";
        let asked = id.to_owned();
        let work =
            self.inner.db.read(move |conn| Box::pin(async move { all!(conn, (String, Option<Vec<u8>>), SQL, &asked) }));
        let rows = work.await?;
        let sealing = self.inner.letter_key(site, id).await?;
        let mut dialogues = Vec::new();
        for (key, sealed) in rows {
            dialogues.extend(ledger::read_dialogue(sealing.as_deref(), site, &key, sealed)?);
        }
        Ok(dialogues)
    }

    /// The entry of a person's word about a letter; `None` when there is none of this id.
    async fn word(&self, id: &str, who: &str) -> Result<Option<Entry>, Fault> {
        const SITE: &str = "SELECT site FROM outbox WHERE id = $1";
        let asked = id.to_owned();
        let found = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), SITE, &asked) }));
        match found.await? {
            Some((site,)) => Entry::by_person(&self.inner.vault, &site, KIND, id, who).await.map(Some),
            None => Ok(None),
        }
    }
}

/// Which time it is that the letter of this step is sent once more; 0 for the first sending.
pub(crate) fn time_of(step: &str) -> u32 {
    step.rsplit_once(AGAIN).and_then(|(_, time)| time.parse().ok()).unwrap_or(0)
}

/// Nobody can look whether a letter arrived: a person's word sends it once more.
async fn wake(conn: &mut Conn, id: &str, entry: &Entry) -> Result<bool, Fault> {
    const JOB: &str = concat!(
        "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
        SELECT $2, 'letter', o.site, o.id, $1, 'ready', $1, $1
        FROM outbox o LEFT JOIN ledger d ON d.key = ",
        step_of!("o"),
        " LEFT JOIN jobs j ON j.id = $2
        WHERE o.id = $3 AND o.wrapped_key IS NOT NULL AND o.posted_at IS NOT NULL
            AND (j.state IN ('held', 'dead') OR (d.state = 'failed' AND COALESCE(j.state, 'done') = 'done'))
        ON CONFLICT (id) DO UPDATE SET state = 'ready', due = excluded.due, created_at = excluded.created_at, tries = 0,
            ended_at = NULL WHERE jobs.state IN ('held', 'dead', 'done')"
    );
    const FAILED: &str = "UPDATE ledger SET state = 'open', ended_at = NULL, sealed_fault = NULL, looked = 0
        WHERE state = 'failed' AND message = $1";
    const DOUBTFUL: &str = "UPDATE ledger SET looked = 0 WHERE state = 'begun' AND message = $1";
    let now = dialect::now(conn).await?;
    if execute!(conn, JOB, now, job_id(id), id)? == 0 {
        return Ok(false);
    }
    // Only the last step of a letter can have failed or be in doubt: there is another one only after the one before was done.
    execute!(conn, FAILED, id)?;
    execute!(conn, DOUBTFUL, id)?;
    audit::write(conn, entry, now).await?;
    Ok(true)
}

/// Opens another step for a letter whose last one is done. What came back of the one before is noted of the next anew.
async fn again(conn: &mut Conn, id: &str, entry: &Entry) -> Result<Option<NotAgain>, Fault> {
    const STEP: &str = "INSERT INTO ledger (key, message, kind, state, begun_at)
        SELECT $1, message, kind, 'open', $2 FROM ledger WHERE key = $3 ON CONFLICT (key) DO NOTHING";
    const JOB: &str = "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
        VALUES ($1, 'letter', $2, $3, $4, 'ready', $4, $4)
        ON CONFLICT (id) DO UPDATE SET state = 'ready', due = excluded.due, created_at = excluded.created_at, tries = 0,
            ended_at = NULL";
    const FRESH: &str = "UPDATE outbox SET bounced_at = NULL, report = NULL WHERE id = $1";
    let job = job_id(id);
    dialect::lock_job(conn, &job).await?;
    let Some(row) = one!(conn, Row, STANDS, id, &job)? else { return Ok(Some(NotAgain::Unknown)) };
    let (site, issue, address, posted, kept, written, state, step, deed, receipt) = row;
    match (posted, written) {
        (None, 0) => return Ok(Some(NotAgain::Unknown)),
        (None, _) => return Ok(Some(NotAgain::Draft)),
        _ if kept == 0 => return Ok(Some(NotAgain::Erased)),
        _ => {}
    }
    let (Some(step), Some("done")) = (step, deed.as_deref()) else { return Ok(Some(NotAgain::InWork)) };
    if state.is_some_and(|state| state != "done") {
        return Ok(Some(NotAgain::InWork));
    }
    let receipt: Option<Receipt> = receipt.and_then(|text| serde_json::from_str(&text).ok());
    if let Some(Receipt::Letter { dead_end: true, .. }) = receipt {
        return Ok(Some(NotAgain::NeverLeft));
    }
    let time = time_of(&step) + 1;
    if time > LETTER_AGAIN_MAX {
        return Ok(Some(NotAgain::TooOften));
    }
    if let Some(not) = barred(conn, &site, &issue, &address).await? {
        return Ok(Some(not));
    }
    let now = dialect::now(conn).await?;
    let first = step.rsplit_once(AGAIN).map_or(step.as_str(), |(first, _)| first);
    if execute!(conn, STEP, format!("{first}{AGAIN}{time}"), now, &step)? == 0 {
        // Somebody else was first.
        return Ok(Some(NotAgain::InWork));
    }
    execute!(conn, JOB, &job, &site, id, now)?;
    execute!(conn, FRESH, id)?;
    audit::write(conn, entry, now).await?;
    Ok(None)
}

/// What is known against writing to this address about this issue, whoever asks for it.
async fn barred(conn: &mut Conn, site: &str, issue: &str, address: &[u8]) -> Result<Option<NotAgain>, Fault> {
    if one!(conn, (i64,), SINCE, site, issue, address)?.is_some() {
        return Ok(Some(NotAgain::Silenced));
    }
    Ok(no_more_after(came_back_to(conn, site, address).await?).map(NotAgain::Returned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_tells_which_time_it_is() {
        assert_eq!(time_of("acme/events:10/m/00ff"), 0);
        assert_eq!(time_of("acme/events:10/m/00ff/again-12"), 12);
        // A mapping may be named so; a step's own word stands last.
        assert_eq!(time_of("acme/events:10/again-x/00ff"), 0);
    }
}
