//! The automaton over classified lines: which are new, and of what kind the others are. Linear.

use super::client::Mark;
use super::language;
use super::line::{Class, Role, classify};
use crate::document::Line;
use crate::message::{Hidden, HiddenKind, Reply};
use regex::Regex;
use std::sync::LazyLock;

/// Lines over which an attribution may be broken.
const ATTRIBUTION_LINES_MAX: usize = 6;
/// Bytes that an attribution may have.
const ATTRIBUTION_BYTES_MAX: usize = 400;
/// Lines of a quoted header, folds included.
const HEADER_LINES_MAX: usize = 14;
/// Lines that may follow a signature mark, or a mere rule, or a telephone's signature.
const SIGNATURE_LINES_MAX: usize = 16;
const RULED_LINES_MAX: usize = 4;
const MOBILE_LINES_MAX: usize = 3;
/// New lines after a quote that may be a mere closing; more of them answer it, and it stays as their context.
const CLOSING_LINES_MAX: usize = 3;

/// A text that was divided.
pub(crate) struct Cut {
    pub reply: Reply,
    /// For each line of the document that was told, which of the reply's hidden pieces it stands in; `None` is visible.
    pub places: Vec<Option<usize>>,
}

#[derive(Default)]
struct Lines {
    texts: Vec<String>,
    /// Which line of the document each came from.
    sources: Vec<Option<usize>>,
    classes: Vec<Class>,
    /// What each line will be: `None` is visible.
    fates: Vec<Option<HiddenKind>>,
    /// Where indented lines begin that were taken for a quote.
    unmarked_quote: Option<usize>,
}

/// Divides lines into what is shown and what is folded; every line ends up in one of the two.
pub(crate) fn split(input: &[Line<Mark>]) -> Cut {
    let mut lines = Lines::read(input);
    let end = lines.cut_tail();
    lines.quote_last_indent(end);
    lines.hide_signature(end);
    lines.hide_quotes(end);
    if !lines.shows_words() {
        lines.show_unattributed();
    }
    lines.into_cut()
}

impl Lines {
    fn read(input: &[Line<Mark>]) -> Lines {
        let mut lines = Lines::default();
        let mut fenced = false;
        for (at, line) in input.iter().enumerate() {
            let is_fence = line.text.trim_start().starts_with("```");
            fenced ^= is_fence;
            let next_is_quote = input.get(at + 1).is_some_and(|l| l.text.starts_with('>'));
            match shared_line(&line.text).filter(|_| next_is_quote && line.mark.is_none()) {
                Some((new, attribution)) => {
                    lines.push(new, Class::Text, None, line.source);
                    lines.push(attribution, Class::Attribution, None, line.source);
                }
                None => {
                    let class = if fenced || is_fence { Class::Text } else { classify(&line.text) };
                    lines.push(&line.text, class, line.mark, line.source);
                }
            }
        }
        lines
    }

    fn push(&mut self, text: &str, class: Class, mark: Option<Mark>, source: Option<usize>) {
        let is_empty = text.trim().is_empty();
        let (class, fate) = match mark {
            Some(_) if is_empty => (Class::Empty, None),
            Some(Mark::Quote) => (Class::Quote, None),
            Some(Mark::Indent) => (Class::Indent, None),
            Some(Mark::Forward) => (Class::Forwarded, Some(HiddenKind::Forward)),
            Some(Mark::Signature) => (Class::SignatureMark, Some(HiddenKind::Signature)),
            // A forward inside a quote is part of the quote.
            None if class == Class::Forwarded && text.starts_with('>') && self.is_after_quote() => (Class::Quote, None),
            None => (class, None),
        };
        self.texts.push(text.to_owned());
        self.sources.push(source);
        self.classes.push(class);
        self.fates.push(fate);
    }

    fn is_after_quote(&self) -> bool {
        self.classes.iter().rev().find(|c| **c != Class::Empty) == Some(&Class::Quote)
    }

