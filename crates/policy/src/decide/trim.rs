//! What a profile has cut off or taken out of a text, before it becomes an issue or a comment.

use super::body::each_content;
use super::directives::without_block;
use super::verdict::Trace;
use crate::profile::{Mapping, Pattern, Processor, Purse};
use mail::document::{Block, Inline};
use mail::{Document, Hidden, HiddenKind, Reply};
use std::borrow::Cow;

/// A longer text is left as it is.
const TEXT_BYTES_MAX: usize = 256 * 1024;
/// What the searches of one clean-up may look at beyond one pass of each expression: a tenth of a second, and a second where an
/// expression needs a slower engine (`\b` beside letters that are not ASCII). A text of 32 KiB, as long as the tracker takes,
/// may hold some 2,000 matches.
const SEARCHED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A question and its answer, where a clean-up is given up.
const TOO_LONG: (&str, &str) =
    ("Can its text be cleaned up?", "no, so many pieces match that to find them all would take too long");

/// The reply as the profile wants it in a new issue.
pub(super) fn for_issue<'r>(reply: &'r Reply, mapping: &Mapping, trace: &mut Trace) -> Cow<'r, Reply> {
    trimmed(reply, &mapping.create_delimiters, &mapping.create_cleanup_regex, trace)
}

/// The same in a comment.
pub(super) fn for_comment<'r>(reply: &'r Reply, mapping: &Mapping, trace: &mut Trace) -> Cow<'r, Reply> {
    trimmed(reply, &mapping.comment_delimiters, &mapping.comment_cleanup_regex, trace)
}

/// The reply as directives are looked for in it.
pub(super) fn before_directives<'r>(reply: &'r Reply, mapping: &Mapping, trace: &mut Trace) -> Cow<'r, Reply> {
    trimmed(reply, &[], &mapping.text_cleanup_regex, trace)
}

/// The words in which directives are looked for, cleaned up in the same way.
pub(super) fn words_before_directives<'t>(text: &'t str, mapping: &Mapping, trace: &mut Trace) -> Cow<'t, str> {
    let cleanups = &mapping.text_cleanup_regex;
    if !cleanups.iter().any(|pattern| pattern.matches(text)) {
        return Cow::Borrowed(text);
    }
    match clean(text, cleanups, &mut Purse::of_bytes(SEARCHED_BYTES_MAX)) {
        Some(cleaned) => Cow::Owned(cleaned),
        None => {
            trace.note(TOO_LONG.0, TOO_LONG.1, "directives are looked for in the text as it is");
            Cow::Borrowed(text)
        }
    }
}

/// The reply without the block of directives at its top. The layout goes with it: it would still show them.
pub(super) fn without_directives(reply: &Reply, by: Option<Processor>) -> Cow<'_, Reply> {
    let rest = by.map_or(reply.visible.as_str(), |by| without_block(&reply.visible, by));
    if rest.len() == reply.visible.len() {
        return Cow::Borrowed(reply);
    }
    Cow::Owned(Reply { visible: rest.to_owned(), document: None, ..reply.clone() })
}

fn trimmed<'r>(reply: &'r Reply, delimiters: &[Pattern], cleanups: &[Pattern], trace: &mut Trace) -> Cow<'r, Reply> {
    if delimiters.is_empty() && cleanups.is_empty() || reply.visible.len() > TEXT_BYTES_MAX {
        return Cow::Borrowed(reply);
    }
    let mut trimmed = reply.clone();
    cut(&mut trimmed, delimiters);
    if take_out(&mut trimmed, cleanups).is_none() {
        trace.note(TOO_LONG.0, TOO_LONG.1, "the text stays as it is");
    }
    Cow::Owned(trimmed)
}

/// Folds the first line that is a delimiter, and all after it.
fn cut(reply: &mut Reply, delimiters: &[Pattern]) {
    let is_delimiter = |line: &str| delimiters.iter().any(|pattern| pattern.matches(line.trim_end()));
    let mut at = 0;
    for line in reply.visible.split_inclusive('\n') {
        if is_delimiter(line) {
            break;
        }
        at += line.len();
    }
    if at == reply.visible.len() {
        return;
    }
    let text = reply.visible.split_off(at);
    let hidden =
        Hidden { kind: HiddenKind::Quote, text, at_bytes: at, why: "body_delimiter".to_owned(), ..Hidden::default() };
    reply.hidden.push(hidden);
    if let Some(document) = &mut reply.document {
        cut_layout(&mut document.blocks, is_delimiter);
    }
}

/// The block in which the delimiter stands keeps the lines before it, as plain text.
fn cut_layout(blocks: &mut Vec<Block>, is_delimiter: impl Fn(&str) -> bool) {
    let with_delimiter = blocks.iter().enumerate().find_map(|(index, block)| {
        let text = Document { blocks: vec![block.clone()] }.text();
        let line = text.lines().position(&is_delimiter)?;
        Some((index, text.lines().take(line).collect::<Vec<_>>().join("\n")))
    });
    if let Some((index, before)) = with_delimiter {
        blocks.truncate(index);
        if !before.trim().is_empty() {
            blocks.extend(Document::from_text(&before).blocks);
        }
    }
}

/// Takes out all that the expressions match. Where a match spans pieces of the layout the text goes on without it.
///
/// `None` when that would take too long; the reply is then as it was, since half of a clean-up would be no clean-up.
fn take_out(reply: &mut Reply, cleanups: &[Pattern]) -> Option<()> {
    if !cleanups.iter().any(|pattern| pattern.matches(&reply.visible)) {
        return Some(());
    }
    let mut purse = Purse::of_bytes(SEARCHED_BYTES_MAX);
    let visible = clean(&reply.visible, cleanups, &mut purse)?;
    // The text is clean: where only its layout would take too long it goes on without it.
    reply.document = reply.document.take().and_then(|document| clean_layout(document, cleanups, &mut purse));
    reply.visible = visible;
    Some(())
}

