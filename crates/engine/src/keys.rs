//! The folder of keys: certificates of people, own keys, and whom we trust, from files as they are.
//!
//! Every file in the folder and below it is read, whatever it is called; those below `trusted` are anchors of trust and nothing else.
//! Names that begin with a full stop are passed over. A file that cannot be used is told and does not stop the rest. A file that the vault
//! sealed is read as what it holds, where the vault is at hand; one that names a key of a token, as that key.

mod address;
mod files;
mod pgp;
mod published;
mod system;
mod token;

use crate::cell;
use address::Addresses;
use files::{File, files};
use seal::key::HeldKey;
use seal::keyfile::{self, FoundKey, Issuers, Item, Password, PgpCertificate};
use seal::smime::{Certificate, PublicKey};
use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::KeyFiles;

pub use address::{folded, same_address};
pub use files::stamp;
pub use pgp::OwnPgpKey;
pub use published::{PublishedFolder, PublishedKeys};
pub use system::system_anchors;
pub use token::{KeyTokens, KeyUri, TokenKey, TokenSettings, TokenTrouble};

/// The name of the folder, within that of keys, whose certificates are trusted.
pub const TRUSTED: &str = "trusted";
/// The name of the one for keys of people, where no private key belongs.
pub const PEOPLE: &str = "people";
/// The name of the one for keys of our own.
pub const OWN: &str = "own";

/// Where something stands: a file, below the folder of keys, and which of the things in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub file: PathBuf,
    /// From 0, among all that the file holds and could be used.
    pub place: usize,
}

/// What opens private keys beside passwords. Cheap to clone.
#[derive(Clone, Default)]
pub struct Openers {
    /// For the files that it sealed.
    pub vault: Option<KeyFiles>,
    /// For those that name a key of one.
    pub tokens: KeyTokens,
}

/// A key of our own with its certificate.
pub struct OwnKey {
    pub certificate: Certificate,
    pub key: cell::OwnKey,
    /// The certificates between it and an anchor, as far as the folder has them; by their names, nothing was proved.
    pub chain: Vec<Certificate>,
    /// Of its certificate.
    pub origin: Origin,
    /// The file of the private key, or the one that names it.
    pub key_file: PathBuf,
}

/// A private key that a file holds, or names.
pub enum Private {
    File(FoundKey),
    Token(TokenKey),
}

impl Private {
    pub fn public(&self) -> &PublicKey {
        match self {
            Private::File(found) => &found.public,
            Private::Token(found) => &found.public,
        }
    }

    /// The key, for a certificate of it.
    fn held(&self, certificate: &Certificate) -> Option<cell::OwnKey> {
        match self {
            Private::File(found) => Some(Arc::new(HeldKey::from_pkcs8(&found.pkcs8, certificate.key()).ok()?)),
            Private::Token(found) => Some(found.key.clone()),
        }
    }
}

/// Something in the folder that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Below the folder of keys; empty for the folder itself.
    pub file: PathBuf,
    pub why: Why,
}

/// What is not as it should be; without content and passwords.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Something in a file cannot be used.
    Fault(keyfile::Fault),
    /// In words of the system.
    Unreadable(String),
    /// Others may read a file with a private key: its mode. The key is used.
    Readable(u32),
    /// A private key below the folder of anchors; it is not used.
    AmongTrusted,
    /// A private key, or the name of one of a token, among the keys of people: whoever put it there made its certificates ours. The key is used.
    AmongPeople,
    /// A private key whose certificate is in no file.
    Alone,
    /// A private key of OpenPGP that no password opens, or of a kind that we do not do.
    Locked,
    /// A file that a vault sealed, and none is at hand.
    Sealed,
    /// A file that another vault sealed, or that somebody changed.
    SealedElsewhere,
    /// A file that names a key of a token, which cannot be used.
    Token(TokenTrouble),
    /// More files, or deeper folders, than are read.
    TooMany,
}

