//! The automaton over classified lines: which are new, and of what kind the others are. Linear.

use super::Given;
use super::attribution::{ATTRIBUTION_BYTES_MAX, introduces, is_sure, says_sent, shared_line};
use super::client::{Mark, Zone};
use super::fate::Fate;
use super::header::HEADER_LINES_MAX;
use super::line::Class;
use super::memory::Memory;
use crate::document::Line;
use crate::message::{HiddenKind, Reply};
use std::borrow::Cow;

/// Lines over which an attribution may be broken.
const ATTRIBUTION_LINES_MAX: usize = 6;
/// Lines that may follow a signature mark, or a mere rule, or a telephone's signature.
pub(super) const SIGNATURE_LINES_MAX: usize = 16;
const RULED_LINES_MAX: usize = 4;
const MOBILE_LINES_MAX: usize = 3;
/// Lines above a rule among which the same one is looked for.
const RULES_LOOKED_AT: usize = 200;

/// A text that was divided.
pub(super) struct Cut {
    pub reply: Reply,
    /// What becomes of each line of the document that was told; those beyond the last are visible.
    pub places: Vec<Place>,
}

/// Where a line of the document ends up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Place {
    #[default]
    Shown,
    /// The sender's own words inside what the page marks as a quote.
    Answer,
    /// In the reply's hidden piece of that number.
    Hidden(usize),
}

#[derive(Default)]
pub(super) struct Lines<'t> {
    pub(super) texts: Vec<Cow<'t, str>>,
    /// Which line of the document each came from.
    pub(super) sources: Vec<Option<usize>>,
    pub(super) classes: Vec<Class>,
    pub(super) marks: Vec<Option<Mark>>,
    /// What each line will be: `None` is visible.
    pub(super) fates: Vec<Option<Fate>>,
    /// Where indented lines begin that were taken for a quote.
    pub(super) unmarked_quote: Option<usize>,
    /// Lines that are answers inside a marked quote.
    pub(super) answers: Vec<usize>,
    pub(super) memory: Memory,
    /// The mail answers nothing, as its header says.
    pub(super) is_first: bool,
}

/// Divides lines into what is shown and what is folded; every line ends up in one of the two.
pub(super) fn split(input: &[Line<Mark>], given: Given) -> Cut {
    let mut lines = Lines::read(input);
    lines.is_first = given.is_first;
    let end = lines.cut_tail();
    lines.quote_last_indent(end);
    lines.hide_notices(end);
    lines.hide_signature(end);
    lines.hide_quotes(end);
    lines.hide_introductions();
    if let Some(history) = given.history {
        lines.weigh(history);
    }
    if !lines.shows_words() {
        lines.show_unattributed();
    }
    if !lines.shows_words() {
        lines.show_signature();
    }
    lines.into_cut()
}

