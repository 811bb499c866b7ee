//! Contacts of a site: to whom its usage and its plan are told.
//!
//! Of the billing contacts one is told of each thing, the first whose letters arrive; a letter that comes back flags him, and the next one is
//! told instead. Further addresses are told beside him.

use crate::Store;
use crate::audit::{self, Entry};
use crate::bulletin::{self, BulletinTarget, Sealed};
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::rows::Micros;
use crate::sealed;
use crate::vault::seal::Place;
use mail::normalised;
use policy::bulletin::{Bulletin, Cause};
use policy::{Fault, FaultCode};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Contacts of one site at most.
pub const CONTACTS_MAX: i64 = 20;
/// Bulletins that are passed on at once.
const PASSED_ON_AT_ONCE: i64 = 100;

/// As what somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContactKind {
    /// One of them is told.
    Billing,
    /// Each of them is told as well.
    Further,
}

impl ContactKind {
    pub const ALL: [ContactKind; 2] = [ContactKind::Billing, ContactKind::Further];

    /// The word that stands in forms, JSON and the database.
    pub fn word(self) -> &'static str {
        match self {
            ContactKind::Billing => "billing",
            ContactKind::Further => "further",
        }
    }

    pub fn of_word(word: &str) -> Option<ContactKind> {
        ContactKind::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub id: String,
    pub site: String,
    pub kind: ContactKind,
    /// A plain address.
    pub address: String,
    /// Since when a letter to it has come back; nothing goes there until somebody says that it is good again.
    pub flagged_at: Option<Micros>,
}

/// What became of a contact that was to be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    Now,
    /// The site has this address already.
    Before,
    /// The site has as many as it may.
    TooMany,
}

/// What a person says of a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactWord {
    Remove,
    /// He is the first of his kind from now on.
    First,
    /// His address is good again.
    Good,
}

impl ContactWord {
    fn receipt(self) -> &'static str {
        match self {
            ContactWord::Remove => "{\"removed\":true}",
            ContactWord::First => "{\"first\":true}",
            ContactWord::Good => "{\"good\":true}",
        }
    }
}

#[derive(Serialize, Deserialize)]
struct SealedContact {
    address: String,
}

/// id, site, kind, sealed_contact, flagged_at.
type Row = (String, String, String, Vec<u8>, Option<i64>);

fn place<'a>(site: &'a str, id: &'a str) -> Place<'a> {
    Place { site, table: "contacts", row: id, field: "sealed_contact" }
}

