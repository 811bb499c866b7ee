//! Quoted lines: which blocks are hidden, and which stay because the sender answers between them. Linear.

use super::attribution::{ATTRIBUTION_BYTES_MAX, is_dated, is_wrapped_address};
use super::client::Zone;
use super::fate::Fate;
use super::line::Class;
use super::split::Lines;

/// New lines after a quote that may be a mere closing; more of them answer it, and it stays as their context.
const CLOSING_LINES_MAX: usize = 3;
/// Lines at the start of a marked quote that may say who wrote it.
const LEAD_LINES_MAX: usize = 4;

struct QuoteBlock {
    start: usize,
    end: usize,
    attributed: bool,
    /// A mail program marked it, and inside the mark stands who wrote it.
    marked: bool,
}

/// What is asked of many lines, worked out for all of them at once.
struct Around {
    /// The nearest line at or after each that is not empty, or the number of lines.
    next: Vec<usize>,
    /// The nearest line before each that is not empty.
    previous: Vec<Option<usize>>,
    /// How many new lines stand before each.
    new_before: Vec<usize>,
    last_new: Option<usize>,
}

impl Around {
    fn look(lines: &Lines, end: usize) -> Around {
        let mut next = vec![end; end + 1];
        for at in (0..end).rev() {
            next[at] = if lines.classes[at] == Class::Empty { next[at + 1] } else { at };
        }
        let mut around =
            Around { next, previous: Vec::with_capacity(end), new_before: Vec::with_capacity(end + 1), last_new: None };
        let (mut previous, mut news) = (None, 0);
        for at in 0..end {
            around.previous.push(previous);
            around.new_before.push(news);
            if lines.fates[at].is_none() && !matches!(lines.classes[at], Class::Quote | Class::Empty) {
                news += 1;
                around.last_new = Some(at);
            }
            if lines.classes[at] != Class::Empty {
                previous = Some(at);
            }
        }
        around.new_before.push(news);
        around
    }
}

impl Lines<'_> {
    /// Hides quotes; those between which the sender answers stay as context.
    pub(super) fn hide_quotes(&mut self, end: usize) {
        let around = Around::look(self, end);
        let blocks = self.quote_blocks(end, &around);
        let first_shown = (0..end).find(|&at| self.shows_word(at));
        let is_last = |block: &QuoteBlock| around.last_new.is_none_or(|last| block.start > last);
        let inner = blocks.iter().filter(|block| !is_last(block)).count();
        for block in &blocks {
            let follows = around.new_before[end] - around.new_before[block.end];
            let is_answered = first_shown.is_some_and(|first| first < block.start) && follows > CLOSING_LINES_MAX;
            // A footer below what a program marked makes no answer of it, however many lines it has.
            let is_context = blocks.len() > 1 || inner > 1 || !block.attributed || is_answered && !block.marked;
            if !is_last(block) && is_context {
                continue;
            }
            let signs = if block.attributed { Fate::ATTRIBUTED } else { Fate::QUOTE_SIGNS };
            for at in block.start..block.end {
                let fate = if self.unmarked_quote.is_some_and(|from| from <= at) { Fate::INDENTED } else { signs };
                self.hide_line(at, fate);
            }
        }
    }

    fn quote_blocks(&self, end: usize, around: &Around) -> Vec<QuoteBlock> {
        let is_attributed = |at: usize| around.previous[at].is_some_and(|i| self.classes[i] == Class::Attribution);
        let is_piped = |at: usize| self.texts[at].starts_with("| ") && is_attributed(at);
        let mut blocks: Vec<QuoteBlock> = Vec::new();
        let mut at = 0;
        while at < end {
            if self.classes[at] != Class::Quote && !is_piped(at) {
                at += 1;
                continue;
            }
            let start = at;
            while at < end && self.continues_quote(at, around) {
                at += 1;
            }
            let end = at.max(start + 1);
            let marked = self.says_who_wrote(start, end);
            let attributed = marked || is_attributed(start) || self.unmarked_quote.is_some_and(|at| at <= start);
            blocks.push(QuoteBlock { start, end, attributed, marked });
            at = at.max(start + 1);
        }
        blocks
    }

    /// Whether the first lines of what a program marked as a quote introduce it: Gmail, Apple Mail and others put theirs
    /// inside the mark.
    fn says_who_wrote(&self, start: usize, end: usize) -> bool {
        let is_marked = |at: &usize| self.marks[*at].is_some_and(|mark| mark.zone == Zone::Quote);
        let lead = (start..end.min(start + LEAD_LINES_MAX)).take_while(is_marked);
        let mut joined = String::new();
        for at in lead.filter(|&at| self.classes[at] != Class::Empty) {
            joined.push(' ');
            joined.push_str(self.texts[at].trim_matches(['>', ' ']));
            if joined.len() > ATTRIBUTION_BYTES_MAX {
                return false;
            }
            let text = joined.trim();
            if self.memory.is_attribution(text) || text.ends_with([':', '：']) && is_dated(text) {
                return true;
            }
        }
        false
    }

    /// Quote lines, empty lines between them, and the pieces of addresses that broken clients wrap out of them.
    fn continues_quote(&self, at: usize, around: &Around) -> bool {
        if self.classes[at] == Class::Quote || self.texts[at].starts_with('|') {
            return true;
        }
        let may_be_between = self.classes[at] == Class::Empty || is_wrapped_address(&self.texts[at]);
        let next = around.next[at + 1];
        may_be_between && next + 1 < around.next.len() && self.classes[next] == Class::Quote
    }
}