impl Why {
    /// Whether it may be over without anybody changing a file.
    pub fn may_pass(&self) -> bool {
        match self {
            Why::Unreadable(_) | Why::TooMany => true,
            Why::Token(trouble) => trouble.may_pass(),
            _ => false,
        }
    }

    /// Whether everything is used nevertheless.
    pub fn is_warning(&self) -> bool {
        matches!(self, Why::Readable(_) | Why::AmongPeople)
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Fault(fault) => fault.fmt(f),
            Why::Unreadable(error) => write!(f, "it cannot be read: {error}"),
            Why::Readable(mode) => {
                write!(f, "it holds a private key and others may read it (mode {mode:03o}); run chmod go= on it")
            }
            Why::AmongTrusted => {
                write!(
                    f,
                    "it holds a private key among those that are trusted, which is not used; move it out of {TRUSTED}"
                )
            }
            Why::AmongPeople => write!(
                f,
                "it holds a private key among those of people, which makes its certificates ours; move it to {OWN}/ beside {PEOPLE}/ if it \
                 is ours, and remove it if not"
            ),
            Why::Alone => f.write_str("it holds a private key whose certificate is in no file; import the certificate"),
            Why::Locked => {
                f.write_str("it holds a private key of OpenPGP that does not open; name its password by --password")
            }
            Why::Sealed => f.write_str("it is sealed by the vault; name the settings of the gateway by --config"),
            Why::SealedElsewhere => f.write_str(
                "it is sealed by another vault, or was changed; restore the key book that it was sealed with, or import the key again",
            ),
            Why::Token(trouble) => trouble.fmt(f),
            Why::TooMany => f.write_str("there are more files, or deeper folders, than are read"),
        }
    }
}

/// What the folder holds, in the order of the names of its files.
#[derive(Default)]
pub struct KeyFolder {
    /// Everybody's, our own among them, each once; not the anchors.
    pub certificates: Vec<(Certificate, Origin)>,
    pub own: Vec<OwnKey>,
    /// Private keys that wait for their certificate.
    pub alone: Vec<(Private, Origin)>,
    pub anchors: Vec<(Certificate, Origin)>,
    /// Anchors beside them that stand in no file of the folder; whoever reads it adds them.
    pub system: Vec<Certificate>,
    /// Lists of revoked certificates, in DER.
    pub revocations: Vec<(Vec<u8>, Origin)>,
    pub pgp: Vec<(PgpCertificate, Origin)>,
    /// With private parts, under a password or not.
    pub own_pgp: Vec<(PgpCertificate, Origin)>,
    /// Those of them that open.
    pub pgp_keys: Vec<OwnPgpKey>,
    /// The files that the vault opened.
    pub sealed: HashSet<PathBuf>,
    /// The files that name a key of a token, which could be used.
    pub in_tokens: HashSet<PathBuf>,
    pub troubles: Vec<Trouble>,
    of_certificates: Addresses,
    of_own: Addresses,
    of_pgp: Addresses,
    of_own_pgp: Addresses,
}

impl KeyFolder {
    /// Reads all of it. Each password is tried on whatever stands under one. It blocks, and trying passwords takes its time.
    ///
    /// Total: a folder that is not there is one without keys, with a trouble.
    pub fn read(dir: &Path, passwords: &[Password]) -> KeyFolder {
        KeyFolder::read_with(dir, passwords, &Openers::default())
    }

    /// The same, with the vault that sealed some of its files and the tokens that others name.
    pub fn read_with(dir: &Path, passwords: &[Password], openers: &Openers) -> KeyFolder {
        let mut reading = Reading::default();
        let (files, trouble) = files(dir);
        reading.folder.troubles.extend(trouble);
        for file in files {
            reading.file(file, passwords, openers);
        }
        let mut folder = reading.done();
        folder.unlock(passwords);
        folder
    }

