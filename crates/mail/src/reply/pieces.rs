//! Lines and their fates as a reply: what is shown, and each hidden piece with its place and its reason.

use super::fate::Fate;
use super::split::{Cut, Lines, Place};
use crate::message::{Hidden, HiddenKind, Reply};

impl Lines<'_> {
    pub(super) fn into_cut(mut self) -> Cut {
        self.hide_gaps();
        let mut visible = String::with_capacity(self.texts.iter().map(|text| text.len() + 1).sum());
        let mut pieces: Vec<Piece> = Vec::new();
        let mut open = false;
        let mut shown = false;
        for ((text, fate), source) in self.texts.iter().zip(&self.fates).zip(&self.sources) {
            let Some(fate) = *fate else {
                if shown {
                    visible.push('\n');
                }
                // What stood on both sides of a hidden piece is not one paragraph.
                if shown && open && !text.trim().is_empty() && !visible.ends_with("\n\n") {
                    visible.push('\n');
                }
                visible.push_str(text);
                shown = true;
                open = false;
                continue;
            };
            match pieces.last_mut().filter(|piece| open && piece.kind == fate.kind) {
                Some(piece) => piece.add(text, fate, *source),
                None => pieces.push(Piece::begin(visible.len(), text, fate, *source)),
            }
            open = true;
        }
        visible.truncate(visible.trim_end().len());
        let lead = visible.len() - visible.trim_start_matches('\n').len();
        visible.drain(..lead);
        let place = |at: usize| at.saturating_sub(lead).min(visible.len());
        pieces.retain(|piece| !piece.text.trim().is_empty());
        let places = self.places(&pieces);
        let hidden = pieces.into_iter().map(|piece| piece.close(place)).collect();
        Cut { reply: Reply { visible, hidden, document: None }, places }
    }

    fn places(&self, pieces: &[Piece]) -> Vec<Place> {
        let mut places = vec![Place::Shown; self.sources.iter().flatten().max().map_or(0, |last| last + 1)];
        for (number, piece) in pieces.iter().enumerate() {
            piece.sources.iter().for_each(|&source| places[source] = Place::Hidden(number));
        }
        // A line that is only partly hidden is shown.
        let shown = self.sources.iter().zip(&self.fates).filter(|(_, fate)| fate.is_none());
        shown.filter_map(|(source, _)| *source).for_each(|source| places[source] = Place::Shown);
        let answers = self.answers.iter().filter(|&&at| self.fates[at].is_none());
        answers.filter_map(|&at| self.sources[at]).for_each(|source| places[source] = Place::Answer);
        places
    }

    /// Empty lines between hidden lines of one kind belong to their piece.
    fn hide_gaps(&mut self) {
        let mut last: Option<(usize, Fate)> = None;
        for at in 0..self.texts.len() {
            match (self.fates[at], last) {
                (Some(fate), Some((before, same))) if fate.kind == same.kind => {
                    self.fates[before..at].iter_mut().for_each(|f| *f = f.or(Some(fate)));
                    last = Some((at, fate));
                }
                (Some(fate), _) => last = Some((at, fate)),
                (None, _) if self.texts[at].trim().is_empty() => {}
                (None, _) => last = None,
            }
        }
    }
}

/// Hidden lines of one kind that stand together.
struct Piece {
    at_bytes: usize,
    kind: HiddenKind,
    text: String,
    /// The lines of the document that stand in it.
    sources: Vec<usize>,
    /// The reason of the first lines with words, those aside that merely introduce.
    reason: Option<Fate>,
    /// The reason of what introduces.
    frame: Fate,
}

impl Piece {
    fn begin(at_bytes: usize, text: &str, fate: Fate, source: Option<usize>) -> Piece {
        let sources = source.into_iter().collect();
        let mut piece = Piece { at_bytes, kind: fate.kind, text: text.to_owned(), sources, reason: None, frame: fate };
        piece.weigh(text, fate);
        piece
    }

    fn add(&mut self, text: &str, fate: Fate, source: Option<usize>) {
        self.sources.extend(source);
        self.text.push('\n');
        self.text.push_str(text);
        self.weigh(text, fate);
    }

    /// The piece is as sure as its least sure line, and said already only if every line was.
    fn weigh(&mut self, text: &str, fate: Fate) {
        if fate.is_frame || !text.chars().any(char::is_alphanumeric) {
            return;
        }
        let (was, is) = (self.reason.unwrap_or(fate), fate);
        let is_weaker =
            was.confirmed && !is.confirmed || was.why == Hidden::BY_HISTORY && was.confirmed == is.confirmed;
        self.reason = Some(if is_weaker { is } else { was });
    }

    fn close(self, place: impl Fn(usize) -> usize) -> Hidden {
        let fate = self.reason.unwrap_or(self.frame);
        Hidden {
            kind: self.kind,
            text: self.text,
            at_bytes: place(self.at_bytes),
            why: fate.why.to_owned(),
            confirmed: fate.confirmed,
            document: None,
        }
    }
}
