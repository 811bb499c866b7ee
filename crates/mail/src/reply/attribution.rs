//! Lines that introduce a quote (`On Tuesday Jo wrote:`), as one text once their pieces are joined.

use super::language;
use super::line::{Class, classify, pattern};
use regex::Regex;
use std::sync::LazyLock;

/// Bytes that an attribution may have.
pub(super) const ATTRIBUTION_BYTES_MAX: usize = 400;

/// A line that is one piece of an address: no spaces, and a character that addresses have and words have not.
pub(super) fn is_wrapped_address(text: &str) -> bool {
    let text = text.trim();
    text.contains("://") && text.split_whitespace().count() <= 2
        || !text.contains(char::is_whitespace) && text.contains(['_', '=', '/', '<', '>'])
}

static WROTE: LazyLock<Regex> = LazyLock::new(|| {
    let wrote = language::any(|l| l.wrote);
    pattern(&format!(r"(?i)(?:{wrote})(?:\W.{{0,160}})?[:：]\W{{0,8}}$|(?:{wrote})\s*[-=*:：]*$"))
});
static DATED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"^\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\s(?:.{0,12}\d{1,2}:\d{2}.{0,12}\s)?(?:GMT|UTC)?.{0,120}?(?:<[^<>\s]*\s?[^<>\s]+@[^<>]+>\s?:?|(?:GMT|UTC)[+-]\d.{1,80})$|^.{0,60}\d{1,2}[:.]\d{2}.{0,80}<[^<>\s]+@[^<>]+>\s?:$",
    )
});
static PRONOUN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:^|\W)(?:i|he|she|we|they|it|who|ich|er|sie|wir|je|il|elle)\s+(?:\w+\s+)?(?:wrote|said|sent|schrieb|a écrit)",
    )
});
static SURE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"@|\d{1,2}\s?[:.h：]\s?\d{2}|[-=]{2,}|(?:^|\W)(?:19|20)\d{2}(?:\W|$)"));
static SHARED: LazyLock<Regex> = LazyLock::new(|| {
    let wrote = language::any(|l| l.wrote);
    pattern(&format!(
        r"^(?P<new>.*\S.*?)(?:\s|-{{2,}}\s?)(?P<attribution>(?:On|Am|Le|El|Il|Op|Em|Den) .{{0,30}}\d.{{0,160}}@.{{0,100}}(?:{wrote})\s?:)\s*$"
    ))
});

pub(super) fn is_attribution(joined: &str) -> bool {
    let has_time = joined.contains('@') || joined.chars().any(|c| c.is_ascii_digit()) || joined.starts_with("--");
    has_time && (WROTE.is_match(joined) || DATED.is_match(joined)) && !PRONOUN.is_match(joined)
}

/// Sure enough to cut what follows although it bears no quote sign: an address, a time or a year stands in it.
pub(super) fn is_sure(joined: &str) -> bool {
    SURE.is_match(joined)
}

/// Whether an address or a time of day stands in it.
pub(super) fn is_dated(joined: &str) -> bool {
    static DATED: LazyLock<Regex> = LazyLock::new(|| pattern(r"@|\d{1,2}\s?[:h：]\s?\d{2}"));
    DATED.is_match(joined)
}

/// New text and an attribution on one line, as clients write that forget a line break.
pub(super) fn shared_line(text: &str) -> Option<(&str, &str)> {
    let may = text.contains('@') && text.trim_end().ends_with(':');
    if text.len() > ATTRIBUTION_BYTES_MAX || text.starts_with('>') || !may {
        return None;
    }
    let found = SHARED.captures(text)?;
    let new = found.name("new")?.as_str().trim_end_matches('-').trim_end();
    let attribution = found.name("attribution")?.as_str();
    (!new.is_empty() && classify(text) != Class::Opening).then_some((new, attribution))
}
