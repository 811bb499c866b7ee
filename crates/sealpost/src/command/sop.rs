//! `sealpost sop`: the Stateless OpenPGP command line (draft-dkg-openpgp-stateless-cli), by which public suites compare programs.
//!
//! Each call reads its files, does one thing, and ends with one of the draft's numbers. It keeps nothing, and asks no network.

mod encryption;
mod given;
mod keys;
mod signing;

use given::{Given, Refused, out, subcommands};
use seal::Trouble;
use seal::pgp::armor::{self, Kind};
use seal::pgp::{self, Certificate, NewKey, SealedAs, Signature};
use std::process::ExitCode;

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

/// Forms of messages; the first when nothing is said.
const SEALINGS: [(&str, SealedAs, &str); 3] = [
    (
        "default",
        SealedAs::AllRead,
        "the strongest that all certificates say is read; for passwords alone what every program reads",
    ),
    ("rfc9580", SealedAs::Rfc9580, "SEIPDv2, and Argon2 for passwords, where no certificate says otherwise"),
    ("rfc4880", SealedAs::Rfc4880, "SEIPDv1, and iterated hashes for passwords, which every program reads"),
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
        "generate-key" => keys::generate_key(given),
        "change-key-password" => keys::change_key_password(given),
        "revoke-key" => keys::revoke_key(given),
        "extract-cert" => keys::extract_cert(given),
        "merge-certs" => keys::merge_certs(given),
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
    const SPEC: &str = "~draft-dkg-openpgp-stateless-cli-11\n\nNo update-key, certify-userid and validate-userid.\n";
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
        ["encrypt"] => {
            let lines: String = SEALINGS.iter().map(|(name, _, says)| format!("{name}: {says}\n")).collect();
            out(lines.as_bytes())
        }
        [] => Err(Refused::new(MISSING_ARG, "name a subcommand: generate-key and encrypt have profiles")),
        _ => Err(Refused::new(UNSUPPORTED_PROFILE, "generate-key and encrypt have profiles")),
    }
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
