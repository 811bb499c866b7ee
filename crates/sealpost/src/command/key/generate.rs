//! `sealpost key generate`: a key of our own.

use super::super::seal::Scheme;
use super::super::{Failure, now_s, print_object};
use super::place::{Readers, Shelf, Written, put};
use super::{Keys, fingerprint_of_key};
use clap::ValueEnum;
use policy::is_plain_address;
use seal::Random;
use seal::keyfile::issue::{Kind, Subject, generated, request, self_signed};
use seal::keyfile::{Item, Password, encrypted_pkcs8, pem, read};
use seal::pgp::{NewKey, Reads};
use seal::smime::Certificate;
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
}

impl Algorithm {
    fn kind(self) -> Kind {
        match self {
            Algorithm::Rsa2048 => Kind::Rsa2048,
            Algorithm::Rsa3072 => Kind::Rsa3072,
            Algorithm::Rsa4096 => Kind::Rsa4096,
            Algorithm::P256 => Kind::P256,
            Algorithm::P384 => Kind::P384,
            Algorithm::Ed25519 => Kind::Ed25519,
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
pub fn run(keys: &Keys, asked: &Asked) -> Result<(), Failure> {
    if let Some(wrong) = asked.addresses.iter().find(|address| !is_plain_address(address)) {
        return Err(Failure::new(format!("{wrong:?} is no address; write one such as support@example.org")));
    }
    let passwords = keys.passwords()?;
    let addresses: Vec<&str> = asked.addresses.iter().map(|address| address.trim()).collect();
    let name = asked.name.as_deref().or(addresses.first().copied()).unwrap_or_default();
    let subject = Subject { name, addresses: &addresses };
    if asked.scheme == Scheme::Pgp {
        return pgp_key(&keys.folder, asked, subject, passwords.first());
    }
    let pkcs8 =
        generated(asked.algorithm.kind()).map_err(|trouble| Failure::new(format!("no key was made: {trouble}")))?;
    let private = private_pem(&pkcs8, passwords.first())?;
    match asked.request {
        true => with_request(&keys.folder, subject, &pkcs8, &private),
        false => with_certificate(&keys.folder, asked, subject, &pkcs8, &private),
    }
}

/// A private key as a file has it: under the password, if there is one.
pub fn private_pem(pkcs8: &[u8], password: Option<&Password>) -> Result<Zeroizing<String>, Failure> {
    let Some(password) = password else { return Ok(pem("PRIVATE KEY", pkcs8)) };
    let sealed = encrypted_pkcs8(pkcs8, password, &mut Chance).map_err(cannot)?;
    Ok(pem("ENCRYPTED PRIVATE KEY", &sealed))
}

fn cannot(trouble: seal::Trouble) -> Failure {
    Failure::new(format!("no certificate was made: {trouble}"))
}

fn with_certificate(
    folder: &Path,
    asked: &Asked,
    subject: Subject<'_>,
    pkcs8: &[u8],
    private: &str,
) -> Result<(), Failure> {
    let now = now_s();
    let until = now + u64::from(asked.days) * DAY_S;
    let der = self_signed(pkcs8, subject, (now, until), &mut Chance).map_err(cannot)?;
    let certificate = Certificate::from_der(&der).map_err(cannot)?;
    let fingerprint = fingerprint(&certificate);
    let both = Zeroizing::new([private, &pem("CERTIFICATE", &der)].concat());
    let file = new(put(folder, Shelf::Own, &format!("{fingerprint}.pem"), both.as_bytes(), Readers::Owner)?)?;
    print_object(&json!({
        "fingerprint": fingerprint,
        "scheme": "smime",
        "algorithm": algorithm(certificate.key()),
        "addresses": certificate.addresses(),
        "not_before": super::inventory::time(now),
        "not_after": super::inventory::time(until),
        "file": folder.join(file),
    }))
}

fn with_request(folder: &Path, subject: Subject<'_>, pkcs8: &[u8], private: &str) -> Result<(), Failure> {
    let request = request(pkcs8, subject).map_err(cannot)?;
    let found = read(pem("PRIVATE KEY", pkcs8).as_bytes(), &[]);
    let Some(Item::PrivateKey(key)) = found.items.first() else {
        return Err(Failure::new("no key was made: it cannot be read again"));
    };
    let name = fingerprint_of_key(&key.public);
    let file = new(put(folder, Shelf::Own, &format!("{name}.pem"), private.as_bytes(), Readers::Owner)?)?;
    let text = pem("CERTIFICATE REQUEST", &request);
    let csr = new(put(folder, Shelf::Own, &format!("{name}.csr"), text.as_bytes(), Readers::Everybody)?)?;
    print_object(&json!({
        "scheme": "smime",
        "algorithm": algorithm(&key.public),
        "addresses": subject.addresses,
        "file": folder.join(file),
        "request": folder.join(csr),
    }))
}

/// A key of OpenPGP: one part signs, another is encrypted for.
fn pgp_key(folder: &Path, asked: &Asked, subject: Subject<'_>, password: Option<&Password>) -> Result<(), Failure> {
    let kind = match asked.algorithm {
        Algorithm::Rsa2048 => NewKey::Rsa2048,
        Algorithm::Rsa3072 => NewKey::Rsa3072,
        Algorithm::Rsa4096 => NewKey::Rsa4096,
        Algorithm::Ed25519 => NewKey::Curve25519,
        Algorithm::P256 | Algorithm::P384 => {
            return Err(Failure::new("OpenPGP keys are made with --algorithm rsa-2048, rsa-3072, rsa-4096 or ed25519"));
        }
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
    let password = password.map(|password| password.as_bytes());
    let made = seal::pgp::generate_for(kind, Reads::Rfc9580, &names, now, Some(lives), password, &mut Chance);
    let made = made.map_err(|trouble| Failure::new(format!("no key was made: {trouble}")))?;
    let found = read(made.as_bytes(), &[]);
    let Some(Item::PgpSecret(one)) = found.items.first() else {
        return Err(Failure::new("no key was made: it cannot be read again"));
    };
    let file = new(put(folder, Shelf::Own, &format!("{}.pgp", one.fingerprint), &one.bytes, Readers::Owner)?)?;
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
