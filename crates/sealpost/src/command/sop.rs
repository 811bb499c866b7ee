//! `sealpost sop`: the Stateless OpenPGP command line (draft-dkg-openpgp-stateless-cli), by which public suites compare programs.
//!
//! Each call reads its files, does one thing, and ends with one of the draft's numbers. It keeps nothing, and asks no network.

mod encryption;
mod given;
mod signing;

use super::key::Chance;
use super::now_s;
use given::{Given, Refused, out, subcommands};
use seal::Trouble;
use seal::pgp::armor::{self, Kind};
use seal::pgp::{self, Certificate, Key, NewKey, Reads, Signature};
use std::process::ExitCode;
use zeroize::Zeroizing;

// What each number means, as the draft has it (section "Failure Modes").
const FAILED: u8 = 1;
const NO_SIGNATURE: u8 = 3;
const CERT_CANNOT_ENCRYPT: u8 = 17;
const MISSING_ARG: u8 = 19;
const INCOMPLETE_VERIFICATION: u8 = 23;
const CANNOT_DECRYPT: u8 = 29;
const PASSWORD_NOT_HUMAN_READABLE: u8 = 31;
const UNSUPPORTED_OPTION: u8 = 37;
const BAD_DATA: u8 = 41;
const EXPECTED_TEXT: u8 = 53;
const OUTPUT_EXISTS: u8 = 59;
const MISSING_INPUT: u8 = 61;
const KEY_IS_PROTECTED: u8 = 67;
const UNSUPPORTED_SUBCOMMAND: u8 = 69;
const UNSUPPORTED_SPECIAL_PREFIX: u8 = 71;
const AMBIGUOUS_INPUT: u8 = 73;
const KEY_CANNOT_SIGN: u8 = 79;
const INCOMPATIBLE_OPTIONS: u8 = 83;
const UNSUPPORTED_PROFILE: u8 = 89;

/// Kinds of keys that are made; the first when nothing is said.
const PROFILES: [(&str, NewKey, &str); 5] = [
    (
        "draft-koch-eddsa-for-openpgp-00",
        NewKey::Curve25519,
        "Ed25519 and X25519 in version 4, which every program reads",
    ),
    ("rfc4880", NewKey::Rsa3072, "RSA with 3,072 bits, version 4"),
    ("rsa4096", NewKey::Rsa4096, "RSA with 4,096 bits, version 4"),
    ("rfc9580", NewKey::Version6, "Ed25519 and X25519, version 6"),
    ("rfc9980", NewKey::PostQuantum, "ML-DSA-65 and ML-KEM-768 with Ed25519 and X25519, version 6"),
];

/// Does one of the draft's subcommands.
pub fn run(arguments: Vec<String>) -> ExitCode {
    match Given::read(arguments).and_then(|given| done(&given)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Refused { code, text }) => {
            if !text.is_empty() {
                eprintln!("sealpost sop: {text}");
            }
            ExitCode::from(code)
        }
    }
}

fn done(given: &Given) -> Result<(), Refused> {
    match given.subcommand.as_str() {
        "version" => version(given),
        "list-profiles" => list_profiles(given),
        "generate-key" => generate_key(given),
        "change-key-password" => change_key_password(given),
        "extract-cert" => extract_cert(given),
        "sign" => signing::sign(given),
        "verify" => signing::verify(given),
        "encrypt" => encryption::encrypt(given),
        "decrypt" => encryption::decrypt(given),
        "armor" => armored(given),
        "dearmor" => dearmored(given),
        "inline-sign" => signing::inline_sign(given),
        "inline-verify" => signing::inline_verify(given),
        "inline-detach" => signing::inline_detach(given),
        _ => out(format!("{}\n", subcommands().replace(", ", "\n")).as_bytes()),
    }
}

fn version(given: &Given) -> Result<(), Refused> {
    const OWN: &str = concat!("sealpost ", env!("CARGO_PKG_VERSION"), "\n");
    // The tilde says that not all of it is done.
    const SPEC: &str = "~draft-dkg-openpgp-stateless-cli-11\n\nNo passwords and session keys of messages, and of what changes keys only their passwords.\n";
    let asked = ["backend", "extended", "sop-spec", "sopv"].map(|name| given.flag(name));
    out(match asked {
        [false, false, false, false] => OWN,
        [true, false, false, false] => "rPGP 0.21\n",
        [false, true, false, false] => concat!("sealpost ", env!("CARGO_PKG_VERSION"), "\nrPGP 0.21, aws-lc-rs\n"),
        [false, false, true, false] => SPEC,
        [false, false, false, true] => "1.0\n",
        _ => return Err(Refused::new(INCOMPATIBLE_OPTIONS, "ask for one of them")),
    }
    .as_bytes())
}

fn list_profiles(given: &Given) -> Result<(), Refused> {
    match given.names()[..] {
        ["generate-key"] => {
            let lines: String = PROFILES.iter().map(|(name, _, says)| format!("{name}: {says}\n")).collect();
            out(lines.as_bytes())
        }
        ["encrypt"] => out(b"default: the strongest that all recipients read\n"),
        [] => Err(Refused::new(MISSING_ARG, "name a subcommand: generate-key and encrypt have profiles")),
        _ => Err(Refused::new(UNSUPPORTED_PROFILE, "generate-key and encrypt have profiles")),
    }
}

fn generate_key(given: &Given) -> Result<(), Refused> {
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
    let key = pgp::generate_for(kind, reads, &given.names(), now_s(), None, password, &mut Chance);
    let key = key.map_err(|trouble| Refused::new(FAILED, trouble.to_string()))?;
    given.result(Kind::PrivateKey, &Zeroizing::new(armor::unarmored(key.as_bytes()).map_err(bad)?))
}

