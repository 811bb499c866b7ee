//! Kept files: what a tracker would not take is kept by the gateway, and the issue links to it; and how long it is kept.

use crate::{Body, IssueFacts, Profile};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use mail::Document;
use mail::document::{Block, Inline, Style};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Hexadecimal digits of an id.
pub const KEPT_ID_DIGITS: usize = 32;

const DAY_MICROS: i64 = 86_400 * 1_000_000;

/// A file that the gateway keeps and a text links to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptFile {
    /// 32 hexadecimal digits; the same for the same part of the same message, whichever plan names it.
    pub id: String,
    pub name: String,
    pub size_bytes: u64,
    /// How long a link to it is good.
    pub link_days: u32,
}

/// The id under which a part of a message is kept. It is no secret: links are signed.
pub fn kept_id(site: &str, message: &str, part: &str) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    for field in ["kept file", site, message, part] {
        context.update(&(field.len() as u64).to_be_bytes());
        context.update(field.as_bytes());
    }
    let mut id = HEXLOWER.encode(context.finish().as_ref());
    id.truncate(KEPT_ID_DIGITS);
    id
}

/// How the paths of files begin that came beside their message.
const BESIDE: &str = "kept/";

/// The path by which a plan names the kept file of this id that came beside its message.
pub fn part_of(id: &str) -> String {
    format!("{BESIDE}{id}")
}

/// The id of a kept file, by the path of a part; `None` for one that stands in the message itself.
pub fn id_of(part: &str) -> Option<&str> {
    part.strip_prefix(BESIDE)
}

impl Body {
    /// The body with a list of its kept files, each with its name, size and `link`; one without a link says where it is. Above a
    /// long text, which a tracker may cut, below any other.
    pub fn with_links(&self, link: impl Fn(&KeptFile) -> Option<String>) -> Body {
        if self.kept.is_empty() {
            return self.clone();
        }
        const HEAD: &str = "Files that the mail gateway keeps for this issue:";
        const NO_LINK: &str = "kept by the mail gateway, which has no public address at present";
        let files: Vec<(String, Option<String>)> = self
            .kept
            .iter()
            .map(|file| (format!("{} ({})", file.name, size_in_words(file.size_bytes)), link(file)))
            .collect();
        let lines: Vec<String> =
            files.iter().map(|(name, link)| format!("- {name}: {}", link.as_deref().unwrap_or(NO_LINK))).collect();
        let list = format!("{HEAD}\n\n{}", lines.join("\n"));
        let item = |(name, link): &(String, Option<String>)| {
            let place = match link {
                Some(url) => {
                    Inline::Text { text: url.clone(), style: Style::PLAIN, link: Some(Arc::from(url.as_str())) }
                }
                None => Inline::text(NO_LINK),
            };
            vec![Block::Paragraph(vec![Inline::text(format!("{name}: ")), place])]
        };
        let blocks = [Block::literal(HEAD), Block::List { first: None, items: files.iter().map(item).collect() }];
        let mut document = self.document.clone().unwrap_or_else(|| Document::from_text(&self.visible));
        let visible = if crate::decide::is_long(self) {
            document.blocks.splice(0..0, blocks);
            format!("{list}\n\n{}", self.visible)
        } else {
            document.blocks.extend(blocks);
            format!("{}\n\n{list}", self.visible)
        };
        Body { visible, document: Some(document), kept: Vec::new(), ..self.clone() }
    }
}

/// As people write sizes: `12.3 MB`, in powers of ten.
pub fn size_in_words(bytes: u64) -> String {
    size_with(bytes, ".", "bytes")
}

/// The same with a decimal sign and a word for bytes of another language.
pub(crate) fn size_with(bytes: u64, decimal: &str, word: &str) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        // Tenths, in whole numbers.
        Some((unit, name)) => format!("{}{decimal}{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} {word}"),
    }
}

/// How long a profile has files kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    /// Since they came; 0 for no limit.
    pub days: u32,
    /// Since the issue was resolved, the last time; 0 for no limit.
    pub resolved_days: u32,
    /// The names of statuses in which they go at once.
    pub until_status: Vec<String>,
}

impl Default for Keeping {
    /// What holds where no profile says otherwise (PRIV-11).
    fn default() -> Keeping {
        Keeping { days: 0, resolved_days: 90, until_status: Vec::new() }
    }
}

impl Profile {
    /// How long files are kept whose mail came under the mapping and the rule of these names.
    pub fn keeping(&self, mapping: &str, rule: Option<&str>) -> Keeping {
        let mapping = self.mapping_under(mapping, rule);
        Keeping {
            days: mapping.keep_days,
            resolved_days: mapping.keep_resolved_days,
            until_status: mapping.keep_until_status,
        }
    }
}

/// What becomes of a kept file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its issue goes on, or the time is not over. `over_since` is when the issue was first seen to be over, in microseconds since
    /// the epoch; `None` while it is not, so that the clock starts anew after an issue was opened again.
    Stays { over_since: Option<i64> },
    /// It goes, for this reason.
    Goes(&'static str),
}

