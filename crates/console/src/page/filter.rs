//! What a list of messages is filtered by, as it stands in the address of the page.

use super::{is_id, state, state_word};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use policy::Outcome;
use serde::Deserialize;
use store::{JobState, MessageFilter, Micros, Places};

/// No address is longer (RFC 5321, section 4.5.3.1: local part, @ and domain).
const SENDER_BYTES_MAX: usize = 64 + 1 + 255;
/// No name of a site, mailbox, project or issue that can be found is longer.
const NAME_BYTES_MAX: usize = 255;

/// The filter as it stands in the address of the page; what is left empty does not filter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    pub outcome: String,
    pub state: String,
    pub sender: String,
    pub issue: String,
    pub site: String,
    pub mailbox: String,
    pub project: String,
    /// Days in UTC, the last one included.
    pub from: String,
    pub until: String,
    /// `MICROSECONDS~ID` of the last row of the page before.
    pub before: String,
}

/// One of several values to choose from.
pub struct Choice {
    pub word: String,
    pub shown: String,
    pub chosen: bool,
}

/// The fields of the form, each with what it holds.
pub struct Fields {
    pub outcomes: Vec<Choice>,
    pub states: Vec<Choice>,
    pub sites: Vec<Choice>,
    pub mailboxes: Vec<Choice>,
    pub projects: Vec<Choice>,
    pub sender: String,
    pub issue: String,
    pub from: String,
    pub until: String,
    /// One of the fields is used that the form shows only when asked to.
    pub more: bool,
}

/// The first moment of a day in UTC, `2026-11-26`; `None` for what is no day.
pub fn day_begins(day: &str) -> Option<Micros> {
    let day: Date = day.trim().parse().ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

/// The first moment after a day in UTC.
pub fn day_ends(day: &str) -> Option<Micros> {
    let day: Date = day.trim().parse().ok()?;
    Some(day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond())
}

/// A key as trackers write it.
pub fn issue_key(text: &str) -> String {
    text.trim().to_uppercase()
}

impl Asked {
    /// What makes no sense does not filter, and is not shown as if it did.
    pub fn filter(&self, limit: u32) -> MessageFilter {
        let sender = self.sender.trim().to_lowercase();
        MessageFilter {
            site: name(&self.site),
            mailbox: name(&self.mailbox),
            project: name(&self.project).map(|key| issue_key(&key)),
            issue_key: name(&self.issue).map(|key| issue_key(&key)),
            outcome: Outcome::ALL.into_iter().find(|outcome| outcome.word() == self.outcome),
            job: JobState::ALL.into_iter().find(|state| state_word(*state) == self.state),
            sender: Some(sender).filter(|sender| !sender.is_empty() && sender.len() <= SENDER_BYTES_MAX),
            received_from: day_begins(&self.from),
            received_before: day_ends(&self.until),
            before: before(&self.before),
            limit,
        }
    }

    /// The form with what filters, and what there is to choose from.
    pub fn fields(&self, filter: &MessageFilter, places: Places) -> Fields {
        let day = |text: &String, at: Option<Micros>| at.map_or_else(String::new, |_| text.trim().to_owned());
        let (from, until) = (day(&self.from, filter.received_from), day(&self.until, filter.received_before));
        let dated = !from.is_empty() || !until.is_empty();
        Fields {
            more: filter.site.is_some() || filter.mailbox.is_some() || filter.project.is_some() || dated,
            outcomes: Outcome::ALL
                .into_iter()
                .map(|o| Choice { word: o.word().into(), shown: o.word().into(), chosen: Some(o) == filter.outcome })
                .collect(),
            states: JobState::ALL
                .into_iter()
                .map(|s| Choice { word: state_word(s).into(), shown: state(s).into(), chosen: Some(s) == filter.job })
                .collect(),
            sites: choices(places.sites, filter.site.as_deref()),
            mailboxes: choices(places.mailboxes, filter.mailbox.as_deref()),
            projects: choices(places.projects, filter.project.as_deref()),
            sender: filter.sender.clone().unwrap_or_default(),
            issue: filter.issue_key.clone().unwrap_or_default(),
            from,
            until,
        }
    }
}

impl Fields {
    /// The filter as part of an address, for the links to other pages of the list; what does not filter is left out.
    pub fn query(&self) -> String {
        let chosen = |choices: &[Choice]| {
            choices.iter().find(|choice| choice.chosen).map_or_else(String::new, |choice| choice.word.clone())
        };
        let pairs = [
            ("outcome", chosen(&self.outcomes)),
            ("state", chosen(&self.states)),
            ("sender", self.sender.clone()),
            ("issue", self.issue.clone()),
            ("site", chosen(&self.sites)),
            ("mailbox", chosen(&self.mailboxes)),
            ("project", chosen(&self.projects)),
            ("from", self.from.clone()),
            ("until", self.until.clone()),
        ];
        joined(pairs)
    }
}

/// Names and values as part of an address; what is empty is left out.
pub(super) fn joined<const N: usize>(pairs: [(&'static str, String); N]) -> String {
    let said = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    said.map(|(name, value)| format!("{name}={}", value.bytes().map(encoded).collect::<String>()))
        .collect::<Vec<_>>()
        .join("&")
}

/// What is chosen stays in the list, although nothing may have come from there yet.
pub(super) fn choices(mut names: Vec<String>, chosen: Option<&str>) -> Vec<Choice> {
    if let Some(chosen) = chosen
        && !names.iter().any(|name| name == chosen)
    {
        names.push(chosen.to_owned());
    }
    names
        .into_iter()
        .map(|name| Choice { chosen: Some(name.as_str()) == chosen, shown: name.clone(), word: name })
        .collect()
}

/// A NUL would be a fault in PostgreSQL.
pub(super) fn name(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.len() <= NAME_BYTES_MAX && !text.contains('\0')).then(|| text.to_owned())
}

/// Rows on one page.
pub(super) const ROWS: u32 = 50;

/// Takes what one page shows of the rows, of which one more was asked for; where the next page begins, if there is one.
pub(super) fn cut<T>(rows: &mut Vec<T>, last: impl Fn(&T) -> (Micros, &str)) -> Option<String> {
    let more = rows.len() > ROWS as usize;
    rows.truncate(ROWS as usize);
    let (at, id) = last(rows.last().filter(|_| more)?);
    Some(format!("{at}~{id}"))
}

/// Where a page begins: `MICROSECONDS~ID` of the last row of the page before.
pub(super) fn before(asked: &str) -> Option<(Micros, String)> {
    let (micros, id) = asked.split_once('~')?;
    is_id(id).then_some((micros.parse().ok()?, id.to_owned()))
}

/// One byte of a value in an address (RFC 3986, section 2.1).
pub(super) fn encoded(byte: u8) -> String {
    if byte.is_ascii_alphanumeric() || byte == b'-' { char::from(byte).to_string() } else { format!("%{byte:02X}") }
}