impl<'t> Lines<'t> {
    fn read(input: &'t [Line<Mark>]) -> Lines<'t> {
        // A text of many megabytes has to fit its cell.
        let mut lines = Lines {
            texts: Vec::with_capacity(input.len()),
            sources: Vec::with_capacity(input.len()),
            classes: Vec::with_capacity(input.len()),
            marks: Vec::with_capacity(input.len()),
            fates: Vec::with_capacity(input.len()),
            ..Lines::default()
        };
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
                    let class = if fenced || is_fence { Class::Text } else { lines.memory.classify(&line.text) };
                    lines.push(&line.text, class, line.mark, line.source);
                }
            }
        }
        lines
    }

    fn push(&mut self, text: &'t str, class: Class, mark: Option<Mark>, source: Option<usize>) {
        let is_empty = text.trim().is_empty();
        let fate = |kind| mark.map(|mark| Fate::sure(kind, mark.by));
        let (class, fate) = match mark.map(|mark| mark.zone) {
            Some(_) if is_empty => (Class::Empty, None),
            Some(Zone::Quote) => (Class::Quote, None),
            Some(Zone::Indent) => (Class::Indent, None),
            Some(Zone::Forward) => (Class::Forwarded, fate(HiddenKind::Forward)),
            Some(Zone::Signature) => (Class::SignatureMark, fate(HiddenKind::Signature)),
            // A forward inside a quote is part of the quote.
            None if class == Class::Forwarded && text.starts_with('>') && self.is_after_quote() => (Class::Quote, None),
            None => (class, None),
        };
        self.texts.push(Cow::Borrowed(text));
        self.sources.push(source);
        self.classes.push(class);
        self.marks.push(mark);
        self.fates.push(fate);
    }

    /// Hides a line that is not hidden yet. What a mail program's own mark says counts for more than how the line looks.
    pub(super) fn hide_line(&mut self, at: usize, fate: Fate) {
        let marked = self.marks[at].filter(|mark| mark.zone == Zone::Quote && fate.kind == HiddenKind::Quote);
        let fate = marked.map_or(fate, |mark| Fate::sure(HiddenKind::Quote, mark.by));
        self.fates[at] = self.fates[at].or(Some(fate));
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
                Class::Forwarded if !self.is_above_a_mail(at) => at += 1,
                Class::Forwarded if !shown => at = self.hide_forward_header(at),
                Class::Forwarded => return self.cut(at, Fate::FORWARDED),
                Class::Indent => at = self.judge_indent(at),
                Class::Original if self.is_above_a_mail(at) => return self.cut(at, Fate::ORIGINAL_MESSAGE),
                Class::Header(_) if self.is_header_block(at) => return self.cut(at, self.header_fate(at)),
                Class::Rule if self.is_header_below_rule(at) => return self.cut(at, Fate::MAIL_HEADER),
                Class::Opening | Class::Named | Class::Attribution => match self.attribution(at) {
                    Some(found) if found.is_tail && shown => {
                        return self.cut(at, Fate::ATTRIBUTION);
                    }
                    Some(found) => {
                        let fate = if found.is_tail { Fate::ATTRIBUTION } else { Fate::ATTRIBUTED };
                        self.fates[at..found.end].fill(Some(fate.as_frame()));
                        self.classes[at..found.end].fill(Class::Attribution);
                        at = found.end;
                        self.quote_indent(at);
                    }
                    None => {
                        self.hide_introduction_of_signs(at);
                        at += 1;
                    }
                },
                _ => {
                    self.hide_introduction_of_signs(at);
                    at += 1;
                }
            }
        }
        self.classes.len()
    }

    /// Hides a line between an empty one and quote signs that only introduces those.
    fn hide_introduction_of_signs(&mut self, at: usize) {
        let class = |at: usize| self.classes.get(at).copied().unwrap_or(Class::Empty);
        let is_first = at.checked_sub(1).is_none_or(|before| class(before) == Class::Empty);
        let below = if class(at + 1) == Class::Empty { at + 2 } else { at + 1 };
        let may_introduce = matches!(class(at), Class::Text | Class::Opening | Class::Named);
        if may_introduce && is_first && class(below) == Class::Quote && introduces(&self.texts[at]) {
            self.fates[at] = Some(Fate::ATTRIBUTED.as_frame());
            self.classes[at] = Class::Attribution;
        }
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
        self.fates[at..end].fill(Some(Fate::FORWARDED));
        end
    }

    /// A forward to which nothing was added is shown, but for the lines that introduce it; the line after those.
    fn hide_forward_header(&mut self, at: usize) -> usize {
        let mut end = at + 1;
        while end < self.classes.len().min(at + HEADER_LINES_MAX) && self.classes[end] == Class::Empty {
            end += 1;
        }
        if matches!(self.classes.get(end), Some(Class::Header(_))) {
            let last = self.classes.len().min(end + HEADER_LINES_MAX);
            end = (end..last).find(|&i| self.classes[i] == Class::Empty).unwrap_or(end + 1);
        }
        self.fates[at..end].fill(Some(Fate::FORWARDED));
        end
    }

    /// Indented lines are a quote when they begin with an attribution; the line after them.
    fn judge_indent(&mut self, at: usize) -> usize {
        let end = self.run_of(at, Class::Indent).max(at + 1);
        let first = self.texts[at].trim_start_matches(['>', ' ']);
        if matches!(self.memory.classify(first), Class::Opening | Class::Named) && self.memory.is_attribution(first) {
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
    fn cut(&mut self, at: usize, fate: Fate) -> usize {
        let mut start = at;
        let is_rule = |at: usize| match self.classes[at] {
            Class::Rule | Class::Empty => true,
            // Words between dashes say in some language what the header below is.
            Class::Text => fate == Fate::MAIL_HEADER && is_between_dashes(&self.texts[at]),
            _ => false,
        };
        while start > 0 && is_rule(start - 1) && self.fates[start - 1].is_none() {
            start -= 1;
        }
        (start..self.fates.len()).for_each(|i| self.hide_line(i, fate));
        start
    }

    /// Shows again what was cut without an attribution: a cut that leaves nothing was no cut, the sender's words stand
    /// somewhere in it.
    fn show_unattributed(&mut self) {
        let first = self.classes.iter().position(|c| *c != Class::Empty);
        let begins_attributed = first.is_some_and(|i| {
            let text = self.texts[i].trim_start_matches(['>', ' ']);
            self.classes[i] == Class::Attribution || self.memory.is_attribution(text)
        });
        for (fate, class) in self.fates.iter_mut().zip(&self.classes) {
            let is_quote = matches!(class, Class::Quote | Class::Attribution);
            if fate.is_some_and(|f| f.kind == HiddenKind::Quote) && !(begins_attributed && is_quote) {
                *fate = None;
            }
        }
    }

    /// Shows a mail that is nothing but what was taken for a signature or a notice: then that is what the sender says.
    fn show_signature(&mut self) {
        let is_below = |fate: &Fate| matches!(fate.kind, HiddenKind::Signature | HiddenKind::Disclaimer);
        if self.fates.iter().flatten().all(is_below) {
            self.fates.fill(None);
        }
    }

    pub(super) fn shows_word(&self, at: usize) -> bool {
        self.fates[at].is_none() && self.texts[at].chars().any(char::is_alphanumeric)
    }

    pub(super) fn shows_before(&self, at: usize) -> bool {
        (0..at).any(|i| self.shows_word(i))
    }

    pub(super) fn shows_words(&self) -> bool {
        (0..self.texts.len()).any(|at| self.shows_word(at))
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
            if self.memory.is_attribution(joined.trim()) {
                let next = (at + 1..self.classes.len()).find(|&i| self.classes[i] != Class::Empty);
                let is_quoted = next.is_some_and(|i| {
                    matches!(self.classes[i], Class::Quote | Class::Indent) || self.texts[i].starts_with('|')
                });
                if self.begins_later(start, at) {
                    return None;
                }
                // Without signs, in a mail that answers nothing, it is as well a sentence of the sender's.
                let may_be_bare = joined.contains('@') || !self.is_first && !says_sent(&joined);
                return (is_quoted || may_be_bare && is_sure(&joined))
                    .then_some(Attribution { end: at + 1, is_tail: !is_quoted });
            }
        }
        None
    }

    /// Whether the attribution that ends at `end` is whole without the lines before a later opening.
    fn begins_later(&self, start: usize, end: usize) -> bool {
        (start + 1..=end).any(|i| {
            self.classes[i] == Class::Opening && self.memory.is_attribution(self.texts[i..=end].join(" ").trim())
        })
    }

    /// Whether an attribution broken by an empty line goes on: some clients put its address on lines of its own.
    fn goes_on_after(&self, empty: usize) -> bool {
        let next = self.texts.get(empty + 1).map(|t| t.trim_start());
        next.is_some_and(|t| t.starts_with(['<', '>']) || t.starts_with("mailto:"))
    }

    /// Hides the signature at the end of what is visible, and the lines of telephones: below those people write on.
    fn hide_signature(&mut self, end: usize) {
        let first_word = (0..end).find(|&at| self.shows_word(at));
        let mut after = 0;
        let mut start = None;
        for at in (0..end).rev() {
            let fate = match self.classes[at] {
                _ if self.fates[at].is_some() => continue,
                Class::Empty => continue,
                Class::Mobile if after <= MOBILE_LINES_MAX && first_word.is_some_and(|first| first < at) => {
                    self.hide_line(at, Fate::TELEPHONE);
                    self.hide_shared_quote(at + 1, end);
                    continue;
                }
                Class::SignatureMark if after <= SIGNATURE_LINES_MAX => Some(Fate::SIGNATURE_MARK),
                Class::Rule if after <= RULED_LINES_MAX && self.ends_text(at) => Some(Fate::RULED),
                _ => None,
            };
            match fate {
                Some(fate) if first_word.is_some_and(|first| first < at) => {
                    start = Some((at, fate));
                    after = 0;
                }
                _ if self.classes[at] == Class::Quote => {}
                _ if start.is_some() && after > SIGNATURE_LINES_MAX => break,
                _ => after += 1,
            }
        }
        self.hide_between_telephones(end);
        let Some((start, fate)) = start else { return };
        for at in start..end {
            if self.classes[at] != Class::Quote {
                self.hide_line(at, fate);
            }
        }
    }
}

