//! Messages for others, and for us.

use super::given::{Given, Refused, out};
use super::signing::{one_signs, verdicts};
use super::{
    BAD_DATA, CANNOT_DECRYPT, CERT_CANNOT_ENCRYPT, Form, INCOMPLETE_VERIFICATION, MISSING_ARG, UNSUPPORTED_PROFILE,
    bad, cannot_sign, certificates, form, keys, lines,
};
use crate::command::key::Chance;
use crate::command::now_s;
use seal::Trouble;
use seal::pgp::armor::Kind;
use seal::pgp::{self, Certificate, Key, Policy};

/// # Errors
/// When one of the certificates takes no mail now, or the key may not sign; nothing is written then.
pub fn encrypt(given: &Given) -> Result<(), Refused> {
    if let Some(other) = given.value("profile").filter(|name| *name != "default") {
        return Err(Refused::new(UNSUPPORTED_PROFILE, format!("{other} is none of its profiles")));
    }
    let recipients = certificates(given, given.names().into_iter())?;
    if recipients.is_empty() {
        return Err(Refused::new(MISSING_ARG, "name files of certificates; a message under a password is not made"));
    }
    let recipients: Vec<&Certificate> = recipients.iter().collect();
    let signers: Vec<&str> = given.values("sign-with").collect();
    let signers = if signers.is_empty() { Vec::new() } else { keys(given, &signers)? };
    let data = given.input()?;
    let (policy, now, form) = (Policy::default(), now_s(), form(given, &data, false)?);
    let packets = match (&signers[..], form) {
        ([], _) => pgp::unsigned_message(&data),
        ([one], Form::Text(text)) => pgp::signed_text_message(text, one, &recipients, &policy, now, &mut Chance),
        ([one], _) => pgp::signed_message(&data, one, &recipients, &policy, now, &mut Chance),
        _ => return Err(one_signs()),
    };
    let sealed = pgp::encrypt(&packets.map_err(cannot_sign)?, &recipients, &policy, now, &mut Chance)
        .map_err(|trouble| Refused::new(CERT_CANNOT_ENCRYPT, trouble.to_string()))?;
    given.result(Kind::Message, &sealed)
}

/// # Errors
/// When no key opens it. Signatures that do not hold are no error: they are not among the verifications.
pub fn decrypt(given: &Given) -> Result<(), Refused> {
    let (told, known) = (given.value("verifications-out"), given.flag("verify-with"));
    if told.is_some() != known {
        let text = "--verifications-out and --verify-with stand together, or neither of them does";
        return Err(Refused::new(INCOMPLETE_VERIFICATION, text));
    }
    let bounds = (given.time("verify-not-before")?, given.time("verify-not-after")?);
    let known = certificates(given, given.values("verify-with"))?;
    let keys = keys(given, &given.names())?;
    let keys: Vec<&Key<'_>> = keys.iter().collect();
    let message = pgp::read(&given.input()?, &keys, &mut Chance).map_err(|trouble| match trouble {
        Trouble::NotForUs | Trouble::CannotOpen => Refused::new(CANNOT_DECRYPT, trouble.to_string()),
        other => bad(other),
    })?;
    let Some(encryption) = &message.encryption else {
        return Err(Refused::new(BAD_DATA, "the message is not encrypted; inline-verify reads it if it is signed"));
    };
    if let Some(file) = told {
        let opened_by: Vec<&Certificate> = keys.get(encryption.with).map(|key| key.certificate()).into_iter().collect();
        given.write(file, lines(&verdicts(&message, &known, &opened_by), bounds).as_bytes())?;
    }
    out(&message.content.data)
}
