//! Messages: taking them in, and what decisions ask of those that came before.

use crate::click;
use crate::content::Content;
use crate::database::{Conn, all, execute, one};
use crate::dialect;
use crate::figures::outcome_of;
use crate::job::LANE_FREED_AFTER_S;
use crate::meter::count_message_sql;
use crate::rows::{Arrival, Handle, Micros, StoredMessage, Taken};
use crate::sealed::{self, arrival_place};
use crate::segment::Kept;
use crate::vault::day_of;
use crate::vault::hash::Hasher;
use crate::writer::end_unit;
use crate::{Store, vault::seal::SealingKey};
use data_encoding::HEXLOWER;
use mail::Envelope;
use policy::meter::Metered;
use policy::{Fault, FaultCode, SeenBefore, Thread};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How long an SMTP client may send the same mail again before it counts as a new one.
const FIVE_DAYS_MICROS: i64 = 5 * 86_400 * 1_000_000;
/// Earlier messages that a decision is told of.
const SEEN_BEFORE_MAX: i64 = 20;
/// Message-IDs of a thread that are looked for.
const THREAD_IDS_MAX: usize = 50;

/// What came before a message ($1 site, $2 the message): two halves, so that each can use its index.
pub(crate) const SEEN: &str =
    "WITH own AS (SELECT arrival, message_id, digest FROM messages WHERE id = $2 AND site = $1),
    earlier AS (
        SELECT m.arrival FROM messages m JOIN own ON m.message_id = own.message_id
            WHERE m.site = $1 AND (m.arrival < own.arrival OR m.decided_at IS NOT NULL)
        UNION
        SELECT m.arrival FROM messages m JOIN own ON m.digest = own.digest
            WHERE m.site = $1 AND (m.arrival < own.arrival OR m.decided_at IS NOT NULL))
    SELECT m.mailbox, m.outcome, m.project, m.issue_id,
        CAST(CASE WHEN m.message_id = own.message_id THEN 1 ELSE 0 END AS BIGINT),
        CAST(CASE WHEN m.digest = own.digest THEN 1 ELSE 0 END AS BIGINT)
    FROM own, messages m JOIN earlier ON earlier.arrival = m.arrival
    WHERE m.arrival <> own.arrival AND m.shadow = $4
    ORDER BY m.arrival DESC LIMIT $3";

macro_rules! new_message_sql {
    () => {
        "INSERT INTO messages (id, site, mailbox, handle, handle_lasting, digest, message_id, received_at,
            size_bytes, key_id, wrapped_key, sealed_arrival, job, shadow, own, metered)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $21)
        ON CONFLICT (site, mailbox, handle) DO NOTHING"
    };
}

/// A new message with its content and its job: statements that share their values. Those behind the first find nothing where it did
/// nothing.
macro_rules! new_on_sqlite {
    () => {
        concat!(
            new_message_sql!(),
            "; INSERT INTO contents (message, blob, sealed_inline) SELECT id, $16, $17 FROM messages WHERE id = $1;
            INSERT INTO jobs (id, kind, site, subject, lane, position, state, due, created_at)
                SELECT $13, 'decide', $2, $1, $18, arrival, 'ready', $19, $19 FROM messages WHERE id = $1; ",
            count_message_sql!("messages WHERE id = $1")
        )
    };
}

const NEW_ON_SQLITE: &str = new_on_sqlite!();
/// The same when nothing more belongs to the unit of work.
const NEW_AND_END_ON_SQLITE: &str = concat!(new_on_sqlite!(), "; ", end_unit!());
/// The same as one statement, as PostgreSQL takes no more at once.
const NEW_ON_POSTGRES: &str = concat!(
    "WITH new AS (",
    new_message_sql!(),
    " RETURNING id, arrival), content AS (
        INSERT INTO contents (message, blob, sealed_inline) SELECT id, $16, $17 FROM new), counted AS (",
    count_message_sql!("new WHERE TRUE"),
    ")
    INSERT INTO jobs (id, kind, site, subject, lane, position, state, due, created_at)
        SELECT $13, 'decide', $2, id, $18, arrival, 'ready', $19, $19 FROM new"
);

/// What is sealed of an arrival beside its bytes.
#[derive(Serialize, Deserialize)]
pub(crate) struct SealedArrival {
    pub envelope: Envelope,
    /// SHA-256 as hex.
    pub digest: String,
    pub message_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub click: Option<policy::Click>,
}

