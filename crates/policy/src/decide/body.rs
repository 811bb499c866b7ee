//! The text of an issue or a comment: everything that was written is in it, some of it folded.

use super::evidence::Evidence;
use super::lookups;
use super::sealing_note::unopened_in_words;
use super::verdict::Trace;
use crate::shortened::shortened;
use crate::{AnswerSeenBy, Body};
use mail::document::{Block, Cell, Inline};
use mail::{Address, Document, Hidden, HiddenKind, Message, Part, PartClass, Reply, SealForm};
use std::borrow::Cow;

/// From this length on, in UTF-16 units, the parts that hold the text go along as files, so that nothing is lost where a
/// tracker has to cut it. Jira's fields hold 32,767; markup and folding need room of their own.
pub const LONG_TEXT_UNITS: usize = 16_000;

/// What becomes of a text that is cut, as the note under it says.
pub(super) const GOES_ALONG: &str = "all of it goes along as a file";
pub(super) const STAYS: &str = "all of it stays in the mail, which the mail gateway keeps";

const NO_TEXT: &str = "(no text)";
const NO_NEW_TEXT: &str = "(no new text)";

/// A new request is shown whole: only quoted history is folded, since a forwarded mail is often the request itself.
pub(super) fn of_issue(evidence: &Evidence, reply: &Reply) -> Body {
    let (hidden, shown): (Vec<Hidden>, Vec<Hidden>) =
        folded(evidence, reply).into_iter().partition(|piece| piece.kind == HiddenKind::Quote);
    let visible = Text { text: reply.visible.trim().to_owned(), document: reply.document.clone() };
    let visible = shown.into_iter().map(Text::from).fold(visible, Text::followed_by);
    if visible.text.is_empty() && !hidden.is_empty() {
        // Nothing but quotation: then that is what the sender had to say.
        let all = hidden.into_iter().map(Text::from).fold(Text::default(), Text::followed_by);
        return body(evidence, all, Vec::new(), NO_TEXT);
    }
    body(evidence, visible, hidden, NO_TEXT)
}

/// A comment shows what is new and folds the rest, but for quotes of what the issue says itself: they would stand there
/// once more with every reply.
pub(super) fn of_comment(evidence: &Evidence, reply: &Reply) -> Body {
    let hidden = folded(evidence, reply);
    let empty = if hidden.is_empty() { NO_TEXT } else { NO_NEW_TEXT };
    let hidden = hidden.into_iter().filter(|piece| !piece.is_said_already()).collect();
    let visible = Text { text: reply.visible.trim().to_owned(), document: reply.document.clone() };
    body(evidence, visible, hidden, empty)
}

/// The reply with its new words alone: what stands below them is, or may be, the letter that it answers, which is not for everybody who
/// can come to see the issue.
pub(super) fn without_quotes<'r>(reply: &'r Reply, trace: &mut Trace) -> Cow<'r, Reply> {
    const QUESTION: &str = "Is what it quotes kept beside the comment?";
    if reply.hidden.iter().any(|piece| !piece.is_said_already()) {
        trace.note(QUESTION, "no, it answers or quotes a letter that is not for everybody", "it stays in the mail");
    }
    Cow::Owned(Reply { hidden: Vec::new(), ..reply.clone() })
}

/// A text and, where the mail had one, its layout.
#[derive(Default)]
struct Text {
    text: String,
    document: Option<Document>,
}

impl From<Hidden> for Text {
    fn from(piece: Hidden) -> Text {
        Text { text: piece.text.trim().to_owned(), document: piece.document }
    }
}

impl Text {
    /// Both, one after the other. What has no layout gets that of a plain text as soon as the other has one.
    fn followed_by(self, next: Text) -> Text {
        if next.text.is_empty() && next.document.is_none() {
            return self;
        }
        if self.text.is_empty() && self.document.is_none() {
            return next;
        }
        let document = (self.document.is_some() || next.document.is_some()).then(|| {
            let mut all = self.layout();
            all.blocks.extend(next.layout().blocks);
            all
        });
        let texts = [self.text, next.text];
        let shown: Vec<String> = texts.into_iter().filter(|text| !text.is_empty()).collect();
        Text { text: shown.join("\n\n"), document }
    }

