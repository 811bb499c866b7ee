//! What conditions of a profile can name, and what it is in this mail.

use super::evidence::Evidence;
use crate::expression::{Scene, Value};
use mail::AutomaticKind;

/// How much of a text conditions see: enough for what tells mails apart, and too little to cost anything.
const TEXT_CHARS_MAX: usize = 16 * 1024;
/// How many recipients and files conditions see.
const ENTRIES_MAX: usize = 100;

/// The scene of this mail; a test holds that it has every name that a condition may use.
pub(super) fn of<'e>(evidence: &'e Evidence) -> &'e Scene {
    evidence.scene.get_or_init(|| Scene(values(evidence)))
}

/// The scene with no words but the sender's own: `written` for the text, without what he quotes or hands on, and the subject of a reply or
/// forward left empty.
pub(super) fn of_own_words(evidence: &Evidence, written: &str) -> Scene {
    let mut values = of(evidence).0.clone();
    for (name, value) in &mut values {
        match *name {
            "text" => *value = Value::text(written),
            "subject" if evidence.is_answer() => *value = Value::text(""),
            _ => {}
        }
    }
    Scene(values)
}

fn values(evidence: &Evidence) -> Vec<(&'static str, Value)> {
    let message = evidence.message;
    let from = evidence.sender.identity.clone().unwrap_or_default();
    let domain = from.split_once('@').map_or("", |(_, domain)| domain);
    let to = evidence.recipients.iter().take(ENTRIES_MAX).map(|address| Value::text(address)).collect();
    let text: String = message.text.chars().take(TEXT_CHARS_MAX).collect();
    let headers = &message.headers.other;
    let headers = headers.iter().map(|field| (field.name.clone(), Value::text(&field.value))).collect();
    let names = message.parts.iter().filter(|part| part.leaf && !part.body).filter_map(|part| part.name.as_deref());
    let automatic = match message.automatic.as_ref().map(|automatic| automatic.kind) {
        None => "",
        Some(AutomaticKind::AutoReply) => "auto_reply",
        Some(AutomaticKind::Bulk) => "bulk",
        Some(AutomaticKind::List) => "list",
        Some(AutomaticKind::Bounce | AutomaticKind::FeedbackReport | AutomaticKind::ReadReceipt) => "report",
    };
    let opened = message.opened.as_ref().filter(|opened| opened.came_sealed());
    let sealed = opened.and_then(|opened| opened.encrypted).map_or("", mail::SealScheme::word);
    vec![
        ("from_domain", Value::text(domain)),
        ("from", Value::text(&from)),
        ("authentic", Value::Truth(evidence.is_authentic())),
        ("sealed", Value::text(sealed)),
        ("signed", Value::text(evidence.signed().word())),
        ("to", Value::list(to)),
        ("subject", Value::text(&evidence.subject)),
        ("text", Value::text(&text)),
        ("headers", Value::map(headers)),
        ("attachments", Value::list(names.take(ENTRIES_MAX).map(Value::text).collect())),
        ("size", Value::Number(i64::try_from(message.text.chars().count()).unwrap_or(i64::MAX))),
        ("automatic", Value::text(automatic)),
        ("mailbox", Value::text(&evidence.facts.mailbox)),
        ("hops", Value::Number(i64::from(message.headers.received_count))),
    ]
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::profile::CONDITION_NAMES;
    use crate::{Facts, Profile};

    #[test]
    fn every_name_of_the_manual_has_a_value() {
        let profile = Profile::from_toml("p", "default.project = \"DEMO\"", "p.toml").unwrap();
        let (message, facts) = (mail::Message::default(), Facts::default());
        let evidence = super::Evidence::new(&message, &profile, &facts);
        let mut known: Vec<&str> = super::of(&evidence).0.iter().map(|(name, _)| *name).collect();
        let mut told: Vec<&str> = CONDITION_NAMES.iter().map(|(name, _)| *name).collect();
        known.sort_unstable();
        told.sort_unstable();
        assert_eq!(known, told);
    }
}
