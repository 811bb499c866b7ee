//! Mail that came sealed, in words: for the trace, and for a line below what it says in the issue.

use super::evidence::Evidence;
use super::verdict::Trace;
use crate::profile::{Mapping, SealingNote};
use mail::{Opened, SignatureFound, Unopened, Worth};

/// What stands for the subject of a mail that came encrypted where a letter goes out readable (SEC-15).
pub(super) const SUBJECT: &str = "(the mail came encrypted)";

/// The words of one language. In the last of a signature's words `{by}` is the authority, `{why}` the reason.
struct Words {
    encrypted: &'static str,
    signed: &'static str,
    signed_by: &'static str,
    trusted_by: &'static str,
    in_folder: &'static str,
    untrusted: &'static str,
    wrong: &'static str,
    signer_unknown: &'static str,
    not_signed: &'static str,
    text_only: &'static str,
    changed: &'static str,
    other_author: &'static str,
}

const ENGLISH: Words = Words {
    encrypted: "Encrypted with {scheme}",
    signed: "Signed with {scheme}",
    signed_by: "signed by {author}",
    trusted_by: "trusted by {by}",
    in_folder: "whose key is in the folder of keys",
    untrusted: "nobody vouches for its signature: {why}",
    wrong: "its signature does not hold",
    signer_unknown: "signed with a key that is not here, so nobody can tell by whom",
    not_signed: "not signed",
    text_only: "nothing proves that it was not changed on its way, so only its text was taken",
    changed: "the header was changed on the way, and counts as it was sealed",
    other_author: "within, it names another sender",
};

const GERMAN: Words = Words {
    encrypted: "Verschlüsselt mit {scheme}",
    signed: "Signiert mit {scheme}",
    signed_by: "signiert von {author}",
    trusted_by: "bestätigt durch {by}",
    in_folder: "dessen Schlüssel im Schlüsselordner liegt",
    untrusted: "niemand bürgt für die Signatur: {why}",
    wrong: "die Signatur stimmt nicht",
    signer_unknown: "signiert mit einem Schlüssel, der hier fehlt, darum ist nicht zu sagen, von wem",
    not_signed: "nicht signiert",
    text_only: "nichts beweist, dass es unterwegs nicht geändert wurde, darum wurde nur der Text übernommen",
    changed: "der Kopf wurde unterwegs geändert und gilt so, wie er versiegelt war",
    other_author: "innen steht ein anderer Absender",
};

/// The line below what the mail says; `None` where the mapping wants none, and for a mail that was not sealed or did not open, which says so
/// itself.
pub(super) fn line(evidence: &Evidence, mapping: &Mapping) -> Option<String> {
    let words = match mapping.sealing_note {
        SealingNote::English => &ENGLISH,
        SealingNote::German => &GERMAN,
        SealingNote::Off => return None,
    };
    let opened = evidence.message.opened.as_ref().filter(|opened| opened.unopened.is_none())?;
    Some(said(opened, &author(evidence), words) + ".")
}

/// What opening a mail of this author has shown, as one sentence in English.
pub fn opened_in_words(opened: &Opened, author: &str) -> String {
    said(opened, author, &ENGLISH) + "."
}

/// What was found, where anything was.
pub(super) fn note(evidence: &Evidence, trace: &mut Trace) {
    const QUESTION: &str = "Did it come sealed?";
    let Some(opened) = &evidence.message.opened else { return };
    match opened.unopened {
        Some(why) => trace.note(QUESTION, format!("yes, and {}", unopened_in_words(why)), "it is taken as it came"),
        None => {
            let prints = opened.signatures.iter().map(|one| one.fingerprint.as_str()).filter(|print| !print.is_empty());
            let prints: Vec<&str> = prints.collect();
            let keys = if prints.is_empty() { String::new() } else { format!("; key {}", prints.join(", ")) };
            let changed = match opened.changed_fields.is_empty() {
                true => String::new(),
                false => format!("; changed on the way: {}", opened.changed_fields.join(", ")),
            };
            let answer = format!("yes. {}{keys}{changed}", said(opened, &author(evidence), &ENGLISH));
            trace.note(QUESTION, answer, "it is read as it was opened");
        }
    }
}

/// Why a mail stays closed, in a sentence about it.
pub fn unopened_in_words(why: Unopened) -> &'static str {
    match why {
        Unopened::ForOthers => "it is encrypted for none of the keys here",
        Unopened::DoesNotOpen => "it does not open",
        Unopened::Malformed => "what is sealed is malformed",
        Unopened::Unsupported => "it is sealed in a way that is not supported",
    }
}

fn author(evidence: &Evidence) -> String {
    match evidence.message.headers.from.as_slice() {
        [one] => one.address.clone(),
        _ => String::new(),
    }
}

fn said(opened: &Opened, author: &str, words: &Words) -> String {
    let mut said = Vec::new();
    if let Some(scheme) = opened.encrypted {
        said.push(words.encrypted.replace("{scheme}", scheme.name()));
    }
    match opened.best() {
        Some(best) => {
            if opened.encrypted.is_none() {
                said.push(words.signed.replace("{scheme}", best.scheme.name()));
            }
            said.push(signature(best, author, words));
        }
        None => said.push(words.not_signed.to_owned()),
    }
    let more = [
        (opened.is_text_only, words.text_only),
        (!opened.changed_fields.is_empty(), words.changed),
        (opened.other_author, words.other_author),
    ];
    said.extend(more.into_iter().filter(|(holds, _)| *holds).map(|(_, words)| words.to_owned()));
    said.join("; ")
}

/// In place of what a stranger put into his certificate stands the author's address, for which it was found to speak.
fn signature(one: &SignatureFound, author: &str, words: &Words) -> String {
    match &one.worth {
        Worth::Trusted { by } => {
            let vouched = match by.is_empty() {
                true => words.in_folder.to_owned(),
                false => words.trusted_by.replace("{by}", by),
            };
            format!("{}, {vouched}", words.signed_by.replace("{author}", author))
        }
        Worth::Untrusted { why } => words.untrusted.replace("{why}", why),
        Worth::Unknown => words.signer_unknown.to_owned(),
        Worth::Wrong { .. } => words.wrong.to_owned(),
    }
}
