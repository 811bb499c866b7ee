//! The vault: which key seals what, unwrapped keys kept for reuse, and the keyed hashes of a site.

pub(crate) mod belonging;
pub(crate) mod book;
pub(crate) mod hash;
pub(crate) mod master;
pub(crate) mod seal;

use crate::Micros;
use aws_lc_rs::hmac;
use book::{Book, BookKey, USES_RESERVED};
use hash::{HashUse, Hasher};
use policy::{Fault, FaultCode};
use seal::{KeyId, Place, SealingKey, new_key};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Keys of messages kept unwrapped: the steps of one walk come shortly after each other.
const MESSAGE_KEYS_KEPT: usize = 4096;
/// Keys of the book kept unwrapped; above it all are dropped and read again when asked for.
const BOOK_KEYS_KEPT: usize = 4096;
const DAY_MICROS: i64 = 86_400_000_000;
/// The day of keys that belong to no day.
const NO_DAY: i64 = 0;

/// A new message's key and what the message's row keeps of it.
pub(crate) struct NewMessageKey {
    pub key: Arc<SealingKey>,
    /// The key of the day that wraps it, as written in tables.
    pub wrapped_by: String,
    pub wrapped: Vec<u8>,
}

pub(crate) struct Vault {
    book: Book,
    sealing: Mutex<HashMap<KeyId, Arc<SealingKey>>>,
    current: Mutex<HashMap<(String, &'static str), Current>>,
    /// One reservation at a time: callers that come together share it.
    reserving: tokio::sync::Mutex<()>,
    hashers: Mutex<HashMap<String, Arc<Hasher>>>,
    links: Mutex<HashMap<String, Arc<hmac::Key>>>,
    messages: Mutex<Recent>,
    audit: tokio::sync::OnceCell<hmac::Key>,
}

/// The key that new things of a site are sealed under, and how often this process may still use it.
struct Current {
    day: i64,
    key: Arc<SealingKey>,
    uses_left: i64,
}

/// Keys of messages, the oldest forgotten first.
#[derive(Default)]
struct Recent {
    keys: HashMap<String, Arc<SealingKey>>,
    order: VecDeque<String>,
}

/// A panic elsewhere cannot leave these maps half changed, so its poison means nothing here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kinds of keys that live as long as what came in on their day is kept.
pub(crate) const MESSAGE_DAY: &str = "day";
pub(crate) const EVENT_DAY: &str = "event_day";

/// The day of a time, by its number since 1970-01-01 in UTC.
pub(crate) fn day_of(time: Micros) -> i64 {
    time.div_euclid(DAY_MICROS)
}

impl Vault {
    pub(crate) fn new(book: Book) -> Vault {
        Vault {
            book,
            sealing: Mutex::default(),
            current: Mutex::default(),
            reserving: tokio::sync::Mutex::default(),
            hashers: Mutex::default(),
            links: Mutex::default(),
            messages: Mutex::default(),
            audit: tokio::sync::OnceCell::new(),
        }
    }

    pub(crate) fn book(&self) -> &Book {
        &self.book
    }

    /// A key of its own for a new message, wrapped under the site's key of the day. `message` is the id of its row.
    pub(crate) async fn new_message_key(&self, site: &str, message: &str, now: Micros) -> Result<NewMessageKey, Fault> {
        self.new_row_key(site, MESSAGE_DAY, message, now).await
    }

    /// The same for the row of an event or of what was decided about events, whose days are over sooner.
    pub(crate) async fn new_event_key(&self, site: &str, row: &str, now: Micros) -> Result<NewMessageKey, Fault> {
        self.new_row_key(site, EVENT_DAY, row, now).await
    }

    async fn new_row_key(
        &self,
        site: &str,
        kind: &'static str,
        message: &str,
        now: Micros,
    ) -> Result<NewMessageKey, Fault> {
        let day_key = self.current(site, kind, day_of(now)).await?;
        let bytes = new_key()?;
        let wrapped = day_key.seal(key_place(site, message), bytes.as_slice())?;
        let key = Arc::new(SealingKey::new(id_of(message)?, bytes.as_slice())?);
        self.keep(message, &key);
        Ok(NewMessageKey { key, wrapped_by: book::name(day_key.id()), wrapped })
    }

