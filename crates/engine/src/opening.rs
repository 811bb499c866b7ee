//! Mail that comes in sealed: which keys open the mail of a mailbox, and who vouches for those that signed it.

mod doubts;
mod grounds;
mod order;
mod peeked;

use crate::cell::OwnKey;
use crate::keys::{KeyFolder, Openers, stamp, system_anchors};
use crate::outside::News;
use crate::sealing::joined;
use doubts::{Asking, Judged};
use grounds::Grounds;
use mail::{SealScheme, Unopened, Worth};
use policy::{Fault, FaultCode};
use seal::keyfile::Password;
use seal::order::OpenOrder;
use seal::pgp::Certificate;
use seal::verdict::fingerprint_of;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::time::timeout;

pub(crate) use doubts::{DOUBTS_MAX, Doubt, unasked};
pub(crate) use grounds::Signer;
pub(crate) use order::MailOrder;
pub(crate) use peeked::Peeked;

/// How often a folder is looked at for changes, when mail comes.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// So long mail waits for a look.
const LOOK_WITHIN: Duration = Duration::from_secs(20);
/// Certificates of whoever wrote a mail that a cell gets along, of each kind; one person has few.
const KNOWN_MAX: usize = 64;

/// Where the keys of a mailbox are, and what is believed.
pub struct OpeningSettings {
    /// The folder of keys.
    pub keys: PathBuf,
    /// What opens private keys there.
    pub passwords: Vec<Password>,
    /// What opens those there that no password does.
    pub openers: Openers,
    /// Mail in ciphers that protect nothing any more (3DES, RC2) is opened, too.
    pub opens_legacy: bool,
    /// Certificates of which nobody says whether they were revoked are trusted, too.
    pub trusts_unknown: bool,
    /// What is known of revocation counts for so many days after the next word was due.
    pub stale_days_max: u32,
    /// The authorities of the system are trusted, too.
    pub trusts_system: bool,
    /// Who is asked about the revocation of those who signed; `None` where nobody is.
    pub news: Option<News>,
}

/// The keys of mailboxes. Cheap to clone; all clones know the same.
#[derive(Clone, Default)]
pub struct Openings(Arc<RwLock<HashMap<String, Arc<Keyring>>>>);

impl Openings {
    /// Puts the keys of other mailboxes in place, by their names.
    pub fn swap(&self, of: HashMap<String, Arc<Keyring>>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = of;
    }

    /// Those of a mailbox; `None` where its mail is read as it came.
    pub fn of(&self, mailbox: &str) -> Option<Arc<Keyring>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(mailbox).cloned()
    }
}

/// A folder of keys by which mail is opened.
pub struct Keyring {
    settings: OpeningSettings,
    known: RwLock<Arc<Known>>,
    looked: Mutex<Instant>,
}

/// What was read from the folder at one time.
struct Known {
    folder: KeyFolder,
    /// All of an order that is the same for every mail.
    order: MailOrder,
    keys: Vec<OwnKey>,
    /// All certificates of OpenPGP by their fingerprints, each with what all its copies say.
    pgp: HashMap<String, Certificate>,
    /// Some files could not be read, so a key that is not found may be there all the same.
    is_partial: bool,
    stamp: Vec<u8>,
    /// What was found about those who signed, by this folder.
    judged: Judged,
}

impl Keyring {
    /// Reads the folder; it blocks.
    ///
    /// # Errors
    /// Permanent `SettingsWrong` when the folder cannot be read. A file of keys that cannot be used is no error: it is logged.
    pub fn start(settings: OpeningSettings) -> Result<Keyring, Fault> {
        let known = RwLock::new(Arc::new(Known::read(&settings)?));
        Ok(Keyring { settings, known, looked: Mutex::new(Instant::now()) })
    }

