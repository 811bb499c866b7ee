//! What notices say in place of a mail that could not be sealed, and footers below one that was.

use super::place::Place;
use super::plan::Seal;
use super::words::NoticeKind;
use crate::profile::reader::{Reader, Section};
use crate::template::Words;

/// A text of an administrator.
#[derive(Debug, Clone)]
pub(super) struct Report {
    kind: NoticeKind,
    language: String,
    keys: Vec<String>,
    subject: String,
    text: String,
}

/// What the gateway says by itself in a language.
struct Row {
    language: &'static str,
    /// Subject and text; so is the next.
    problem_report: [&'static str; 2],
    link_only: [&'static str; 2],
    /// The beginning of the line below the text. It is ASCII, because a text in US-ASCII can hold nothing else.
    signed_and_encrypted: &'static str,
    encrypted: &'static str,
    signed: &'static str,
}

const ROWS: [Row; 2] = [
    Row {
        language: "en",
        problem_report: [
            "A message could not be encrypted for you",
            "There was a message for you that is sent encrypted only. It was not sent, because no key of yours could be used. \
             Please give a certificate or an OpenPGP key to those who look after this system.",
        ],
        link_only: [
            "There is news for you",
            "There is news for you that is not sent by mail. Please sign in to read it.",
        ],
        signed_and_encrypted: "This mail was signed and encrypted on its way",
        encrypted: "This mail was encrypted on its way",
        signed: "This mail was signed on its way",
    },
    Row {
        language: "de",
        problem_report: [
            "Eine Nachricht konnte nicht für Sie verschlüsselt werden",
            "Für Sie lag eine Nachricht vor, die nur verschlüsselt versandt wird. Sie wurde nicht versandt, weil kein Schlüssel von Ihnen \
             verwendet werden konnte. Bitte geben Sie denen, die dieses System betreuen, ein Zertifikat oder einen OpenPGP-Schlüssel.",
        ],
        link_only: [
            "Es gibt Neuigkeiten für Sie",
            "Es gibt Neuigkeiten für Sie, die nicht per Mail versandt werden. Bitte melden Sie sich an, um sie zu lesen.",
        ],
        signed_and_encrypted: "Diese Mail wurde auf ihrem Weg signiert und chiffriert",
        encrypted: "Diese Mail wurde auf ihrem Weg chiffriert",
        signed: "Diese Mail wurde auf ihrem Weg signiert",
    },
];

impl Row {
    /// That of the language of a tag, else English.
    fn of(language: &str) -> &'static Row {
        let language = Words::of(language).language;
        ROWS.iter().find(|row| row.language == language).unwrap_or(&ROWS[0])
    }
}

/// All of a file.
pub(super) fn read(top: &Section, reader: &mut Reader) -> Vec<Report> {
    let mut reports: Vec<Report> = Vec::new();
    for section in super::tables(top, "report", "report[].", reader) {
        let report = Report {
            kind: reader.word(&section, "kind").unwrap_or_default(),
            language: reader.text(&section, "language").unwrap_or_default(),
            keys: reader.texts(&section, "keys").unwrap_or_default(),
            subject: reader.text(&section, "subject").unwrap_or_default(),
            text: match reader.is_said(&section, "text") {
                true => reader.long_text(&section, "text").unwrap_or_default(),
                false => {
                    reader.refuse(&section, "text", "is missing; add it");
                    String::new()
                }
            },
        };
        let is_same = |other: &Report| {
            let meets = report.keys.is_empty() && other.keys.is_empty()
                || report.keys.iter().any(|key| other.keys.contains(key));
            other.kind == report.kind && is_language(&other.language, &report.language) && meets
        };
        if reports.iter().any(is_same) {
            reader.refuse(
                &section,
                "language",
                "has a [[report]] of this kind for one of these places already; write one",
            );
        }
        reports.push(report);
    }
    reports
}

/// Subject and text of a notice about this place in this language.
pub(super) fn text(reports: &[Report], kind: NoticeKind, language: &str, place: Option<&Place>) -> (String, String) {
    let row = Row::of(language);
    let [own_subject, own_text] = match kind {
        NoticeKind::ProblemReport => row.problem_report,
        NoticeKind::LinkOnly => row.link_only,
    };
    let fits = |report: &&Report| report.kind == kind && is_language(&report.language, language);
    let about = |report: &&Report| {
        let named = |key: &str| !key.is_empty() && report.keys.iter().any(|known| known == key);
        place.is_some_and(|place| named(&place.key) || named(&place.name) || named(place.project()))
    };
    let own_place = reports.iter().filter(fits).find(about);
    let found = own_place.or_else(|| reports.iter().filter(fits).find(|report| report.keys.is_empty()));
    let (subject, text) = match found {
        Some(report) if report.subject.is_empty() => (own_subject, report.text.as_str()),
        Some(report) => (report.subject.as_str(), report.text.as_str()),
        None => (own_subject, own_text),
    };
    (subject.to_owned(), text.to_owned())
}

/// The line below the text of a mail that is sealed so.
pub(super) fn footer(seal: &Seal, language: &str) -> String {
    let row = Row::of(language);
    let said = match (seal.sign.is_some(), seal.encrypt_to.is_empty()) {
        (true, false) => row.signed_and_encrypted,
        (false, false) => row.encrypted,
        (_, true) => row.signed,
    };
    format!("{said} ({}).", seal.scheme.title())
}

/// The link that a rule says, when the mail tells all that stands in it. Nothing but what keys are made of comes into it.
pub(super) fn link(template: &str, place: Option<&Place>) -> Option<String> {
    let part = |text: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | '~');
        (!text.is_empty() && text.chars().all(plain) && !text.contains("..")).then(|| text.to_owned())
    };
    let mut link = template.to_owned();
    if link.contains("{issue}") {
        link = link.replace("{issue}", &part(place?.issue.as_deref()?)?);
    }
    if link.contains("{place}") {
        link = link.replace("{place}", &part(&place?.key)?);
    }
    Some(link).filter(|link| !link.is_empty())
}

/// Whether two tags are of one language, whatever the region.
fn is_language(one: &str, other: &str) -> bool {
    Words::of(one).language == Words::of(other).language
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::LANGUAGES;

    #[test]
    fn every_language_of_letters_has_its_row_and_footers_fit_into_every_text() {
        let languages: Vec<&str> = LANGUAGES.iter().map(|words| words.language).collect();
        assert_eq!(languages, ROWS.iter().map(|row| row.language).collect::<Vec<_>>());
        for row in &ROWS {
            assert!([row.signed_and_encrypted, row.encrypted, row.signed].iter().all(|said| said.is_ascii()));
        }
    }
}
