//! What notices say in place of a mail that could not be sealed.

use super::place::Place;
use super::plan::NoticeKind;
use crate::profile::reader::{Reader, Section};

/// A text of an administrator.
#[derive(Debug, Clone)]
pub(super) struct Report {
    kind: NoticeKind,
    language: String,
    keys: Vec<String>,
    subject: String,
    text: String,
}

/// What the gateway says by itself: language, kind, subject, text, and what stands before the link.
const OWN: [(&str, NoticeKind, &str, &str); 4] = [
    (
        "en",
        NoticeKind::ProblemReport,
        "A message could not be encrypted for you",
        "There was a message for you that is sent encrypted only. It was not sent, because no key of yours could be used. \
         Please give a certificate or an OpenPGP key to those who look after this system.",
    ),
    (
        "en",
        NoticeKind::LinkOnly,
        "There is news for you",
        "There is news for you that is not sent by mail. Please sign in to read it.",
    ),
    (
        "de",
        NoticeKind::ProblemReport,
        "Eine Nachricht konnte nicht für Sie verschlüsselt werden",
        "Für Sie lag eine Nachricht vor, die nur verschlüsselt versandt wird. Sie wurde nicht versandt, weil kein Schlüssel von Ihnen \
         verwendet werden konnte. Bitte geben Sie denen, die dieses System betreuen, ein Zertifikat oder einen OpenPGP-Schlüssel.",
    ),
    (
        "de",
        NoticeKind::LinkOnly,
        "Es gibt Neuigkeiten für Sie",
        "Es gibt Neuigkeiten für Sie, die nicht per Mail versandt werden. Bitte melden Sie sich an, um sie zu lesen.",
    ),
];

/// All of a file.
pub(super) fn read(top: &Section, reader: &mut Reader) -> Vec<Report> {
    let mut reports: Vec<Report> = Vec::new();
    for section in super::tables(top, "report", "report[].", reader) {
        let kind = match reader.one_of(&section, "kind").as_deref() {
            Some("link_only") => NoticeKind::LinkOnly,
            _ => NoticeKind::ProblemReport,
        };
        let report = Report {
            kind,
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
    let own = |language: &str| {
        let of_kind = || OWN.iter().filter(|(_, of, _, _)| *of == kind);
        let found = of_kind().find(|(of, _, _, _)| is_language(of, language)).or_else(|| of_kind().next());
        found.map_or_else(Default::default, |(_, _, subject, text)| ((*subject).to_owned(), (*text).to_owned()))
    };
    let (own_subject, own_text) = own(language);
    let fits = |report: &&Report| report.kind == kind && is_language(&report.language, language);
    let about = |report: &&Report| {
        let named = |key: &str| !key.is_empty() && report.keys.iter().any(|known| known == key);
        place.is_some_and(|place| named(&place.key) || named(&place.name) || named(place.project()))
    };
    let own_place = reports.iter().filter(fits).find(about);
    let found = own_place.or_else(|| reports.iter().filter(fits).find(|report| report.keys.is_empty()));
    match found {
        Some(report) if report.subject.is_empty() => (own_subject, report.text.clone()),
        Some(report) => (report.subject.clone(), report.text.clone()),
        None => (own_subject, own_text),
    }
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
    let language = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    language(one) == language(other)
}
