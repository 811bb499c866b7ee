//! Public keys of people: what they or administrators brought, and what came with their mail.
//!
//! A key stands for one address of one site. It is *used* or in *quarantine*: a key that contradicts another one waits there for a person's
//! word and never takes its place silently. Address, key and where it came from are sealed; keyed hashes of address and fingerprint stand
//! beside them, so that keys are found and nobody reads off the table who writes to whom.

mod count;
mod ending;

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::rows::Micros;
use crate::sealed;
use crate::vault::seal::{Place, SealingKey};
use data_encoding::BASE64;
use mail::normalised;
use policy::sealing::{Origin, Scheme};
use policy::{Fault, FaultCode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use count::{PersonKeyCount, PersonKeyFigures};
pub use ending::EndingKeys;

/// Keys of one address at most, of all schemes and origins; the one beyond is refused.
pub const PERSON_KEYS_MAX: i64 = 20;
/// Keys of one page.
const PAGE_MAX: i64 = 200;
/// A key that is changed by others while it is kept is tried again so often.
const TRIES_MAX: usize = 8;
/// What came with mail is forgotten so long after its key ended; whoever brought a key himself sees to it.
pub const ENDED_KEYS_KEPT_DAYS: i64 = 365;

/// Whether a key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyStanding {
    Used,
    /// It contradicts another one, and waits for a person's word.
    Quarantined,
}

impl KeyStanding {
    pub const ALL: [KeyStanding; 2] = [KeyStanding::Used, KeyStanding::Quarantined];

    /// The word that stands in forms, JSON and the database.
    pub fn word(self) -> &'static str {
        match self {
            KeyStanding::Used => "used",
            KeyStanding::Quarantined => "quarantined",
        }
    }

    pub fn of_word(word: &str) -> Option<KeyStanding> {
        KeyStanding::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// A public key that is to be kept for an address; it was read in a cell and holds no private part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedKey {
    pub site: String,
    /// A plain address; case does not matter.
    pub address: String,
    pub scheme: Scheme,
    pub origin: Origin,
    /// Of the certificate or of the primary key, in small hex.
    pub fingerprint: String,
    /// A certificate in DER, or the packets of an OpenPGP certificate.
    pub bytes: Vec<u8>,
    /// Certificates in DER that came with it and lead towards an anchor.
    pub chain: Vec<Vec<u8>>,
    /// What its owner's program says that it can do: `SMIMECapabilities` in DER (RFC 8551, section 2.5.2).
    pub capabilities: Option<Vec<u8>>,
    /// The message that it came with.
    pub message: Option<String>,
    pub ends_at: Option<Micros>,
}

/// What is done where other keys of the same address and scheme are in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BesideOthers {
    /// It is used as well: whoever brought it may say so, or an authority vouches for it.
    Used,
    /// It waits for a word while another key that came with mail or from an Autocrypt field is in use: trust on first use.
    Quarantined,
}

/// A key that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonKey {
    pub id: String,
    pub key: OfferedKey,
    pub standing: KeyStanding,
    pub kept_at: Micros,
    pub changed_at: Micros,
}

/// What became of a key that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKept {
    Used,
    Quarantined,
    /// It was there; what it says now took the place of what it said. In which standing it is stays as it was.
    Renewed,
    /// It was there, word for word.
    Before,
    /// The address has as many as it may.
    TooMany,
}

/// Who brings or changes a key.
#[derive(Debug, Clone, Copy)]
pub enum KeyHand<'a> {
    /// The program, out of a mail.
    Program,
    /// An administrator, or the person himself by the portal.
    Person(&'a str),
}

/// What a person says of a key that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyWord {
    /// It may be used, and those of the same address, scheme and kind of origin that it contradicts no longer are: they are removed.
    Accept,
    Remove,
}

impl KeyWord {
    fn receipt(self) -> &'static str {
        match self {
            KeyWord::Accept => "{\"accepted\":true}",
            KeyWord::Remove => "{\"removed\":true}",
        }
    }
}

/// Which keys a page shows.
#[derive(Debug, Clone, Default)]
pub struct PersonKeyFilter {
    pub site: String,
    pub address: Option<String>,
    pub standing: Option<KeyStanding>,
    /// The last one of the page before: when it changed, and its id.
    pub after: Option<(Micros, String)>,
}

#[derive(Serialize, Deserialize)]
struct SealedKey {
    address: String,
    fingerprint: String,
    /// In Base64, as the two that follow.
    bytes: String,
    chain: Vec<String>,
    capabilities: Option<String>,
    message: Option<String>,
}