    /// The key of a stored message, from what its row keeps.
    pub(crate) async fn message_key(
        &self,
        site: &str,
        message: &str,
        wrapped: &[u8],
    ) -> Result<Arc<SealingKey>, Fault> {
        if let Some(key) = lock(&self.messages).keys.get(message) {
            return Ok(Arc::clone(key));
        }
        let day_key = self.key_that_sealed(wrapped).await?;
        let bytes = Zeroizing::new(day_key.open(key_place(site, message), wrapped)?);
        let key = Arc::new(SealingKey::new(id_of(message)?, &bytes)?);
        self.keep(message, &key);
        Ok(key)
    }

    /// The key of a message that was used lately.
    pub(crate) fn recent_message_key(&self, message: &str) -> Option<Arc<SealingKey>> {
        lock(&self.messages).keys.get(message).map(Arc::clone)
    }

    /// Erased here as well as in the row.
    pub(crate) fn forget_message_key(&self, message: &str) {
        lock(&self.messages).keys.remove(message);
    }

    fn keep(&self, message: &str, key: &Arc<SealingKey>) {
        let mut recent = lock(&self.messages);
        if recent.keys.insert(message.to_owned(), Arc::clone(key)).is_none() {
            recent.order.push_back(message.to_owned());
        }
        while recent.order.len() > MESSAGE_KEYS_KEPT {
            if let Some(oldest) = recent.order.pop_front() {
                recent.keys.remove(&oldest);
            }
        }
    }

    /// The site's key for what belongs to no message and lives as long as the site: profiles, names in the audit trail.
    pub(crate) async fn standing_key(&self, site: &str) -> Result<Arc<SealingKey>, Fault> {
        self.current(site, "standing", NO_DAY).await
    }

    /// The key of the book that a piece names.
    pub(crate) async fn key_that_sealed(&self, sealed: &[u8]) -> Result<Arc<SealingKey>, Fault> {
        let id = seal::key_of(sealed);
        let id = id.ok_or_else(|| Fault::permanent(FaultCode::StoreCorrupt, "a sealed field is too short"))?;
        self.book_key(id).await
    }