    /// With what a mail of these people is opened, by the folder as it is now.
    ///
    /// # Errors
    /// Permanent `Internal` when an order cannot be written.
    pub async fn opener(self: Arc<Keyring>, people: &[&str]) -> Result<Opener, Fault> {
        if self.is_due() {
            let ring = self.clone();
            // A panic in there leaves what is known as it is, and so does a token that does not answer; the next look comes.
            let _ = timeout(LOOK_WITHIN, tokio::task::spawn_blocking(move || ring.refresh())).await;
        }
        let known = self.known();
        let opener = known.opener(people)?;
        let asking = self.settings.news.clone().map(|news| Asking { known, news });
        Ok(Opener { asking, ..opener })
    }

    /// Reads the folder again when it changed; it blocks. Whether anything new is known.
    pub fn refresh(&self) -> bool {
        let known = self.known();
        // What could not be read may be readable now without having changed.
        if stamp(&self.settings.keys) == known.stamp && !known.is_partial {
            return false;
        }
        match Known::read(&self.settings) {
            Ok(new) if new.is_partial && !known.is_partial => {
                tracing::error!("some files of keys cannot be read; the keys before stay in force");
                false
            }
            // A folder that is all at once empty is one that is no longer mounted.
            Ok(new) if new.keys.is_empty() && !known.keys.is_empty() => {
                tracing::error!(
                    "the folder has no private key any more; the keys before stay in force until a restart"
                );
                false
            }
            Ok(new) => {
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new);
                true
            }
            Err(fault) => {
                tracing::error!(code = %fault.code, detail = fault.logged(), "the folder of keys cannot be read; the keys before stay in force");
                false
            }
        }
    }

    fn known(&self) -> Arc<Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_due(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = looked.elapsed() >= LOOK_EVERY;
        if is_due {
            *looked = Instant::now();
        }
        is_due
    }
}

impl Known {
    fn read(settings: &OpeningSettings) -> Result<Known, Fault> {
        let stamp = stamp(&settings.keys);
        let folder = KeyFolder::read_with(&settings.keys, &settings.passwords, &settings.openers);
        if let Some(trouble) = folder.faults().find(|one| one.file.as_os_str().is_empty()) {
            let shown = settings.keys.display();
            let public = format!("{shown}: the folder of keys cannot be used: {}; name it in `keys`", trouble.why);
            return Err(Fault::permanent(FaultCode::SettingsWrong, "the folder of keys").with_public(public));
        }
        if !folder.troubles.is_empty() {
            let problem = format!("see `sealpost key list --keys {}`", settings.keys.display());
            tracing::warn!(problem, "some files of keys are not as they should be");
        }
        let is_partial = folder.troubles.iter().any(|one| one.why.may_pass());
        let mut keys: Vec<OwnKey> = folder.own.iter().map(|own| own.key.clone()).collect();
        keys.extend(folder.pgp_keys.iter().flat_map(|own| own.keys.iter().map(|key| key.clone() as OwnKey)));
        let authorities = folder.certificates.iter().map(|(one, _)| one).filter(|one| one.is_authority());
        let system = if settings.trusts_system { system_anchors() } else { Vec::new() };
        let order = MailOrder {
            open: OpenOrder {
                own: folder.own.iter().map(|own| own.certificate.der().to_vec()).collect(),
                own_pgp: folder.pgp_keys.iter().map(|own| own.public.clone()).collect(),
                opens_legacy: settings.opens_legacy,
                ..OpenOrder::default()
            },
            grounds: Grounds {
                anchors: folder.anchors.iter().map(|(one, _)| one.der().to_vec()).collect(),
                system: system.iter().map(|one| one.der().to_vec()).collect(),
                authorities: authorities.map(|one| one.der().to_vec()).collect(),
                revocations: folder.revocations.iter().map(|(der, _)| der.clone()).collect(),
                trusts_unknown: settings.trusts_unknown,
                stale_days_max: settings.stale_days_max,
            },
            tells_doubts: settings.news.is_some(),
        };
        let public = folder.pgp.iter().flat_map(|(one, _)| all_of(&one.bytes));
        let pgp = joined(public.chain(folder.pgp_keys.iter().map(|own| own.certificate.clone())));
        Ok(Known { folder, order, keys, pgp, is_partial, stamp, judged: Judged::default() })
    }

