//! `sealpost key generate`: a key of our own.

mod in_token;

use super::super::seal::Scheme;
use super::super::{Failure, now_s, print_object};
use super::keep::Keep;
use super::place::{Readers, Shelf, Written, put};
use super::{Keys, digits, fingerprint_of_key};
use clap::ValueEnum;
use engine::keys::{KeyFolder, Openers};
use policy::is_plain_address;
use seal::Random;
use seal::key::Kem;
use seal::keyfile::issue::{Kind, Subject, generated, request, self_signed, signed_by};
use seal::keyfile::{Item, pem, read};
use seal::pgp::{NewKey, Reads};
use seal::smime::{Certificate, PublicKey};
use seal::verdict::{algorithm, fingerprint};
use serde_json::json;
use std::path::Path;
use zeroize::Zeroizing;

const DAY_S: u64 = 24 * 60 * 60;

#[derive(Debug, clap::Args)]
pub struct Asked {
    /// The address that the key speaks for; may be given several times.
    #[arg(long = "address", value_name = "ADDRESS", required = true)]
    addresses: Vec<String>,
    /// The name in the certificate. Default: the first address.
    #[arg(long)]
    name: Option<String>,
    #[arg(long, value_enum, default_value = "smime")]
    scheme: Scheme,
    #[arg(long, value_enum, default_value = "rsa-3072")]
    algorithm: Algorithm,
    /// How long the certificate is valid from now.
    #[arg(long, default_value_t = 730, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    days: u32,
    /// The fingerprint of an own certificate that signs the new one: for ml-kem-512, ml-kem-768 and ml-kem-1024, which sign nothing
    /// themselves.
    #[arg(long, value_name = "FINGERPRINT")]
    signed_by: Option<String>,
    /// Make no key: use one that a token of --config keeps, such as pkcs11:token=LABEL;object=NAME.
    #[arg(long, value_name = "URI", conflicts_with_all = ["scheme", "algorithm", "signed_by", "sealed"])]
    token_key: Option<String>,
    /// Have the vault of --config seal the file.
    #[arg(long)]
    sealed: bool,
    /// Make no certificate, but a request (PKCS#10) that an authority makes one of; then import what it sends.
    #[arg(long)]
    request: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Algorithm {
    #[value(name = "rsa-2048")]
    Rsa2048,
    #[value(name = "rsa-3072")]
    Rsa3072,
    #[value(name = "rsa-4096")]
    Rsa4096,
    #[value(name = "p256")]
    P256,
    #[value(name = "p384")]
    P384,
    /// Of S/MIME it signs only.
    #[value(name = "ed25519")]
    Ed25519,
    /// Of OpenPGP alone: a key of version 6 (RFC 9580), which GnuPG does not read.
    #[value(name = "ed25519-v6")]
    Ed25519V6,
    /// Against computers of quanta; others encrypt for it only, and it needs --signed-by.
    #[value(name = "ml-kem-512")]
    MlKem512,
    #[value(name = "ml-kem-768")]
    MlKem768,
    #[value(name = "ml-kem-1024")]
    MlKem1024,
}

impl Algorithm {
    /// With a certificate; `None` for those of OpenPGP alone.
    fn kind(self) -> Option<Kind> {
        match self {
            Algorithm::Rsa2048 => Some(Kind::Rsa2048),
            Algorithm::Rsa3072 => Some(Kind::Rsa3072),
            Algorithm::Rsa4096 => Some(Kind::Rsa4096),
            Algorithm::P256 => Some(Kind::P256),
            Algorithm::P384 => Some(Kind::P384),
            Algorithm::Ed25519 => Some(Kind::Ed25519),
            Algorithm::Ed25519V6 => None,
            Algorithm::MlKem512 => Some(Kind::MlKem(Kem::MlKem512)),
            Algorithm::MlKem768 => Some(Kind::MlKem(Kem::MlKem768)),
            Algorithm::MlKem1024 => Some(Kind::MlKem(Kem::MlKem1024)),
        }
    }

