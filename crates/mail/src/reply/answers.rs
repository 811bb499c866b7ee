//! What the history says of lines: which quotes it confirms, what repeats it without any mark, and which lines below a
//! mark are answers. Linear.

use super::attribution::is_dated;
use super::client::Zone;
use super::fate::Fate;
use super::line::Class;
use super::split::{Lines, SIGNATURE_LINES_MAX};
use crate::history::{History, Known};
use crate::message::HiddenKind;
use std::ops::Range;

/// Lines in an unknown language that may introduce a quote.
const INTRODUCTION_LINES_MAX: usize = 4;
/// Fields of a quoted header in an unknown language.
const FIELDS_MAX: usize = 8;
/// Words at the end of a text that are taken for a quote although nothing introduces them: nobody repeats that many.
const REPEATED_WORDS_MIN: usize = 40;
/// Characters of the lines that signatures are made of.
const SIGNATURE_CHARS_MAX: usize = 60;

/// A letter of ours that is quoted.
#[derive(Debug, Clone, Copy)]
struct OwnLetter {
    at: usize,
    /// By how many signs each of its lines is quoted.
    signs: usize,
}

impl OwnLetter {
    /// Whether nearly all of its first lines were said before, so that each of its lines is known.
    fn is_in(self, known: &[Known]) -> bool {
        const LINES_MAX: usize = 12;
        let (mut lines, mut said) = (0, 0);
        for line in known[self.at..].iter().filter(|line| line.words > 0).take(LINES_MAX) {
            lines += 1;
            said += usize::from(line.is_said());
        }
        said * 4 >= lines * 3
    }

    /// Whether a line below its first is quoted as it is.
    fn has(self, line: &str) -> bool {
        signs(line) >= self.signs
    }
}

/// What is known of lines before answers are looked for among them.
struct Sight<'a> {
    known: &'a [Known],
    frames: &'a [bool],
    /// A letter of ours whose words are not known.
    strange: Option<OwnLetter>,
    had_words: bool,
    end: usize,
}

/// Signs of quotes at the start of a line, whoever wrote them.
fn signs(line: &str) -> usize {
    line.chars().take_while(|c| matches!(c, '>' | ' ')).filter(|c| *c == '>').count()
}

