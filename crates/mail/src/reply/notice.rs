//! Confidentiality notices: paragraphs that say so twice or at length, or that stand alone at the end of a text.

use super::fate::Fate;
use super::line::{Class, pattern};
use super::split::Lines;
use regex::Regex;
use std::sync::LazyLock;

/// A paragraph of so many characters that begins as a notice does is one; what people write of a message is shorter.
const NOTICE_CHARS_MIN: usize = 120;
/// Bytes of a paragraph in which signs are looked for.
const LOOKED_AT_BYTES: usize = 4096;

/// What notices speak of, by the kind of what they say.
static SIGNS: LazyLock<[Regex; 5]> = LazyLock::new(|| {
    [
        r"(?i)confiden|konfiden|vertraulich|vertrouwelijk|riservat|fortrolig|poufn|důvěrn",
        r"(?i)recipient|addressee|intended|empfänger|adressat|destinatair|destinatari|geadresseerde|odbiorc|adresát|adresat",
        r"(?i)delete|destroy|notify the sender|lösch|vernicht|supprim|détrui|elimin|borr[ea]|verwijder|usun|informieren sie",
        r"(?i)privileg|unauthori[sz]ed|disclos|prohibit|unbefugt|untersagt|gesetz|regolamento|2016/679|virus|liabil|haft",
        r"(?i)\Wprint|druck|imprim|stampa",
    ]
    .map(pattern)
});
static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)^[\s*_]*(?:important |legal |confidentiality )?(?:notice|disclaimer|confidentiality)\s*[:.–-]")
});
static ENVIRONMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)environment|umwelt|environnement"));

impl Lines<'_> {
    /// Hides the paragraphs that are notices, each alone: the sender's words may stand below. What only begins as a notice
    /// does is text.
    pub(super) fn hide_notices(&mut self, end: usize) {
        let Some(first_word) = (0..end).find(|&at| self.shows_word(at)) else { return };
        // From the end: what stands below nothing but notices stands at the end.
        let (mut is_last, mut below) = (true, end);
        for at in (0..end).rev() {
            if self.classes[at] == Class::Empty {
                below = at;
                continue;
            }
            if self.fates[at].is_some() {
                continue;
            }
            let begins = self.classes[at] == Class::Disclaimer;
            let is_alone = is_last && at.checked_sub(1).is_none_or(|above| self.classes[above] == Class::Empty);
            if begins && first_word < at && self.is_notice(at, below, is_alone) {
                for line in at..below {
                    if self.classes[line] != Class::Quote {
                        self.hide_line(line, Fate::DISCLAIMER);
                    }
                }
                continue;
            }
            if begins {
                self.classes[at] = Class::Text;
            }
            is_last &= !self.shows_word(at) || self.classes[at] == Class::Quote;
        }
    }

    fn is_notice(&self, start: usize, end: usize, is_alone: bool) -> bool {
        let mut text = String::new();
        for line in &self.texts[start..end] {
            text.push_str(line.trim());
            text.push(' ');
            if text.len() > LOOKED_AT_BYTES {
                break;
            }
        }
        let text = text.trim();
        if text.ends_with(['?', '？', '؟', ':', '：']) || self.texts[start].trim_end().ends_with([':', '：']) {
            return false;
        }
        let signs = SIGNS.iter().filter(|sign| sign.is_match(text)).count();
        if LABEL.is_match(text) {
            return signs > usize::from(SIGNS[4].is_match(text));
        }
        if ENVIRONMENT.is_match(text) {
            return SIGNS[4].is_match(text);
        }
        let is_line = self.texts[start..end].iter().filter(|line| !line.trim().is_empty()).count() == 1;
        text.chars().count() >= NOTICE_CHARS_MIN || signs >= 2 || is_alone && is_line
    }
}
