//! Bulletins to administrators: each posted once to each target, with the job that delivers it; and what they are about.

use crate::Store;
use crate::audit::{self, Entry};
use crate::contact::ContactKind;
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::ledger;
use crate::rows::{JobState, Lease, LetterFate, Micros};
use crate::sealed::{self, job_place};
use crate::vault::seal::{Place, SealingKey};
use data_encoding::HEXLOWER;
use policy::bulletin::{Bulletin, Cause, OUTAGES_LOOKED_AFTER_DAYS};
use policy::{Fault, FaultCode, Receipt, StepKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A target gets so many bulletins within a day; more are kept here.
pub const BULLETINS_A_DAY_MAX: i64 = 30;
/// That somebody was told stays so long.
const KEPT_DAYS: i64 = 90;
/// Bulletins in one page.
const PAGE_MAX: u32 = 200;
/// An outage that no process has seen for so long is over.
const OUTAGE_OVER_AFTER: Micros = 3 * 60 * SECOND;

const SECOND: Micros = 1_000_000;
const DAY: Micros = 86_400 * SECOND;

/// What a rule told an address concerns the contact who has it.
const CONCERNS: &str = "UPDATE bulletins SET contact = $1 WHERE key = $2 AND contact IS NULL";

/// To whom a bulletin goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BulletinTarget {
    /// A plain address.
    Address(String),
    /// The name of a channel.
    Channel(String),
}

/// A bulletin that is to be delivered.
#[derive(Debug, Clone)]
pub struct PostedBulletin {
    pub key: StepKey,
    pub bulletin: Bulletin,
    pub target: BulletinTarget,
    pub posted_at: Micros,
    /// It is told to a contact of the site, whose letter should come back where it can when it cannot be delivered.
    pub is_to_contact: bool,
}

/// A row of the list.
#[derive(Debug, Clone)]
pub struct BulletinLine {
    pub id: String,
    pub name: String,
    pub cause: String,
    pub site: String,
    pub posted_at: Micros,
    pub target: BulletinTarget,
    pub subject: String,
    /// It was too many for its target and will not be sent.
    pub withheld: bool,
    pub fate: LetterFate,
    pub job: Option<JobState>,
    /// Why it waits or stopped.
    pub fault: Option<Fault>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Sealed {
    pub(crate) subject: String,
    pub(crate) text: String,
    target: BulletinTarget,
}

/// id, key, name, cause, site, posted_at, withheld, sealed_bulletin, the ledger's state, receipt and sealed_fault, the job's state and
/// sealed_fault.
type Row = (
    String,
    String,
    String,
    String,
    String,
    i64,
    i64,
    Vec<u8>,
    Option<String>,
    Option<String>,
    Option<Vec<u8>>,
    Option<String>,
    Option<Vec<u8>>,
);

pub(crate) fn place<'a>(site: &'a str, id: &'a str) -> Place<'a> {
    Place { site, table: "bulletins", row: id, field: "sealed_bulletin" }
}

fn job_id(id: &str) -> String {
    format!("bulletin:{id}")
}

impl Store {
    /// Posts a bulletin to a target, with its job, unless that was told the same under this name before. Beyond
    /// [`BULLETINS_A_DAY_MAX`] it is kept and not sent. Whether it is new.
    pub async fn post_bulletin(&self, bulletin: &Bulletin, target: &BulletinTarget) -> Result<bool, Fault> {
        self.post_bulletin_as(bulletin, target, None).await
    }