/// What becomes of a kept file. `issue` is `None` when the tracker has no such issue any more; times are microseconds since the
/// epoch in UTC, `over_since` what was found at the last look.
///
/// The tracker's own word on when an issue was resolved counts; where it tells none of an issue that is done or gone, the time at
/// which that was first seen does.
pub fn fate(keeping: &Keeping, kept_at: i64, over_since: Option<i64>, issue: Option<&IssueFacts>, now: i64) -> Fate {
    let after = |since: i64, days: u32| days > 0 && now >= since.saturating_add(i64::from(days) * DAY_MICROS);
    let same = |one: &String, other: &str| one.trim().to_lowercase() == other.trim().to_lowercase();
    if issue.is_some_and(|issue| keeping.until_status.iter().any(|status| same(status, &issue.standing.status))) {
        return Fate::Goes("status");
    }
    if after(kept_at, keeping.days) {
        return Fate::Goes("age");
    }
    let resolved_at = issue.and_then(|issue| issue.standing.resolved_at.as_deref());
    let resolved_at = resolved_at.and_then(|at| at.parse::<Timestamp>().ok()).map(Timestamp::as_microsecond);
    let is_over = resolved_at.is_some() || issue.is_none_or(|issue| issue.status_category == "done");
    if !is_over {
        return Fate::Stays { over_since: None };
    }
    let since = resolved_at.or(over_since).unwrap_or(now);
    match after(since, keeping.resolved_days) {
        true if issue.is_none() => Fate::Goes("issue_gone"),
        true => Fate::Goes("resolved"),
        false => Fate::Stays { over_since: Some(since) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Standing;

    const DAY: i64 = DAY_MICROS;

    fn issue(status: &str, category: &str, resolved_at: Option<i64>) -> IssueFacts {
        let resolved_at = resolved_at.and_then(|at| Timestamp::from_microsecond(at).ok()).map(|at| at.to_string());
        let standing = Standing { status: status.into(), resolved_at, ..Standing::default() };
        IssueFacts { status_category: category.into(), standing: Box::new(standing), ..IssueFacts::default() }
    }

    #[test]
    fn priv_11_files_go_ninety_days_after_the_last_resolution() {
        let keeping = Keeping::default();
        let done = issue("Done", "done", Some(10 * DAY));
        let at = |day: i64| fate(&keeping, 0, None, Some(&done), day * DAY);
        assert_eq!(at(99), Fate::Stays { over_since: Some(10 * DAY) });
        assert_eq!(at(100), Fate::Goes("resolved"));
        let reopened = issue("Open", "new", None);
        assert_eq!(fate(&keeping, 0, Some(10 * DAY), Some(&reopened), 500 * DAY), Fate::Stays { over_since: None });
        let again = issue("Done", "done", Some(499 * DAY));
        assert_eq!(
            fate(&keeping, 0, None, Some(&again), 500 * DAY),
            Fate::Stays { over_since: Some(499 * DAY) },
            "the clock has started anew"
        );
    }

    #[test]
    fn an_issue_that_tells_no_time_counts_from_the_first_look() {
        let keeping = Keeping::default();
        let done = issue("Closed", "done", None);
        assert_eq!(fate(&keeping, 0, None, Some(&done), 7 * DAY), Fate::Stays { over_since: Some(7 * DAY) });
        assert_eq!(fate(&keeping, 0, Some(7 * DAY), Some(&done), 97 * DAY), Fate::Goes("resolved"));
        assert_eq!(fate(&keeping, 0, Some(7 * DAY), None, 97 * DAY), Fate::Goes("issue_gone"));
        assert_eq!(fate(&keeping, 0, None, None, 97 * DAY), Fate::Stays { over_since: Some(97 * DAY) });
    }

    #[test]
    fn a_status_and_an_age_end_it_too() {
        let keeping = Keeping { days: 30, resolved_days: 0, until_status: vec!["archived".into()] };
        let done = issue("Done", "done", Some(DAY));
        assert_eq!(fate(&keeping, 0, None, Some(&done), 29 * DAY), Fate::Stays { over_since: Some(DAY) });
        assert_eq!(fate(&keeping, 0, None, Some(&done), 30 * DAY), Fate::Goes("age"));
        assert_eq!(fate(&keeping, 0, None, Some(&issue("Archived", "done", None)), 2 * DAY), Fate::Goes("status"));
    }

    #[test]
    fn links_stand_below_a_text_and_above_a_long_one() {
        let file = KeptFile { id: "a".into(), name: "film.mov".into(), size_bytes: 12_340_000, link_days: 1 };
        let body = Body { visible: "See *it*.".into(), kept: vec![file], ..Body::default() };
        let linked = body.with_links(|_| Some("https://x.example/f/1".into()));
        assert!(linked.visible.starts_with("See *it*.\n\nFiles that"), "{}", linked.visible);
        assert!(linked.visible.ends_with("- film.mov (12.3 MB): https://x.example/f/1"), "{}", linked.visible);
        let html = linked.document.map(|document| document.html()).unwrap_or_default();
        assert!(html.contains("<a href=\"https://x.example/f/1\""), "{html}");
        let long = Body { visible: "word ".repeat(9000), ..body };
        assert!(long.with_links(|_| None).visible.starts_with("Files that the mail gateway keeps"));
    }

    #[test]
    fn sizes_are_words() {
        assert_eq!(
            [999, 1000, 1_990_000, 2_000_000_000].map(size_in_words),
            ["999 bytes", "1.0 kB", "1.9 MB", "2.0 GB"]
        );
        assert_eq!([size_with(999, ",", "B"), size_with(1_450_000, ",", "B")], ["999 B", "1,4 MB"]);
    }
}