    fn unlock(&mut self, passwords: &[Password]) {
        for (one, origin) in &self.own_pgp {
            match pgp::unlocked(one, origin, passwords) {
                Some(key) => self.pgp_keys.push(key),
                None => self.troubles.push(Trouble { file: origin.file.clone(), why: Why::Locked }),
            }
        }
    }

    /// The certificates that speak for an address: those that spell it the same (the case of the domain never matters), and only where
    /// there are none, those whose local part differs in case alone.
    pub fn certificates_for(&self, address: &str) -> impl Iterator<Item = &(Certificate, Origin)> {
        self.of_certificates.find(address).filter_map(|place| self.certificates.get(place))
    }

    /// Our own keys for an address, spelled as for [`KeyFolder::certificates_for`].
    pub fn own_for(&self, address: &str) -> impl Iterator<Item = &OwnKey> {
        self.of_own.find(address).filter_map(|place| self.own.get(place))
    }

    /// Certificates of OpenPGP with a user id of this address, signed or not.
    pub fn pgp_for(&self, address: &str) -> impl Iterator<Item = &(PgpCertificate, Origin)> {
        self.of_pgp.find(address).filter_map(|place| self.pgp.get(place))
    }

    /// Own ones of OpenPGP with a user id of this address.
    pub fn own_pgp_for(&self, address: &str) -> impl Iterator<Item = &(PgpCertificate, Origin)> {
        self.of_own_pgp.find(address).filter_map(|place| self.own_pgp.get(place))
    }

    /// What is in the way of using something; without warnings.
    pub fn faults(&self) -> impl Iterator<Item = &Trouble> {
        self.troubles.iter().filter(|trouble| !trouble.why.is_warning())
    }
}

#[derive(Default)]
struct Reading {
    folder: KeyFolder,
    keys: Vec<(Private, Origin)>,
    /// What was come upon already, in DER or as packets.
    seen: HashSet<Vec<u8>>,
    anchors_seen: HashSet<Vec<u8>>,
}

impl Reading {
    fn file(&mut self, mut file: File, passwords: &[Password], openers: &Openers) {
        let is_sealed = file.bytes.as_ref().is_ok_and(|bytes| KeyFiles::is_one(bytes));
        if is_sealed {
            let vault = openers.vault.as_ref().ok_or(Why::Sealed);
            file.bytes = file.bytes.and_then(|bytes| vault?.open(&bytes).map_err(|_| Why::SealedElsewhere));
        }
        let trouble = |why: Why| Trouble { file: file.name.clone(), why };
        let bytes = match &file.bytes {
            Ok(bytes) => bytes,
            Err(why) => return self.folder.troubles.push(trouble(why.clone())),
        };
        self.folder.sealed.extend(is_sealed.then(|| file.name.clone()));
        if KeyUri::is_one(bytes) {
            return self.of_token(bytes, &file, &openers.tokens);
        }
        let found = keyfile::read(bytes, passwords);
        self.folder.troubles.extend(found.faults.into_iter().map(|fault| trouble(Why::Fault(fault))));
        let is_private = |item: &Item| matches!(item, Item::PrivateKey(_) | Item::PgpSecret(_));
        if found.items.iter().any(is_private) {
            let is_readable = file.mode & 0o077 != 0 && !is_sealed;
            let whys = match file.is_trusted() {
                true => [Some(Why::AmongTrusted), None],
                false => {
                    [is_readable.then_some(Why::Readable(file.mode)), file.is_of_people().then_some(Why::AmongPeople)]
                }
            };
            self.folder.troubles.extend(whys.into_iter().flatten().map(trouble));
        }
        for (place, item) in found.items.into_iter().enumerate() {
            let origin = Origin { file: file.name.clone(), place };
            match file.is_trusted() {
                true => self.anchor(item, origin),
                false => self.item(item, origin),
            }
        }
    }