impl Lines<'_> {
    /// Hides a few words between two lines of telephones, which are a third: `Ann from mobile`.
    fn hide_between_telephones(&mut self, end: usize) {
        const WORDS_MAX: usize = 3;
        let worded: Vec<usize> = (0..end).filter(|&at| self.classes[at] != Class::Empty).collect();
        for three in worded.windows(3) {
            let &[above, at, below] = three else { continue };
            let is_telephone = |at: usize| self.fates[at] == Some(Fate::TELEPHONE);
            let text = self.texts[at].trim();
            let is_short = text.split_whitespace().count() <= WORDS_MAX && text.ends_with(char::is_alphanumeric);
            if is_telephone(above) && is_telephone(below) && self.fates[at].is_none() && is_short {
                self.hide_line(at, Fate::TELEPHONE);
            }
        }
    }

    /// Hides what a telephone put below its line when it forgot to end that of the attribution: `On … wrote: first line`.
    fn hide_shared_quote(&mut self, start: usize, end: usize) {
        let Some(at) = (start..end).find(|&at| self.classes[at] != Class::Empty) else { return };
        if self.classes[at] == Class::Opening && self.texts[at].contains('@') && self.texts[at].contains("wrote:") {
            (at..end).for_each(|line| self.hide_line(line, Fate::ATTRIBUTION));
        }
    }

    /// Whether a rule ends the text: one that stood there before divides it, and no signature asks anything.
    fn ends_text(&self, rule: usize) -> bool {
        let text = self.texts[rule].trim();
        let is_same = |at: usize| self.classes[at] == Class::Rule && self.texts[at].trim() == text;
        let is_asked = |at: usize| self.texts[at].trim_end().ends_with(['?', '？', '؟']);
        let end = self.texts.len().min(rule + 1 + 2 * RULED_LINES_MAX);
        !(rule.saturating_sub(RULES_LOOKED_AT)..rule).any(|at| self.fates[at].is_none() && is_same(at))
            && !(rule + 1..end).any(|at| self.fates[at].is_none() && self.classes[at] == Class::Text && is_asked(at))
    }
}

/// `---------- words ----------`.
fn is_between_dashes(line: &str) -> bool {
    const LINE_BYTES_MAX: usize = 120;
    let line = line.trim();
    line.len() <= LINE_BYTES_MAX && line.starts_with("---") && line.ends_with("---")
}

struct Attribution {
    /// The line after it.
    end: usize,
    /// What follows is quoted without signs, up to the end.
    is_tail: bool,
}
