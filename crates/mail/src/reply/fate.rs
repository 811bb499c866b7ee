//! What becomes of a line, and by what sign: the names that stand in `why` of a hidden piece.

use crate::message::{Hidden, HiddenKind};

/// Why a line is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    pub kind: HiddenKind,
    pub why: &'static str,
    /// Nothing but a quote, signature or the like bears this sign.
    pub confirmed: bool,
    /// It only introduces what is hidden, as an attribution does.
    pub is_frame: bool,
}

impl Fate {
    pub(super) const HISTORY: Fate = Fate::sure(HiddenKind::Quote, Hidden::BY_HISTORY);
    /// A letter of ours begins here: see [`crate::letter_mark`].
    pub(super) const OWN_LETTER: Fate = Fate::sure(HiddenKind::Quote, Hidden::BY_LETTER);
    /// Quote signs below an attribution.
    pub(super) const ATTRIBUTED: Fate = Fate::sure(HiddenKind::Quote, "attribution_and_quote_signs");
    pub(super) const QUOTE_SIGNS: Fate = Fate::suspected(HiddenKind::Quote, "quote_signs");
    /// An attribution without quote signs below it.
    pub(super) const ATTRIBUTION: Fate = Fate::suspected(HiddenKind::Quote, "attribution");
    /// Lines in no known language above what the history confirms.
    pub(super) const INTRODUCTION: Fate = Fate::suspected(HiddenKind::Quote, "introduction");
    pub(super) const INDENTED: Fate = Fate::suspected(HiddenKind::Quote, "indentation");
    pub(super) const MAIL_HEADER: Fate = Fate::sure(HiddenKind::Quote, "mail_header");
    pub(super) const ORIGINAL_MESSAGE: Fate = Fate::sure(HiddenKind::Quote, "original_message");
    pub(super) const FORWARDED: Fate = Fate::sure(HiddenKind::Forward, "forwarded_message");
    /// `-- ` (RFC 3676, section 4.3).
    pub(super) const SIGNATURE_MARK: Fate = Fate::sure(HiddenKind::Signature, "signature_mark");
    pub(super) const RULED: Fate = Fate::suspected(HiddenKind::Signature, "rule");
    pub(super) const TELEPHONE: Fate = Fate::sure(HiddenKind::Signature, "telephone");
    pub(super) const DISCLAIMER: Fate = Fate::suspected(HiddenKind::Disclaimer, "disclaimer");

    /// The mark of a mail program in HTML, by the program's name.
    pub(super) const fn sure(kind: HiddenKind, why: &'static str) -> Fate {
        Fate { kind, why, confirmed: true, is_frame: false }
    }

    /// The same reason for a line that introduces what it is the reason for.
    pub(super) const fn as_frame(self) -> Fate {
        Fate { is_frame: true, ..self }
    }

    const fn suspected(kind: HiddenKind, why: &'static str) -> Fate {
        Fate { kind, why, confirmed: false, is_frame: false }
    }
}
