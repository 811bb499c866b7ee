//! The summary of a new issue: the subject without what mail programs put before it.

use crate::profile::{Pattern, Purse};
use regex::Regex;
use std::sync::LazyLock;

/// The longest summary, in UTF-16 units: how Jira, a Java program, counts its 255 characters.
pub const SUMMARY_UNITS_MAX: usize = 255;

/// How much of a subject is looked at; a summary takes a quarter of it.
const SUBJECT_CHARS_MAX: usize = 1000;

/// What the searches of one subject may look at: some passes over it for each of its characters.
const SEARCHED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What stands for an empty subject.
const NO_SUBJECT: &str = "(no subject)";

/// The subject on one line, without reply and forward prefixes and without characters that only steer the display, cut to
/// what a summary holds.
///
/// What the profile's expressions match goes, too. `instead` stands for a subject that is missing or of which nothing is left.
pub(super) fn of(subject: &str, cleanups: &[Pattern], instead: &str) -> String {
    let subject: String = subject.chars().take(SUBJECT_CHARS_MAX).collect();
    let mut purse = Purse::of_bytes(SEARCHED_BYTES_MAX);
    let without = |subject: String, pattern: &Pattern| pattern.without(&subject, &mut purse).unwrap_or(subject);
    let subject = cleanups.iter().fold(subject, without);
    let plain: String =
        subject.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !steers(*c)).collect();
    let plain = plain.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let stripped = without_prefixes(&plain).trim();
    match (stripped, plain.is_empty()) {
        (_, true) if instead.trim().is_empty() => NO_SUBJECT.to_owned(),
        (_, true) => cut(&instead.split_whitespace().collect::<Vec<_>>().join(" ")),
        // A subject of prefixes alone says more than none.
        ("", false) if instead.trim().is_empty() => cut(&plain),
        ("", false) => cut(&instead.split_whitespace().collect::<Vec<_>>().join(" ")),
        (stripped, false) => cut(stripped),
    }
}

/// The summary of an issue with this subject, without what a profile takes out of it.
pub(crate) fn of_subject(subject: &str) -> String {
    of(subject, &[], "")
}

/// What programs put before the subject of a reply or forward.
const PREFIX: &str = r"(?:re|fwd?|aw|wg|antw(?:ort)?|sv|vs|vl|tr|rv|res|enc|rif|odp|pd|ynt|ilt|doorst|回复|回覆|答复|转发|轉寄|返信|転送)\s*(?:[\[(^]\s*[0-9]{1,3}\s*[\])]?)?\s*[:：]";

/// Whether a subject says that the mail answers or hands on another; marks such as `[EXTERNAL]` may stand before that.
pub(super) fn is_answer(subject: &str) -> bool {
    static ANSWER: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = format!(r"^(?i)(?:\s*\[[^\]]{{0,100}}\])*\s*{PREFIX}");
        Regex::new(&pattern).expect("the pattern is constant and a test uses it")
    });
    ANSWER.is_match(subject)
}

/// `Re:`, `Fwd:`, `AW:`, `WG:` and their like, with a count such as `Re[2]:`; as many as there are, at any white space.
fn without_prefixes(subject: &str) -> &str {
    static PREFIXES: LazyLock<Regex> = LazyLock::new(|| {
        let pattern = format!(r"^(?i)(?:\s*{PREFIX})+");
        Regex::new(&pattern).expect("the pattern is constant and a test uses it")
    });
    match PREFIXES.find(subject) {
        Some(found) => subject.get(found.end()..).unwrap_or_default(),
        None => subject,
    }
}

/// Control characters, and those that change the direction or hide (SEC-16): in a summary they serve only deceit.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn cut(text: &str) -> String {
    if text.encode_utf16().count() <= SUMMARY_UNITS_MAX {
        return text.to_owned();
    }
    let mut units = 0;
    let fits = |c: &char| {
        units += c.len_utf16();
        units < SUMMARY_UNITS_MAX
    };
    let kept: String = text.chars().take_while(fits).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::SUMMARY_UNITS_MAX;
    use crate::profile::Pattern;

    fn of(subject: &str) -> String {
        super::of(subject, &[], "")
    }

    #[test]
    fn what_the_profile_takes_out_goes_and_a_summary_is_never_empty() {
        let cleanups = [Pattern::regex(r"(?i)\[external\]").unwrap()];
        assert_eq!(super::of("Re: [EXTERNAL] AW: Printer", &cleanups, ""), "Printer");
        assert_eq!(super::of("[External]", &cleanups, "Mail of Ann"), "Mail of Ann");
        assert_eq!(super::of("[External]", &cleanups, " "), "(no subject)");
    }

    #[test]
    fn prefixes_of_replies_and_forwards_go() {
        for subject in
            ["Re: Printer", "RE: AW: Fwd: Printer", "WG:Printer", "Re[2]: Printer", "Re (3): Printer", "回复：Printer"]
        {
            assert_eq!(of(subject), "Printer", "{subject}");
        }
        assert_eq!(of("Reset: my password"), "Reset: my password");
        assert_eq!(of("Re: "), "Re:");
        assert_eq!(of(" \t"), "(no subject)");
    }

    #[test]
    fn an_answer_is_told_by_its_subject() {
        for subject in ["Re: a", "[EXTERNAL] AW: a", " [a] [b]Fwd[2]: a", "转发：a"] {
            assert!(super::is_answer(subject), "{subject}");
        }
        assert!(!super::is_answer("Printer [#status=Done]") && !super::is_answer("Reset: a") && !super::is_answer(""));
    }

    #[test]
    fn sec_09_a_summary_is_one_line_of_what_can_be_seen() {
        assert_eq!(of("a\r\nBcc: x\u{2028}y\u{0}\u{202e}z"), "a Bcc: x yz");
    }

    #[test]
    fn a_long_subject_is_cut_where_the_tracker_would_refuse_it() {
        let summary = of(&"😀".repeat(200));
        assert!(summary.encode_utf16().count() <= SUMMARY_UNITS_MAX);
        assert!(summary.ends_with('…'));
        let fitting = "x".repeat(SUMMARY_UNITS_MAX);
        assert_eq!(of(&fitting), fitting);
    }
}
