//! What the sender newly wrote, and beside it what was cut: structure first, then the words of many languages.

mod agree;
mod answers;
mod attribution;
mod client;
mod fate;
mod header;
pub(crate) mod language;
mod languages;
mod languages_rarer;
mod line;
mod memory;
mod notice;
mod pieces;
mod quotes;
mod said;
mod split;
mod telephone;

use crate::document::{self, Built, Document, Keep, LINES_MAX, Line};
use crate::history::History;
use crate::message::{Headers, HiddenKind, Reply};
use crate::page::{self, Content, Page};
use crate::{Limits, body, charset, data_picture, parse};
use agree::{Pictures, Version};
pub(crate) use client::without_prefixes;
use client::{Mark, Zone};
use split::{Cut, Place};

/// What the bytes given to [`new_text`] are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A whole mail (RFC 5322).
    Mail,
    /// Plain text.
    Text,
    /// An HTML page.
    Html,
}

/// The new text of a reply, and what was cut, by kind. Total and linear; every word of the text is in one of the two.
///
/// Of HTML it is the words alone; of a whole mail it is what [`crate::read`] yields.
///
/// ```
/// let reply = mail::new_text(mail::Format::Text, b"Yes.\n\nOn 3 May 2024, Jo <jo@x.org> wrote:\n> Shall we?\n");
/// assert_eq!(reply.visible, "Yes.");
/// assert_eq!(reply.hidden.len(), 1);
/// ```
pub fn new_text(format: Format, bytes: &[u8]) -> Reply {
    new_text_given(format, bytes, None)
}

/// The new text of a reply to what was said before.
///
/// A quote is confirmed where the history knows its words, whatever marks it bears or lacks. Below a mark, lines that are
/// neither known nor behind quote signs are the sender's answers and stay visible: between known lines, below the last, and
/// everywhere when nothing was written above. Quotes with signs stay as context between answers; those without are folded,
/// because without a sign they would be read as the sender's own. As total, linear and complete as [`new_text`].
pub fn new_text_after(format: Format, bytes: &[u8], history: &History) -> Reply {
    new_text_given(format, bytes, Some(history))
}

fn new_text_given(format: Format, bytes: &[u8], history: Option<&History>) -> Reply {
    let given = Given { history, is_first: false };
    match format {
        Format::Mail => parse::read_after(bytes, &Limits::default(), history).reply,
        Format::Text => of_text(&body::lines(&charset::decode(bytes, None).text), given),
        Format::Html => {
            let label = charset::named_in_html(bytes);
            let html = charset::decode(bytes, label.as_deref()).text;
            let page = page::parse(&html);
            let Built { document, marks, .. } = document::build(&page, &client::marks(&page, history));
            split::split(&document::words(&document, &marks), given).reply
        }
    }
}

/// What is known of a text before its lines are looked at.
#[derive(Clone, Copy)]
pub(crate) struct Given<'h> {
    /// What the issue said before.
    pub history: Option<&'h History>,
    /// The mail's header says that it answers nothing and forwards nothing.
    pub is_first: bool,
}

impl<'h> Given<'h> {
    pub fn of(headers: &Headers, history: Option<&'h History>) -> Given<'h> {
        let answers = !headers.in_reply_to.is_empty() || !headers.references.is_empty();
        Given { history, is_first: !answers && !language::has_reply_prefix(&headers.subject) }
    }
}

/// A body that was sent as HTML, read once: its layout, its lines, and what mail programs marked in it.
pub(crate) struct Html<'h> {
    given: Given<'h>,
    document: Document,
    lines: Vec<Line<Mark>>,
    /// A program marked a quote or a forward.
    is_marked: bool,
    /// What pictures say of themselves.
    pictures: Pictures,
    is_unlinked: bool,
}

/// A version of a text that is not shown and says words that the other one does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsaid {
    Plain,
    Html,
}