    /// The same, for a contact of the site: then it is sent however many were told him of late. Where a rule has told the same address, it is
    /// noted that this concerns the contact.
    pub(crate) async fn post_bulletin_as(
        &self,
        bulletin: &Bulletin,
        target: &BulletinTarget,
        contact: Option<ContactKind>,
    ) -> Result<bool, Fault> {
        const KNOWN: &str = "SELECT contact FROM bulletins WHERE key = $1";
        let (key, hash) = self.bulletin_key(&bulletin.site, &bulletin.name, target).await?;
        let asked = key.clone();
        let known =
            self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (Option<String>,), KNOWN, &asked) }));
        let contact = contact.map(ContactKind::word);
        match known.await? {
            None => {}
            Some((None,)) if contact.is_some() => {
                let work = self
                    .inner
                    .db
                    .unit(move |conn| Box::pin(async move { execute!(conn, CONCERNS, contact, &key).map(|_| ()) }));
                return work.await.map(|()| false);
            }
            Some(_) => return Ok(false),
        }
        let new = self.new_bulletin(bulletin, target, contact, (key, hash)).await?;
        let is_new = self.inner.db.unit(move |conn| Box::pin(async move { insert(conn, new).await })).await?;
        self.inner.bell.ring();
        Ok(is_new)
    }

    /// A billing contact is told instead of the one whom bulletin `before` did not reach. That is passed on once, whatever number of processes
    /// do so at the same time, and also when this contact was told already. Whether it is new.
    pub(crate) async fn pass_bulletin_on(
        &self,
        before: String,
        bulletin: &Bulletin,
        target: &BulletinTarget,
    ) -> Result<bool, Fault> {
        const PASSED_ON: &str = "UPDATE bulletins SET passed_on = 1 WHERE id = $1 AND passed_on = 0";
        let contact = Some(ContactKind::Billing.word());
        let known = self.bulletin_key(&bulletin.site, &bulletin.name, target).await?;
        let key = known.0.clone();
        let new = self.new_bulletin(bulletin, target, contact, known).await?;
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                if execute!(conn, PASSED_ON, &before)? == 0 {
                    return Ok(false);
                }
                let is_new = insert(conn, new).await?;
                if !is_new {
                    execute!(conn, CONCERNS, contact, &key)?;
                }
                Ok(is_new)
            })
        });
        let is_new = work.await?;
        self.inner.bell.ring();
        Ok(is_new)
    }

    /// By what a bulletin to this target is known, and the hash of the target.
    async fn bulletin_key(&self, site: &str, name: &str, target: &BulletinTarget) -> Result<(String, Vec<u8>), Fault> {
        let hasher = self.inner.vault.hasher(site).await?;
        let hash = match target {
            BulletinTarget::Address(address) => hasher.address(&mail::normalised(address)),
            BulletinTarget::Channel(name) => hasher.handle(&format!("channel:{name}")),
        };
        Ok((format!("{site}/bulletin:{name}/{}", HEXLOWER.encode(&hash[..hash.len().min(8)])), hash))
    }

    async fn new_bulletin(
        &self,
        bulletin: &Bulletin,
        target: &BulletinTarget,
        contact: Option<&'static str>,
        (key, hash): (String, Vec<u8>),
    ) -> Result<New, Fault> {
        let id = Uuid::now_v7().simple().to_string();
        let Bulletin { name, cause, site, subject, text } = bulletin.clone();
        let sealing = self.inner.vault.standing_key(&site).await?;
        let sealed = sealed::seal(&sealing, place(&site, &id), &Sealed { subject, text, target: target.clone() })?;
        Ok(New { id, key, name, cause, site, hash, contact, sealed })
    }

    /// The bulletin of this job.
    ///
    /// # Errors
    /// `StoreCorrupt` when there is none.
    pub async fn posted_bulletin(&self, lease: &Lease) -> Result<PostedBulletin, Fault> {
        type Row = (String, String, String, i64, Vec<u8>, Option<String>);
        const SQL: &str =
            "SELECT key, name, cause, posted_at, sealed_bulletin, contact FROM bulletins WHERE id = $1 AND site = $2";
        let (id, site) = (lease.subject.clone(), lease.site.clone());
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &id, &site) })).await?;
        let none = || Fault::permanent(FaultCode::StoreCorrupt, "a job delivers a bulletin that is not there");
        let (key, name, cause, posted_at, sealed, contact) = row.ok_or_else(none)?;
        let sealing = self.inner.vault.standing_key(&lease.site).await?;
        let Sealed { subject, text, target } = sealed::open(&sealing, place(&lease.site, &lease.subject), &sealed)?;
        let cause = Cause::of_word(&cause).unwrap_or(Cause::Test);
        let bulletin = Bulletin { name, cause, site: lease.site.clone(), subject, text };
        Ok(PostedBulletin { key: StepKey(key), bulletin, target, posted_at, is_to_contact: contact.is_some() })
    }

    /// The newest bulletins, at most 200.
    pub async fn bulletins(&self, limit: u32) -> Result<Vec<BulletinLine>, Fault> {
        const SQL: &str = "SELECT b.id, b.key, b.name, b.cause, b.site, b.posted_at, b.withheld, b.sealed_bulletin,
                d.state, d.receipt, d.sealed_fault, j.state, j.sealed_fault
            FROM bulletins b LEFT JOIN ledger d ON d.key = b.key LEFT JOIN jobs j ON j.id = 'bulletin:' || b.id
            ORDER BY b.posted_at DESC, b.id DESC LIMIT $1";
        let limit = i64::from(limit.clamp(1, PAGE_MAX));
        let rows = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, limit) })).await?;
        let mut lines = Vec::with_capacity(rows.len());
        for row in rows {
            let sealing = self.inner.vault.standing_key(&row.4).await?;
            lines.push(line(row, &sealing)?);
        }
        Ok(lines)
    }

    /// A person's word: a bulletin that was given up or is held is sent once more.
    pub async fn bulletin_again(&self, id: &str, who: &str) -> Result<bool, Fault> {
        const SITE: &str = "SELECT site FROM bulletins WHERE id = $1";
        let asked = id.to_owned();
        let found = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), SITE, &asked) }));
        let Some((site,)) = found.await? else { return Ok(false) };
        let entry = Entry::by_person(&self.inner.vault, &site, "send_again", id, who).await?;
        let id = id.to_owned();
        let woken = self.inner.db.unit(move |conn| Box::pin(async move { wake(conn, &id, &entry).await })).await?;
        self.inner.bell.ring();
        Ok(woken)
    }

    /// Whether this target is told what has this name, and not only kept from it because it was too much.
    pub async fn was_told(&self, site: &str, name: &str, target: &BulletinTarget) -> Result<bool, Fault> {
        const SQL: &str = "SELECT id FROM bulletins WHERE key = $1 AND withheld = 0";
        let (key, _) = self.bulletin_key(site, name, target).await?;
        let known = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), SQL, &key) }));
        Ok(known.await?.is_some())
    }

    /// The names under which somebody was told of outages of late.
    pub async fn told_offline(&self) -> Result<Vec<String>, Fault> {
        const SQL: &str = "SELECT DISTINCT name FROM bulletins WHERE cause = 'offline' AND posted_at > $1
            AND name LIKE 'offline/%' ORDER BY name";
        let work = self.inner.db.read(|conn| {
            Box::pin(async move {
                let since = dialect::now(conn).await? - OUTAGES_LOOKED_AFTER_DAYS * DAY;
                all!(conn, (String,), SQL, since)
            })
        });
        Ok(work.await?.into_iter().map(|(name,)| name).collect())
    }

    /// Of each site how many jobs are held or were given up, and when the last of them came to that; bulletins apart.
    pub async fn stuck(&self) -> Result<Vec<(String, u64, Micros)>, Fault> {
        const SQL: &str = "SELECT site, COUNT(*), COALESCE(MAX(ended_at), 0) FROM jobs
            WHERE state IN ('held', 'dead') AND kind <> 'bulletin' AND site <> '' GROUP BY site ORDER BY site";
        let found = self.inner.db.read(|conn| Box::pin(async move { all!(conn, (String, i64, i64), SQL) })).await?;
        Ok(found.into_iter().map(|(site, number, last)| (site, u64::try_from(number).unwrap_or(0), last)).collect())
    }

    /// Each fetched mailbox with its site, and since when no round through it has got to its end; `None` where the last one did.
    pub async fn fetching(&self) -> Result<Vec<(String, String, Option<Micros>)>, Fault> {
        type Row = (String, String, String, i64, i64, Option<i64>);
        const SQL: &str = "SELECT j.site, j.subject, j.state, j.tries, j.created_at,
                (SELECT MAX(COALESCE(m.looked_at, m.opened_at)) FROM mailboxes m
                    WHERE m.site = j.site AND m.mailbox = j.subject)
            FROM jobs j WHERE j.kind = 'fetch' ORDER BY j.subject";
        let rows = self.inner.db.read(|conn| Box::pin(async move { all!(conn, Row, SQL) })).await?;
        let one = |(site, mailbox, state, tries, created_at, looked_at): Row| {
            // A round counts a try when it begins, and none is left when it has come to its end.
            let failed = tries > i64::from(state == "running");
            (site, mailbox, failed.then(|| looked_at.unwrap_or(created_at)))
        };
        Ok(rows.into_iter().map(one).collect())
    }

    /// This process cannot reach the site.
    pub async fn note_outage(&self, site: &str) -> Result<(), Fault> {
        const SQL: &str = "INSERT INTO outages (site, began_at, seen_at) VALUES ($1, $2, $2)
            ON CONFLICT (site) DO UPDATE SET
                began_at = CASE WHEN outages.seen_at < $3 THEN excluded.began_at ELSE outages.began_at END,
                seen_at = excluded.seen_at";
        let site = site.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                execute!(conn, SQL, &site, now, now - OUTAGE_OVER_AFTER).map(|_| ())
            })
        });
        work.await
    }

    /// Sites that some process cannot reach, and since when.
    pub async fn outages(&self) -> Result<Vec<(String, Micros)>, Fault> {
        const SQL: &str = "SELECT site, began_at FROM outages WHERE seen_at >= $1 ORDER BY site";
        self.inner
            .db
            .read(|conn| {
                Box::pin(async move {
                    let since = dialect::now(conn).await? - OUTAGE_OVER_AFTER;
                    all!(conn, (String, i64), SQL, since)
                })
            })
            .await
    }

    /// What the sweep forgets, with a receipt for each site; how many bulletins.
    pub(crate) async fn forget_bulletins(&self) -> Result<u64, Fault> {
        const SITES: &str = "SELECT DISTINCT site FROM bulletins WHERE posted_at < $1 ORDER BY site";
        const OLD: &str = "DELETE FROM bulletins WHERE site = $1 AND posted_at < $2";
        const OVER: &str = "DELETE FROM outages WHERE seen_at < $1";
        let (now, mut forgotten) = (self.now().await?, 0);
        let before = now - KEPT_DAYS * DAY;
        let sites = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, (String,), SITES, before) }));
        for (site,) in sites.await? {
            let entry = Entry::by_program(&self.inner.vault, &site, "sweep", "bulletins", None).await?;
            let work = self.inner.db.unit(move |conn| {
                Box::pin(async move {
                    let gone = execute!(conn, OLD, &site, before)?;
                    if gone > 0 {
                        let told = format!("{{\"erased\":{gone},\"kept_days\":{KEPT_DAYS}}}");
                        audit::write(conn, &entry.with_receipt(Some(told)), now).await?;
                    }
                    Ok(gone)
                })
            });
            forgotten += work.await?;
        }
        let over = self.inner.db.unit(move |conn| Box::pin(async move { execute!(conn, OVER, now - DAY) }));
        over.await?;
        Ok(forgotten)
    }
}