    fn layout(&self) -> Document {
        self.document.clone().unwrap_or_else(|| Document::from_text(&self.text))
    }
}

/// What was cut from the text, and a forwarded message that was attached whole: its text stands in no part of the body, and
/// its header in no file.
fn folded(evidence: &Evidence, reply: &Reply) -> Vec<Hidden> {
    reply.hidden.iter().cloned().chain(attached_message(evidence)).collect()
}

/// The forwarded message with the header lines that people look for; `None` when it was pasted into the text.
fn attached_message(evidence: &Evidence) -> Option<Hidden> {
    let message = evidence.message;
    let forward = message.forward.as_ref()?;
    // In winmail.dat a message is a file like others, whose own parts stand below it.
    let is_message = |part: &Part| match part.leaf {
        true => part.content_type == "application/ms-tnef" && part.path.contains("/tnef/"),
        false => part.content_type.starts_with("message/"),
    };
    let is_attached = message.parts.iter().any(is_message);
    let is_limited = lookups::answer_seen_by(evidence) != AnswerSeenBy::Everybody;
    // What stands before a pasted message is less than the whole text.
    if is_limited || !is_attached || forward.before != message.text {
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
    let text = format!("{header}\n\n{}", forward.text.trim());
    Some(Hidden { kind: HiddenKind::Forward, text, ..Hidden::default() })
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
        if let Some(document) = &mut named.document {
            name_pictures(&mut document.blocks, content_id, &name);
        }
    }
    if is_long(&named) { body } else { named }
}

/// The body without the places of pictures that do not go along; no tracker takes a comment of nothing.
pub(super) fn without_pictures(mut body: Body, content_ids: &[&str]) -> Body {
    for content_id in content_ids {
        body.visible = body.visible.replace(&format!("![](cid:{content_id})"), "");
        body.visible = body.visible.replace(&format!("[cid:{content_id}]"), "");
    }
    let is_unseen = |inline: &Inline| matches!(inline, Inline::Picture { content_id, .. } if content_ids.contains(&content_id.as_str()));
    if let Some(document) = &mut body.document {
        each_content(&mut document.blocks, &mut |content| content.retain(|inline| !is_unseen(inline)));
    }
    body.visible.truncate(body.visible.trim_end().len());
    if body.visible.is_empty() {
        NO_TEXT.clone_into(&mut body.visible);
    }
    body
}

/// Gives a picture that says nothing about itself the name of its file.
fn name_pictures(blocks: &mut [Block], content_id: &str, name: &str) {
    each_content(blocks, &mut |content| {
        for inline in content {
            match inline {
                Inline::Picture { content_id: id, words } if id == content_id && words.is_empty() => {
                    name.clone_into(words);
                }
                _ => {}
            }
        }
    });
}

/// Goes over the text of every paragraph and heading. A document's depth is bounded where it is made.
pub(super) fn each_content(blocks: &mut [Block], work: &mut impl FnMut(&mut Vec<Inline>)) {
    for block in blocks {
        match block {
            Block::Paragraph(content) | Block::Heading { content, .. } => work(content),
            Block::List { items, .. } => items.iter_mut().for_each(|item| each_content(item, work)),
            Block::Quote(inner) => each_content(inner, work),
            Block::Table(rows) => {
                for Cell { blocks, .. } in rows.iter_mut().flatten() {
                    each_content(blocks, work);
                }
            }
            Block::Code { .. } | Block::Rule | Block::Foreign(_) => {}
        }
    }
}

/// The body with these words in place of what the mail says.
pub(super) fn saying(body: Body, text: &str) -> Body {
    Body { visible: text.trim().to_owned(), document: None, ..body }
}