impl SealedKey {
    fn of(offered: &OfferedKey) -> SealedKey {
        SealedKey {
            address: offered.address.clone(),
            fingerprint: offered.fingerprint.clone(),
            bytes: BASE64.encode(&offered.bytes),
            chain: offered.chain.iter().map(|one| BASE64.encode(one)).collect(),
            capabilities: offered.capabilities.as_deref().map(|bytes| BASE64.encode(bytes)),
            message: offered.message.clone(),
        }
    }
}

/// id, site, scheme, origin, standing, sealed_key, ends_at, kept_at, changed_at.
type Row = (String, String, String, String, String, Vec<u8>, Option<i64>, i64, i64);

fn place<'a>(site: &'a str, id: &'a str) -> Place<'a> {
    Place { site, table: "person_keys", row: id, field: "sealed_key" }
}

fn opened(sealing: &SealingKey, row: Row) -> Result<PersonKey, Fault> {
    let (id, site, scheme, origin, standing, sealed, ends_at, kept_at, changed_at) = row;
    let unknown = || Fault::permanent(FaultCode::StoreCorrupt, "a key of a person is of an unknown kind");
    let scheme = Scheme::of_word(&scheme).ok_or_else(unknown)?;
    let origin = Origin::of_word(&origin).ok_or_else(unknown)?;
    let standing = KeyStanding::of_word(&standing).ok_or_else(unknown)?;
    let SealedKey { address, fingerprint, bytes, chain, capabilities, message } =
        sealed::open(sealing, place(&site, &id), &sealed)?;
    let bytes_of = |text: &String| BASE64.decode(text.as_bytes()).map_err(|_| unknown());
    let key = OfferedKey {
        site,
        address,
        scheme,
        origin,
        fingerprint,
        bytes: bytes_of(&bytes)?,
        chain: chain.iter().map(bytes_of).collect::<Result<_, _>>()?,
        capabilities: capabilities.as_ref().map(bytes_of).transpose()?,
        message,
        ends_at,
    };
    Ok(PersonKey { id, key, standing, kept_at, changed_at })
}

/// A key on its way into the store.
struct Offer {
    id: String,
    /// When the row of the same key, which this one takes the place of, was changed last.
    renews: Option<Micros>,
    site: String,
    address: Vec<u8>,
    fingerprint: Vec<u8>,
    scheme: String,
    origin: String,
    ends_at: Option<Micros>,
    beside: BesideOthers,
}

impl Store {
    /// Keeps a key for an address. One that is there already (same address, scheme, origin and fingerprint) says from now on what this one
    /// says; the caller has joined what both say.
    ///
    /// # Errors
    /// Temporary ones of the database; `KeyUnavailable` when the vault has no key for the site.
    pub async fn keep_person_key(
        &self,
        offered: &OfferedKey,
        beside: BesideOthers,
        hand: KeyHand<'_>,
    ) -> Result<KeyKept, Fault> {
        self.join_person_key(offered, beside, hand, |_, offered| offered.clone()).await
    }

    /// The same, where a key that is there already says from now on what `joined` makes of it and of the one that is offered. It is asked
    /// anew when somebody else changed the key meanwhile, so nothing that one of two said is lost.
    ///
    /// # Errors
    /// Those of [`Store::keep_person_key`]; temporary `StoreUnavailable` when others change it all the time.
    pub async fn join_person_key(
        &self,
        offered: &OfferedKey,
        beside: BesideOthers,
        hand: KeyHand<'_>,
        joined: impl Fn(&OfferedKey, &OfferedKey) -> OfferedKey,
    ) -> Result<KeyKept, Fault> {
        for _ in 0..TRIES_MAX {
            let (mut offer, known) = self.offer(offered, beside).await?;
            let key = known.as_ref().map_or_else(|| offered.clone(), |known| joined(&known.key, offered));
            if let Some(known) = known {
                let says_the_same = known.key.bytes == key.bytes && known.key.chain == key.chain;
                if says_the_same && known.key.capabilities == key.capabilities {
                    return Ok(KeyKept::Before);
                }
                (offer.id, offer.renews) = (known.id, Some(known.changed_at));
            }
            offer.ends_at = key.ends_at;
            if let Some(kept) = self.write_key(offer, &key, hand).await? {
                return Ok(kept);
            }
        }
        Err(Fault::temporary(FaultCode::StoreUnavailable, "a key of a person is changed all the time"))
    }

    /// Where it would be kept, and the same key if it is there.
    async fn offer(&self, offered: &OfferedKey, beside: BesideOthers) -> Result<(Offer, Option<PersonKey>), Fault> {
        let hasher = self.inner.vault.hasher(&offered.site).await?;
        let offer = Offer {
            id: Uuid::now_v7().simple().to_string(),
            renews: None,
            site: offered.site.clone(),
            address: hasher.address(&normalised(&offered.address)),
            fingerprint: hasher.lasting(&format!("fingerprint:{}", offered.fingerprint)),
            scheme: offered.scheme.to_string(),
            origin: offered.origin.to_string(),
            ends_at: offered.ends_at,
            beside,
        };
        let known = self.known(&offer).await?;
        Ok((offer, known))
    }

