//! When the keys of folders end: ours and anchors one by one, those of people by their number. For bulletins and figures.

use crate::gateway::Shared;
use crate::keys::{KeyFolder, Openers, folded, stamp};
use policy::bulletin::{EndingKey, KEYS_SOON_DAYS, KeyOf};
use policy::sealing::RSA_BITS_LEAST;
use seal::keyfile::Password;
use seal::pgp::{self, Policy, Standing, Unfit};
use seal::smime::{Certificate, PublicKey};
use seal::verdict::fingerprint;
use std::collections::HashMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Keys of people that end within so many seconds are counted.
const SOON_S: u64 = KEYS_SOON_DAYS.unsigned_abs() * DAY_S;
const DAY_S: u64 = 24 * 3600;
/// So often it is looked whether a day has begun on which the log tells of keys.
const LOOK_EVERY: Duration = Duration::from_secs(600);
/// Digits of a fingerprint that are told: as many as `sealpost key show` needs.
const DIGITS: usize = 16;

/// A folder of keys that settings name.
pub struct WatchedFolder {
    /// As the settings call it, without the folders above it.
    pub name: String,
    pub keys: PathBuf,
    pub passwords: Vec<Password>,
    pub openers: Openers,
    /// The sites whose mail it is for; empty where relays without a site alone name it.
    pub sites: Vec<String>,
}

/// Folders of keys whose ends are told; cheap to clone.
#[derive(Clone, Default)]
pub struct WatchedFolders(Arc<Vec<Watched>>);

struct Watched {
    folder: WatchedFolder,
    read: Mutex<Option<Read>>,
}

/// What was read from a folder at one time.
#[derive(Clone)]
struct Read {
    stamp: Vec<u8>,
    /// Some files could not be read, and may be readable without having changed.
    is_partial: bool,
    keys: Vec<Known>,
    /// When those of people end, in seconds since 1970.
    people: Vec<u64>,
}

/// A key of ours or an anchor.
#[derive(Clone)]
struct Known {
    of: KeyOf,
    scheme: &'static str,
    /// Its first digits.
    fingerprint: String,
    /// Seconds since 1970; `None` for never.
    ends_s: Option<u64>,
    is_weak: bool,
    /// Another key of ours for all of its addresses lasts longer.
    is_replaced: bool,
}

/// One key before it is known what lasts longer.
struct Found {
    known: Known,
    addresses: Vec<String>,
}

impl WatchedFolders {
    pub fn new(folders: Vec<WatchedFolder>) -> WatchedFolders {
        let watched = |folder| Watched { folder, read: Mutex::default() };
        WatchedFolders(Arc::new(folders.into_iter().map(watched).collect()))
    }

    /// What bulletins are made of, for each site that a folder is for.
    pub(crate) async fn ending(&self) -> Vec<EndingKey> {
        let mut all = Vec::new();
        for (folder, read) in self.read().await {
            let told = read.keys.into_iter().filter(|key| !key.is_replaced || key.is_weak);
            all.extend(told.map(|key| EndingKey {
                folder: folder.0.clone(),
                sites: folder.1.clone(),
                of: key.of,
                scheme: key.scheme,
                fingerprint: key.fingerprint,
                ends_s: key.ends_s.and_then(|at| i64::try_from(at).ok()),
                is_weak: key.is_weak,
            }));
        }
        all
    }

    /// Of each site how many keys of people in its folders end soon; those that have ended are not among them.
    pub(crate) async fn people_ending(&self, now_s: u64) -> HashMap<String, u64> {
        let mut all: HashMap<String, u64> = HashMap::new();
        for ((_, sites), read) in self.read().await {
            let number = read.people.iter().filter(|at| (now_s..=now_s + SOON_S).contains(*at)).count() as u64;
            for site in sites {
                *all.entry(site).or_default() += number;
            }
        }
        all
    }

    /// As Prometheus text. It names folders and fingerprints, and nobody.
    pub(crate) async fn metrics(&self, now_s: u64) -> String {
        const ENDS: &str = "sealpost_seal_key_ends_seconds";
        const PEOPLE: &str = "sealpost_seal_people_keys_ending";
        let mut ends = format!(
            "# HELP {ENDS} Seconds until a key of ours or an anchor ends; negative afterwards.\n# TYPE {ENDS} gauge\n"
        );
        let mut people =
            format!("# HELP {PEOPLE} Keys of people that have ended or will within 30 days.\n# TYPE {PEOPLE} gauge\n");
        for ((folder, _), read) in self.read().await {
            // Debug output escapes as the format wants it. Writing to a String cannot fail.
            for Known { of, scheme, fingerprint, ends_s, .. } in &read.keys {
                let Some(left) = ends_s.map(|at| i128::from(at) - i128::from(now_s)) else { continue };
                let of = of.word();
                let labels = format!("folder={folder:?},of=\"{of}\",scheme=\"{scheme}\",key=\"{fingerprint}\"");
                let _ = writeln!(ends, "{ENDS}{{{labels}}} {left}");
            }
            let number = read.people.iter().filter(|at| **at <= now_s + SOON_S).count();
            let _ = writeln!(people, "{PEOPLE}{{folder={folder:?}}} {number}");
        }
        ends + &people
    }

    /// Each folder with its sites, read again where it changed. One that cannot be read is left out.
    async fn read(&self) -> Vec<((String, Vec<String>), Read)> {
        let this = self.clone();
        let read = tokio::task::spawn_blocking(move || {
            let each = this.0.iter().map(|one| ((one.folder.name.clone(), one.folder.sites.clone()), one.look()));
            each.collect::<Vec<_>>()
        });
        // A panic in there tells nothing, and the next look comes.
        read.await.unwrap_or_default()
    }
}