/// The body below words that the profile puts there.
pub(super) fn under(mut body: Body, above: &str) -> Body {
    if above.trim().is_empty() {
        return body;
    }
    body.visible = format!("{}\n\n{}", above.trim(), body.visible);
    if let Some(document) = &mut body.document {
        let above = Document::literal(above.trim()).blocks;
        document.blocks.splice(0..0, above);
    }
    body
}

/// The body above words that the profile puts there.
pub(super) fn over(mut body: Body, below: &str) -> Body {
    if below.trim().is_empty() {
        return body;
    }
    body.visible = format!("{}\n\n{}", body.visible, below.trim());
    if let Some(document) = &mut body.document {
        document.blocks.extend(Document::literal(below.trim()).blocks);
    }
    body
}

/// The body below everybody whom the mail names in From, where that is not one author: none is picked out of several, but whoever works
/// on the issue has to know them.
pub(super) fn naming_authors(evidence: &Evidence, mut body: Body) -> Body {
    let sender = &evidence.sender;
    if sender.author.is_some() || sender.claimed.is_empty() {
        return body;
    }
    let note = format!("From, not verified: {}", sender.claimed.join(", "));
    body.visible = format!("{note}\n\n{}", body.visible);
    if let Some(document) = &mut body.document {
        document.blocks.insert(0, Block::literal(note));
    }
    body
}

/// The body cut to so many characters, and whether it was cut; `rest` tells its readers where the whole text is then.
pub(super) fn cut(mut body: Body, chars_max: usize, rest: &str) -> (Body, bool) {
    let Cow::Owned(kept) = shortened(&body.visible, chars_max) else { return (body, false) };
    body.visible = format!("{kept}\n\n(The text is longer than {chars_max} characters; {rest}.)");
    body.document = None;
    body.hidden.clear();
    (body, true)
}

/// Whether a tracker may have to cut the text.
pub(crate) fn is_long(body: &Body) -> bool {
    let texts = std::iter::once(&body.visible).chain(body.hidden.iter().map(|piece| &piece.text));
    texts.map(|text| text.encode_utf16().count()).sum::<usize>() > LONG_TEXT_UNITS
}

/// What a mail without a text that can be read is sealed with, and where it is; `None` for a mail that is not sealed.
fn sealed(message: &Message) -> Option<String> {
    let seal = message.sealed.iter().find(|seal| {
        use SealForm::*;
        matches!(seal.form, Encrypted | AuthEncrypted | OpaqueSigned | Compressed | InlineMessage | Unreadable)
    })?;
    let scheme = seal.scheme.name();
    let how = match seal.form {
        SealForm::OpaqueSigned => "signed as a whole",
        SealForm::Compressed => "compressed",
        SealForm::Unreadable => "sealed, and damaged on the way",
        _ => "encrypted",
    };
    let goes_along = message.parts.iter().any(|part| part.leaf && !part.body && part.class == PartClass::Sealed);
    let place = if goes_along { "The sealed part goes along as a file." } else { "It stays in the mail." };
    let why = match message.opened.as_ref().and_then(|opened| opened.unopened) {
        Some(why) => format!("could not be opened: {}", unopened_in_words(why)),
        None => "was not opened".to_owned(),
    };
    Some(format!("(no text: the mail is {how} with {scheme} and {why}. {place})"))
}

fn body(evidence: &Evidence, visible: Text, hidden: Vec<Hidden>, empty: &str) -> Body {
    let mut visible = visible;
    if visible.text.is_empty() {
        visible.text = sealed(evidence.message).filter(|_| empty == NO_TEXT).unwrap_or_else(|| empty.to_owned());
        // A picture may be all that was sent.
        visible.document = visible.document.filter(|document| !document.blocks.is_empty());
    }
    Body {
        visible: visible.text,
        document: visible.document,
        hidden,
        author: evidence.sender.author.clone(),
        author_reports: false,
        kept: Vec::new(),
    }
}