impl Store {
    /// The contacts of this site, or of all, in the order in which they are told.
    pub async fn contacts(&self, site: Option<&str>) -> Result<Vec<Contact>, Fault> {
        const SQL: &str = "SELECT id, site, kind, sealed_contact, flagged_at FROM contacts
            WHERE site = $1 OR $1 IS NULL ORDER BY site, kind, place, id";
        let site = site.map(str::to_owned);
        let rows = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, site.as_deref()) }));
        let mut contacts = Vec::new();
        for (id, site, kind, sealed, flagged_at) in rows.await? {
            let unknown = || Fault::permanent(FaultCode::StoreCorrupt, "a contact is of an unknown kind");
            let kind = ContactKind::of_word(&kind).ok_or_else(unknown)?;
            let sealing = self.inner.vault.standing_key(&site).await?;
            let SealedContact { address } = sealed::open(&sealing, place(&site, &id), &sealed)?;
            contacts.push(Contact { id, site, kind, address, flagged_at });
        }
        Ok(contacts)
    }

    /// A person's word: this plain address is a contact, after those who are.
    pub async fn add_contact(&self, site: &str, kind: ContactKind, address: &str, who: &str) -> Result<Added, Fault> {
        const NUMBER: &str = "SELECT COUNT(*), COALESCE(MAX(place), 0) FROM contacts WHERE site = $1";
        const ROW: &str = "INSERT INTO contacts (id, site, kind, place, address, sealed_contact, added_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (site, address) DO NOTHING";
        let id = Uuid::now_v7().simple().to_string();
        let sealing = self.inner.vault.standing_key(site).await?;
        let sealed = sealed::seal(&sealing, place(site, &id), &SealedContact { address: address.to_owned() })?;
        let hash = self.inner.vault.hasher(site).await?.address(&normalised(address));
        let entry = Entry::by_person(&self.inner.vault, site, "contact", &id, who).await?;
        let entry = entry.with_receipt(Some(format!("{{\"added\":{:?}}}", kind.word())));
        let site = site.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let (number, last) = one!(conn, (i64, i64), NUMBER, &site)?.unwrap_or_default();
                if number >= CONTACTS_MAX {
                    return Ok(Added::TooMany);
                }
                let now = dialect::now(conn).await?;
                if execute!(conn, ROW, &id, &site, kind.word(), last + 1, &hash, &sealed, now)? == 0 {
                    return Ok(Added::Before);
                }
                audit::write(conn, &entry, now).await?;
                Ok(Added::Now)
            })
        });
        work.await
    }

    /// A person's word about a contact; whether there is one of whom it is not so yet.
    pub async fn change_contact(&self, id: &str, word: ContactWord, who: &str) -> Result<bool, Fault> {
        const SITE: &str = "SELECT site FROM contacts WHERE id = $1";
        const REMOVE: &str = "DELETE FROM contacts WHERE id = $1";
        const GOOD: &str = "UPDATE contacts SET flagged_at = NULL WHERE id = $1 AND flagged_at IS NOT NULL";
        const FIRST: &str =
            "UPDATE contacts SET place = (SELECT MIN(c.place) FROM contacts c WHERE c.site = contacts.site) - 1
            WHERE id = $1 AND EXISTS (SELECT 1 FROM contacts c
                WHERE c.site = contacts.site AND c.kind = contacts.kind AND c.place < contacts.place)";
        let asked = id.to_owned();
        let found = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), SITE, &asked) }));
        let Some((site,)) = found.await? else { return Ok(false) };
        let entry = Entry::by_person(&self.inner.vault, &site, "contact", id, who).await?;
        let entry = entry.with_receipt(Some(word.receipt().to_owned()));
        let id = id.to_owned();
        let sql = match word {
            ContactWord::Remove => REMOVE,
            ContactWord::First => FIRST,
            ContactWord::Good => GOOD,
        };
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                if execute!(conn, sql, &id)? == 0 {
                    return Ok(false);
                }
                let now = dialect::now(conn).await?;
                audit::write(conn, &entry, now).await?;
                Ok(true)
            })
        });
        work.await
    }

    /// Posts a bulletin to the contacts of its site: to the first billing contact whose letters arrive, unless one was told under this name
    /// before, and to each further address. How many are told that were not.
    pub async fn post_to_contacts(&self, bulletin: &Bulletin, contacts: &[Contact]) -> Result<u64, Fault> {
        const TOLD: &str = "SELECT id FROM bulletins WHERE site = $1 AND name = $2 AND contact = 'billing' LIMIT 1";
        let reachable = |kind: ContactKind| {
            contacts.iter().filter(move |one| one.site == bulletin.site && one.kind == kind && one.flagged_at.is_none())
        };
        let (site, name) = (bulletin.site.clone(), bulletin.name.clone());
        let told = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), TOLD, &site, &name) }));
        let first = if told.await?.is_none() { reachable(ContactKind::Billing).next() } else { None };
        let mut number = 0;
        for contact in first.into_iter().chain(reachable(ContactKind::Further)) {
            let target = BulletinTarget::Address(contact.address.clone());
            number += u64::from(self.post_bulletin_as(bulletin, &target, Some(contact.kind)).await?);
        }
        Ok(number)
    }

    /// What was told a billing contact whose letter came back, or could not be delivered, is told the next one who is reachable, once,
    /// unless he was told before. How many were told; what nobody is left for waits until there is somebody.
    pub async fn pass_on(&self, contacts: &[Contact]) -> Result<u64, Fault> {
        type Row = (String, String, String, String, Vec<u8>, Vec<u8>);
        const SQL: &str = "SELECT b.id, b.name, b.cause, b.site, b.target, b.sealed_bulletin FROM bulletins b
            LEFT JOIN jobs j ON j.id = 'bulletin:' || b.id
            WHERE b.contact = 'billing' AND b.passed_on = 0 AND (b.returned_at IS NOT NULL OR j.state = 'dead')
                AND EXISTS (SELECT 1 FROM contacts c WHERE c.site = b.site AND c.kind = 'billing' AND c.flagged_at IS NULL
                    AND c.address <> b.target)
            ORDER BY b.posted_at LIMIT $1";
        let rows = self.inner.db.read(|conn| Box::pin(async move { all!(conn, Row, SQL, PASSED_ON_AT_ONCE) }));
        let mut number = 0;
        for (id, name, cause, site, target, sealed) in rows.await? {
            let hasher = self.inner.vault.hasher(&site).await?;
            let is_next = |one: &&Contact| {
                let is_reachable = one.kind == ContactKind::Billing && one.flagged_at.is_none();
                one.site == site && is_reachable && hasher.address(&normalised(&one.address)) != target
            };
            let sealing = self.inner.vault.standing_key(&site).await?;
            let Sealed { subject, text, .. } = sealed::open(&sealing, bulletin::place(&site, &id), &sealed)?;
            let cause = Cause::of_word(&cause).unwrap_or(Cause::Test);
            let bulletin = Bulletin { name, cause, site: site.clone(), subject, text };
            // The first of them alone: when he was told already, nobody else has to be.
            let Some(next) = contacts.iter().find(is_next) else { continue };
            let target = BulletinTarget::Address(next.address.clone());
            number += u64::from(self.pass_bulletin_on(id, &bulletin, &target).await?);
        }
        Ok(number)
    }

    /// Of each site that has flagged contacts how many, and whether no billing contact is left whose letters arrive.
    pub async fn flagged_contacts(&self) -> Result<Vec<(String, u64, bool)>, Fault> {
        const SQL: &str =
            "SELECT site, COUNT(flagged_at), COUNT(CASE WHEN kind = 'billing' AND flagged_at IS NULL THEN 1 END)
            FROM contacts GROUP BY site ORDER BY site";
        let rows = self.inner.db.read(|conn| Box::pin(async move { all!(conn, (String, i64, i64), SQL) })).await?;
        let flagged = rows.into_iter().filter(|(_, flagged, _)| *flagged > 0);
        Ok(flagged.map(|(site, flagged, left)| (site, flagged.unsigned_abs(), left == 0)).collect())
    }
}