    fn opener(&self, people: &[&str]) -> Result<Opener, Fault> {
        let mut order = self.order.clone();
        for address in people.iter().take(KNOWN_MAX) {
            let smime = self.folder.certificates_for(address).map(|(one, _)| one.der().to_vec());
            order.open.known.extend(smime.take(KNOWN_MAX));
            let own = self.folder.pgp_keys.iter().filter(|own| {
                let standing = own.certificate.standing(&seal::pgp::Policy::default(), now_s());
                standing.addresses().any(|named| crate::keys::same_address(named, address))
            });
            let own = own.map(|own| own.certificate.fingerprint());
            let named = self.folder.pgp_for(address).flat_map(|(one, _)| all_of(&one.bytes));
            let prints: BTreeSet<String> = named.map(|one| one.fingerprint()).chain(own).collect();
            let pgp = prints.iter().filter_map(|print| self.pgp.get(&print.to_ascii_lowercase())?.to_bytes().ok());
            order.open.known_pgp.extend(pgp.take(KNOWN_MAX));
        }
        order.open.now = now_s();
        let order = postcard::to_stdvec(&order)
            .map_err(|error| Fault::permanent(FaultCode::Internal, format!("an order cannot be written: {error}")))?;
        Ok(Opener { order, keys: self.keys.clone(), is_partial: self.is_partial, asking: None })
    }
}

fn all_of(bytes: &[u8]) -> Vec<Certificate> {
    Certificate::read_all(bytes).unwrap_or_default()
}

/// With what one mail is opened.
pub struct Opener {
    order: Vec<u8>,
    keys: Vec<OwnKey>,
    is_partial: bool,
    /// Who asks authorities about those who signed; `None` where nobody does.
    asking: Option<Asking>,
}

impl Opener {
    /// Encoded, as a cell reads it.
    pub(crate) fn order(&self) -> &[u8] {
        &self.order
    }

    /// Those that the order names, in its order; they stay here.
    pub(crate) fn keys(&self) -> &[OwnKey] {
        &self.keys
    }

    /// What signatures are worth by what authorities say of their signers; nothing where nobody is asked.
    pub(crate) async fn asked(&self, doubts: Vec<Doubt>) -> Vec<(Doubt, Worth)> {
        match &self.asking {
            Some(asking) if !doubts.is_empty() => asking.worth(doubts).await,
            _ => Vec::new(),
        }
    }

    /// Puts that in the place of what the cell knew, of all signatures by the same certificate that hold.
    pub(crate) async fn settle(&self, opened: &mut mail::Opened, doubts: Vec<Doubt>) {
        for (doubt, worth) in self.asked(doubts).await {
            let print = fingerprint_of(&doubt.certificate);
            let signatures = opened.signatures.iter_mut();
            for signature in signatures.filter(|one| one.scheme == SealScheme::Smime && one.fingerprint == print) {
                if matches!(signature.worth, Worth::Trusted { .. } | Worth::Untrusted { .. }) {
                    signature.worth = worth.clone();
                }
            }
        }
    }

    /// That a mail is for others is believed only where all of the keys could be looked at.
    ///
    /// # Errors
    /// Temporary `KeyUnavailable`.
    pub(crate) fn check(&self, opened: &mail::Opened) -> Result<(), Fault> {
        if self.is_partial && opened.unopened == Some(Unopened::ForOthers) {
            let why = "Some files of keys cannot be read, and the key of this mail may be in one of them; `sealpost key list` names them.";
            return Err(
                Fault::temporary(FaultCode::KeyUnavailable, "some files of keys cannot be read").with_public(why)
            );
        }
        Ok(())
    }
}

fn now_s() -> u64 {
    jiff::Timestamp::now().as_second().unsigned_abs()
}
