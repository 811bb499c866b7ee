//! Letters by which somebody proves that an address, or a key that he brought, is his: posted within bounds, each link used once. And those
//! that tell him that a key of his ends.

mod reminder;

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, execute, one};
use crate::dialect;
use crate::letter::domain_of;
use crate::person_key::{OfferedKey, PersonKey};
use crate::rows::{Lease, Micros};
use crate::sealed;
use crate::vault::seal::Place;
use data_encoding::BASE64;
use mail::normalised;
use policy::sealing::{Origin, Scheme};
use policy::{Fault, FaultCode, StepKey};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Letters that prove an address, to the same one within a day.
pub const VISITS_ADDRESS_DAY_MAX: i64 = 5;
/// The same to addresses of one domain within an hour.
pub const VISITS_DOMAIN_HOUR_MAX: i64 = 30;
/// The same of a site within an hour.
pub const VISITS_SITE_HOUR_MAX: i64 = 100;
/// Letters that prove a key, to the same address within a day.
pub const KEYS_ADDRESS_DAY_MAX: i64 = 20;

/// What was proved, and what waits for that, is forgotten after so long.
const KEPT: Micros = 3 * 24 * HOUR;
const HOUR: Micros = 3600 * SECOND;
const SECOND: Micros = 1_000_000;

/// What whoever proved an address may see: all keys that are kept for it, the newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    pub site: String,
    pub address: String,
    pub keys: Vec<PersonKey>,
}

/// A letter that is to be posted.
#[derive(Debug, Clone)]
pub struct NewChallenge {
    pub site: String,
    /// A plain address.
    pub address: String,
    /// In which the letter is written, such as `en`.
    pub language: String,
    /// What is to be proved: a key that was brought for the address, or the address itself where there is none.
    pub key: Option<OfferedKey>,
    /// How long its link is good.
    pub valid_s: u32,
}

/// A letter that was posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    pub id: String,
    pub site: String,
    pub address: String,
    pub language: String,
    pub key: Option<OfferedKey>,
    /// The letter proves nothing and has no such link: it tells that this key ends.
    pub ending: Option<KeyEnding>,
    pub posted_at: Micros,
    /// The end of its link.
    pub until: Micros,
    pub is_used: bool,
}

/// A key whose end its owner is told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEnding {
    pub fingerprint: String,
    pub ends_at: Micros,
}

impl Challenge {
    /// The letter's place in the ledger.
    pub fn step_key(&self) -> StepKey {
        StepKey(format!("{}/challenge:{}", self.site, self.id))
    }
}

#[derive(Serialize, Deserialize)]
struct SealedChallenge {
    address: String,
    language: String,
    key: Option<SealedOffer>,
    /// Rows of before have none.
    #[serde(default)]
    ending: Option<KeyEnding>,
}

/// A key that waits for its proof; bytes are in Base64.
#[derive(Serialize, Deserialize)]
struct SealedOffer {
    scheme: Scheme,
    fingerprint: String,
    bytes: String,
    chain: Vec<String>,
    ends_at: Option<Micros>,
}

impl SealedOffer {
    fn of(key: &OfferedKey) -> SealedOffer {
        SealedOffer {
            scheme: key.scheme,
            fingerprint: key.fingerprint.clone(),
            bytes: BASE64.encode(&key.bytes),
            chain: key.chain.iter().map(|one| BASE64.encode(one)).collect(),
            ends_at: key.ends_at,
        }
    }

    fn opened(self, site: &str, address: &str) -> Result<OfferedKey, Fault> {
        let wrong = |_| Fault::permanent(FaultCode::StoreCorrupt, "a key that waits for its proof is no Base64");
        let bytes_of = |text: &String| BASE64.decode(text.as_bytes()).map_err(wrong);
        Ok(OfferedKey {
            site: site.to_owned(),
            address: address.to_owned(),
            scheme: self.scheme,
            origin: Origin::Upload,
            fingerprint: self.fingerprint,
            bytes: bytes_of(&self.bytes)?,
            chain: self.chain.iter().map(bytes_of).collect::<Result<_, _>>()?,
            capabilities: None,
            message: None,
            ends_at: self.ends_at,
        })
    }
}

fn place<'a>(site: &'a str, id: &'a str) -> Place<'a> {
    Place { site, table: "key_challenges", row: id, field: "sealed_challenge" }
}

/// site, sealed_challenge, posted_at, until, used_at.
type Row = (String, Vec<u8>, i64, i64, Option<i64>);

/// A row that is to be written.
struct New {
    id: String,
    site: String,
    address: Vec<u8>,
    domain: Vec<u8>,
    proves: &'static str,
    sealed: Vec<u8>,
    valid: Micros,
}

impl Store {
    /// Posts the letter with its job. Whether it was: beyond the bounds of this file nothing is, and whoever asked is told the same.
    pub async fn post_challenge(&self, new: &NewChallenge) -> Result<bool, Fault> {
        let (site, address) = (&new.site, normalised(&new.address));
        let id = Uuid::now_v7().simple().to_string();
        let hasher = self.inner.vault.hasher(site).await?;
        let sealing = self.inner.vault.standing_key(site).await?;
        let challenge = SealedChallenge {
            address: address.clone(),
            language: new.language.clone(),
            key: new.key.as_ref().map(SealedOffer::of),
            ending: None,
        };
        let row = New {
            sealed: sealed::seal(&sealing, place(site, &id), &challenge)?,
            id,
            site: site.clone(),
            domain: hasher.address(&domain_of(&address)),
            address: hasher.address(&address),
            proves: if new.key.is_some() { "key" } else { "address" },
            valid: Micros::from(new.valid_s) * SECOND,
        };
        let is_posted = self.inner.db.unit(move |conn| Box::pin(async move { insert(conn, row).await })).await?;
        self.inner.bell.ring();
        Ok(is_posted)
    }