/// A message's first rows, sealed and hashed, ready to be inserted.
struct NewMessage {
    id: String,
    site: String,
    mailbox: String,
    handle: Vec<u8>,
    handle_lasting: bool,
    digest: Vec<u8>,
    message_id: Option<Vec<u8>>,
    received_at: Micros,
    size_bytes: i64,
    key_id: String,
    wrapped_key: Vec<u8>,
    sealed_arrival: Vec<u8>,
    lane: String,
    job: String,
    shadow: bool,
    /// Of our own making: no mail came in with it.
    own: bool,
    /// As what it is counted; `None` when it is not.
    metered: Option<Metered>,
    kept: Kept,
    /// The token that it was handed in with, and the fingerprint.
    handed_in: Option<(String, Vec<u8>)>,
}

impl Store {
    /// Message row and `Decide` job in one unit of work; durable when it returns.
    pub async fn take_in(&self, arrival: Arrival, content: Content) -> Result<Taken, Fault> {
        let new = self.new_message(arrival, content).await?;
        self.insert(new).await
    }

    /// The same for a message of our own making, by which a mailbox does not count as one that mail comes into.
    pub async fn take_in_own(&self, arrival: Arrival, content: Content) -> Result<Taken, Fault> {
        let new = self.new_message(arrival, content).await?;
        // A click costs nothing; an upload brings files.
        let metered = new.metered.map(|_| Metered::Upload);
        self.insert(NewMessage { own: true, metered, ..new }).await
    }

    async fn new_message(&self, arrival: Arrival, content: Content) -> Result<NewMessage, Fault> {
        if arrival.site != content.site {
            return Err(Fault::permanent(FaultCode::Internal, "the content was sealed for another site"));
        }
        let hasher = self.inner.vault.hasher(&arrival.site).await?;
        new_message(arrival, content, &hasher)
    }

    async fn insert(&self, new: NewMessage) -> Result<Taken, Fault> {
        let blob = match &new.kept {
            Kept::Blob(name) => Some(name.clone()),
            Kept::Inline(_) => None,
        };
        let order = new.handle.clone();
        let part = self.inner.meter_part;
        let work =
            self.inner.db.grouped_unit(order, move |conn| Box::pin(async move { insert(conn, &new, part).await }));
        let taken = work.await?;
        match (&taken, blob) {
            (Taken::New { .. }, _) => self.inner.bell.ring(),
            (Taken::Known { .. }, Some(name)) => {
                // Nobody refers to it; should removing fail, the sweep finds it.
                let _ = self.inner.blobs.remove(&name).await;
            }
            (Taken::Known { .. }, None) => {}
        }
        Ok(taken)
    }