/// A row, sealed and hashed, ready to be inserted.
struct New {
    id: String,
    key: String,
    name: String,
    cause: Cause,
    site: String,
    hash: Vec<u8>,
    contact: Option<&'static str>,
    sealed: Vec<u8>,
}

async fn insert(conn: &mut Conn, new: New) -> Result<bool, Fault> {
    const NUMBER: &str = "SELECT COUNT(*) FROM bulletins WHERE target = $1 AND posted_at > $2 AND withheld = 0";
    const ROW: &str = "INSERT INTO bulletins
            (id, key, name, cause, site, target, posted_at, withheld, sealed_bulletin, number, contact)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (key) DO NOTHING";
    const JOB: &str = "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
        VALUES ($1, 'bulletin', $2, $3, $4, 'ready', $4, $4)";
    let New { id, key, name, cause, site, hash, contact, sealed } = new;
    let now = dialect::now(conn).await?;
    let number = one!(conn, (i64,), NUMBER, &hash, now - DAY)?.map_or(0, |(number,)| number);
    // A test is asked for by a person, who waits for it; of plans, of months and of work that is stuck there is little to tell, and it matters.
    let always = contact.is_some()
        || matches!(
            cause,
            Cause::Test | Cause::Usage | Cause::PlanEnd | Cause::EventsHeld | Cause::Stuck | Cause::Monthly
        );
    let withheld = number >= BULLETINS_A_DAY_MAX && !always;
    // What its letter is known by when it comes back.
    let letter = policy::letter_number(&StepKey(key.clone())).cast_signed();
    let (word, late) = (cause.word(), i64::from(withheld));
    let row = execute!(conn, ROW, &id, &key, &name, word, &site, &hash, now, late, &sealed, letter, contact);
    let is_new = row? == 1;
    if is_new && !withheld {
        execute!(conn, JOB, job_id(&id), &site, &id, now)?;
    }
    Ok(is_new)
}