/// Hidden pieces whose layout is kept; further ones are text.
const HIDDEN_DOCUMENTS_MAX: usize = 16;

impl<'h> Html<'h> {
    pub fn read(page: &Page, given: Given<'h>) -> Html<'h> {
        let mut marks = client::marks(page, given.history);
        let is_marked = marks.iter().flatten().any(|m| matches!(m.zone, Zone::Quote | Zone::Forward));
        if !is_marked {
            // Indented lines of a mail that quotes nothing are its own; a signature is one anywhere.
            marks.iter_mut().for_each(|mark| *mark = mark.filter(|m| m.zone == Zone::Signature));
        }
        let Built { document, marks, is_unlinked } = document::build(page, &marks);
        let alts = page
            .nodes
            .iter()
            .filter(|node| node.name() == "img" && !node.unseen)
            .filter_map(|node| node.attribute("alt"));
        let pictures = Pictures::of(alts);
        Html { given, lines: document::signed(&document, &marks), document, is_marked, pictures, is_unlinked }
    }

    /// What of the page is not in the layout.
    pub fn fault(&self) -> Option<&'static str> {
        self.is_unlinked.then_some("links are said too often: further words are shown without theirs")
    }

    /// The body as text, for mails that have no plain one.
    pub fn text(&self) -> String {
        document::joined(&self.lines)
    }

    /// The marks that mail programs leave in HTML are surer than words; without any, the plain text is judged, and the
    /// layout goes along where it says the same.
    pub fn reply(&mut self, plain: Option<&str>) -> Reply {
        let plain = plain.filter(|_| !self.is_marked);
        // The layout of a text that is not compared is not shown, so it is not looked for either.
        if let Some(plain) = plain.filter(|plain| plain.len() > said::TEXT_BYTES_MAX) {
            return of_text(plain, self.given);
        }
        let cut = split::split(&self.lines, self.given);
        match plain {
            None => self.with_documents(cut),
            Some(plain) => {
                let mut reply = of_text(plain, self.given);
                let shown = self.shown(&cut.places);
                if agree::say_the_same(&reply.visible, &shown, &self.pictures) {
                    reply.document = Some(shown);
                }
                reply
            }
        }
    }

    /// Which version a reader of `reply`, as [`Html::reply`] makes it of a plain text, would have to see, too.
    pub fn unsaid(&self, plain: &str, reply: &Reply) -> Option<Unsaid> {
        if plain.len() > said::TEXT_BYTES_MAX {
            return Some(if self.is_marked { Unsaid::Plain } else { Unsaid::Html });
        }
        let whole = document::joined(&self.lines);
        if self.is_marked {
            let new = of_text(plain, self.given).visible;
            let is_more = agree::has_more(plain, &whole, &self.pictures)
                && agree::has_more(&new, &whole, &self.pictures)
                || agree::says_otherwise(
                    Version { new: &new, whole: plain },
                    Version { new: &reply.visible, whole: &whole },
                    &self.pictures,
                );
            return is_more.then_some(Unsaid::Plain);
        }
        // The layout is shown, and it says all that the text says.
        if reply.document.is_some() {
            return None;
        }
        let new = split::split(&self.lines, self.given).reply.visible;
        let is_more = agree::has_more(&whole, plain, &self.pictures) && agree::has_more(&new, plain, &self.pictures)
            || agree::shows_other_address(&new, plain)
            || agree::says_otherwise(
                Version { new: &new, whole: &whole },
                Version { new: &reply.visible, whole: plain },
                &self.pictures,
            );
        is_more.then_some(Unsaid::Html)
    }

