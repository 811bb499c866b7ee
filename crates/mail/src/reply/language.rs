//! The words by which mails in many languages introduce what they quote: how they are asked for.
//!
//! Adding a language is adding a row to `languages.rs`; nothing else knows languages.

pub(crate) use super::languages::LANGUAGES;

/// How mail programs of one language write around quoted text. Words are lower case.
pub(crate) struct Language {
    /// What an attribution line begins with, before a date (`On Tuesday …`).
    pub opens: &'static [&'static str],
    /// The verb of an attribution (`… wrote:`).
    pub wrote: &'static [&'static str],
    /// Names of the header fields above a quoted mail: sender, time, recipients, subject, other.
    pub from: &'static [&'static str],
    pub date: &'static [&'static str],
    pub to: &'static [&'static str],
    pub subject: &'static [&'static str],
    pub other: &'static [&'static str],
    /// What stands between dashes above a quoted mail.
    pub original: &'static [&'static str],
    /// What stands between dashes, or alone, above a forwarded mail.
    pub forwarded: &'static [&'static str],
    /// How signatures of telephones begin.
    pub mobile: &'static [&'static str],
}

/// Prefixes of a subject that say that the mail was forwarded, lower case, without the colon.
pub(crate) const FORWARD_PREFIXES: &[&str] = &[
    "fw",
    "fwd",
    "wg",
    "tr",
    "rv",
    "enc",
    "i",
    "doorst",
    "pd",
    "vs",
    "vb",
    "vl",
    "fs",
    "ilt",
    "továbbítás",
    "转发",
    "轉寄",
    "転送",
    "전달",
];

/// Prefixes of a subject that say that the mail answers another, lower case, without the colon.
const REPLY_PREFIXES: &[&str] = &[
    "re",
    "aw",
    "antw",
    "antwort",
    "sv",
    "vs",
    "rép",
    "rep",
    "res",
    "rif",
    "r",
    "ri",
    "odp",
    "ynt",
    "yn",
    "vá",
    "vast",
    "ref",
    "atb",
    "bls",
    "ats",
    "απ",
    "σχετ",
    "отв",
    "на",
    "відп",
    "השב",
    "תגובה",
    "رد",
    "回复",
    "回覆",
    "答复",
    "返信",
    "회신",
    "trả lời",
];

/// Whether a subject says that the mail answers or forwards another: `Re:`, `AW[2]:`, `[ABC-1] Fwd:`. Linear.
pub(super) fn has_reply_prefix(subject: &str) -> bool {
    let bare = subject.trim_start();
    let bare = bare.strip_prefix('[').and_then(|tag| tag.split_once(']')).map_or(bare, |(_, rest)| rest);
    let Some((prefix, _)) = bare.split_once([':', '：']) else { return false };
    let prefix = prefix.split(['[', '(', '^']).next().unwrap_or_default().trim().to_lowercase();
    REPLY_PREFIXES.contains(&prefix.as_str()) || FORWARD_PREFIXES.contains(&prefix.as_str())
}

/// All words of one column.
pub(crate) fn all(column: impl Fn(&Language) -> &'static [&'static str]) -> Vec<&'static str> {
    let mut words: Vec<&str> = LANGUAGES.iter().flat_map(|l| column(l).iter().copied()).collect();
    // Longer words first: an alternation takes the first that fits.
    words.sort_by_key(|w| std::cmp::Reverse(w.len()));
    words.dedup();
    words
}

/// The words as one alternation of a regular expression.
pub(crate) fn any(column: impl Fn(&Language) -> &'static [&'static str]) -> String {
    all(column).iter().map(|w| regex::escape(w)).collect::<Vec<_>>().join("|")
}
