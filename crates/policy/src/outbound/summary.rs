//! A `[[summary]]`: which issues somebody is told of again and again, when, and what his letter shows of them.

use super::settings::COLUMNS;
use super::values::{Held, Values};
use crate::cron::Cron;
use crate::profile::Word;
use crate::profile::reader::{Reader, Section};
use crate::{StepKey, letter_number};
use serde::{Deserialize, Serialize};

/// The bit by which the ids of summaries are told from those of issues: no tracker counts so far.
const OF_SUMMARY: u64 = 1 << 63;

/// The least keys of `[default]` that mean something in a summary; all others are refused there.
const MEANT: [&str; 21] = [
    "outgoing",
    "from_name",
    "from_address",
    "reply_to",
    "subject_prefix",
    "language",
    "time_zone",
    "theme",
    "format",
    "roles",
    "groups",
    "accounts",
    "addresses",
    "tell",
    "outsider_fields",
    "include",
    "include_regex",
    "exclude",
    "exclude_regex",
    "disabled_domains",
    "audience_max",
];

/// What a letter shows of each issue beside its key and summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    Type,
    Status,
    Priority,
    Resolution,
    Assignee,
    Reporter,
    Project,
    Labels,
    Components,
    Created,
    Updated,
    Due,
}

impl Word for Column {
    const WORDS: &'static [(&'static str, Column)] = &[
        ("type", Column::Type),
        ("status", Column::Status),
        ("priority", Column::Priority),
        ("resolution", Column::Resolution),
        ("assignee", Column::Assignee),
        ("reporter", Column::Reporter),
        ("project", Column::Project),
        ("labels", Column::Labels),
        ("components", Column::Components),
        ("created", Column::Created),
        ("updated", Column::Updated),
        ("due", Column::Due),
    ];
}

impl Column {
    /// Whether an outsider is shown it: what a portal shows, and what `outsider_fields` names.
    pub(crate) fn is_for_outsiders(self, named: &[String]) -> bool {
        let ids: &[&str] = match self {
            Column::Type | Column::Status | Column::Project | Column::Reporter => return true,
            Column::Due => &["due", "duedate"],
            other => &[other.word()],
        };
        named.iter().any(|field| ids.iter().any(|id| field.trim().eq_ignore_ascii_case(id)))
    }
}

/// What becomes of a letter that would show no issue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Empty {
    #[default]
    Skip,
    Send,
}

impl Word for Empty {
    const WORDS: &'static [(&'static str, Empty)] = &[("skip", Empty::Skip), ("send", Empty::Send)];
}

/// Something that an answer may do by itself: what its link is called, and the directive that it gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    pub label: String,
    pub key: String,
    pub value: String,
}

impl Action {
    /// Reads `Done: status=Done`.
    fn read(text: &str) -> Option<Action> {
        let (label, directive) = text.split_once(": ")?;
        let (key, value) = directive.split_once('=')?;
        let [label, key, value] = [label, key, value].map(|part| part.trim().to_owned());
        let is_said = |part: &String| !part.is_empty() && !part.contains('"');
        let all = [&label, &key, &value].into_iter().all(is_said);
        (all && crate::decide::is_for_comments(&key)).then_some(Action { label, key, value })
    }
}

/// One summary as it is written.
#[derive(Debug, Clone)]
pub struct Summary {
    pub name: String,
    pub enabled: bool,
    pub(crate) jql: String,
    pub(crate) order: String,
    /// When it is due; `None` only while the file is refused.
    cron: Option<Cron>,
    pub(crate) columns: Vec<Column>,
    pub(crate) issues_max: u32,
    pub(crate) empty: Empty,
    /// Empty for its name.
    pub(crate) subject: String,
    pub actions: Vec<Action>,
    /// Those in which people have the roles.
    pub(crate) projects: Vec<String>,
    pub(super) values: Values,
}

impl Summary {
    /// What stands for a summary where an issue's numeric id does: in the number of its letters, in their links, and where somebody wants no
    /// more of it. It is made of its name.
    pub fn id_of(name: &str) -> String {
        (letter_number(&StepKey(format!("summary {name}"))) | OF_SUMMARY).to_string()
    }

    /// Whether this stands for a summary and for no issue.
    pub fn is_id(id: &str) -> bool {
        id.parse::<u64>().is_ok_and(|number| number & OF_SUMMARY != 0)
    }

    pub fn id(&self) -> String {
        Summary::id_of(&self.name)
    }