/// A password that something is put under: people have to be able to write it.
fn new_password(given: &Given, option: &str) -> Result<Option<Zeroizing<Vec<u8>>>, Refused> {
    let password = given.value(option).map(|file| given.password(file)).transpose()?;
    match password {
        Some(password) if std::str::from_utf8(&password).is_err() => {
            Err(Refused::new(PASSWORD_NOT_HUMAN_READABLE, "the password is no text in UTF-8"))
        }
        other => Ok(other),
    }
}

/// Without a new password the key is under none.
fn change_key_password(given: &Given) -> Result<(), Refused> {
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

fn extract_cert(given: &Given) -> Result<(), Refused> {
    let all = Certificate::of_private(&Zeroizing::new(given.input()?)).map_err(bad)?;
    let bytes: Result<Vec<Vec<u8>>, Trouble> = all.iter().map(Certificate::to_bytes).collect();
    given.result(Kind::PublicKey, &bytes.map_err(bad)?.concat())
}

/// What begins as armor does stays as it is.
fn armored(given: &Given) -> Result<(), Refused> {
    let data = given.input()?;
    if data.starts_with(b"-----BEGIN PGP") {
        return out(&data);
    }
    // The kind of a packet stands in its first byte, in one of two forms (RFC 9580, section 4.2).
    let tag = data.first().filter(|first| *first & 0x80 != 0);
    let kind = match tag.map(|first| if first & 0x40 == 0 { (first >> 2) & 15 } else { first & 63 }) {
        Some(2) => Kind::Signature,
        Some(5) => Kind::PrivateKey,
        Some(6) => Kind::PublicKey,
        Some(_) => Kind::Message,
        None => return Err(Refused::new(BAD_DATA, "the input is neither armor nor a packet")),
    };
    out(armor::armored(kind, &data).as_bytes())
}

fn dearmored(given: &Given) -> Result<(), Refused> {
    let data = given.input()?;
    if pgp::read_clearsigned(&data).map_err(bad)?.is_some() {
        return Err(Refused::new(BAD_DATA, "a text that is signed is no armor; inline-detach takes it apart"));
    }
    out(&armor::unarmored(&data).map_err(bad)?)
}

fn bad(trouble: Trouble) -> Refused {
    Refused::new(BAD_DATA, trouble.to_string())
}

/// The private keys of files.
fn keys(given: &Given, files: &[&str]) -> Result<Vec<Key<'static>>, Refused> {
    let passwords = given.values("with-key-password").map(|file| given.password(file));
    let passwords = passwords.collect::<Result<Vec<_>, _>>()?;
    let mut all = Vec::new();
    for file in files {
        let bytes = Zeroizing::new(given.file(file)?);
        let mut opened = Key::read_all(&bytes, b"");
        for password in &passwords {
            if matches!(opened, Err(Trouble::KeyRefused)) {
                opened = Key::read_all(&bytes, password);
            }
        }
        all.extend(opened.map_err(|trouble| match trouble {
            Trouble::KeyRefused => Refused::new(
                KEY_IS_PROTECTED,
                format!("{file} is under a password, and none that was given opens it; give it by --with-key-password"),
            ),
            other => Refused::new(BAD_DATA, format!("{file}: {other}")),
        })?);
    }
    if all.is_empty() { Err(Refused::new(MISSING_ARG, "name a file with a private key")) } else { Ok(all) }
}

fn certificates<'a>(given: &Given, files: impl Iterator<Item = &'a str>) -> Result<Vec<Certificate>, Refused> {
    let mut all = Vec::new();
    for file in files {
        let read = Certificate::read_all(&given.file(file)?);
        all.extend(read.map_err(|trouble| Refused::new(BAD_DATA, format!("{file}: {trouble}")))?);
    }
    Ok(all)
}

/// What `--as` says of content.
enum Form<'a> {
    Bytes,
    Text(&'a str),
    /// Stays readable as it is.
    Clear,
}

fn form<'a>(given: &Given, data: &'a [u8], may_be_clear: bool) -> Result<Form<'a>, Refused> {
    let text = || std::str::from_utf8(data).map_err(|_| Refused::new(EXPECTED_TEXT, "the input is no text in UTF-8"));
    match given.value("as") {
        None | Some("binary") => Ok(Form::Bytes),
        Some("text") => text().map(Form::Text),
        Some("clearsigned") if may_be_clear => text().map(|_| Form::Clear),
        Some(other) => Err(Refused::new(UNSUPPORTED_OPTION, format!("--as={other} is not done"))),
    }
}

fn cannot_sign(trouble: Trouble) -> Refused {
    match trouble {
        Trouble::KeyRefused => Refused::new(KEY_CANNOT_SIGN, "the key has no part that may sign now"),
        other => bad(other),
    }
}

/// A line for each signature that holds and was made between the two times.
fn lines(verdicts: &[Signature], (from, until): (Option<u64>, Option<u64>)) -> String {
    let mut lines = String::new();
    for verdict in verdicts {
        let (Some(by), Some(issuer), Some(at), None) = (&verdict.by, &verdict.issuer, verdict.at, verdict.flaw) else {
            continue;
        };
        if from.is_some_and(|from| at < from) || until.is_some_and(|until| at > until) {
            continue;
        }
        let mode = if verdict.is_over_text { "text" } else { "binary" };
        let time = super::key::time(at);
        lines.push_str(&format!("{time} {issuer} {} mode:{mode}\n", by.fingerprint()));
    }
    lines
}
