//! What was said before a mail came, on its way to the cell that reads the reply.

use mail::letter_mark::LetterKey;

/// Texts whose quotes are to be known again, the newest first, and the keys of our own letters' marks.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// Each with whether it may be a whole mail.
    said: Vec<(Form, Vec<u8>)>,
    letter_keys: Vec<LetterKey>,
}

/// What a text of the past is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) enum Form {
    Text,
    /// A mail or a text; the cell looks.
    File,
}

impl Past {
    /// Texts that are taken at most; the rest is left out.
    pub const TEXTS_MAX: usize = 1000;

    /// Adds what a tracker shows of an issue.
    pub fn add_text(&mut self, text: String) {
        self.add(Form::Text, text.into_bytes());
    }

    /// Adds a file that is a mail or a text.
    pub fn add_file(&mut self, bytes: Vec<u8>) {
        self.add(Form::File, bytes);
    }

    fn add(&mut self, form: Form, bytes: Vec<u8>) {
        // The sizes travel as 32 bits.
        if self.said.len() < Past::TEXTS_MAX && !bytes.is_empty() && u32::try_from(bytes.len()).is_ok() {
            self.said.push((form, bytes));
        }
    }

    pub fn add_letter_key(&mut self, key: LetterKey) {
        self.letter_keys.push(key);
    }

    /// Whether a reply would be read as it is without it.
    pub fn is_empty(&self) -> bool {
        self.said.is_empty() && self.letter_keys.is_empty()
    }

    /// How many texts there are.
    pub fn texts(&self) -> usize {
        self.said.len()
    }

    pub(crate) fn forms(&self) -> Vec<(Form, u32)> {
        // `add` keeps nothing that is longer.
        self.said.iter().map(|(form, bytes)| (*form, u32::try_from(bytes.len()).unwrap_or(u32::MAX))).collect()
    }

    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        self.said.iter().map(|(_, bytes)| bytes.as_slice())
    }

    pub(crate) fn letter_keys(&self) -> &[LetterKey] {
        &self.letter_keys
    }

    /// The history as a cell makes it of the texts it was sent, one behind the other, and what follows them.
    pub(crate) fn history<'a>(
        key: mail::HistoryKey,
        forms: &[(Form, u32)],
        letter_keys: &[LetterKey],
        source: &'a [u8],
    ) -> Option<(mail::History, &'a [u8])> {
        let mut history = mail::History::new(key);
        letter_keys.iter().for_each(|key| history.add_letter_key(key.clone()));
        let mut rest = source;
        for (form, size_bytes) in forms {
            let (said, after) = rest.split_at_checked(*size_bytes as usize)?;
            rest = after;
            match form {
                Form::Text => history.add_text(&String::from_utf8_lossy(said)),
                Form::File => history.add_file(said),
            }
        }
        Some((history, rest))
    }

    /// Everything in a history of this process; for readers without cells.
    pub fn to_history(&self, key: mail::HistoryKey) -> mail::History {
        let source: Vec<u8> = self.pieces().flatten().copied().collect();
        let made = Past::history(key, &self.forms(), &self.letter_keys, &source);
        made.map_or_else(|| mail::History::new(key), |(history, _)| history)
    }
}