impl Lines<'_> {
    pub(super) fn weigh(&mut self, history: &History) {
        let letter = self.cut_own_letter(history);
        let known = history.known(&self.texts);
        let strange = letter.filter(|letter| !history.has_letters() || !letter.is_in(&known));
        self.cut_repeated(&known);
        let said: Vec<bool> = known.iter().map(|line| line.is_said()).collect();
        let frames: Vec<bool> = (0..self.texts.len()).map(|at| self.is_frame(at)).collect();
        let had_words = self.shows_words();
        let end = self.end_of_words();
        for segment in self.segments(&frames) {
            self.show_answers(segment, &Sight { known: &known, frames: &frames, strange, had_words, end });
        }
        for at in 0..self.texts.len() {
            match &mut self.fates[at] {
                Some(fate) if fate.kind == HiddenKind::Quote && said[at] => *fate = Fate::HISTORY,
                Some(fate) if fate.kind == HiddenKind::Quote && !frames[at] && known[at].is_typed_into() => {
                    fate.confirmed = false;
                }
                Some(fate) if fate.kind == HiddenKind::Quote && frames[at] => *fate = fate.as_frame(),
                _ => {}
            }
        }
        self.doubt_letter(letter, strange.is_some(), &known);
    }

    /// Hides what introduces, in a language that no table knows, a quote that a mail program marked as one. An address or a
    /// time of day has to stand in it: people end sentences above a quote with a colon too.
    pub(super) fn hide_introductions(&mut self) {
        let is_marked = |lines: &Lines, at: usize| {
            lines.marks[at].is_some_and(|mark| mark.zone == Zone::Quote)
                && lines.fates[at].is_some_and(|fate| fate.kind == HiddenKind::Quote)
        };
        for at in
            (1..self.texts.len()).filter(|&at| is_marked(self, at) && !is_marked(self, at - 1)).collect::<Vec<_>>()
        {
            let Some(start) = self.introduction(at) else { continue };
            let last = (start..at).rev().find(|&i| !self.texts[i].trim().is_empty()).unwrap_or(start);
            if is_dated(&self.texts[start..=last].join(" ")) && self.shows_before(start) {
                self.fates[start..at].iter_mut().for_each(|f| *f = f.or(Some(Fate::INTRODUCTION.as_frame())));
            }
        }
    }

    /// Everything from the first line of a letter of ours on, unless signs quote it already; where it begins.
    fn cut_own_letter(&mut self, history: &History) -> Option<OwnLetter> {
        let is_marked = |at: usize| self.marks[at].is_some_and(|mark| mark.by == Fate::OWN_LETTER.why);
        let is_letter = |at: usize| is_marked(at) || history.is_own_letter_line(&self.texts[at]);
        let at = (0..self.texts.len()).find(|&at| is_letter(at))?;
        let letter = OwnLetter { at, signs: signs(&self.texts[at]) };
        if self.classes[at] == Class::Quote && !is_marked(at) {
            return Some(letter);
        }
        let start = self.introduction(at).filter(|&start| self.shows_before(start)).unwrap_or(at);
        self.fates[start..at].iter_mut().for_each(|f| *f = f.or(Some(Fate::INTRODUCTION.as_frame())));
        for i in at..self.texts.len() {
            self.hide_line(i, Fate::OWN_LETTER);
        }
        Some(letter)
    }

    /// The quoted letter is ours as far as signs quote it, whatever it says. Where nothing shows its end, words of the sender may stand
    /// among its lines: those that are not known stay beside his words.
    fn doubt_letter(&mut self, letter: Option<OwnLetter>, is_strange: bool, known: &[Known]) {
        let Some(letter) = letter else { return };
        for at in (letter.at..self.texts.len()).filter(|&at| letter.has(&self.texts[at])).collect::<Vec<_>>() {
            let Some(fate) = self.fates[at].filter(|fate| fate.kind == HiddenKind::Quote && !fate.is_frame) else {
                continue;
            };
            let is_said = fate.why == Fate::HISTORY.why && fate.confirmed;
            let is_sure = letter.signs > 0 && (is_strange || !known[at].is_typed_into());
            self.fates[at] = Some(if is_said { fate } else { Fate { confirmed: is_sure, ..Fate::OWN_LETTER } });
        }
    }

    /// The last visible lines, when the history knows all of them and something introduces them or they are many.
    fn cut_repeated(&mut self, known: &[Known]) {
        let mut start = self.texts.len();
        let mut words = 0;
        for at in (0..self.texts.len()).rev().filter(|&at| self.fates[at].is_none()) {
            if known[at].is_said() {
                start = at;
                words += known[at].words;
            } else if known[at].words > 0 {
                break;
            }
        }
        let introduction = self.introduction(start);
        let from = introduction.unwrap_or(start);
        if words == 0 || introduction.is_none() && words < REPEATED_WORDS_MIN || !self.shows_before(from) {
            return;
        }
        self.fates[from..start].iter_mut().for_each(|f| *f = f.or(Some(Fate::INTRODUCTION.as_frame())));
        self.fates[start..].iter_mut().for_each(|f| *f = f.or(Some(Fate::HISTORY)));
    }

    /// Where the visible lines just above `start` begin that introduce what follows, in whatever language: fields of a
    /// header, a line between dashes, or a date or address and a colon at the end.
    fn introduction(&self, start: usize) -> Option<usize> {
        let is_empty = |at: usize| self.texts[at].trim().is_empty();
        let lowest = (start.saturating_sub(3)..start).rev().find(|&at| !is_empty(at))?;
        let is_free = |at: usize| self.fates[at].is_none() && !is_empty(at);
        let has_fact = |text: &str| text.contains('@') || text.chars().any(|c| c.is_ascii_digit());
        let above = |max: usize| (lowest.saturating_sub(max - 1)..=lowest).rev().take_while(|&at| is_free(at));
        let fields: Vec<usize> = above(FIELDS_MAX).take_while(|&at| is_field(&self.texts[at])).collect();
        if fields.len() >= 2 && fields.iter().any(|&at| has_fact(&self.texts[at])) {
            return fields.last().copied();
        }
        let bare = |at: usize| self.texts[at].trim_matches(|c: char| c.is_whitespace() || "*_>".contains(c));
        if is_free(lowest) && ["--", "==", "––", "——"].iter().any(|sign| bare(lowest).starts_with(sign)) {
            return Some(lowest);
        }
        if !bare(lowest).ends_with([':', '：']) {
            return None;
        }
        above(INTRODUCTION_LINES_MAX).find(|&at| has_fact(&self.texts[at]))
    }

    /// Runs of lines that are hidden as a quote, divided where another mail begins in them.
    fn segments(&self, frames: &[bool]) -> Vec<Range<usize>> {
        let is_quote = |at: usize| self.fates[at].is_some_and(|f| f.kind == HiddenKind::Quote);
        let mut segments: Vec<Range<usize>> = Vec::new();
        let mut was_head = false;
        for at in (0..self.texts.len()).filter(|&at| is_quote(at)) {
            let is_blank = self.texts[at].trim_start_matches(['>', ' ']).trim().is_empty();
            let is_head = frames[at] && self.classes[at] != Class::Empty && !is_blank;
            let goes_on = segments.last().is_some_and(|s| s.end == at) && (!is_head || was_head);
            match segments.last_mut().filter(|_| goes_on) {
                Some(segment) => segment.end = at + 1,
                None => segments.push(at..at + 1),
            }
            was_head = is_head || was_head && is_blank;
        }
        segments
    }

    /// Shows the lines of a quoted mail that the history does not know, where they are answers and not the mail's own.
    fn show_answers(&mut self, segment: Range<usize>, sight: &Sight<'_>) {
        let Sight { known, frames, strange, had_words, end } = *sight;
        let is_old = |at: &usize| known[*at].is_of_said() || known[*at].is_typed_into();
        let Some(first) = segment.clone().find(is_old) else { return };
        let last = segment.clone().rfind(is_old).unwrap_or(first);
        let depth = segment.clone().filter(is_old).map(|at| self.depth(at)).min().unwrap_or(0);
        let mut at = segment.start;
        while at < segment.end {
            let is_new = |i: usize| {
                let is_signed = self.marks[i].is_none() && self.classes[i] == Class::Quote;
                let is_letters = strange.is_some_and(|letter| letter.at <= i && letter.has(&self.texts[i]));
                !known[i].is_said() && !frames[i] && !is_signed && !is_letters && self.depth(i) <= depth
            };
            if !is_new(at) || !has_words(&self.texts[at]) {
                at += 1;
                continue;
            }
            let run_end = (at..segment.end).find(|&i| !self.is_gap(i) && !is_new(i)).unwrap_or(segment.end);
            let stop = (at..run_end).find(|&i| self.begins_signature(i)).unwrap_or(run_end);
            let is_inner = first < at && run_end <= last;
            let is_below = run_end >= end && !self.reads_like_signature(at..stop);
            if is_inner || !had_words || is_below {
                self.show(at..stop);
            } else {
                (at..stop).filter(|&i| known[i].is_typed_into()).for_each(|i| self.show(i..i + 1));
            }
            at = run_end;
        }
    }

    /// An empty line, also one that has signs only because the page's quotes are written with them.
    fn is_gap(&self, at: usize) -> bool {
        let signs: &[char] = if self.marks[at].is_some() { &['>', ' '] } else { &[] };
        self.texts[at].trim_start_matches(signs).trim().is_empty()
    }

    fn show(&mut self, lines: Range<usize>) {
        for at in lines {
            self.fates[at] = None;
            if self.marks[at].is_some() {
                // The signs are those that blockquotes are written with; the words are the sender's.
                let words = self.texts[at].trim_start_matches(['>', ' ']).to_owned();
                self.texts[at] = words.into();
                self.answers.push(at);
            }
            self.classes[at] = if self.texts[at].trim().is_empty() { Class::Empty } else { Class::Text };
        }
    }

    /// The line after the last one with words that is no signature.
    fn end_of_words(&self) -> usize {
        let is_kept = |at: usize| {
            has_words(&self.texts[at])
                && self.fates[at].is_none_or(|f| !matches!(f.kind, HiddenKind::Signature | HiddenKind::Disclaimer))
        };
        (0..self.texts.len()).rev().find(|&at| is_kept(at)).map_or(0, |at| at + 1)
    }

    /// How many levels of quotes the page has around the line; signs that somebody typed do not count.
    fn depth(&self, at: usize) -> usize {
        if self.marks[at].is_none() {
            return 0;
        }
        signs(&self.texts[at])
    }

    /// A line that belongs to no mail's own words: it introduces one, or separates.
    fn is_frame(&self, at: usize) -> bool {
        let Some(fate) = self.fates[at].filter(|f| f.kind == HiddenKind::Quote) else { return false };
        let text = self.texts[at].trim_start_matches(['>', ' ']);
        let is_marked = self.marks[at].is_some_and(|mark| mark.zone == Zone::Quote);
        let class =
            if is_marked || self.classes[at] == Class::Quote { self.memory.classify(text) } else { self.classes[at] };
        fate.is_frame
            || match class {
                Class::Empty | Class::Rule | Class::Header(_) | Class::Original | Class::Attribution => true,
                Class::Forwarded => true,
                Class::Opening | Class::Named => self.memory.is_attribution(text),
                _ => !has_words(text),
            }
    }

    fn begins_signature(&self, at: usize) -> bool {
        let text = self.texts[at].trim_start_matches(['>', ' ']);
        matches!(self.memory.classify(text), Class::SignatureMark | Class::Mobile | Class::Disclaimer)
    }

    /// Few short lines and not one sentence among them.
    fn reads_like_signature(&self, lines: Range<usize>) -> bool {
        lines.len() <= SIGNATURE_LINES_MAX
            && self.texts[lines].iter().all(|text| {
                let text = text.trim();
                let is_sentence = text.ends_with(['.', '!', '?', '。', '！', '？', '؟', '।'])
                    && (text.split_whitespace().count() >= 3 || !text.is_ascii());
                !is_sentence && text.chars().count() <= SIGNATURE_CHARS_MAX
            })
    }
}

/// `Name: value`, in any language.
pub(super) fn is_field(text: &str) -> bool {
    const NAME_CHARS_MAX: usize = 30;
    let text = text.trim_matches(|c: char| c.is_whitespace() || "*_>".contains(c));
    text.split_once([':', '：']).is_some_and(|(name, value)| {
        !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !value.trim().is_empty() && !name.contains('@')
    })
}

fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}