    /// Hides attributions, and everything from the first sign that the rest is another mail; where that rest begins.
    fn cut_tail(&mut self) -> usize {
        let mut at = 0;
        let (mut shown, mut looked_at) = (false, 0);
        while at < self.classes.len() {
            // Whether words are shown before this line; each line is looked at once.
            shown |= (looked_at..at).any(|i| self.shows_word(i));
            looked_at = at;
            match self.classes[at] {
                _ if self.fates[at].is_some() => at += 1,
                Class::Forwarded if self.texts[at].starts_with('>') => at = self.hide_quoted_forward(at),
                Class::Forwarded if !shown => at = self.hide_forward_header(at),
                Class::Forwarded => return self.cut(at, HiddenKind::Forward),
                Class::Indent => at = self.judge_indent(at),
                Class::Original => return self.cut(at, HiddenKind::Quote),
                Class::Header(_) if self.is_header_block(at) => return self.cut(at, HiddenKind::Quote),
                Class::Opening | Class::Named | Class::Attribution => match self.attribution(at) {
                    Some(found) if found.is_tail && shown => {
                        return self.cut(at, HiddenKind::Quote);
                    }
                    Some(found) => {
                        self.fates[at..found.end].fill(Some(HiddenKind::Quote));
                        self.classes[at..found.end].fill(Class::Attribution);
                        at = found.end;
                        self.quote_indent(at);
                    }
                    None => at += 1,
                },
                _ => at += 1,
            }
        }
        self.classes.len()
    }

    /// The lines of one kind from `at` on, empty ones between them included; the line after the last.
    fn run_of(&self, at: usize, class: Class) -> usize {
        let mut end = at;
        for i in at..self.classes.len() {
            match self.classes[i] {
                c if c == class => end = i + 1,
                Class::Empty => {}
                _ => break,
            }
        }
        end
    }

    /// A whole forward behind quote signs, as Apple Mail writes it; the line after it.
    fn hide_quoted_forward(&mut self, at: usize) -> usize {
        let end = self.run_of(at + 1, Class::Quote).max(at + 1);
        self.fates[at..end].fill(Some(HiddenKind::Forward));
        end
    }

    /// A forward to which nothing was added is shown, but for the lines that introduce it; the line after those.
    fn hide_forward_header(&mut self, at: usize) -> usize {
        let mut end = at + 1;
        while end < self.classes.len().min(at + HEADER_LINES_MAX) && self.classes[end] == Class::Empty {
            end += 1;
        }
        if matches!(self.classes.get(end), Some(Class::Header(_))) {
            let next_empty = (end..self.classes.len()).find(|&i| self.classes[i] == Class::Empty);
            end = next_empty.filter(|n| *n < end + HEADER_LINES_MAX).unwrap_or(end + 1);
        }
        self.fates[at..end].fill(Some(HiddenKind::Forward));
        end
    }

    /// Indented lines are a quote when they begin with an attribution; the line after them.
    fn judge_indent(&mut self, at: usize) -> usize {
        let end = self.run_of(at, Class::Indent).max(at + 1);
        let first = self.texts[at].trim_start_matches(['>', ' ']);
        if matches!(classify(first), Class::Opening | Class::Named) && is_attribution(first) {
            self.classes[at..end].fill(Class::Quote);
        }
        end
    }

    /// Indented lines after an attribution are what it introduces.
    fn quote_indent(&mut self, at: usize) {
        let end = self.run_of(at, Class::Indent);
        self.classes[at..end.max(at)].iter_mut().filter(|c| **c == Class::Indent).for_each(|c| *c = Class::Quote);
    }

    /// The last indented lines below new text are a quote that some program left unmarked.
    fn quote_last_indent(&mut self, end: usize) {
        let Some(last) = (0..end).rev().find(|&i| self.classes[i] == Class::Indent) else { return };
        let is_between = |c: &Class| matches!(c, Class::Indent | Class::Empty);
        let start = (0..last).rev().find(|&i| !is_between(&self.classes[i])).map_or(0, |i| i + 1);
        if self.shows_before(start) && !self.classes[..end].contains(&Class::Quote) {
            self.classes[start..=last].iter_mut().filter(|c| **c == Class::Indent).for_each(|c| *c = Class::Quote);
            self.unmarked_quote = Some(start);
        }
    }