    /// The key of the issue that a message belongs to, or else of the one with this id; as far as it is known.
    pub async fn issue_key_of(
        &self,
        site: &str,
        message: &str,
        issue_id: Option<&str>,
    ) -> Result<Option<String>, Fault> {
        const SQL: &str = "SELECT issue_key FROM issues WHERE site = $1
            AND issue_id = COALESCE((SELECT issue_id FROM messages WHERE id = $2), $3)";
        let (site, asked, id) = (site.to_owned(), message.to_owned(), issue_id.map(str::to_owned));
        let work = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { one!(conn, (String,), SQL, &site, &asked, id.as_deref()) }));
        Ok(work.await?.map(|(key,)| key))
    }

    /// `None` when there is no such message, or nothing can be told of it because its content was erased.
    pub async fn message(&self, id: &str) -> Result<Option<StoredMessage>, Fault> {
        type Row = (String, String, i64, i64, i64, Option<Vec<u8>>, Option<Vec<u8>>);
        const SQL: &str = "SELECT site, mailbox, received_at, size_bytes, shadow, wrapped_key, sealed_arrival
            FROM messages WHERE id = $1";
        let asked = id.to_owned();
        let row = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, Row, SQL, &asked) })).await?;
        let Some((site, mailbox, received_at, size_bytes, shadow, Some(wrapped), Some(sealed))) = row else {
            return Ok(None);
        };
        let key = self.inner.vault.message_key(&site, id, &wrapped).await?;
        let arrival: SealedArrival = sealed::open(&key, arrival_place(&site, id), &sealed)?;
        Ok(Some(StoredMessage {
            id: id.to_owned(),
            site,
            mailbox,
            envelope: arrival.envelope,
            digest: digest_of(&arrival.digest)?,
            size_bytes: u64::try_from(size_bytes).unwrap_or(0),
            received_at,
            click: arrival.click,
            shadow: shadow == 1,
        }))
    }

    /// Those of these Message-IDs that mails of the site bear, each with the first of them. At most 50 are looked for.
    pub async fn mails_named(&self, site: &str, message_ids: &[String]) -> Result<Vec<(String, String)>, Fault> {
        const SQL: &str = "SELECT id FROM messages WHERE site = $1 AND message_id = $2 ORDER BY arrival LIMIT 1";
        let hasher = self.inner.vault.hasher(site).await?;
        let ids: Vec<(String, Vec<u8>)> =
            message_ids.iter().take(THREAD_IDS_MAX).map(|id| (id.clone(), hasher.message_id(id))).collect();
        let site = site.to_owned();
        let work = self.inner.db.read(move |conn| {
            Box::pin(async move {
                let mut found = Vec::new();
                for (message_id, hash) in ids {
                    found.extend(one!(conn, (String,), SQL, &site, &hash)?.map(|(id,)| (message_id, id)));
                }
                Ok(found)
            })
        });
        work.await
    }

    /// The issue that the first known of these Message-IDs belongs to. A Message-ID whose message came before `but` and
    /// is still to be decided or carried out yields `Ok(Err(message))`, so that the caller waits for it; one whose job is
    /// held or dead is waited for only as long as it blocks its lane. Messages that came after `but` are not waited for,
    /// so that no two messages can wait for each other. At most 50 ids are looked for.
    pub async fn thread(&self, site: &str, message_ids: &[String], but: &str) -> Result<Result<Thread, String>, Fault> {
        let hasher = self.inner.vault.hasher(site).await?;
        let ids: Vec<(String, Vec<u8>)> =
            message_ids.iter().take(THREAD_IDS_MAX).map(|id| (id.clone(), hasher.message_id(id))).collect();
        let (site, but) = (site.to_owned(), but.to_owned());
        self.inner
            .db
            .read(move |conn| {
                Box::pin(async move {
                    for (message_id, hash) in ids {
                        match thread_of(conn, &site, &hash, &but).await? {
                            Some(Ok(issue_id)) => {
                                return Ok(Ok(Thread::Issue { message_id, issue_id }));
                            }
                            Some(Err(undecided)) => return Ok(Err(undecided)),
                            None => {}
                        }
                    }
                    Ok(Ok(Thread::Unknown))
                })
            })
            .await
    }

    /// Messages of the site with the same Message-ID or digest as message `but` that came before it or were decided on
    /// before it; the newest 20. Order of arrival alone would not do: a mail whose decision was held, or whose unit of work
    /// another node committed late, is decided on after a copy that came later, and must know of it. Mail that is only looked
    /// at and mail that is acted on know nothing of each other.
    pub async fn seen_before(&self, site: &str, but: &str) -> Result<Vec<SeenBefore>, Fault> {
        self.seen(site, but, 0).await
    }

    /// The same among the messages that were only looked at, as if their plans had been carried out.
    pub async fn seen_before_in_shadow(&self, site: &str, but: &str) -> Result<Vec<SeenBefore>, Fault> {
        self.seen(site, but, 1).await
    }

    async fn seen(&self, site: &str, but: &str, shadow: i64) -> Result<Vec<SeenBefore>, Fault> {
        type Row = (String, Option<String>, Option<String>, Option<String>, i64, i64);
        let (site, but) = (site.to_owned(), but.to_owned());
        let work = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { all!(conn, Row, SEEN, &site, &but, SEEN_BEFORE_MAX, shadow) }));
        let seen = work.await?.into_iter().map(|(mailbox, outcome, project, issue_id, same_id, same_digest)| {
            let outcome = outcome.as_deref().map(outcome_of).transpose()?;
            let (same_message_id, same_digest) = (same_id == 1, same_digest == 1);
            Ok(SeenBefore { mailbox, outcome, project, issue_id, same_message_id, same_digest })
        });
        seen.collect()
    }

    /// The site of a message, also after its content was erased.
    pub(crate) async fn site_of(&self, message: &str) -> Result<Option<String>, Fault> {
        let (sql, asked) = ("SELECT site FROM messages WHERE id = $1", message.to_owned());
        let found = self.inner.db.read(move |conn| Box::pin(async move { one!(conn, (String,), sql, &asked) }));
        Ok(found.await?.map(|(site,)| site))
    }

    /// Has the address taken part in the issue?
    pub async fn involved(&self, site: &str, issue_id: &str, address: &str) -> Result<bool, Fault> {
        const SQL: &str =
            "SELECT CAST(1 AS BIGINT) FROM participants WHERE site = $1 AND issue_id = $2 AND address = $3";
        let address = self.inner.vault.hasher(site).await?.address(address);
        let (site, issue_id) = (site.to_owned(), issue_id.to_owned());
        let found = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { one!(conn, (i64,), SQL, &site, &issue_id, &address) }));
        Ok(found.await?.is_some())
    }

    /// The keys for reply addresses: (key id, key, retired at); the first is the one to sign with. Retired ones stay for two years.
    pub async fn reply_keys(&self, site: &str) -> Result<Vec<(u8, Vec<u8>, Option<Micros>)>, Fault> {
        self.inner.vault.reply_keys(site).await
    }
}