    /// `None` when somebody else wrote the same key meanwhile.
    async fn write_key(&self, offer: Offer, key: &OfferedKey, hand: KeyHand<'_>) -> Result<Option<KeyKept>, Fault> {
        let sealing = self.inner.vault.standing_key(&key.site).await?;
        let sealed = sealed::seal(&sealing, place(&key.site, &offer.id), &SealedKey::of(key))?;
        let entry = self.entry_of_key(&key.site, &offer.id, hand).await?;
        let entry = entry.with_receipt(Some(format!("{{\"kept\":{:?},\"origin\":{:?}}}", offer.scheme, offer.origin)));
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let kept = keep(conn, &offer, &sealed, now).await?;
                if !matches!(kept, None | Some(KeyKept::TooMany)) {
                    audit::write(conn, &entry, now).await?;
                }
                Ok(kept)
            })
        });
        work.await
    }

    async fn entry_of_key(&self, site: &str, id: &str, hand: KeyHand<'_>) -> Result<Entry, Fault> {
        match hand {
            KeyHand::Program => Entry::by_program(&self.inner.vault, site, "person_key", id, None).await,
            KeyHand::Person(who) => Entry::by_person(&self.inner.vault, site, "person_key", id, who).await,
        }
    }

    /// The row of the same key, if there is one.
    async fn known(&self, offer: &Offer) -> Result<Option<PersonKey>, Fault> {
        const SQL: &str =
            "SELECT id, site, scheme, origin, standing, sealed_key, ends_at, kept_at, changed_at FROM person_keys
            WHERE site = $1 AND address = $2 AND scheme = $3 AND origin = $4 AND fingerprint = $5";
        let (site, address, fingerprint) = (offer.site.clone(), offer.address.clone(), offer.fingerprint.clone());
        let (scheme, origin) = (offer.scheme.clone(), offer.origin.clone());
        let found = self.inner.db.read(move |conn| {
            Box::pin(async move { one!(conn, Row, SQL, &site, &address, &scheme, &origin, &fingerprint) })
        });
        match found.await? {
            Some(row) => Ok(Some(opened(&*self.inner.vault.standing_key(&offer.site).await?, row)?)),
            None => Ok(None),
        }
    }

    /// All keys that are kept for an address, in quarantine or not, with the newest first.
    pub async fn keys_of_person(&self, site: &str, address: &str) -> Result<Vec<PersonKey>, Fault> {
        let filter =
            PersonKeyFilter { site: site.to_owned(), address: Some(address.to_owned()), ..PersonKeyFilter::default() };
        self.person_keys(&filter).await
    }

    /// One page of the keys of a site, with the last changed first; at most 200.
    pub async fn person_keys(&self, filter: &PersonKeyFilter) -> Result<Vec<PersonKey>, Fault> {
        const SQL: &str =
            "SELECT id, site, scheme, origin, standing, sealed_key, ends_at, kept_at, changed_at FROM person_keys
            WHERE site = $1 AND (address = $2 OR $2 IS NULL) AND (standing = $3 OR $3 IS NULL)
                AND ($4 IS NULL OR changed_at < $4 OR (changed_at = $4 AND id < $5))
            ORDER BY changed_at DESC, id DESC LIMIT $6";
        let address = match &filter.address {
            Some(address) => Some(self.inner.vault.hasher(&filter.site).await?.address(&normalised(address))),
            None => None,
        };
        let site = filter.site.clone();
        let standing = filter.standing.map(KeyStanding::word);
        let (at, id) = filter.after.clone().unzip();
        let rows = self.inner.db.read(move |conn| {
            Box::pin(async move {
                all!(conn, Row, SQL, &site, address.as_deref(), standing, at, id.as_deref().unwrap_or(""), PAGE_MAX)
            })
        });
        let rows = rows.await?;
        let sealing = self.inner.vault.standing_key(&filter.site).await?;
        rows.into_iter().map(|row| opened(&sealing, row)).collect()
    }

    /// One key by its id, of this site.
    pub async fn person_key(&self, site: &str, id: &str) -> Result<Option<PersonKey>, Fault> {
        const SQL: &str =
            "SELECT id, site, scheme, origin, standing, sealed_key, ends_at, kept_at, changed_at FROM person_keys
            WHERE site = $1 AND id = $2";
        let (of, id) = (site.to_owned(), id.to_owned());
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &of, &id) })).await?;
        match row {
            Some(row) => Ok(Some(opened(&*self.inner.vault.standing_key(site).await?, row)?)),
            None => Ok(None),
        }
    }

    /// A word about a key of this site; whether there is one of which it is not so yet.
    pub async fn change_person_key(
        &self,
        site: &str,
        id: &str,
        word: KeyWord,
        hand: KeyHand<'_>,
    ) -> Result<bool, Fault> {
        const REMOVE: &str = "DELETE FROM person_keys WHERE site = $1 AND id = $2";
        const ACCEPT: &str = "UPDATE person_keys SET standing = 'used', changed_at = $3
            WHERE site = $1 AND id = $2 AND standing = 'quarantined'";
        const CONTRADICTED: &str = "DELETE FROM person_keys
            WHERE site = $1 AND id <> $2 AND standing = 'used' AND origin IN ('harvested', 'autocrypt')
                AND EXISTS (SELECT 1 FROM person_keys k WHERE k.id = $2 AND k.address = person_keys.address
                    AND k.scheme = person_keys.scheme AND k.fingerprint <> person_keys.fingerprint)";
        let entry = self.entry_of_key(site, id, hand).await?.with_receipt(Some(word.receipt().to_owned()));
        let (site, id) = (site.to_owned(), id.to_owned());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let changed = match word {
                    KeyWord::Remove => execute!(conn, REMOVE, &site, &id)?,
                    KeyWord::Accept => execute!(conn, ACCEPT, &site, &id, now)?,
                };
                if changed == 0 {
                    return Ok(false);
                }
                if word == KeyWord::Accept {
                    execute!(conn, CONTRADICTED, &site, &id)?;
                }
                audit::write(conn, &entry, now).await?;
                Ok(true)
            })
        });
        work.await
    }
}