    /// The key that a file names, with the certificates that the token has of it.
    fn of_token(&mut self, line: &[u8], file: &File, tokens: &KeyTokens) {
        let trouble = |why: Why| Trouble { file: file.name.clone(), why };
        if file.is_trusted() {
            return self.folder.troubles.push(trouble(Why::AmongTrusted));
        }
        let mut found = match KeyUri::read(line).and_then(|uri| tokens.find(&uri)) {
            Ok(found) => found,
            Err(why) => return self.folder.troubles.push(trouble(Why::Token(why))),
        };
        self.folder.in_tokens.insert(file.name.clone());
        self.folder.troubles.extend(file.is_of_people().then(|| trouble(Why::AmongPeople)));
        let origin = |place: usize| Origin { file: file.name.clone(), place };
        for (place, certificate) in std::mem::take(&mut found.certificates).into_iter().enumerate() {
            self.item(Item::Certificate(certificate), origin(place + 1));
        }
        self.private(Private::Token(found), origin(0));
    }

    fn private(&mut self, key: Private, origin: Origin) {
        if self.keys.iter().all(|(known, _)| known.public() != key.public()) {
            self.keys.push((key, origin));
        }
    }

    fn anchor(&mut self, item: Item, origin: Origin) {
        match item {
            Item::Certificate(one) if self.anchors_seen.insert(one.der().to_vec()) => {
                self.folder.anchors.push((one, origin));
            }
            Item::RevocationList(der) => self.folder.revocations.push((der, origin)),
            _ => {}
        }
    }

    fn item(&mut self, item: Item, origin: Origin) {
        match item {
            Item::Certificate(one) => {
                if self.seen.insert(one.der().to_vec()) {
                    self.folder.certificates.push((one, origin));
                }
            }
            Item::PrivateKey(key) => self.private(Private::File(key), origin),
            Item::RevocationList(der) => self.folder.revocations.push((der, origin)),
            Item::PgpPublic(one) => {
                if self.seen.insert(one.bytes.to_vec()) {
                    self.folder.pgp.push((one, origin));
                }
            }
            Item::PgpSecret(one) => {
                if self.folder.own_pgp.iter().all(|(known, _)| known.bytes != one.bytes) {
                    self.folder.own_pgp.push((one, origin));
                }
            }
        }
    }

    /// Private keys meet their certificates, from whatever files.
    fn done(mut self) -> KeyFolder {
        let mut folder = self.folder;
        let issuers = match self.keys.is_empty() {
            true => Issuers::default(),
            false => Issuers::of(folder.certificates.iter().map(|(one, _)| one)),
        };
        for (key, key_origin) in std::mem::take(&mut self.keys) {
            let of_key = folder.certificates.iter().filter(|(one, _)| one.key() == key.public());
            let mut found = Vec::new();
            for (certificate, origin) in of_key {
                let Some(held) = key.held(certificate) else { continue };
                let chain = issuers.chain(certificate);
                let chain =
                    chain.into_iter().filter_map(|place| folder.certificates.get(place)).map(|(one, _)| one.clone());
                found.push(OwnKey {
                    certificate: certificate.clone(),
                    key: held,
                    chain: chain.collect(),
                    origin: origin.clone(),
                    key_file: key_origin.file.clone(),
                });
            }
            if found.is_empty() {
                folder.troubles.push(Trouble { file: key_origin.file.clone(), why: Why::Alone });
                folder.alone.push((key, key_origin));
            }
            folder.own.extend(found);
        }
        folder.of_certificates = Addresses::of(folder.certificates.iter().map(|(one, _)| one.addresses()));
        folder.of_own = Addresses::of(folder.own.iter().map(|own| own.certificate.addresses()));
        folder.of_pgp = Addresses::of(folder.pgp.iter().map(|(one, _)| one.addresses.as_slice()));
        folder.of_own_pgp = Addresses::of(folder.own_pgp.iter().map(|(one, _)| one.addresses.as_slice()));
        folder
    }
}
