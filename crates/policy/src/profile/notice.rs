//! What a profile says of letters to the senders of mail: to whom, how often, and in which words.

use super::mapped::{self, Mapped};
use super::pattern::Pattern;
use super::reader::{Reader, Section};
use super::words::Addressees;
use crate::RejectionCause;

/// The most notices to one address in 24 hours that a profile may allow.
pub(super) const PER_DAY_MAX: u32 = 50;

/// The most notices that may come back from one address before nothing more goes there.
pub(super) const RETURNED_MAX: u32 = 50;

/// The tracker refused the issue. This cause and the next are no rejections.
pub(crate) const NOT_CREATED: &str = "not_created";

/// The sender becomes a customer of a service desk, which is no failure at all.
pub(crate) const CUSTOMER: &str = "customer";

/// Every cause of which a sender may be told; see [`RejectionCause::told_as`].
pub(super) const CAUSES: &[&str] = &[
    NOT_CREATED,
    "uncaught",
    "rule",
    "comment_only",
    "status",
    "search",
    "resolved_too_long",
    "comment_limit",
    "comment_rate",
    "sender_rate",
    "too_long",
    "no_permission",
    CUSTOMER,
];

/// The causes about an issue that is there, on which a directive set can be run.
pub(super) const ABOUT_AN_ISSUE: &[&str] = &["status", "search", "resolved_too_long", "comment_limit", "comment_rate"];

/// To whom notices go, how often, and the profile's own words.
#[derive(Debug, Clone)]
pub(crate) struct Notices {
    pub(crate) to: Addressees,
    pub(crate) per_day: u32,
    /// Notices that may come back from an address for good; 0 for any number.
    pub(crate) returned_max: u32,
    /// Who is never written to.
    pub(crate) never: Vec<Pattern>,
    own: Vec<Own>,
}

/// The profile's own words for a cause.
#[derive(Debug, Clone)]
struct Own {
    cause: String,
    /// The mappings that they are for; empty for all that have none of their own.
    mappings: Vec<String>,
    words: Words,
}

impl Own {
    /// Whether mail under one mapping would find words here and there.
    fn overlaps(&self, other: &Own) -> bool {
        let (one, another) = (&self.mappings, &other.mappings);
        self.cause == other.cause
            && (one.is_empty() && another.is_empty() || one.iter().any(|name| another.contains(name)))
    }
}

/// Subject and text; the built-in ones stand where none are given.
#[derive(Debug, Clone, Default)]
struct Words {
    subject: Option<String>,
    text: Option<String>,
}

impl Notices {
    pub(super) fn read(top: &Section, mappings: &[Mapped], reader: &mut Reader) -> Notices {
        let general = reader.section(top, "notices", "notices.");
        let mut own: Vec<Own> = Vec::new();
        for section in reader.sections(top, "notice", "notice[].") {
            let Some(cause) = reader.one_of(&section, "cause") else { continue };
            let words = Words { subject: reader.text(&section, "subject"), text: reader.long_text(&section, "text") };
            refuse_places(&words, &section, reader);
            let named = reader.texts(&section, "mappings").unwrap_or_default();
            for name in &named {
                if let Some(remedy) = mapped::unknown(name, mappings) {
                    reader.refuse_entry(&section, "mappings", name, &remedy);
                }
            }
            let one = Own { cause, mappings: named, words };
            if own.iter().any(|earlier| earlier.overlaps(&one)) {
                reader.refuse(&section, "cause", "has words already; keep one of the two, or name `mappings` for one");
            }
            own.push(one);
        }
        Notices {
            to: reader.word(&general, "to").unwrap_or_default(),
            per_day: reader.number(&general, "per_day").unwrap_or_default(),
            returned_max: reader.number(&general, "returned_max").unwrap_or_default(),
            never: reader.patterns(&general, "never"),
            own,
        }
    }

    /// The profile's own texts by cause, in order; empty where it has none for a cause that it names.
    pub(super) fn own_texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.own.iter().map(|own| (own.cause.as_str(), own.words.text.as_deref().unwrap_or_default()))
    }

    /// Subject and text for a cause, for mail under the mapping of this name: its own words before those for all.
    pub(crate) fn words(&self, cause: &str, mapping: &str) -> (&str, &str) {
        let of_cause = || self.own.iter().filter(|own| own.cause == cause);
        let named = of_cause().find(|own| own.mappings.iter().any(|name| name == mapping));
        let own = named.or_else(|| of_cause().find(|own| own.mappings.is_empty())).map(|own| &own.words);
        let (subject, text) = built_in(cause);
        (
            own.and_then(|words| words.subject.as_deref()).unwrap_or(subject),
            own.and_then(|words| words.text.as_deref()).unwrap_or(text),
        )
    }
}

/// Refuses places that would go out as they are written: a letter repeats nothing of the mail (SEC-06).
fn refuse_places(words: &Words, section: &Section, reader: &mut Reader) {
    const REMEDY: &str = "is no place of a letter to a sender, which repeats nothing of the mail; ";
    for (key, text, known) in [("subject", &words.subject, false), ("text", &words.text, true)] {
        let places = text.iter().flat_map(|text| text.split("{{").skip(1));
        let names = places.map(|rest| rest.split("}}").next().unwrap_or(rest).trim());
        let is_known =
            |name: &str| known && (name.starts_with("set:") || format!("{{{{{name}}}}}") == crate::UPLOAD_LINK);
        for name in names.filter(|name| !is_known(name)) {
            let remedy = match known {
                true => "write {{set:NAME}} or {{upload_link}}, or leave it out",
                false => "leave it out",
            };
            reader.refuse_entry(section, key, &format!("{{{{{name}}}}}"), &format!("{REMEDY}{remedy}"));
        }
    }
}

/// The built-in words. They name nothing that the mail said, so that nobody can have us write his words to others (SEC-06).
fn built_in(cause: &str) -> (&'static str, &'static str) {
    const NOT_ADDED: &str = "Your mail was not added to a request";
    let is = |known: RejectionCause| cause == known.word();
    if cause == NOT_CREATED {
        (
            "Your mail could not be processed",
            "We have received your mail, but it could not be entered in our system. It is not lost: our administrators can \
             see it. You need not send it again.",
        )
    } else if cause == CUSTOMER {
        (
            "Your mail has arrived",
            "We have received your mail. You can follow your requests in our service portal, too: sign up there with the address that \
             you wrote from, or ask there for a new password.",
        )
    } else if is(RejectionCause::CommentOnly) {
        (
            NOT_ADDED,
            "This address takes answers to existing requests only, and your mail does not belong to one that we know. \
             Please answer one of our mails about your request, from the address that you used before.",
        )
    } else if is(RejectionCause::Status) || is(RejectionCause::Search) || is(RejectionCause::ResolvedTooLong) {
        (
            NOT_ADDED,
            "The request that your mail belongs to is closed and takes no more answers. Please write a new mail.",
        )
    } else if is(RejectionCause::CommentLimit) || is(RejectionCause::CommentRate) || is(RejectionCause::SenderRate) {
        (
            NOT_ADDED,
            "There were too many mails about this request, or from your address, so yours was not added. Please try again \
             later.",
        )
    } else if is(RejectionCause::NoPermission) {
        (
            NOT_ADDED,
            "Your account in our system may not do what your mail asks for, so it was not added. Please ask our administrators.",
        )
    } else if is(RejectionCause::TooLong) {
        (NOT_ADDED, "Your mail is longer than we can take. Please send the long part as an attached file.")
    } else {
        ("Your mail was not accepted", "Your mail was received but not accepted at this address.")
    }
}