/// `None` when the row is another one than the offer was made for.
async fn keep(conn: &mut Conn, offer: &Offer, sealed: &[u8], now: Micros) -> Result<Option<KeyKept>, Fault> {
    const NUMBER: &str = "SELECT COUNT(*) FROM person_keys WHERE site = $1 AND address = $2";
    const RENEW: &str = "UPDATE person_keys SET sealed_key = $2, ends_at = $3,
            changed_at = CASE WHEN changed_at < $4 THEN $4 ELSE changed_at + 1 END
        WHERE id = $1 AND changed_at = $5";
    const FIRST: &str = "SELECT COUNT(*) FROM person_keys
        WHERE site = $1 AND address = $2 AND scheme = $3 AND standing = 'used' AND origin IN ('harvested', 'autocrypt')
            AND fingerprint <> $4";
    const ROW: &str = "INSERT INTO person_keys (id, site, address, scheme, origin, standing, fingerprint, sealed_key, ends_at, kept_at, changed_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
        ON CONFLICT (site, address, scheme, origin, fingerprint) DO NOTHING";
    if let Some(changed_at) = offer.renews {
        let renewed = execute!(conn, RENEW, &offer.id, sealed, offer.ends_at, now, changed_at)?;
        return Ok((renewed > 0).then_some(KeyKept::Renewed));
    }
    dialect::lock_person_keys(conn, &offer.site, &offer.address).await?;
    let (number,) = one!(conn, (i64,), NUMBER, &offer.site, &offer.address)?.unwrap_or_default();
    if number >= PERSON_KEYS_MAX {
        return Ok(Some(KeyKept::TooMany));
    }
    let (others,) =
        one!(conn, (i64,), FIRST, &offer.site, &offer.address, &offer.scheme, &offer.fingerprint)?.unwrap_or_default();
    let standing = match offer.beside {
        BesideOthers::Quarantined if others > 0 => KeyStanding::Quarantined,
        _ => KeyStanding::Used,
    };
    let rows = execute!(
        conn,
        ROW,
        &offer.id,
        &offer.site,
        &offer.address,
        &offer.scheme,
        &offer.origin,
        standing.word(),
        &offer.fingerprint,
        sealed,
        offer.ends_at,
        now
    )?;
    Ok((rows > 0).then_some(match standing {
        KeyStanding::Used => KeyKept::Used,
        KeyStanding::Quarantined => KeyKept::Quarantined,
    }))
}

/// Forgets what came with mail and whose key ended long ago.
pub(crate) async fn forget(conn: &mut Conn, now: Micros) -> Result<(), Fault> {
    const ENDED: &str = "DELETE FROM person_keys WHERE origin IN ('harvested', 'autocrypt') AND ends_at < $1";
    execute!(conn, ENDED, now - ENDED_KEYS_KEPT_DAYS * 86_400 * 1_000_000)?;
    Ok(())
}