async fn wake(conn: &mut Conn, id: &str, entry: &Entry) -> Result<bool, Fault> {
    const JOB: &str = "UPDATE jobs SET state = 'ready', due = $1, created_at = $1, tries = 0, ended_at = NULL
        WHERE id = $2 AND state IN ('held', 'dead')";
    const FAILED: &str = "UPDATE ledger SET state = 'open', ended_at = NULL, sealed_fault = NULL, looked = 0
        WHERE state = 'failed' AND key = (SELECT key FROM bulletins WHERE id = $1)";
    const DOUBTFUL: &str = "UPDATE ledger SET looked = 0
        WHERE state = 'begun' AND key = (SELECT key FROM bulletins WHERE id = $1)";
    let now = dialect::now(conn).await?;
    if execute!(conn, JOB, now, job_id(id))? == 0 {
        return Ok(false);
    }
    execute!(conn, FAILED, id)?;
    execute!(conn, DOUBTFUL, id)?;
    audit::write(conn, entry, now).await?;
    Ok(true)
}

fn line(row: Row, sealing: &SealingKey) -> Result<BulletinLine, Fault> {
    let (id, key, name, cause, site, posted_at, withheld, sealed, state, receipt, failed, job, why) = row;
    let Sealed { subject, target, .. } = sealed::open(sealing, place(&site, &id), &sealed)?;
    let receipt: Option<Receipt> = receipt.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let fate = match (state.as_deref(), receipt) {
        (_, Some(Receipt::Letter { dead_end: true, .. })) => LetterFate::DeadEnd,
        (Some("done"), _) => LetterFate::Sent,
        (Some("failed"), _) => LetterFate::Failed(ledger::read_fault(Some(sealing), &site, &key, failed)?),
        _ => LetterFate::Waits,
    };
    let job = job.as_deref().map(JobState::from_word).transpose()?;
    let fault = why.map(|why| sealed::open(sealing, job_place(&site, &job_id(&id)), &why)).transpose()?;
    Ok(BulletinLine { id, name, cause, site, posted_at, target, subject, withheld: withheld == 1, fate, job, fault })
}