    fn with_documents(&mut self, cut: Cut) -> Reply {
        let Cut { mut reply, places } = cut;
        // Nobody asks for the layout again, so the whole of it need not be copied.
        if places.iter().all(|place| *place == Place::Shown) {
            reply.document = Some(std::mem::take(&mut self.document));
            return reply;
        }
        for (at, hidden) in reply.hidden.iter_mut().enumerate().take(HIDDEN_DOCUMENTS_MAX) {
            let is_in = |line: usize| places.get(line) == Some(&Place::Hidden(at));
            hidden.document = Some(self.document.part(|line| if is_in(line) { Keep::Line } else { Keep::Nothing }));
        }
        reply.document = Some(self.shown(&places));
        reply
    }

    fn shown(&self, places: &[Place]) -> Document {
        self.document.part(|line| match places.get(line).copied().unwrap_or_default() {
            Place::Shown => Keep::Line,
            Place::Answer => Keep::Words,
            Place::Hidden(_) => Keep::Nothing,
        })
    }
}

/// Whether one version of a text has a word that another has nowhere.
pub(crate) fn has_more(version: &str, shown: &str) -> bool {
    agree::has_more(version, shown, &Pictures::default())
}

/// Where a page shows a picture of its mail.
pub(crate) struct PicturePlace {
    pub content_id: String,
    /// The mark around it; `None` in what the sender wrote.
    pub within: Option<HiddenKind>,
    /// Words that the sender wrote before and after it.
    pub words_before: usize,
    pub words_after: usize,
}

/// Pictures of a page that are looked for.
const PICTURES_MAX: usize = 1000;

/// The pictures that a page shows of its mail (`cid:`), in order, with what is written around them. Linear.
pub(crate) fn pictures(html: &str) -> Vec<PicturePlace> {
    let page = page::parse(html);
    let marks = client::marks(&page, None);
    let (mut found, mut words, mut at): (Vec<PicturePlace>, usize, usize) = (Vec::new(), 0, 0);
    while let Some(node) = page.nodes.get(at) {
        if node.unseen {
            at = node.end;
            continue;
        }
        let within = match marks[at].map(|mark| mark.zone) {
            Some(Zone::Quote) => Some(HiddenKind::Quote),
            Some(Zone::Forward) => Some(HiddenKind::Forward),
            Some(Zone::Signature) => Some(HiddenKind::Signature),
            Some(Zone::Indent) | None => None,
        };
        if let Content::Text(text) = &node.content {
            words += if within.is_none() { text.split_whitespace().count() } else { 0 };
        }
        let source = node
            .attribute("src")
            .filter(|_| node.name() == "img")
            .filter(|_| found.len() < PICTURES_MAX)
            .and_then(content_id_of);
        if let Some(content_id) = source {
            found.push(PicturePlace { content_id, within, words_before: words, words_after: 0 });
        }
        at += 1;
    }
    found.iter_mut().for_each(|picture| picture.words_after = words - picture.words_before);
    found
}

/// The part that a source names, or that stands in it.
fn content_id_of(source: &str) -> Option<String> {
    let (scheme, id) = source.trim().get(..4).zip(source.trim().get(4..))?;
    let named = scheme.eq_ignore_ascii_case("cid:").then(|| id.to_owned());
    named.or_else(|| data_picture::content_id(source))
}

/// What was cut from a mail that forwards another one in words is the forwarded mail, whatever introduces it.
pub(crate) fn fold_as_forward(reply: &mut Reply) {
    for hidden in reply.hidden.iter_mut().filter(|h| h.kind == HiddenKind::Quote) {
        hidden.kind = HiddenKind::Forward;
    }
}

/// The reply of a mail whose body is plain text.
pub(crate) fn of_text(text: &str, given: Given) -> Reply {
    let end = memchr::memchr_iter(b'\n', text.as_bytes()).nth(LINES_MAX);
    let (looked_at, rest) = end.map_or((text, None), |end| (&text[..end], Some(&text[end + 1..])));
    let line = |line: &str| Line { text: line.to_owned(), mark: None, source: None };
    let lines: Vec<Line<Mark>> = looked_at.lines().chain(rest).map(line).collect();
    split::split(&lines, given).reply
}
