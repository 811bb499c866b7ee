//! What a mail puts into the places of a profile's texts.

use super::evidence::Evidence;
use crate::placeholder::Template;
use mail::Address;

/// The text with every place filled in.
pub(super) fn filled(evidence: &Evidence, template: &Template) -> String {
    template.filled(|name| value(evidence, name))
}

fn value(evidence: &Evidence, name: &str) -> String {
    let headers = &evidence.message.headers;
    let author = evidence.sender.author.as_ref();
    let address = evidence.sender.identity.clone().unwrap_or_default();
    let listed = |people: &[Address]| people.iter().map(|one| one.address.trim()).collect::<Vec<_>>().join(", ");
    match name {
        "sender.address" => address,
        "sender.name" => author.and_then(|author| author.name.clone()).unwrap_or(address),
        "sender.domain" => address.split_once('@').map_or(String::new(), |(_, domain)| domain.to_owned()),
        "subject" => headers.subject.clone(),
        "text" => evidence.written().trim().to_owned(),
        "date" => evidence.facts.now.split('T').next().unwrap_or_default().to_owned(),
        "time" => evidence.facts.now.clone(),
        "message_id" => headers.message_id.clone().unwrap_or_default(),
        "to" => listed(&headers.to),
        "cc" => listed(&headers.cc),
        "recipient" => {
            evidence.recipients.iter().find(|one| evidence.profile.catches(one)).cloned().unwrap_or_default()
        }
        "mailbox" => evidence.facts.mailbox.clone(),
        "site" => evidence.facts.site.clone(),
        other => {
            let name = other.strip_prefix("header.").unwrap_or_default();
            let field = headers.other.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            field.map_or(String::new(), |field| field.value.clone())
        }
    }
}