    /// Hides everything from `at` on, and the rules and empty lines just before it.
    fn cut(&mut self, at: usize, kind: HiddenKind) -> usize {
        let mut start = at;
        while start > 0
            && matches!(self.classes[start - 1], Class::Rule | Class::Empty)
            && self.fates[start - 1].is_none()
        {
            start -= 1;
        }
        self.fates[start..].iter_mut().filter(|f| f.is_none()).for_each(|f| *f = Some(kind));
        start
    }

    /// Shows again what was cut without an attribution: a cut that leaves nothing was no cut, the sender's words stand
    /// somewhere in it.
    fn show_unattributed(&mut self) {
        let first = self.classes.iter().position(|c| *c != Class::Empty);
        let begins_attributed = first.is_some_and(|i| {
            let text = self.texts[i].trim_start_matches(['>', ' ']);
            self.classes[i] == Class::Attribution || is_attribution(text)
        });
        for (fate, class) in self.fates.iter_mut().zip(&self.classes) {
            let is_quote = matches!(class, Class::Quote | Class::Attribution);
            if *fate == Some(HiddenKind::Quote) && !(begins_attributed && is_quote) {
                *fate = None;
            }
        }
    }

    fn shows_word(&self, at: usize) -> bool {
        self.fates[at].is_none() && self.texts[at].chars().any(char::is_alphanumeric)
    }

    fn shows_before(&self, at: usize) -> bool {
        (0..at).any(|i| self.shows_word(i))
    }

    fn shows_words(&self) -> bool {
        (0..self.texts.len()).any(|at| self.shows_word(at))
    }

    /// Whether a quoted mail's header begins here: fields of at least two kinds close together, with an address, or of
    /// three kinds. A traveller's "From: Berlin / To: Munich" is none.
    fn is_header_block(&self, start: usize) -> bool {
        let mut roles: Vec<Role> = Vec::new();
        let mut has_address = false;
        for at in start..self.classes.len().min(start + HEADER_LINES_MAX) {
            match self.classes[at] {
                Class::Header(role) if !roles.contains(&role) => roles.push(role),
                Class::Header(_) => {}
                Class::Empty if at + 1 < self.classes.len() && matches!(self.classes[at + 1], Class::Header(_)) => {}
                Class::Empty => break,
                _ if roles.is_empty() => return false,
                _ => {}
            }
            has_address |= self.texts[at].contains('@');
        }
        let names_sender = roles.contains(&Role::From) || roles.contains(&Role::Date);
        let is_dated = roles.contains(&Role::Date) || roles.contains(&Role::Subject);
        names_sender && is_dated && (roles.len() >= 3 || has_address && roles.len() >= 2)
    }

    /// The attribution that begins at this line, if one does.
    fn attribution(&self, start: usize) -> Option<Attribution> {
        let mut joined = String::new();
        for at in start..self.classes.len().min(start + ATTRIBUTION_LINES_MAX) {
            let text = self.texts[at].trim();
            if at > start && matches!(self.classes[at], Class::Header(_) | Class::Original | Class::Forwarded) {
                return None;
            }
            if self.classes[at] == Class::Empty && !self.goes_on_after(at) {
                return None;
            }
            joined.push(' ');
            joined.push_str(text);
            if joined.len() > ATTRIBUTION_BYTES_MAX {
                return None;
            }
            if is_attribution(joined.trim()) {
                let next = (at + 1..self.classes.len()).find(|&i| self.classes[i] != Class::Empty);
                let is_quoted = next.is_some_and(|i| {
                    matches!(self.classes[i], Class::Quote | Class::Indent) || self.texts[i].starts_with('|')
                });
                if self.begins_later(start, at) {
                    return None;
                }
                return (is_quoted || is_sure(&joined)).then_some(Attribution { end: at + 1, is_tail: !is_quoted });
            }
        }
        None
    }

    /// Whether the attribution that ends at `end` is whole without the lines before a later opening.
    fn begins_later(&self, start: usize, end: usize) -> bool {
        (start + 1..=end)
            .any(|i| self.classes[i] == Class::Opening && is_attribution(self.texts[i..=end].join(" ").trim()))
    }

    /// Whether an attribution broken by an empty line goes on: some clients put its address on lines of its own.
    fn goes_on_after(&self, empty: usize) -> bool {
        let next = self.texts.get(empty + 1).map(|t| t.trim_start());
        next.is_some_and(|t| t.starts_with(['<', '>']) || t.starts_with("mailto:"))
    }

