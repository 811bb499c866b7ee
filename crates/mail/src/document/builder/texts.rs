//! The texts of a page as words of the open block, by what white space means at their place.

use super::super::Inline;
use super::super::page_signs::Space;
use super::{Builder, Edge, Leaf};

impl<M: Copy + PartialEq> Builder<M> {
    pub(super) fn text(&mut self, text: &str) {
        match self.inside.space {
            Space::Flowing => self.flowing(text),
            Space::Lines => {
                let mut rest = text;
                while let Some((line, after)) = rest.split_once('\n').filter(|_| self.breaks_left > 0) {
                    self.line_of_text(line);
                    self.line_break();
                    self.breaks_left -= 1;
                    rest = after;
                }
                if self.breaks_left > 0 { self.line_of_text(rest) } else { self.flowing(rest) }
            }
            Space::Code => self.code(text),
        }
    }

    /// A line of a text whose breaks count.
    fn line_of_text(&mut self, line: &str) {
        let begins = self.edge != Edge::None || self.ends_with_space();
        if !begins || !line.trim().is_empty() {
            self.words(line.trim_end_matches('\r'));
        }
    }

    /// Runs of white space are one space, and none at the start of a line.
    fn flowing(&mut self, text: &str) {
        const SPACES: &[char] = &[' ', '\n', '\t', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if SPACES.contains(&first) {
                rest = rest.trim_start_matches(SPACES);
                out.push(' ');
                continue;
            }
            let word = rest.find(SPACES).unwrap_or(rest.len());
            out.push_str(&rest[..word]);
            rest = &rest[word..];
        }
        let begins = self.edge != Edge::None || self.ends_with_space();
        let shown = if begins { out.trim_start_matches(' ') } else { &out };
        if shown.is_empty() {
            return;
        }
        self.words(shown);
    }

    /// Whether a space here would be the second one, or the first of a line.
    fn ends_with_space(&self) -> bool {
        match &self.leaf {
            Leaf::Lines { content, .. } => match content.last() {
                Some(Inline::Text { text, .. }) => text.ends_with(' '),
                Some(Inline::Break) | None => true,
                Some(_) => false,
            },
            Leaf::None | Leaf::Code(_) => true,
        }
    }

    /// Text as it stands, in the style of its place.
    pub(super) fn words(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        let text: String = text.chars().map(shown).collect();
        let (style, link) = (self.inside.style, self.inside.link.clone());
        let Some(content) = self.begin_inline() else { return };
        if let Some(Inline::Text { text: last, style: s, link: l }) = content.last_mut()
            && *s == style
            && *l == link
        {
            last.push_str(&text);
            return;
        }
        let link = self.targets.piece(link.as_ref());
        if let Leaf::Lines { content, .. } = &mut self.leaf {
            content.push(Inline::Text { text, style, link });
        }
    }

    pub(super) fn code(&mut self, text: &str) {
        if !matches!(self.leaf, Leaf::Code(_)) || self.edge > Edge::Line {
            self.flush();
        }
        let edge = std::mem::replace(&mut self.edge, Edge::None);
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text: String = text.chars().map(|c| if c == '\n' { c } else { shown(c) }).collect();
        match &mut self.leaf {
            Leaf::Code(code) => {
                if edge == Edge::Line && !code.ends_with('\n') {
                    code.push('\n');
                }
                code.push_str(&text);
            }
            leaf => *leaf = Leaf::Code(text.strip_prefix('\n').unwrap_or(&text).to_owned()),
        }
    }
}

/// A no-break space is shown as a space, and so are characters of control, which show nothing.
fn shown(c: char) -> char {
    match c {
        '\t' => c,
        '\u{a0}' => ' ',
        c if c.is_control() => ' ',
        c => c,
    }
}
