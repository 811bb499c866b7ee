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
        r"(?i)(?:^|\W)(?:(?:i|he|she|we|they|it|who|ich|er|sie|wir|je|il|elle)\s+(?:\w+\s+)?(?:wrote|said|sent|schrieb|a écrit)|(?:wrote|said|sent)\s+(?:this|that|the|an?|us|me|him|her|them|to|in|it)(?:\W|$)|schrieb\s+(?:mir|uns|ihm|ihr|dies|das|den|die|der|ein|eine)(?:\W|$)|(?:m['’]|nous |lui )a écrit|(?:me|nos|le|mi|ci) (?:escribió|ha scritto))",
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

/// Whether a line introduces the quote signs right below it, too short or too bare to be known without them: a name and the
/// verb, a verb and a date, a date and a name, an address in brackets.
pub(super) fn introduces(line: &str) -> bool {
    const LINE_CHARS_MAX: usize = 200;
    static NAMED: LazyLock<Regex> = LazyLock::new(|| {
        let wrote = language::any(|l| l.wrote);
        let name = r"(?:(?-i:\p{Lu}|\p{Lo})[\p{L}\p{M}.'’-]*|(?-i:von|van|de|da|di|del|der|bin|al))";
        pattern(&format!(
            r"(?i)^\W{{0,4}}(?:{name}[ ,]{{1,2}}){{1,5}}(?:{wrote})(?:\W.{{0,80}}\d.{{0,40}})?\s?[:：]$|^\W{{0,4}}from (?:{name}[ ,]{{1,2}}){{1,5}}on \w{{3,12}}\s?[:：]$|^\W{{0,4}}(?:quoting|zitat von|citando a?|citazione di|citation de|citerar|citerer|citaat van|cytowanie|цитирую|цитат[аы]) .{{1,100}}[:：]$"
        ))
    });
    static SIGNED: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r"^\W{0,4}\d{1,4}[./-]\d{1,2}[./-]\d{1,4}.{0,20}\d{1,2}[:.]\d{2}.{0,80}[:：]$|^[^.!?<]{1,100}<\S+@\S+>[^.!?]{0,60}[:：]$|^.{0,30}\d{4},? .{0,12}\d{1,2}[:.]\d{2}.{0,12}\s\p{L}{1,5}\s\S+@\S+[:：]$|^\*\s\S.{0,100}[\[(].{0,60}\d.{0,30}[\])]\s?:$",
        )
    });
    let line = line.trim();
    line.chars().count() <= LINE_CHARS_MAX && (NAMED.is_match(line) || SIGNED.is_match(line)) && !PRONOUN.is_match(line)
}

/// Sure enough to cut what follows although it bears no quote sign: an address, a time or a year stands in it, and it is no
/// sentence about what somebody wrote.
pub(super) fn is_sure(joined: &str) -> bool {
    SURE.is_match(joined) && (joined.contains('@') || !names_nobody(joined))
}

/// Whether it ends with a verb that no program writes without an address: goods are sent, and displays say.
pub(super) fn says_sent(joined: &str) -> bool {
    let bare = joined.trim_end_matches(|c: char| !c.is_alphanumeric());
    bare.ends_with(" sent") || bare.ends_with(" said")
}

/// Whether a common noun stands next to the verb, as in `on 3 May our customer wrote`, where a program puts a name.
fn names_nobody(joined: &str) -> bool {
    const OF_PROGRAMS: &[&str] = &[
        "you",
        "volgende",
        "følgende",
        "följande",
        "folgendes",
        "şunu",
        "şunları",
        "şöyle",
        "kuupäeval",
        "uhr",
        "von",
        "van",
        "den",
        "der",
    ];
    static VERB: LazyLock<Regex> = LazyLock::new(|| {
        let wrote = language::any(|l| l.wrote);
        pattern(&format!(r"(?i)(?:{wrote})"))
    });
    let Some(verb) = VERB.find_iter(joined).last() else { return false };
    let is_common =
        |word: &str| word.chars().count() >= 3 && word.chars().all(char::is_lowercase) && !OF_PROGRAMS.contains(&word);
    let before = joined[..verb.start()].split_whitespace().next_back();
    let after =
        joined[verb.end()..].split(|c: char| c.is_whitespace() || matches!(c, ':' | '：')).find(|w| !w.is_empty());
    before.is_some_and(is_common) || after.is_some_and(is_common)
}

/// Whether an address or a time of day stands in it.
pub(super) fn is_dated(joined: &str) -> bool {
    static DATED: LazyLock<Regex> = LazyLock::new(|| pattern(r"@|\d{1,2}\s?[:h：]\s?\d{2}"));
    DATED.is_match(joined)
}

/// Whether a time of day stands in it.
pub(super) fn has_time(text: &str) -> bool {
    static TIME: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?:^|[^\d.])\d{1,2}[:.h：]\d{2}(?:[^\d.]|\.\D|\.?$)|\d{1,2}\s?[時时시点點]"));
    TIME.is_match(text)
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