    /// Hides quotes; those between which the sender answers stay as context.
    fn hide_quotes(&mut self, end: usize) {
        let blocks = self.quote_blocks(end);
        let is_new = |i: usize| self.fates[i].is_none() && !matches!(self.classes[i], Class::Quote | Class::Empty);
        let last_new = (0..end).rev().find(|&i| is_new(i));
        let inner = blocks.iter().filter(|b| last_new.is_some_and(|l| b.start < l)).count();
        let mut hide = Vec::new();
        for block in &blocks {
            let is_last = last_new.is_none_or(|l| block.start > l);
            let follows = (block.end..end).filter(|&i| is_new(i)).take(CLOSING_LINES_MAX + 1).count();
            let is_answered = self.shows_before(block.start) && follows > CLOSING_LINES_MAX;
            let is_context = blocks.len() > 1 || inner > 1 || !block.attributed || is_answered;
            if is_last || !is_context {
                hide.push(block.start..block.end);
            }
        }
        for range in hide {
            for at in range {
                self.fates[at] = self.fates[at].or(Some(HiddenKind::Quote));
            }
        }
    }

    fn quote_blocks(&self, end: usize) -> Vec<QuoteBlock> {
        let mut blocks: Vec<QuoteBlock> = Vec::new();
        let mut at = 0;
        while at < end {
            if self.classes[at] != Class::Quote && !self.is_pipe_quote(at) {
                at += 1;
                continue;
            }
            let start = at;
            while at < end && self.continues_quote(at, end) {
                at += 1;
            }
            let before = (0..start).rev().find(|&i| self.classes[i] != Class::Empty);
            let attributed = before.is_some_and(|i| self.classes[i] == Class::Attribution)
                || self.unmarked_quote.is_some_and(|at| at <= start);
            blocks.push(QuoteBlock { start, end: at.max(start + 1), attributed });
            at = at.max(start + 1);
        }
        blocks
    }

    fn is_pipe_quote(&self, at: usize) -> bool {
        self.texts[at].starts_with("| ")
            && at > 0
            && (0..at)
                .rev()
                .find(|&i| self.classes[i] != Class::Empty)
                .is_some_and(|i| self.classes[i] == Class::Attribution)
    }

    /// Quote lines, empty lines between them, and the pieces of addresses that broken clients wrap out of them.
    fn continues_quote(&self, at: usize, end: usize) -> bool {
        if self.classes[at] == Class::Quote || self.texts[at].starts_with('|') {
            return true;
        }
        if self.classes[at] != Class::Empty && !is_wrapped_address(&self.texts[at]) {
            return false;
        }
        let next = (at + 1..end).find(|&i| self.classes[i] != Class::Empty);
        next.is_some_and(|i| self.classes[i] == Class::Quote)
    }

    /// Hides the signature, telephone line or notice at the end of what is visible.
    fn hide_signature(&mut self, end: usize) {
        let first_word = (0..end).find(|&at| self.shows_word(at));
        let mut after = 0;
        let mut start = None;
        for at in (0..end).rev() {
            let kind = match self.classes[at] {
                _ if self.fates[at].is_some() => continue,
                Class::Empty => continue,
                Class::SignatureMark if after <= SIGNATURE_LINES_MAX => Some(HiddenKind::Signature),
                Class::Rule if after <= RULED_LINES_MAX => Some(HiddenKind::Signature),
                Class::Mobile if after <= MOBILE_LINES_MAX => Some(HiddenKind::Signature),
                Class::Disclaimer => Some(HiddenKind::Disclaimer),
                _ => None,
            };
            match kind {
                Some(kind) if first_word.is_some_and(|first| first < at) => {
                    start = Some((at, kind));
                    after = 0;
                }
                _ if self.classes[at] == Class::Quote => {}
                _ if start.is_some() && after > SIGNATURE_LINES_MAX => break,
                _ => after += 1,
            }
        }
        let Some((start, kind)) = start else { return };
        for at in start..end {
            if self.fates[at].is_none() && !matches!(self.classes[at], Class::Quote) {
                self.fates[at] = Some(kind);
            }
        }
    }

