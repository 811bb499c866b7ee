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
        let counts = match &self.letter {
            // Known by the return path it may be about an address to which he had it forwarded.
            Some(letter) if letter.permanent && letter.path.is_some() => {
                "; later letters to the address that the report names must be expected to, too"
            }
            Some(letter) if letter.permanent => {
                "; the report did not come to the return path that is its recipient's alone, so it counts against no address"
            }
            _ => "",
        };
        format!("came back{why}{counts}; message {} says so", self.report)
    }
}