/// Says in the log once a day, and at the start, which keys of no site end soon or have ended: without a site there may be nobody whom a
/// bulletin reaches. A log line holds the folder's name and the digits of a key, and nobody's address.
pub(crate) async fn log_those_of_no_site(shared: Arc<Shared>, stop: CancellationToken) {
    let mut logged_on = None;
    loop {
        let now_s = i64::try_from(now_s()).unwrap_or(i64::MAX);
        let today = now_s.div_euclid(DAY_S.cast_signed());
        if logged_on != Some(today) {
            logged_on = Some(today);
            for key in shared.bulletins().folders.ending().await {
                log(&key, now_s);
            }
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn log(one: &EndingKey, now_s: i64) {
    let (folder, key, kind) = (one.folder.as_str(), one.fingerprint.as_str(), one.of.word());
    if let Some(days_left) = one.days_left_to_log(now_s) {
        tracing::warn!(folder, key, kind, days_left, "a key of a relay without a site ends soon, or has ended");
    }
    if one.is_weak && one.sites.is_empty() {
        tracing::warn!(folder, key, kind, "a key of a relay without a site is too weak, and is not used");
    }
}

impl Watched {
    /// It blocks.
    fn look(&self) -> Read {
        let stamp = stamp(&self.folder.keys);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        match &*read {
            Some(known) if known.stamp == stamp && !known.is_partial => known.clone(),
            _ => {
                let folder = KeyFolder::read_with(&self.folder.keys, &self.folder.passwords, &self.folder.openers);
                let (keys, people) = all_of(&folder);
                let is_partial = folder.troubles.iter().any(|one| one.why.may_pass());
                read.insert(Read { stamp, is_partial, keys, people }).clone()
            }
        }
    }
}

fn all_of(folder: &KeyFolder) -> (Vec<Known>, Vec<u64>) {
    let is_own = |one: &Certificate| folder.own.iter().any(|own| own.certificate.der() == one.der());
    let mut found: Vec<Found> = folder.own.iter().map(|own| of_certificate(&own.certificate, KeyOf::Own)).collect();
    found.extend(folder.pgp_keys.iter().map(|own| of_pgp(&own.certificate)));
    // The last end for each address; whoever has a newer key has no trouble.
    let mut last: HashMap<(&str, String), u64> = HashMap::new();
    for Found { known, addresses } in &found {
        for address in addresses {
            let until = last.entry((known.scheme, address.clone())).or_default();
            *until = (*until).max(known.ends_s.unwrap_or(u64::MAX));
        }
    }
    for Found { known, addresses } in &mut found {
        let lasts_longer = |address: &String| last.get(&(known.scheme, address.clone())) > known.ends_s.as_ref();
        known.is_replaced = !addresses.is_empty() && addresses.iter().all(lasts_longer);
    }
    let mut keys: Vec<Known> = found.into_iter().map(|one| one.known).collect();
    keys.extend(folder.anchors.iter().map(|(one, _)| of_certificate(one, KeyOf::Anchor).known));
    let certificates = folder.certificates.iter().filter(|(one, _)| !is_own(one)).map(|(one, _)| one.validity().1);
    let public = folder.pgp.iter().filter_map(|(one, _)| pgp::Certificate::read_all(&one.bytes).ok()?.pop());
    let pgp = public.filter_map(|one| end_of(&one.standing(&Policy::default(), now_s()), false));
    (keys, certificates.chain(pgp).collect())
}

fn of_certificate(one: &Certificate, of: KeyOf) -> Found {
    let is_weak = matches!(one.key(), PublicKey::Rsa { bits, .. } if *bits < RSA_BITS_LEAST as usize);
    let known = Known {
        of,
        scheme: "smime",
        fingerprint: short(fingerprint(one)),
        ends_s: Some(one.validity().1),
        is_weak,
        is_replaced: false,
    };
    Found { known, addresses: one.addresses().iter().map(|address| folded(address)).collect() }
}

fn of_pgp(one: &pgp::Certificate) -> Found {
    let standing = one.standing(&Policy::default(), now_s());
    let is_weak = |unfit: &Unfit| matches!(unfit, Unfit::WeakBinding | Unfit::TooShort { .. } | Unfit::Algorithm);
    let known = Known {
        of: KeyOf::Own,
        scheme: "pgp",
        fingerprint: short(one.fingerprint().to_ascii_lowercase()),
        ends_s: end_of(&standing, true),
        is_weak: standing.is.as_ref().err().is_some_and(is_weak),
        is_replaced: false,
    };
    let addresses = standing.users.iter().filter_map(|user| user.address.as_deref()).map(folded).collect();
    Found { known, addresses }
}

/// What we sign with ends with the last key that signs; what people are written with, with the last that is encrypted to.
fn end_of(standing: &Standing, is_own: bool) -> Option<u64> {
    let of_use = standing.keys.iter().filter(|key| if is_own { key.may_sign.is_ok() } else { key.may_encrypt.is_ok() });
    let ends: Vec<Option<u64>> = of_use.map(|key| key.expires).collect();
    let last = if ends.contains(&None) { None } else { ends.into_iter().flatten().max() };
    standing.expires.into_iter().chain(last).min()
}

fn short(mut fingerprint: String) -> String {
    fingerprint.truncate(DIGITS);
    fingerprint
}

fn now_s() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}