fn digest_of(hex: &str) -> Result<[u8; 32], Fault> {
    let bytes = HEXLOWER.decode(hex.as_bytes()).ok();
    let digest = bytes.and_then(|bytes| bytes.try_into().ok());
    digest.ok_or_else(|| Fault::permanent(FaultCode::StoreCorrupt, "a message's digest is no digest"))
}

fn new_message(arrival: Arrival, content: Content, hasher: &Hasher) -> Result<NewMessage, Fault> {
    let Content { size_bytes, message: id, key, kept, .. } = content;
    let five_days = |handle: &str| (hasher.handle(&format!("five_days:{handle}")), false);
    let (handle, handle_lasting) = match &arrival.handle {
        Handle::Lasting(handle) => (hasher.lasting(handle), true),
        Handle::FiveDays(handle) | Handle::HandedIn { key: None, fingerprint: handle, .. } => five_days(handle),
        Handle::HandedIn { token, key: Some(key), .. } => five_days(&format!("key:{token}:{key}")),
        Handle::Click { link, .. } => (click::handle(hasher, link), true),
    };
    let handed_in = match &arrival.handle {
        Handle::HandedIn { token, fingerprint, .. } => Some((token.clone(), hasher.handle(fingerprint))),
        Handle::Lasting(_) | Handle::FiveDays(_) | Handle::Click { .. } => None,
    };
    let digest = hasher.digest(&arrival.digest);
    // Mails of one thread must not overtake each other, and the oldest one that they name stands for the thread. Copies of a
    // mail that names none have their bytes in common: decided on at the same time, neither would know of the other's issue. Mail
    // that is acted on never waits for mail that is only looked at.
    let root = arrival.refers_to.first().or(arrival.message_id.as_ref());
    let root = HEXLOWER.encode(&root.map_or_else(|| digest.clone(), |root| hasher.message_id(root)));
    Ok(NewMessage {
        handed_in,
        lane: if arrival.shadow {
            format!("shadow/{}/{root}", arrival.site)
        } else {
            format!("{}/{root}", arrival.site)
        },
        handle,
        handle_lasting,
        digest,
        message_id: arrival.message_id.as_deref().map(|id| hasher.message_id(id)),
        sealed_arrival: seal_arrival(&key.key, &id, &arrival)?,
        received_at: arrival.received_at,
        size_bytes: i64::try_from(size_bytes).unwrap_or(i64::MAX),
        key_id: key.wrapped_by,
        wrapped_key: key.wrapped,
        job: Uuid::now_v7().simple().to_string(),
        site: arrival.site,
        mailbox: arrival.mailbox,
        shadow: arrival.shadow,
        own: false,
        metered: match &arrival.handle {
            Handle::HandedIn { .. } => Some(Metered::HandedIn),
            Handle::Click { .. } => None,
            Handle::Lasting(_) | Handle::FiveDays(_) => Some(Metered::Mail),
        },
        kept,
        id,
    })
}

fn seal_arrival(key: &SealingKey, id: &str, arrival: &Arrival) -> Result<Vec<u8>, Fault> {
    let value = SealedArrival {
        envelope: arrival.envelope.clone(),
        digest: HEXLOWER.encode(&arrival.digest),
        message_id: arrival.message_id.clone(),
        click: arrival.handle.click().cloned(),
    };
    sealed::seal(key, arrival_place(&arrival.site, id), &value)
}

