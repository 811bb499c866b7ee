//! Keys and certificates: made, changed, taken back, and put together.

use super::given::{Given, Refused};
use super::{
    BAD_DATA, FAILED, KEY_CANNOT_SIGN, KEY_IS_PROTECTED, MISSING_ARG, PASSWORD_NOT_HUMAN_READABLE, PROFILES,
    UNSUPPORTED_PROFILE, bad, certificates,
};
use crate::command::key::Chance;
use crate::command::now_s;
use seal::Trouble;
use seal::pgp::armor::{self, Kind};
use seal::pgp::{self, Certificate, Key, NewKey, Reads};
use zeroize::Zeroizing;

/// # Errors
/// When it is a kind of key that is not made.
pub fn generate_key(given: &Given) -> Result<(), Refused> {
    let kind = match given.value("profile") {
        None | Some("default" | "compatibility") => PROFILES[0].1,
        Some("performance" | "security") => NewKey::Version6,
        Some(name) => PROFILES
            .iter()
            .find(|(known, _, _)| *known == name)
            .map(|(_, kind, _)| *kind)
            .ok_or_else(|| Refused::new(UNSUPPORTED_PROFILE, format!("{name} is none of its profiles")))?,
    };
    let password = new_password(given, "with-key-password")?;
    let password = password.as_ref().map(|password| password.as_slice());
    // Who asks for a key of a standard means what goes with it.
    let reads = match kind {
        NewKey::Version6 | NewKey::PostQuantum => Reads::Rfc9580,
        _ => Reads::Rfc4880,
    };
    let (names, now) = (given.names(), now_s());
    let key = match given.flag("signing-only") {
        true => kind.generate_to_sign(reads, &names, now, password, &mut Chance),
        false => pgp::generate_for(kind, reads, &names, now, None, password, &mut Chance),
    };
    let key = key.map_err(|trouble| Refused::new(FAILED, trouble.to_string()))?;
    given.result(Kind::PrivateKey, &Zeroizing::new(armor::unarmored(key.as_bytes()).map_err(bad)?))
}

/// Without a new password the key is under none.
///
/// # Errors
/// When none of the old passwords opens it.
pub fn change_key_password(given: &Given) -> Result<(), Refused> {
    let new = new_password(given, "new-key-password")?;
    let old = given.values("old-key-password").map(|file| given.password(file)).collect::<Result<Vec<_>, _>>()?;
    let old: Vec<&[u8]> = old.iter().map(|password| password.as_slice()).collect();
    let input = Zeroizing::new(given.input()?);
    // What is no key is told before passwords are.
    Certificate::of_private(&input).map_err(bad)?;
    let packets = match input.starts_with(b"-----BEGIN") {
        true => Zeroizing::new(armor::unarmored(&input).map_err(bad)?),
        false => input,
    };
    let changed = pgp::relocked(&packets, &old, new.as_ref().map(|new| new.as_slice()), &mut Chance);
    let changed = changed.map_err(|trouble| match trouble {
        Trouble::KeyRefused => {
            Refused::new(KEY_IS_PROTECTED, "no password that was given opens the key; give it by --old-key-password")
        }
        other => bad(other),
    })?;
    given.result(Kind::PrivateKey, &changed)
}

/// Each key's word that it counts no more, for whoever has its certificate.
///
/// # Errors
/// When a key is under a password that was not given, or its first private key is elsewhere.
pub fn revoke_key(given: &Given) -> Result<(), Refused> {
    let passwords = key_passwords(given)?;
    let keys = unlocked("the input", &Zeroizing::new(given.input()?), &passwords)?;
    let mut packets = Vec::new();
    for key in &keys {
        let word = pgp::revocation(key, now_s(), &mut Chance).map_err(|trouble| match trouble {
            Trouble::KeyRefused => Refused::new(KEY_CANNOT_SIGN, "the first private key of one is missing, or locked"),
            other => bad(other),
        })?;
        packets.extend(word.to_bytes().map_err(bad)?);
    }
    given.result(Kind::PublicKey, &packets)
}

/// # Errors
/// When the input is no private key.
pub fn extract_cert(given: &Given) -> Result<(), Refused> {
    let all = Certificate::of_private(&Zeroizing::new(given.input()?)).map_err(bad)?;
    let bytes: Result<Vec<Vec<u8>>, Trouble> = all.iter().map(Certificate::to_bytes).collect();
    given.result(Kind::PublicKey, &bytes.map_err(bad)?.concat())
}

/// What files know more of the certificates on standard input; others in them are left out.
///
/// # Errors
/// When an input is no certificate.
pub fn merge_certs(given: &Given) -> Result<(), Refused> {
    let updates = certificates(given, given.names().into_iter())?;
    let mut all: Vec<Certificate> = Vec::new();
    for one in Certificate::read_all(&given.input()?).map_err(bad)? {
        match all.iter_mut().find(|own| own.fingerprint() == one.fingerprint()) {
            Some(own) => own.learn(&one).map_err(bad)?,
            None => all.push(one),
        }
    }
    for own in &mut all {
        let fingerprint = own.fingerprint();
        for update in updates.iter().filter(|one| one.fingerprint() == fingerprint) {
            own.learn(update).map_err(bad)?;
        }
    }
    let bytes: Result<Vec<Vec<u8>>, Trouble> = all.iter().map(Certificate::to_bytes).collect();
    given.result(Kind::PublicKey, &bytes.map_err(bad)?.concat())
}

/// A password that something is put under: people have to be able to write it.
fn new_password(given: &Given, option: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Refused> {
    given.value(option).map(|file| writable(given, file)).transpose()
}

/// The same for a file that is named.
///
/// # Errors
/// When it is no text.
pub fn writable(given: &Given, file: &str) -> Result<Zeroizing<Vec<u8>>, Refused> {
    let password = given.password(file)?;
    if std::str::from_utf8(&password).is_err() {
        return Err(Refused::new(PASSWORD_NOT_HUMAN_READABLE, "the password is no text in UTF-8"));
    }
    Ok(password)
}

/// The private keys of files.
///
/// # Errors
/// When there is none, or one is under a password that was not given.
pub fn keys(given: &Given, files: &[&str]) -> Result<Vec<Key<'static>>, Refused> {
    let (passwords, mut all) = (key_passwords(given)?, Vec::new());
    for file in files {
        all.extend(unlocked(file, &Zeroizing::new(given.file(file)?), &passwords)?);
    }
    if all.is_empty() { Err(Refused::new(MISSING_ARG, "name a file with a private key")) } else { Ok(all) }
}

/// Each is read once: it may be an open descriptor.
fn key_passwords(given: &Given) -> Result<Vec<Zeroizing<Vec<u8>>>, Refused> {
    given.values("with-key-password").map(|file| given.password(file)).collect()
}

/// The private keys of one file.
fn unlocked(name: &str, bytes: &[u8], passwords: &[Zeroizing<Vec<u8>>]) -> Result<Vec<Key<'static>>, Refused> {
    let mut opened = Key::read_all(bytes, b"");
    for password in passwords {
        if matches!(opened, Err(Trouble::KeyRefused)) {
            opened = Key::read_all(bytes, password);
        }
    }
    opened.map_err(|trouble| match trouble {
        Trouble::KeyRefused => Refused::new(
            KEY_IS_PROTECTED,
            format!("{name} is under a password, and none that was given opens it; give it by --with-key-password"),
        ),
        other => Refused::new(BAD_DATA, format!("{name}: {other}")),
    })
}