    /// A text that was sealed under a key of the book, which may be an older one than today's.
    pub(crate) async fn open_text(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<String>, Fault> {
        let opened = self.key_that_sealed(sealed).await?.open(place, sealed)?;
        let no_text = |_| Fault::permanent(FaultCode::StoreCorrupt, "what was sealed as a text is none");
        String::from_utf8(opened).map(Zeroizing::new).map_err(no_text)
    }

    async fn book_key(&self, id: KeyId) -> Result<Arc<SealingKey>, Fault> {
        if let Some(key) = lock(&self.sealing).get(&id) {
            return Ok(Arc::clone(key));
        }
        let found = self.book.key(id).await?;
        self.remember(&found)
    }

    /// The newest key of the kind, one use of it counted.
    async fn current(&self, site: &str, kind: &'static str, day: i64) -> Result<Arc<SealingKey>, Fault> {
        if let Some(key) = self.use_current(site, kind, day) {
            return Ok(key);
        }
        let _one_at_a_time = self.reserving.lock().await;
        if let Some(key) = self.use_current(site, kind, day) {
            return Ok(key);
        }
        let found = self.book.reserve(site, kind, day).await?;
        let key = self.remember(&found)?;
        let current = Current { day, key: Arc::clone(&key), uses_left: USES_RESERVED - 1 };
        lock(&self.current).insert((site.to_owned(), kind), current);
        Ok(key)
    }

    fn use_current(&self, site: &str, kind: &'static str, day: i64) -> Option<Arc<SealingKey>> {
        let mut current = lock(&self.current);
        let current = current.get_mut(&(site.to_owned(), kind))?;
        if current.day != day || current.uses_left == 0 {
            return None;
        }
        current.uses_left -= 1;
        Some(Arc::clone(&current.key))
    }

    fn remember(&self, found: &BookKey) -> Result<Arc<SealingKey>, Fault> {
        let key = Arc::new(SealingKey::new(found.id, &found.bytes)?);
        let mut sealing = lock(&self.sealing);
        if sealing.len() >= BOOK_KEYS_KEPT {
            sealing.clear();
        }
        sealing.insert(found.id, Arc::clone(&key));
        Ok(key)
    }

    /// A destroyed key must not live on in memory.
    pub(crate) fn forget_book_key(&self, id: &str) {
        if let Ok(id) = Uuid::parse_str(id) {
            lock(&self.sealing).remove(id.as_bytes());
        }
    }

    /// The keyed hashes of a site; its hash keys are made when it has none.
    pub(crate) async fn hasher(&self, site: &str) -> Result<Arc<Hasher>, Fault> {
        if let Some(hasher) = lock(&self.hashers).get(site) {
            return Ok(Arc::clone(hasher));
        }
        let mut keys = Vec::with_capacity(HashUse::ALL.len());
        for of in HashUse::ALL {
            let found = self.newest(site, of.kind()).await?;
            keys.push((number(found.seq)?, hmac::Key::new(hmac::HMAC_SHA256, &found.bytes)));
        }
        let hasher = Arc::new(Hasher::new(keys));
        lock(&self.hashers).insert(site.to_owned(), Arc::clone(&hasher));
        Ok(hasher)
    }

    /// The newest key of a kind that belongs to no day; made when there is none.
    async fn newest(&self, site: &str, kind: &'static str) -> Result<BookKey, Fault> {
        match self.book.keys(site, kind).await?.into_iter().next() {
            Some(found) => Ok(found),
            None => self.book.reserve(site, kind, NO_DAY).await,
        }
    }

    /// The key whose HMAC protects the audit trail.
    pub(crate) async fn audit_key(&self) -> Result<&hmac::Key, Fault> {
        let read = || async {
            let found = self.newest("", "audit").await?;
            Ok(hmac::Key::new(hmac::HMAC_SHA256, &found.bytes))
        };
        self.audit.get_or_try_init(read).await
    }

    /// The key that signs links of a site; made when it has none.
    pub(crate) async fn link_key(&self, site: &str) -> Result<Arc<hmac::Key>, Fault> {
        if let Some(key) = lock(&self.links).get(site) {
            return Ok(Arc::clone(key));
        }
        let found = self.newest(site, "link").await?;
        let key = Arc::new(hmac::Key::new(hmac::HMAC_SHA256, &found.bytes));
        lock(&self.links).insert(site.to_owned(), Arc::clone(&key));
        Ok(key)
    }

    /// A key of its own for a kept file: to destroy it erases the file from every backup.
    pub(crate) async fn new_file_key(&self, site: &str) -> Result<(String, Arc<SealingKey>), Fault> {
        let found = self.book.new_key(site, "file").await?;
        Ok((book::name(found.id), self.remember(&found)?))
    }

    /// The key of a kept file, by its name in tables.
    pub(crate) async fn file_key(&self, id: &str) -> Result<Arc<SealingKey>, Fault> {
        let no_id = |_| Fault::permanent(FaultCode::StoreCorrupt, "the id of a file's key is no id");
        self.book_key(Uuid::parse_str(id).map(Uuid::into_bytes).map_err(no_id)?).await
    }

    /// The keys that seal files of private keys, the newest first; made when there is none. They belong to no site, because sites and
    /// relays may share a folder.
    pub(crate) async fn key_file_keys(&self) -> Result<Vec<Arc<SealingKey>>, Fault> {
        self.newest("", "key_file").await?;
        self.book.keys("", "key_file").await?.iter().map(|found| self.remember(found)).collect()
    }

    /// Keys for reply addresses, the one to sign with first.
    pub(crate) async fn reply_keys(&self, site: &str) -> Result<Vec<(u8, Vec<u8>, Option<Micros>)>, Fault> {
        let mut found = self.book.keys(site, "reply").await?;
        if found.is_empty() {
            found.push(self.book.reserve(site, "reply", NO_DAY).await?);
        }
        found.sort_by_key(|key| (key.retired_at.is_some(), -key.seq));
        found.into_iter().map(|key| Ok((number(key.seq)?, key.bytes.to_vec(), key.retired_at))).collect()
    }
}

/// The id of a message's own key is the id of its row.
fn id_of(message: &str) -> Result<KeyId, Fault> {
    let id = Uuid::parse_str(message);
    id.map(Uuid::into_bytes).map_err(|_| Fault::permanent(FaultCode::StoreCorrupt, "a message's id is no id"))
}

fn key_place<'a>(site: &'a str, message: &'a str) -> Place<'a> {
    Place { site, table: "messages", row: message, field: "wrapped_key" }
}

/// A key's number as it stands in hashes and reply addresses.
fn number(seq: i64) -> Result<u8, Fault> {
    u8::try_from(seq)
        .map_err(|_| Fault::permanent(FaultCode::KeyUnavailable, "a site has more than 255 keys of one kind"))
}