fn clean(text: &str, cleanups: &[Pattern], purse: &mut Purse) -> Option<String> {
    cleanups.iter().try_fold(text.to_owned(), |text, pattern| pattern.without(&text, purse))
}

/// The layout without what matches; `None` when something is left of it.
fn clean_layout(mut document: Document, cleanups: &[Pattern], purse: &mut Purse) -> Option<Document> {
    let mut is_left = false;
    each_content(&mut document.blocks, &mut |content| {
        for inline in content.iter_mut() {
            if let Inline::Text { text, .. } = inline {
                match clean(text, cleanups, purse) {
                    Some(cleaned) => *text = cleaned,
                    None => is_left = true,
                }
            }
        }
        content.retain(|inline| !matches!(inline, Inline::Text { text, .. } if text.is_empty()));
    });
    let matches = |text: &str| cleanups.iter().any(|pattern| pattern.matches(text));
    is_left = is_left || matches(&document.text());
    each_content(&mut document.blocks, &mut |content| {
        let pieces = content.iter().map(|inline| match inline {
            Inline::Text { text, .. } => text.as_str(),
            _ => "\n",
        });
        is_left = is_left || matches(&pieces.collect::<String>());
    });
    (!is_left).then_some(document)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Trace, trimmed};
    use crate::profile::Pattern;
    use mail::{Document, Reply};
    use rig::clock::Stopwatch;

    fn reply(text: &str, html: Option<&str>) -> Reply {
        Reply { visible: text.to_owned(), document: html.map(Document::from_html), ..Reply::default() }
    }

    #[test]
    fn what_is_cut_off_is_folded_and_not_lost() {
        let delimiter = [Pattern::glob("-- our firm*").unwrap()];
        let given =
            reply("One\ntwo\n-- Our firm, limited\nrest", Some("<p>One<br>two<br>-- Our firm, limited</p><p>rest</p>"));
        let cut = trimmed(&given, &delimiter, &[], &mut Trace::default());
        assert_eq!(cut.visible, "One\ntwo\n");
        assert_eq!(cut.hidden[0].text, "-- Our firm, limited\nrest");
        assert_eq!(cut.document.as_ref().unwrap().text().trim(), "One\ntwo");
        assert_eq!(trimmed(&reply("One", None), &delimiter, &[], &mut Trace::default()).visible, "One");
    }

    #[test]
    fn what_is_taken_out_is_gone_from_text_and_layout() {
        let banner = [Pattern::regex(r"(?m)^CAUTION: external.*\n?").unwrap(), Pattern::regex("secret-\\d+").unwrap()];
        let given = reply(
            "CAUTION: external mail\nHello secret-7 you",
            Some("<p>CAUTION: external mail</p><p>Hello <b>secret-7</b> you</p>"),
        );
        let cut = trimmed(&given, &[], &banner, &mut Trace::default());
        assert_eq!(cut.visible, "Hello  you");
        let text = cut.document.as_ref().unwrap().text();
        assert!(!text.contains("CAUTION") && !text.contains("secret") && text.contains("Hello"), "{text}");
        let split = reply("secret-7", Some("<p>secret-<b>7</b></p>"));
        assert_eq!(trimmed(&split, &[], &banner, &mut Trace::default()).document, None);
    }

    /// Nothing is lost, nothing is cut half, and the trace says so.
    #[test]
    fn sec_32_a_clean_up_that_would_take_too_long_leaves_the_text_as_it_is() {
        let hungry = [Pattern::regex("(?s)#(.*END)?").unwrap(), Pattern::regex("x").unwrap()];
        let begun = Stopwatch::start();
        for length in [25_000, 100_000, 250_000] {
            let hashes = "#".repeat(length);
            let mut trace = Trace::default();
            let given = reply(&hashes, Some(&format!("<p>{hashes}</p>")));
            assert_eq!(*trimmed(&given, &[], &hungry, &mut trace), given);
            assert!(trace.0[0].contains("too long"), "{:?}", trace.0);
        }
        assert!(begun.elapsed().as_secs() < 3, "{:?}", begun.elapsed());
    }

    #[test]
    fn sec_32_a_clean_up_that_needs_the_slower_engine_is_bounded_too() {
        let begun = Stopwatch::start();
        let hungry = [Pattern::regex(r"(?s)#(.*\bEND)?").unwrap()];
        let given = reply(&"#éa".repeat(60_000), None);
        assert_eq!(*trimmed(&given, &[], &hungry, &mut Trace::default()), given);
        assert!(begun.elapsed().as_secs() < 6, "{:?}", begun.elapsed());
    }

    #[test]
    fn as_many_matches_as_a_long_text_has_are_taken_out() {
        let banners = [Pattern::regex("(?m)[ \\t]+$").unwrap(), Pattern::regex("(?s)-- our firm.*?END").unwrap()];
        let text = "Some words of a line  \n".repeat(1_000) + "-- our firm\n\nis great\nEND\n";
        let mut trace = Trace::default();
        let given = reply(&text, None);
        let cut = trimmed(&given, &[], &banners, &mut trace);
        assert_eq!(cut.visible, "Some words of a line\n".repeat(1_000) + "\n");
        assert!(trace.0.is_empty(), "{:?}", trace.0);
    }
}
