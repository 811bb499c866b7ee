//! Signatures beside content and around it.

use super::given::{Given, Refused, out};
use super::keys::keys;
use super::{Form, INCOMPATIBLE_OPTIONS, MISSING_ARG, NO_SIGNATURE, bad, cannot_sign, certificates, form, lines};
use crate::command::key::Chance;
use crate::command::now_s;
use seal::pgp::armor::{self, Kind};
use seal::pgp::{self, Certificate, Content, Policy, Signature};

/// # Errors
/// When a key may not sign, or the content is not what `--as` says.
pub fn sign(given: &Given) -> Result<(), Refused> {
    let (names, policy, now) = (given.names(), Policy::default(), now_s());
    let keys = keys(given, &names)?;
    let data = given.input()?;
    let form = form(given, &data, false)?;
    let (mut signatures, mut micalgs) = (Vec::new(), Vec::new());
    for key in &keys {
        let made = match form {
            Form::Text(text) => pgp::sign_text(text, key, &policy, now, &mut Chance),
            _ => pgp::sign(&data, key, &policy, now, &mut Chance),
        };
        let (signature, micalg) = made.map_err(cannot_sign)?;
        signatures.extend(signature);
        micalgs.push(micalg);
    }
    if let Some(file) = given.value("micalg-out") {
        micalgs.dedup();
        // Several hashes have no name together.
        given.write(file, if let [one] = micalgs[..] { one.as_bytes() } else { b"" })?;
    }
    given.result(Kind::Signature, &signatures)
}

fn none_holds() -> Refused {
    Refused::new(NO_SIGNATURE, "no signature holds")
}

fn bounds(given: &Given) -> Result<(Option<u64>, Option<u64>), Refused> {
    Ok((given.time("not-before")?, given.time("not-after")?))
}

/// # Errors
/// When no signature holds.
pub fn verify(given: &Given) -> Result<(), Refused> {
    let names = given.names();
    let [signatures, certs @ ..] = &names[..] else {
        return Err(Refused::new(MISSING_ARG, "name a file of signatures, and files of certificates"));
    };
    if certs.is_empty() {
        return Err(Refused::new(MISSING_ARG, "name files of certificates behind that of the signatures"));
    }
    let bounds = bounds(given)?;
    let known = certificates(given, certs.iter().copied())?;
    let signatures = given.file(signatures)?;
    let verdicts = pgp::verify_detached(&signatures, &given.input()?, &known, &Policy::default(), now_s());
    match lines(&verdicts.map_err(bad)?, bounds) {
        none if none.is_empty() => Err(none_holds()),
        lines => out(lines.as_bytes()),
    }
}

/// The verdicts over the signatures within a message.
pub fn verdicts(content: &Content, known: &[Certificate], opened_by: &[&Certificate]) -> Vec<Signature> {
    let (policy, now) = (Policy::default(), now_s());
    let verdict = |one| pgp::verify(one, &content.data, known, opened_by, &policy, now);
    content.signatures.iter().map(verdict).collect()
}

/// # Errors
/// When a key may not sign, or the content is not what `--as` says.
pub fn inline_sign(given: &Given) -> Result<(), Refused> {
    let (policy, now) = (Policy::default(), now_s());
    let keys = keys(given, &given.names())?;
    let data = given.input()?;
    let message = match form(given, &data, true)? {
        Form::Clear if given.flag("no-armor") => {
            return Err(Refused::new(INCOMPATIBLE_OPTIONS, "a text that stays readable has its signature in armor"));
        }
        Form::Clear => {
            return out(&pgp::clearsigned(&data, &keys, &policy, now, &mut Chance).map_err(cannot_sign)?);
        }
        Form::Text(text) => pgp::text_signed_by_all(text, &keys, &[], &policy, now, &mut Chance),
        Form::Bytes => pgp::signed_by_all(&data, &keys, &[], &policy, now, &mut Chance),
    };
    given.result(Kind::Message, &message.map_err(cannot_sign)?)
}

/// # Errors
/// When no signature holds.
pub fn inline_verify(given: &Given) -> Result<(), Refused> {
    let names = given.names();
    if names.is_empty() {
        return Err(Refused::new(MISSING_ARG, "name files of certificates"));
    }
    let bounds = bounds(given)?;
    let known = certificates(given, names.into_iter())?;
    let data = given.input()?;
    let (content, verdicts) = match pgp::read_clearsigned(&data).map_err(bad)? {
        Some(signed) => {
            let verdicts = pgp::verify_detached(&signed.signatures, &signed.text, &known, &Policy::default(), now_s());
            (signed.text, verdicts.map_err(bad)?)
        }
        None => {
            let message = pgp::read(&data, &[], &mut Chance).map_err(bad)?;
            let verdicts = verdicts(&message.content, &known, &[]);
            (message.content.data, verdicts)
        }
    };
    let lines = lines(&verdicts, bounds);
    if lines.is_empty() {
        return Err(none_holds());
    }
    if let Some(file) = given.value("verifications-out") {
        given.write(file, lines.as_bytes())?;
    }
    out(&content)
}

/// # Errors
/// When the input is not signed.
pub fn inline_detach(given: &Given) -> Result<(), Refused> {
    let file = given.value("signatures-out").ok_or_else(|| Refused::new(MISSING_ARG, "write --signatures-out=FILE"))?;
    let data = given.input()?;
    let (content, signatures) = match pgp::read_clearsigned(&data).map_err(bad)? {
        Some(signed) => (signed.text, signed.signatures),
        None => {
            let message = pgp::read(&data, &[], &mut Chance).map_err(bad)?;
            let signatures = message.content.signatures_to_bytes().map_err(bad)?;
            (message.content.data, signatures)
        }
    };
    if signatures.is_empty() {
        return Err(Refused::new(super::BAD_DATA, "the message is not signed"));
    }
    let signatures = match given.flag("no-armor") {
        true => signatures,
        false => armor::armored(Kind::Signature, &signatures).into_bytes(),
    };
    given.write(file, &signatures)?;
    out(&content)
}
