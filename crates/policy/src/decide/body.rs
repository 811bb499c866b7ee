//! The text of an issue or a comment: everything that was written is in it, some of it folded.

use super::evidence::Evidence;
use crate::Body;
use mail::{Address, Hidden, HiddenKind, Message, Part, Reply};

/// From this length on, in UTF-16 units, the parts that hold the text go along as files, so that nothing is lost where a
/// tracker has to cut it. Jira's fields hold 32,767; markup and folding need room of their own.
pub const LONG_TEXT_UNITS: usize = 16_000;

const NO_TEXT: &str = "(no text)";
const NO_NEW_TEXT: &str = "(no new text)";

/// A new request is shown whole: only quoted history is folded, since a forwarded mail is often the request itself.
pub(super) fn of_issue(evidence: &Evidence, reply: &Reply) -> Body {
    let (hidden, shown): (Vec<Hidden>, Vec<Hidden>) =
        folded(evidence, reply).into_iter().partition(|piece| piece.kind == HiddenKind::Quote);
    let pieces = std::iter::once(reply.visible.as_str()).chain(shown.iter().map(|piece| piece.text.as_str()));
    let visible = pieces.map(str::trim).filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n");
    if visible.is_empty() && !hidden.is_empty() {
        // Nothing but quotation: then that is what the sender had to say.
        let all: Vec<&str> = hidden.iter().map(|piece| piece.text.as_str()).collect();
        return body(evidence, all.join("\n\n"), Vec::new(), NO_TEXT);
    }
    body(evidence, visible, hidden, NO_TEXT)
}

/// A comment shows what is new and folds the rest.
pub(super) fn of_comment(evidence: &Evidence, reply: &Reply) -> Body {
    let hidden = folded(evidence, reply);
    let empty = if hidden.is_empty() { NO_TEXT } else { NO_NEW_TEXT };
    body(evidence, reply.visible.trim().to_owned(), hidden, empty)
}

/// What was cut from the text, and a forwarded message that was attached whole: its text stands in no part of the body, and
/// its header in no file.
fn folded(evidence: &Evidence, reply: &Reply) -> Vec<Hidden> {
    reply.hidden.iter().cloned().chain(attached_message(evidence.message)).collect()
}

/// The forwarded message with the header lines that people look for; `None` when it was pasted into the text.
fn attached_message(message: &Message) -> Option<Hidden> {
    let forward = message.forward.as_ref()?;
    // In winmail.dat a message is a file like others, whose own parts stand below it.
    let is_message = |part: &Part| match part.leaf {
        true => part.content_type == "application/ms-tnef" && part.path.contains("/tnef/"),
        false => part.content_type.starts_with("message/"),
    };
    let is_attached = message.parts.iter().any(is_message);
    // What stands before a pasted message is less than the whole text.
    if !is_attached || forward.before != message.text {
        return None;
    }
    let to = forward.to.iter().map(shown).collect::<Vec<_>>().join(", ");
    let fields = [
        ("From", forward.from.as_ref().map(shown)),
        ("To", Some(to).filter(|to| !to.is_empty())),
        ("Date", forward.date.clone()),
        ("Subject", forward.subject.clone()),
    ];
    let lines = fields.into_iter().filter_map(|(name, value)| Some(format!("{name}: {}", value?)));
    let header = lines.collect::<Vec<_>>().join("\n");
    Some(Hidden { kind: HiddenKind::Forward, text: format!("{header}\n\n{}", forward.text.trim()) })
}

fn shown(address: &Address) -> String {
    match &address.name {
        Some(name) => format!("{name} <{}>", address.address),
        None => address.address.clone(),
    }
}

/// The body with each picture called by the name of its file, so that its place in the text can be told: `[cid:…]`, as
/// programs write it into plain text, and a picture in Markdown that says nothing about itself.
///
/// A text that is long, or would be with the names, stays as it is: it goes along whole as a file or need not be cut.
pub(super) fn with_pictures_named(body: Body, pictures: &[(&str, &str)]) -> Body {
    let mut named = body.clone();
    for (content_id, name) in pictures {
        if is_long(&named) {
            return body;
        }
        // The name stands between brackets, where one of its own would end it.
        let name = name.replace(['[', ']'], "_");
        let markdown = format!("![{name}](cid:{content_id})");
        named.visible = named.visible.replace(&format!("[cid:{content_id}]"), &format!("[{name}]"));
        named.visible = named.visible.replace(&format!("![](cid:{content_id})"), &markdown);
    }
    if is_long(&named) { body } else { named }
}

/// The body without the places of pictures that do not go along; no tracker takes a comment of nothing.
pub(super) fn without_pictures(mut body: Body, content_ids: &[&str]) -> Body {
    for content_id in content_ids {
        body.visible = body.visible.replace(&format!("![](cid:{content_id})"), "");
        body.visible = body.visible.replace(&format!("[cid:{content_id}]"), "");
    }
    body.visible.truncate(body.visible.trim_end().len());
    if body.visible.is_empty() {
        NO_TEXT.clone_into(&mut body.visible);
    }
    body
}

/// Whether a tracker may have to cut the text.
pub(super) fn is_long(body: &Body) -> bool {
    let texts = std::iter::once(&body.visible).chain(body.hidden.iter().map(|piece| &piece.text));
    texts.map(|text| text.encode_utf16().count()).sum::<usize>() > LONG_TEXT_UNITS
}

fn body(evidence: &Evidence, visible: String, hidden: Vec<Hidden>, empty: &str) -> Body {
    let visible = if visible.is_empty() { empty.to_owned() } else { visible };
    let sender = &evidence.sender;
    let visible = match &sender.author {
        Some(_) => visible,
        // No author is picked out of several, but whoever works on the issue has to know whom the mail named.
        None if sender.claimed.is_empty() => visible,
        None => format!("From, not verified: {}\n\n{visible}", sender.claimed.join(", ")),
    };
    Body { visible, hidden, author: sender.author.clone() }
}