    fn into_cut(self) -> Cut {
        let mut hidden: Vec<(Hidden, Vec<usize>)> = Vec::new();
        let mut visible: Vec<&str> = Vec::new();
        let mut places = vec![None; self.sources.iter().flatten().max().map_or(0, |last| last + 1)];
        for ((text, fate), source) in self.texts.iter().zip(&self.fates).zip(&self.sources) {
            let Some(kind) = *fate else {
                visible.push(text);
                continue;
            };
            match hidden.last_mut() {
                Some((last, sources)) if last.kind == kind => {
                    last.text.push('\n');
                    last.text.push_str(text);
                    sources.extend(source);
                }
                _ => hidden
                    .push((Hidden { kind, text: text.clone(), ..Hidden::default() }, source.iter().copied().collect())),
            }
        }
        hidden.retain(|(piece, _)| !piece.text.trim().is_empty());
        for (at, (_, sources)) in hidden.iter().enumerate() {
            sources.iter().for_each(|&source| places[source] = Some(at));
        }
        // A line that is only partly hidden is shown.
        let shown = self.sources.iter().zip(&self.fates).filter(|(_, fate)| fate.is_none());
        shown.filter_map(|(source, _)| *source).for_each(|source| places[source] = None);
        let visible = visible.join("\n");
        let visible = visible.trim_end().trim_start_matches('\n').to_owned();
        let hidden = hidden.into_iter().map(|(piece, _)| piece).collect();
        Cut { reply: Reply { visible, hidden, document: None }, places }
    }
}

struct Attribution {
    /// The line after it.
    end: usize,
    /// What follows is quoted without signs, up to the end.
    is_tail: bool,
}

struct QuoteBlock {
    start: usize,
    end: usize,
    attributed: bool,
}

/// A line that is one piece of an address: no spaces, and a character that addresses have and words have not.
fn is_wrapped_address(text: &str) -> bool {
    let text = text.trim();
    text.contains("://") && text.split_whitespace().count() <= 2
        || !text.contains(char::is_whitespace) && text.contains(['_', '=', '/', '<', '>'])
}

fn pattern(text: &str) -> Regex {
    // The pattern is made of constants; the tests build every one of them.
    Regex::new(text).expect("a constant pattern compiles")
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
        r"(?i)\b(?:i|he|she|we|they|it|who|ich|er|sie|wir|je|il|elle)\s+(?:\w+\s+)?(?:wrote|said|sent|schrieb|a écrit)",
    )
});
static SURE: LazyLock<Regex> = LazyLock::new(|| pattern(r"@|\d{1,2}\s?[:.h：]\s?\d{2}|[-=]{2,}|\b(?:19|20)\d{2}\b"));
static SHARED: LazyLock<Regex> = LazyLock::new(|| {
    let wrote = language::any(|l| l.wrote);
    pattern(&format!(
        r"^(?P<new>.*\S.*?)(?:\s|-{{2,}}\s?)(?P<attribution>(?:On|Am|Le|El|Il|Op|Em|Den) .{{0,30}}\d.{{0,160}}@.{{0,100}}(?:{wrote})\s?:)\s*$"
    ))
});

fn is_attribution(joined: &str) -> bool {
    let has_time = joined.contains('@') || joined.chars().any(|c| c.is_ascii_digit()) || joined.starts_with("--");
    has_time && (WROTE.is_match(joined) || DATED.is_match(joined)) && !PRONOUN.is_match(joined)
}

/// Sure enough to cut what follows although it bears no quote sign: an address, a time or a year stands in it.
fn is_sure(joined: &str) -> bool {
    SURE.is_match(joined)
}

/// New text and an attribution on one line, as clients write that forget a line break.
fn shared_line(text: &str) -> Option<(&str, &str)> {
    if text.len() > ATTRIBUTION_BYTES_MAX || text.starts_with('>') || !text.trim_end().ends_with(':') {
        return None;
    }
    let found = SHARED.captures(text)?;
    let new = found.name("new")?.as_str().trim_end_matches('-').trim_end();
    let attribution = found.name("attribution")?.as_str();
    (!new.is_empty() && classify(text) != Class::Opening).then_some((new, attribution))
}
