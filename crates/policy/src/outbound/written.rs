//! What a file of mappings says of letters that people write on purpose.

use super::settings::WAYS;
use crate::Visibility;
use crate::notify::WrittenBy;
use crate::profile::Word;
use crate::profile::reader::{Reader, Section};
use serde::{Deserialize, Serialize};

/// The comment that says what was written to whom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    #[default]
    Internal,
    Everybody,
    None,
}

impl Word for Note {
    const WORDS: &'static [(&'static str, Note)] =
        &[("internal", Note::Internal), ("everybody", Note::Everybody), ("none", Note::None)];
}

impl Note {
    /// Who may see an answer to the letter, of those who see the issue.
    pub(crate) fn limits(self) -> Vec<Visibility> {
        match self {
            Note::Everybody => Vec::new(),
            Note::Internal | Note::None => vec![Visibility::Internal],
        }
    }
}

/// Who may write them by comments, and how many.
#[derive(Debug, Clone, Copy)]
pub struct CommentRules<'r> {
    /// Of the project, by name; so are the groups. One of either is enough.
    pub roles: &'r [String],
    pub groups: &'r [String],
    pub per_hour: u32,
}

/// Who may write them, about what, and how many.
#[derive(Debug, Clone, Default)]
pub(crate) struct WrittenRules {
    /// Of [`WAYS`].
    by: Vec<String>,
    /// Keys; empty for all.
    pub(crate) projects: Vec<String>,
    pub(crate) per_hour: u32,
    pub(crate) people_max: u32,
    pub(crate) note: Note,
    /// Who may by a comment; so are the next two.
    pub(crate) roles: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) domains: Vec<String>,
}

impl WrittenRules {
    pub(super) fn read(top: &Section, reader: &mut Reader) -> WrittenRules {
        let section = reader.section(top, "written", "written.");
        let rules = WrittenRules {
            by: reader.texts(&section, "by").unwrap_or_default(),
            projects: reader.texts(&section, "projects").unwrap_or_default(),
            per_hour: reader.number(&section, "per_hour").unwrap_or_default(),
            people_max: reader.number(&section, "people_max").unwrap_or_default(),
            note: reader.word(&section, "note").unwrap_or_default(),
            roles: reader.texts(&section, "roles").unwrap_or_default(),
            groups: reader.texts(&section, "groups").unwrap_or_default(),
            domains: reader.texts(&section, "domains").unwrap_or_default(),
        };
        if rules.allows(WrittenBy::Comment) && rules.roles.is_empty() && rules.groups.is_empty() {
            let remedy = "lets nobody write by a comment; name who may in written.roles or written.groups";
            reader.refuse(&section, "by", remedy);
        }
        rules
    }

    pub(crate) fn is_on(&self) -> bool {
        !self.by.is_empty()
    }

    pub(crate) fn allows(&self, by: WrittenBy) -> bool {
        debug_assert!(WAYS.contains(&by.word()), "a way without a word in the settings");
        self.by.iter().any(|word| word == by.word())
    }

    /// Whether they may be about issues of the project with this key.
    pub(crate) fn is_about(&self, project: &str) -> bool {
        self.projects.is_empty() || self.projects.iter().any(|key| key == project)
    }
}