/// A letter to a contact came back for good, as the server said at once (by its key) or a report later (by its number and the address that it
/// went to): the contact is flagged. Letters to others are not concerned.
pub(crate) async fn came_back_by_key(conn: &mut Conn, site: &str, key: &str, now: Micros) -> Result<(), Fault> {
    const SQL: &str = "SELECT target FROM bulletins WHERE key = $1 AND contact IS NOT NULL";
    const NOTED: &str = "UPDATE bulletins SET returned_at = $1 WHERE key = $2 AND returned_at IS NULL";
    let Some((target,)) = one!(conn, (Vec<u8>,), SQL, key)? else { return Ok(()) };
    execute!(conn, NOTED, now, key)?;
    flag(conn, site, &target, now).await
}

/// As [`came_back_by_key`], by a report.
pub(crate) async fn came_back_by_report(
    conn: &mut Conn,
    site: &str,
    number: i64,
    address: &[u8],
    now: Micros,
) -> Result<(), Fault> {
    const NOTED: &str = "UPDATE bulletins SET returned_at = $1
        WHERE site = $2 AND number = $3 AND target = $4 AND contact IS NOT NULL AND returned_at IS NULL";
    match execute!(conn, NOTED, now, site, number, address)? {
        0 => Ok(()),
        _ => flag(conn, site, address, now).await,
    }
}

async fn flag(conn: &mut Conn, site: &str, address: &[u8], now: Micros) -> Result<(), Fault> {
    const SQL: &str = "UPDATE contacts SET flagged_at = $1 WHERE site = $2 AND address = $3 AND flagged_at IS NULL";
    execute!(conn, SQL, now, site, address).map(|_| ())
}