    /// A letter of this site, used or not, however long ago its link ended.
    pub async fn challenge(&self, site: &str, id: &str) -> Result<Option<Challenge>, Fault> {
        const SQL: &str =
            "SELECT site, sealed_challenge, posted_at, until, used_at FROM key_challenges WHERE site = $1 AND id = $2";
        let (of, asked) = (site.to_owned(), id.to_owned());
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &of, &asked) })).await?;
        let Some((site, sealed, posted_at, until, used_at)) = row else { return Ok(None) };
        let sealing = self.inner.vault.standing_key(&site).await?;
        let SealedChallenge { address, language, key, ending } = sealed::open(&sealing, place(&site, id), &sealed)?;
        let key = key.map(|key| key.opened(&site, &address)).transpose()?;
        Ok(Some(Challenge {
            id: id.to_owned(),
            site,
            address,
            language,
            key,
            ending,
            posted_at,
            until,
            is_used: used_at.is_some(),
        }))
    }

    /// The letter of this job.
    ///
    /// # Errors
    /// `StoreCorrupt` when there is none.
    pub async fn posted_challenge(&self, lease: &Lease) -> Result<Challenge, Fault> {
        let none = || Fault::permanent(FaultCode::StoreCorrupt, "a job delivers a challenge that is not there");
        self.challenge(&lease.site, &lease.subject).await?.ok_or_else(none)
    }

    /// The link was used: of several at once one gets `true`. The audit trail says who has proved what.
    pub async fn use_challenge(&self, challenge: &Challenge) -> Result<bool, Fault> {
        const SQL: &str =
            "UPDATE key_challenges SET used_at = $3 WHERE site = $1 AND id = $2 AND used_at IS NULL AND until > $3";
        let Challenge { id, site, address, .. } = challenge;
        let kind = if challenge.key.is_some() { "key_proved" } else { "address_proved" };
        let entry = Entry::by_person(&self.inner.vault, site, kind, id, address).await?;
        let (site, id) = (site.clone(), id.clone());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                if execute!(conn, SQL, &site, &id, now)? == 0 {
                    return Ok(false);
                }
                audit::write(conn, &entry, now).await?;
                Ok(true)
            })
        });
        work.await
    }
}

async fn insert(conn: &mut Conn, new: New) -> Result<bool, Fault> {
    dialect::lock_letters(conn, &new.site).await?;
    let now = dialect::now(conn).await?;
    if !has_room(conn, &new, now).await? {
        return Ok(false);
    }
    write(conn, new, now).await?;
    Ok(true)
}

/// The row with its job.
async fn write(conn: &mut Conn, new: New, now: Micros) -> Result<(), Fault> {
    const ROW: &str = "INSERT INTO key_challenges
            (id, site, address, domain, proves, sealed_challenge, posted_at, until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    const JOB: &str = "INSERT INTO jobs (id, kind, site, subject, position, state, due, created_at)
        VALUES ($1, 'challenge', $2, $3, $4, 'ready', $4, $4)";
    let New { id, site, address, domain, proves, sealed, valid } = new;
    execute!(conn, ROW, &id, &site, &address, &domain, proves, &sealed, now, now.saturating_add(valid))?;
    execute!(conn, JOB, format!("challenge:{id}"), &site, &id, now)?;
    Ok(())
}

async fn has_room(conn: &mut Conn, new: &New, now: Micros) -> Result<bool, Fault> {
    const SQL: &str = "SELECT
        (SELECT COUNT(*) FROM key_challenges WHERE site = $1 AND proves = $2 AND address = $3 AND posted_at > $5),
        (SELECT COUNT(*) FROM key_challenges WHERE site = $1 AND proves = $2 AND domain = $4 AND posted_at > $6),
        (SELECT COUNT(*) FROM key_challenges WHERE site = $1 AND proves = $2 AND posted_at > $6)";
    let (day, hour) = (now - 24 * HOUR, now - HOUR);
    let counted = one!(conn, (i64, i64, i64), SQL, &new.site, new.proves, &new.address, &new.domain, day, hour)?;
    let (of_address, of_domain, of_site) = counted.unwrap_or((i64::MAX, i64::MAX, i64::MAX));
    Ok(match new.proves {
        // Only whoever has proved the address brings keys.
        "key" => of_address < KEYS_ADDRESS_DAY_MAX,
        _ => {
            of_address < VISITS_ADDRESS_DAY_MAX && of_domain < VISITS_DOMAIN_HOUR_MAX && of_site < VISITS_SITE_HOUR_MAX
        }
    })
}

/// What the sweep forgets; the audit trail keeps what was done.
pub(crate) async fn forget(conn: &mut Conn, now: Micros) -> Result<(), Fault> {
    const OLD: &str = "DELETE FROM key_challenges WHERE posted_at < $1
        AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.id = 'challenge:' || key_challenges.id AND j.state <> 'done' AND j.state <> 'dead')";
    execute!(conn, OLD, now - KEPT).map(|_| ())
}