    /// When it is due.
    pub fn cron(&self) -> Option<&Cron> {
        self.cron.as_ref()
    }

    pub(super) fn read(section: &Section, default: &Values, reader: &mut Reader) -> Summary {
        let values = Values::read(section, reader);
        let words = reader.texts(section, "columns").unwrap_or_default();
        let actions = reader.texts(section, "actions").unwrap_or_default();
        let summary = Summary {
            name: reader.text(section, "name").unwrap_or_default(),
            enabled: reader.truth(section, "enabled").unwrap_or_default(),
            jql: reader.text(section, "jql").unwrap_or_default(),
            order: reader.text(section, "order").unwrap_or_default(),
            cron: None,
            columns: words.iter().filter_map(|word| Column::from_word(word)).collect(),
            issues_max: reader.number(section, "issues_max").unwrap_or_default(),
            empty: reader.word(section, "empty").unwrap_or_default(),
            subject: reader.text(section, "subject").unwrap_or_default(),
            actions: actions.iter().filter_map(|text| Action::read(text)).collect(),
            projects: reader.texts(section, "projects").unwrap_or_default(),
            values,
        };
        for text in actions.iter().filter(|text| Action::read(text).is_none()) {
            let remedy = "is no action; write its name and a directive for an issue that is there, such as \"Done: status=Done\"";
            reader.refuse_entry(section, "actions", text, remedy);
        }
        summary.refuse_meaningless(section, reader);
        let held = Held::of(&summary.name, &[&summary.values, default]);
        let zone = reader.text(section, "at_zone").unwrap_or(held.time_zone);
        let cron = reader.text(section, "at").and_then(|at| match Cron::read(&at, &zone) {
            Ok(cron) => Some(cron),
            Err(why) => {
                reader.refuse(section, "at", &why);
                None
            }
        });
        Summary { cron, ..summary }
    }

    /// What cannot be meant, or tells nobody.
    fn refuse_meaningless(&self, section: &Section, reader: &mut Reader) {
        let of_values = super::settings().filter_map(|setting| setting.key.strip_prefix("default."));
        for key in of_values.filter(|key| !MEANT.contains(key)) {
            if reader.is_said(section, key) {
                reader.refuse(section, key, "means nothing in a summary; take it out");
            }
        }
        if self.jql.trim().is_empty() {
            reader.refuse(section, "jql", "is empty, and would find every issue; write a search");
        }
        if self.issues_max == 0 {
            reader.refuse(section, "issues_max", "shows no issue; write at least 1");
        }
        let named = |names: &Option<Vec<String>>| names.as_ref().is_some_and(|names| !names.is_empty());
        let Values { roles, groups, accounts, addresses, .. } = &self.values;
        if ![roles, groups, accounts, addresses].into_iter().any(named) {
            reader.refuse(section, "name", "tells nobody; add accounts, groups, roles or addresses");
        }
        if named(roles) && self.projects.is_empty() {
            reader.refuse(section, "roles", "are those of projects; name some with projects");
        }
    }
}

/// The words of [`Column`], for the table of settings.
pub(super) const fn column_words() -> [&'static str; COLUMNS] {
    let mut words = [""; COLUMNS];
    let mut at = 0;
    while at < words.len() {
        words[at] = <Column as Word>::WORDS[at].0;
        at += 1;
    }
    words
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_id_is_never_that_of_an_issue() {
        let id = Summary::id_of("open");
        assert!(Summary::is_id(&id) && id != Summary::id_of("Open"));
        for issue in ["10041", "9223372036854775807", "", "HELP-1"] {
            assert!(!Summary::is_id(issue), "{issue}");
        }
    }

    #[test]
    fn an_action_is_a_name_and_a_directive_for_an_issue_that_is_there() {
        let read = |text| Action::read(text).map(|action| (action.label, action.key, action.value));
        assert_eq!(read("Done: status=In review"), Some(("Done".into(), "status".into(), "In review".into())));
        for wrong in ["Done", "status=Done", "Done: status", ": status=Done", "Done: project=HELP", "D: status=\"x\""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn outsiders_are_shown_what_a_portal_shows_and_what_is_named() {
        let named = ["Resolution".to_owned(), "duedate".to_owned()];
        let shown = |column: Column| column.is_for_outsiders(&named);
        assert!([Column::Status, Column::Type, Column::Resolution, Column::Due].into_iter().all(shown));
        assert!(![Column::Priority, Column::Assignee, Column::Labels].into_iter().any(shown));
    }
}