/// Inserts message, content and job, unless the same mail came by the same way before.
async fn insert(conn: &mut Conn, new: &NewMessage, part: i64) -> Result<Taken, Fault> {
    const HANDED_IN: &str = "INSERT INTO handed_in (message, token, fingerprint, at) VALUES ($1, $2, $3, $4)";
    let now = dialect::now(conn).await?;
    if !insert_rows(conn, new, part, now).await? {
        if let Some(known) = known(conn, new).await? {
            return Ok(Taken::Known { message: known });
        }
        if !insert_rows(conn, new, part, now).await? {
            return Err(Fault::temporary(FaultCode::StoreUnavailable, "the same mail came twice at once"));
        }
    }
    if let Some((token, fingerprint)) = &new.handed_in {
        execute!(conn, HANDED_IN, &new.id, token, fingerprint, now)?;
    }
    Ok(Taken::New { message: new.id.clone() })
}

/// The rows of a message in one go to the database, which costs more than the inserts themselves; false when the handle is taken.
async fn insert_rows(conn: &mut Conn, new: &NewMessage, part: i64, now: Micros) -> Result<bool, Fault> {
    let is_last = new.handed_in.is_none();
    let is_postgres = conn.is_postgres();
    let sql = match is_postgres {
        true => NEW_ON_POSTGRES,
        false if is_last => NEW_AND_END_ON_SQLITE,
        false => NEW_ON_SQLITE,
    };
    let (blob, inline) = match &new.kept {
        Kept::Inline(sealed) => (None, Some(sealed.as_slice())),
        Kept::Blob(name) => (Some(name.as_str()), None),
    };
    let changed = execute!(
        conn,
        sql,
        &new.id,
        &new.site,
        &new.mailbox,
        &new.handle,
        i64::from(new.handle_lasting),
        &new.digest,
        new.message_id.as_deref(),
        new.received_at,
        new.size_bytes,
        &new.key_id,
        &new.wrapped_key,
        &new.sealed_arrival,
        &new.job,
        i64::from(new.shadow),
        i64::from(new.own),
        blob,
        inline,
        &new.lane,
        now,
        day_of(new.received_at),
        new.metered.map(Metered::word),
        if is_postgres { part } else { 0 },
    )?;
    if is_last && changed > 0 {
        conn.unit_has_ended();
    }
    Ok(changed > 0)
}

/// The message that has this handle. A handle of five days that is older is taken away from it, and counts as unknown.
async fn known(conn: &mut Conn, new: &NewMessage) -> Result<Option<String>, Fault> {
    const SQL: &str =
        "SELECT id, handle_lasting, received_at FROM messages WHERE site = $1 AND mailbox = $2 AND handle = $3";
    let found = one!(conn, (String, i64, i64), SQL, &new.site, &new.mailbox, &new.handle)?;
    let Some((id, lasting, received_at)) = found else {
        return Ok(None);
    };
    if lasting == 1 || new.received_at.saturating_sub(received_at) <= FIVE_DAYS_MICROS {
        return Ok(Some(id));
    }
    execute!(conn, "UPDATE messages SET handle = NULL WHERE id = $1", &id)?;
    Ok(None)
}

/// The issue of the message with this Message-ID, or the message when it is still being worked on, or `None`.
async fn thread_of(
    conn: &mut Conn,
    site: &str,
    hash: &[u8],
    but: &str,
) -> Result<Option<Result<String, String>>, Fault> {
    const TIED: &str = "SELECT issue_id FROM messages
        WHERE site = $1 AND message_id = $2 AND id <> $3 AND tied_at IS NOT NULL AND issue_id IS NOT NULL
        ORDER BY arrival LIMIT 1";
    const OPEN: &str = "SELECT m.id FROM messages m JOIN jobs j ON j.id = m.job
        WHERE m.site = $1 AND m.message_id = $2 AND m.id <> $3 AND m.tied_at IS NULL AND m.shadow = 0
          AND m.arrival < COALESCE((SELECT own.arrival FROM messages own WHERE own.id = $3), 0)
          AND (j.state IN ('ready', 'running', 'waiting') OR (j.state IN ('held', 'dead') AND j.ended_at > $4))
        ORDER BY m.arrival LIMIT 1";
    if let Some((issue_id,)) = one!(conn, (String,), TIED, site, hash, but)? {
        return Ok(Some(Ok(issue_id)));
    }
    let freed = dialect::now(conn).await? - LANE_FREED_AFTER_S * 1_000_000;
    let open = one!(conn, (String,), OPEN, site, hash, but, freed)?;
    Ok(open.map(|(message,)| Err(message)))
}
