//! Letters that came back.

use super::Micros;
use policy::ReturnedLetter;

/// That a letter came back.
#[derive(Debug, Clone, PartialEq)]
pub struct CameBack {
    pub at: Micros,
    /// The message that says so.
    pub report: String,
    /// What it says; `None` after it was erased.
    pub letter: Option<ReturnedLetter>,
}

impl CameBack {
    /// One line for people.
    pub fn in_words(&self) -> String {
        let why = self.letter.as_ref().map(ReturnedLetter::why).unwrap_or_default();
        let lasts = self.letter.as_ref().is_some_and(|letter| letter.permanent);
        let counts = if lasts { "; later letters to the address must be expected to, too" } else { "" };
        format!("came back{why}{counts}; message {} says so", self.report)
    }
}