    /// Of OpenPGP; `None` for those that only certificates have.
    fn pgp_kind(self) -> Option<NewKey> {
        match self {
            Algorithm::Rsa2048 => Some(NewKey::Rsa2048),
            Algorithm::Rsa3072 => Some(NewKey::Rsa3072),
            Algorithm::Rsa4096 => Some(NewKey::Rsa4096),
            Algorithm::Ed25519 => Some(NewKey::Curve25519),
            Algorithm::Ed25519V6 => Some(NewKey::Version6),
            _ => None,
        }
    }
}

/// Chance from the machine. It cannot fail there once the program runs; if it did, no key may come of it.
pub struct Chance;

impl Random for Chance {
    fn fill(&mut self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// # Errors
/// When an address is none, the machine makes no key, or the folder takes no file.
pub fn run(keys: &Keys, openers: &Openers, asked: &Asked) -> Result<(), Failure> {
    if let Some(wrong) = asked.addresses.iter().find(|address| !is_plain_address(address)) {
        return Err(Failure::new(format!("{wrong:?} is no address; write one such as support@example.org")));
    }
    let passwords = keys.passwords()?;
    let keep = Keep::asked(asked.sealed, openers.vault.as_ref(), (&keys.passwords, &passwords))?;
    let addresses: Vec<&str> = asked.addresses.iter().map(|address| address.trim()).collect();
    let name = asked.name.as_deref().or(addresses.first().copied()).unwrap_or_default();
    let subject = Subject { name, addresses: &addresses };
    if let Some(uri) = &asked.token_key {
        return in_token::run(keys, openers, uri, (asked, subject));
    }
    if asked.scheme == Scheme::Pgp {
        return pgp_key(&keys.folder, asked, subject, keep);
    }
    let Some(kind) = asked.algorithm.kind() else {
        return Err(Failure::new(
            "--algorithm ed25519-v6 makes keys of OpenPGP; write --scheme pgp, or choose ed25519",
        ));
    };
    let is_kem = matches!(kind, Kind::MlKem(_));
    if is_kem != asked.signed_by.is_some() {
        return Err(Failure::new(
            "--signed-by goes with --algorithm ml-kem-512, ml-kem-768 or ml-kem-1024, and these with it: such a key cannot sign its own \
             certificate; name the fingerprint of an own certificate that signs, as `sealpost key list` shows it",
        ));
    }
    let pkcs8 = generated(kind).map_err(|trouble| Failure::new(format!("no key was made: {trouble}")))?;
    match asked.request {
        true => with_request(&keys.folder, subject, &pkcs8, keep),
        false => with_certificate(keys, openers, asked, subject, (&pkcs8, keep)),
    }
}

fn cannot(trouble: seal::Trouble) -> Failure {
    Failure::new(format!("no certificate was made: {trouble}"))
}

fn with_certificate(
    keys: &Keys,
    openers: &Openers,
    asked: &Asked,
    subject: Subject<'_>,
    (pkcs8, keep): (&[u8], Keep<'_>),
) -> Result<(), Failure> {
    let now = now_s();
    let until = now + u64::from(asked.days) * DAY_S;
    let der = match &asked.signed_by {
        Some(issuer) => signed_by_own(&keys.read(openers)?, issuer, pkcs8, subject, (now, until))?,
        None => self_signed(pkcs8, subject, (now, until), &mut Chance).map_err(cannot)?,
    };
    let folder = &keys.folder;
    let certificate = Certificate::from_der(&der).map_err(cannot)?;
    let fingerprint = fingerprint(&certificate);
    let both = Zeroizing::new([keep.pem(pkcs8)?.as_str(), &pem("CERTIFICATE", &der)].concat());
    let file = new(keep.put(folder, &fingerprint, "pem", both.as_bytes())?)?;
    told_certificate(folder, &certificate, &file)
}

fn signed_by_own(
    folder: &KeyFolder,
    issuer: &str,
    pkcs8: &[u8],
    subject: Subject<'_>,
    valid: (u64, u64),
) -> Result<Vec<u8>, Failure> {
    let digits = digits(issuer)?;
    let own = folder.own.iter().find(|own| fingerprint(&own.certificate).starts_with(&digits));
    let own = own.ok_or_else(|| {
        Failure::new(format!(
            "no own certificate has the fingerprint {digits}; `sealpost key list` shows those that are there"
        ))
    })?;
    signed_by((&own.certificate, &*own.key), pkcs8, subject, valid, &mut Chance).map_err(cannot)
}

fn with_request(folder: &Path, subject: Subject<'_>, pkcs8: &[u8], keep: Keep<'_>) -> Result<(), Failure> {
    let request = request(pkcs8, subject).map_err(cannot)?;
    let found = read(pem("PRIVATE KEY", pkcs8).as_bytes(), &[]);
    let Some(Item::PrivateKey(key)) = found.items.first() else {
        return Err(Failure::new("no key was made: it cannot be read again"));
    };
    let name = fingerprint_of_key(&key.public);
    let file = new(keep.put(folder, &name, "pem", keep.pem(pkcs8)?.as_bytes())?)?;
    told_request(folder, (subject, &key.public), (&name, &file), &request)
}

/// Writes a request beside the file of its key, and tells of both.
fn told_request(
    folder: &Path,
    (subject, public): (Subject<'_>, &PublicKey),
    (name, file): (&str, &Path),
    request: &[u8],
) -> Result<(), Failure> {
    let text = pem("CERTIFICATE REQUEST", request);
    let csr = new(put(folder, Shelf::Own, &format!("{name}.csr"), text.as_bytes(), Readers::Everybody)?)?;
    print_object(&json!({
        "scheme": "smime",
        "algorithm": algorithm(public),
        "addresses": subject.addresses,
        "file": folder.join(file),
        "request": folder.join(csr),
    }))
}

/// Tells of a new certificate.
fn told_certificate(folder: &Path, certificate: &Certificate, file: &Path) -> Result<(), Failure> {
    let (from, until) = certificate.validity();
    print_object(&json!({
        "fingerprint": fingerprint(certificate),
        "scheme": "smime",
        "algorithm": algorithm(certificate.key()),
        "addresses": certificate.addresses(),
        "not_before": super::inventory::time(from),
        "not_after": super::inventory::time(until),
        "file": folder.join(file),
    }))
}

/// A key of OpenPGP: one part signs, another is encrypted for.
fn pgp_key(folder: &Path, asked: &Asked, subject: Subject<'_>, keep: Keep<'_>) -> Result<(), Failure> {
    let Some(kind) = asked.algorithm.pgp_kind() else {
        return Err(Failure::new(
            "OpenPGP keys are made with --algorithm rsa-2048, rsa-3072, rsa-4096, ed25519 or ed25519-v6",
        ));
    };
    if asked.request {
        return Err(Failure::new("--request is for S/MIME: no authority makes certificates of OpenPGP keys"));
    }
    let unwritable = |one: char| one.is_control() || matches!(one, '<' | '>');
    let names: Vec<String> = match &asked.name {
        Some(name) if name.chars().any(unwritable) => {
            return Err(Failure::new("the name stands on one line, without angle brackets"));
        }
        Some(name) => subject.addresses.iter().map(|address| format!("{name} <{address}>")).collect(),
        None => subject.addresses.iter().map(|address| (*address).to_owned()).collect(),
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (now, lives_s) = (now_s(), u64::from(asked.days) * DAY_S);
    let lives = u32::try_from(lives_s).map_err(|_| Failure::new("an OpenPGP key lives for 136 years at most"))?;
    let password = keep.password()?.map(|password| password.as_bytes());
    let made = seal::pgp::generate_for(kind, Reads::Rfc9580, &names, now, Some(lives), password, &mut Chance);
    let made = made.map_err(|trouble| Failure::new(format!("no key was made: {trouble}")))?;
    let found = read(made.as_bytes(), &[]);
    let Some(Item::PgpSecret(one)) = found.items.first() else {
        return Err(Failure::new("no key was made: it cannot be read again"));
    };
    let file = new(keep.put(folder, &one.fingerprint, "pgp", &one.bytes)?)?;
    print_object(&json!({
        "fingerprint": one.fingerprint,
        "scheme": "pgp",
        "algorithm": asked.algorithm.to_possible_value().map(|value| value.get_name().to_owned()),
        "addresses": one.addresses,
        "not_before": super::inventory::time(now),
        "not_after": super::inventory::time(now + lives_s),
        "file": folder.join(file),
    }))
}

fn new(written: Written) -> Result<std::path::PathBuf, Failure> {
    match written {
        Written::New(file) => Ok(file),
        Written::Taken(file) => Err(Failure::new(format!("{} is there already, and stays as it is", file.display()))),
    }
}
