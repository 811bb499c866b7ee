//! Messages for others, and for us.

use super::given::{Given, Refused, out};
use super::keys::{keys, writable};
use super::signing::verdicts;
use super::{
    BAD_DATA, CANNOT_DECRYPT, CERT_CANNOT_ENCRYPT, Form, INCOMPLETE_VERIFICATION, MISSING_ARG,
    PASSWORD_NOT_HUMAN_READABLE, SEALINGS, UNSUPPORTED_PROFILE, bad, cannot_sign, certificates, form, lines,
};
use crate::command::key::Chance;
use crate::command::now_s;
use seal::Trouble;
use seal::pgp::armor::Kind;
use seal::pgp::{self, By, Certificate, ContentKey, Key, Openers, Policy, SealedAs, Whom};
use zeroize::Zeroizing;

/// # Errors
/// When one of the certificates takes no mail now, or a key may not sign; nothing is written then.
pub fn encrypt(given: &Given) -> Result<(), Refused> {
    let sealed_as = sealed_as(given)?;
    let recipients = certificates(given, given.names().into_iter())?;
    let passwords = given.values("with-password").map(|file| writable(given, file)).collect::<Result<Vec<_>, _>>()?;
    if recipients.is_empty() && passwords.is_empty() {
        return Err(Refused::new(MISSING_ARG, "name files of certificates, or --with-password"));
    }
    if passwords.iter().any(|password| password.is_empty()) {
        return Err(Refused::new(PASSWORD_NOT_HUMAN_READABLE, "a password is empty"));
    }
    let recipients: Vec<&Certificate> = recipients.iter().collect();
    let signers: Vec<&str> = given.values("sign-with").collect();
    let signers = if signers.is_empty() { Vec::new() } else { keys(given, &signers)? };
    let data = given.input()?;
    let (policy, now, form) = (Policy::default(), now_s(), form(given, &data, false)?);
    let packets = match (&signers[..], form) {
        ([], _) => pgp::unsigned_message(&data),
        (all, Form::Text(text)) => pgp::text_signed_by_all(text, all, &recipients, &policy, now, &mut Chance),
        (all, _) => pgp::signed_by_all(&data, all, &recipients, &policy, now, &mut Chance),
    };
    let passwords: Vec<&[u8]> = passwords.iter().map(|password| password.as_slice()).collect();
    let whom = Whom { recipients: &recipients, passwords: &passwords, sealed_as };
    let (sealed, key) = pgp::encrypt_for(&packets.map_err(cannot_sign)?, &whom, &policy, now, &mut Chance)
        .map_err(|trouble| Refused::new(CERT_CANNOT_ENCRYPT, trouble.to_string()))?;
    write_key(given, &key)?;
    given.result(Kind::Message, &sealed)
}

fn sealed_as(given: &Given) -> Result<SealedAs, Refused> {
    let name = match given.value("profile") {
        None => "default",
        Some("compatibility") => "rfc4880",
        Some("performance" | "security") => "rfc9580",
        Some(name) => name,
    };
    let found = SEALINGS.iter().find(|(known, _, _)| *known == name);
    found
        .map(|(_, sealed_as, _)| *sealed_as)
        .ok_or_else(|| Refused::new(UNSUPPORTED_PROFILE, format!("{name} is none of its profiles")))
}

fn write_key(given: &Given, key: &ContentKey) -> Result<(), Refused> {
    match given.value("session-key-out") {
        Some(file) => given.write(file, Zeroizing::new(format!("{}\n", &*key.to_text())).as_bytes()),
        None => Ok(()),
    }
}

/// # Errors
/// When nothing opens it. Signatures that do not hold are no error: they are not among the verifications.
pub fn decrypt(given: &Given) -> Result<(), Refused> {
    let (told, known) = (given.value("verifications-out"), given.flag("verify-with"));
    if told.is_some() != known {
        let text = "--verifications-out and --verify-with stand together, or neither of them does";
        return Err(Refused::new(INCOMPLETE_VERIFICATION, text));
    }
    let bounds = (given.time("verify-not-before")?, given.time("verify-not-after")?);
    let known = certificates(given, given.values("verify-with"))?;
    let (content_keys, passwords, files) = (content_keys(given)?, passwords(given)?, given.names());
    let keys = match files.is_empty() && !(content_keys.is_empty() && passwords.is_empty()) {
        true => Vec::new(),
        false => keys(given, &files)?,
    };
    let keys: Vec<&Key<'_>> = keys.iter().collect();
    let passwords: Vec<&[u8]> = passwords.iter().map(|password| password.as_slice()).collect();
    let openers = Openers { keys: &keys, passwords: &passwords, content_keys: &content_keys };
    let message = pgp::decrypt(&given.input()?, &openers, &mut Chance).map_err(|trouble| match trouble {
        Trouble::NotForUs | Trouble::CannotOpen => Refused::new(CANNOT_DECRYPT, trouble.to_string()),
        other => bad(other),
    })?;
    write_key(given, &message.key)?;
    if let Some(file) = told {
        let opened_by: Vec<&Certificate> = match message.by {
            By::Key(at) => keys.get(at).map(|key| key.certificate()).into_iter().collect(),
            By::Password(_) | By::ContentKey(_) => Vec::new(),
        };
        given.write(file, lines(&verdicts(&message.content, &known, &opened_by), bounds).as_bytes())?;
    }
    out(&message.content.data)
}

/// Each password as it is and without blanks and line ends behind it, where that is another one.
fn passwords(given: &Given) -> Result<Vec<Zeroizing<Vec<u8>>>, Refused> {
    let mut all = Vec::new();
    for file in given.values("with-password") {
        let whole = given.password_as_it_is(file)?;
        let short = whole.trim_ascii_end();
        if short.len() < whole.len() {
            all.push(Zeroizing::new(short.to_vec()));
        }
        all.push(whole);
    }
    Ok(all)
}

fn content_keys(given: &Given) -> Result<Vec<ContentKey>, Refused> {
    let read = |file| {
        let bytes = Zeroizing::new(given.file(file)?);
        let text = std::str::from_utf8(&bytes).unwrap_or_default();
        ContentKey::from_text(text).map_err(|trouble| Refused::new(BAD_DATA, format!("{file}: {trouble}")))
    };
    given.values("with-session-key").map(read).collect()
}
