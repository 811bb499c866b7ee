//! A file of mappings: which events of which projects of a site become letters to whom, as an administrator writes it in TOML.
//!
//! A mapping of a *profile* says what mail becomes; one of these says what events become. The two never stand in one file.

mod asked;
mod event_words;
mod settings;
mod summary;
mod values;
mod written;

pub use asked::Asked;
pub use event_words::{EVENT_WORDS, words_of};
pub use settings::{AUDIENCE_MAX, FILES_BYTES_MAX, MERGE_WINDOW_S_MAX, ROOMS, SUMMARY_ISSUES_MAX};
pub use summary::{Action, Column, Summary};
pub use values::{ChannelSays, FilesWay, Format, LetterSays, To};
pub use written::{CommentRules, Note};

pub(crate) use settings::AUDIENCES;
pub(crate) use summary::Empty;
pub(crate) use values::{Held, Tell, TellReturned};
pub(crate) use written::WrittenRules;

use crate::event::{Event, EventKind};
use crate::expression::Expression;
use crate::notify::WrittenBy;
use crate::profile::Setting;
use crate::profile::reader::{self, Reader, Section};
use crate::{Fault, FaultCode};
use settings::TABLES;
use std::collections::BTreeSet;
use values::Values;

/// The largest file of mappings, in bytes.
pub const MAPPINGS_BYTES_MAX: usize = 1024 * 1024;
/// The most mappings in one file.
pub const MAPPINGS_MAX: usize = 500;
/// The most summaries in one file.
pub const SUMMARIES_MAX: usize = 100;
/// The most tables of projects in one file.
pub const PROJECTS_MAX: usize = 1000;

/// What `files_when` can name of a file, with its meaning for the manual.
pub const FILE_NAMES: [(&str, &str); 6] = [
    ("name", "its name"),
    ("extension", "what stands behind the last dot of its name, in small letters; empty for none"),
    ("type", "its media type, such as `application/pdf`, as the tracker tells it; empty where it does not"),
    ("size_bytes", "its size"),
    ("shown", "whether it is a picture that the words of a comment show"),
    ("outsider", "whether the letter is for a customer or for somebody without an account"),
];

/// What conditions of mappings can name of an issue, with its meaning for the manual. The expression `also` knows these alone.
pub const ISSUE_NAMES: [(&str, &str); 13] = [
    ("key", "the issue's key"),
    ("project", "the key of its project"),
    ("summary", "its summary"),
    ("issue_type", "the name of its type"),
    ("status", "the name of its status"),
    ("status_category", "`new`, `indeterminate`, `done` or `undefined`"),
    ("priority", "the name of its priority, or empty"),
    ("labels", "the list of its labels"),
    ("components", "the list of its components"),
    ("security", "the name of its security level, or empty"),
    ("reporter", "the account of who reports it, or empty"),
    ("assignee", "the account of who works on it, or empty"),
    ("gone", "whether it was deleted; the others are what was last known then"),
];

/// What they can name of the event, too.
pub const EVENT_NAMES: [(&str, &str); 6] = [
    ("events", "the list of its words, such as `[\"updated\", \"transitioned\"]`"),
    ("actor", "the account of who did it, or empty"),
    ("actor_name", "the name of who did it, or empty"),
    ("changed", "a map of the new values by the ids of fields, empty texts for none"),
    ("was", "a map of the values before"),
    ("internal", "whether it is about a comment or an entry of work that not everybody may see who sees the issue"),
];

/// Mappings that have been read and found consistent. [`ROOMS`] say what can stand in them.
#[derive(Debug, Clone)]
pub struct Mappings {
    /// Of the stored version; 0 when it did not come out of the store.
    pub version: u32,
    default: Values,
    /// By the project's key.
    projects: Vec<(String, Values)>,
    pub(crate) mappings: Vec<Mapping>,
    pub(crate) written: WrittenRules,
    pub(crate) summaries: Vec<Summary>,
}

/// One mapping as it is written.
#[derive(Debug, Clone)]
pub(crate) struct Mapping {
    pub(crate) name: String,
    pub(crate) enabled: bool,
    /// Keys; empty for all.
    pub(crate) projects: Vec<String>,
    /// Of [`EVENT_WORDS`].
    pub(crate) events: Vec<String>,
    pub(crate) only_with_comment: bool,
    /// Empty for none.
    pub(crate) jql: String,
    pub(crate) when: Option<Expression>,
    values: Values,
}

/// Every setting of a file of mappings.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    TABLES.settings()
}

impl Mappings {
    /// Reads a file. The fault's public text names the file (`origin`) and the line, the key, the value and the remedy, one line for
    /// everything that is wrong.
    pub fn from_toml(text: &str, origin: &str) -> Result<Mappings, Fault> {
        if text.len() > MAPPINGS_BYTES_MAX {
            let public = format!("{origin}: the file is larger than {MAPPINGS_BYTES_MAX} bytes; make it smaller");
            return Err(Fault::permanent(FaultCode::MappingsWrong, "too large").with_public(public));
        }
        let of_mappings = |fault: Fault| Fault { code: FaultCode::MappingsWrong, ..fault };
        let document = reader::parse(text, origin).map_err(of_mappings)?;
        let mut reader = Reader::of(&TABLES);
        let mappings = Mappings::read(&document, &mut reader);
        match reader.complaints() {
            complaints if complaints.is_empty() => Ok(mappings),
            complaints => Err(of_mappings(reader::told(&complaints, text, origin))),
        }
    }

    /// Values that could not be read stand as something harmless: the reader's verdict refuses the file as a whole.
    fn read(document: &toml::Table, reader: &mut Reader) -> Mappings {
        let top = reader.top(document);
        let default = reader.section(&top, "default", "default.");
        let wrong_before = reader.wrong_lines();
        let default = Values::read(&default, reader);
        let mappings = Mappings {
            version: 0,
            projects: projects(&top, reader),
            mappings: mappings(&top, reader),
            written: WrittenRules::read(&top, reader),
            summaries: summaries(&top, &default, reader),
            default,
        };
        if reader.wrong_lines() == wrong_before {
            mappings.refuse_unheard(&top, reader);
        }
        mappings
    }

    /// A mapping that means nobody in any project looks as if somebody were told.
    fn refuse_unheard(&self, top: &Section, reader: &mut Reader) {
        for (index, mapping) in self.mappings.iter().enumerate() {
            let mut keys = self.projects.iter().map(|(key, _)| key.as_str()).filter(|key| mapping.is_about(key));
            if !self.held(mapping, "").has_audience() && !keys.any(|key| self.held(mapping, key).has_audience()) {
                let section = reader.section_again(top, "mapping", "mapping[].", index);
                let remedy = "tells nobody; add audience, roles, groups, fields, accounts, addresses, also or channels";
                reader.refuse(&section, "name", remedy);
            }
        }
    }

    /// The keys of the projects that are told of; `None` where a mapping tells of all.
    pub fn projects(&self) -> Option<BTreeSet<&str>> {
        let mut keys = BTreeSet::new();
        for mapping in self.mappings.iter().filter(|mapping| mapping.enabled) {
            if mapping.projects.is_empty() {
                return None;
            }
            keys.extend(mapping.projects.iter().map(String::as_str));
        }
        if self.written.allows(WrittenBy::Comment) {
            if self.written.projects.is_empty() {
                return None;
            }
            keys.extend(self.written.projects.iter().map(String::as_str));
        }
        Some(keys).filter(|keys| !keys.is_empty())
    }

    /// The names of the servers that letters leave by, the empty one for the site's own.
    pub fn outgoings(&self) -> BTreeSet<String> {
        let mut projects = vec![""];
        projects.extend(self.projects.iter().map(|(key, _)| key.as_str()));
        let of = |mapping: &Mapping| {
            let about = projects.iter().filter(|key| key.is_empty() || mapping.is_about(key));
            let held = about.map(|key| self.held(mapping, key)).filter(Held::has_people);
            held.map(|held| held.outgoing).collect::<Vec<_>>()
        };
        let summaries = self.summaries.iter().filter(|summary| summary.enabled);
        let of_summaries = summaries.map(|summary| self.held_by_summary(summary).outgoing);
        let of_written = projects.iter().filter(|_| self.written.is_on()).map(|key| self.held_by_project(key).outgoing);
        let of_mappings = self.mappings.iter().filter(|mapping| mapping.enabled).flat_map(of);
        of_mappings.chain(of_summaries).chain(of_written).collect()
    }

    /// The names of the channels that are told.
    pub fn channels(&self) -> BTreeSet<String> {
        let mut projects = vec![""];
        projects.extend(self.projects.iter().map(|(key, _)| key.as_str()));
        let of = |mapping: &Mapping| {
            let about = projects.iter().filter(|key| key.is_empty() || mapping.is_about(key));
            about.flat_map(|key| self.held(mapping, key).channels).collect::<Vec<_>>()
        };
        self.mappings.iter().filter(|mapping| mapping.enabled).flat_map(of).collect()
    }

    /// The names of the directive sets that letters about events offer, as they are written.
    pub fn sets(&self) -> BTreeSet<String> {
        let mut projects = vec![""];
        projects.extend(self.projects.iter().map(|(key, _)| key.as_str()));
        let of = |mapping: &Mapping| {
            let about = projects.iter().filter(|key| key.is_empty() || mapping.is_about(key));
            let held = about.map(|key| self.held(mapping, key)).filter(Held::has_people);
            held.flat_map(|held| held.sets).collect::<Vec<_>>()
        };
        self.mappings.iter().filter(|mapping| mapping.enabled).flat_map(of).collect()
    }

    /// The most earlier comments that a letter about one of these events of an issue of this project shows.
    pub fn history(&self, events: &[Event], project: &str) -> u32 {
        let may_tell = |mapping: &&Mapping| {
            let tells = || events.iter().any(|event| mapping.tells_of(event));
            mapping.enabled && mapping.is_about(project) && tells()
        };
        let all = self.mappings.iter().filter(may_tell).map(|mapping| self.held(mapping, project).history);
        all.max().unwrap_or_default()
    }

    /// The name of each mapping that is not switched off.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.mappings.iter().filter(|mapping| mapping.enabled).map(|mapping| mapping.name.as_str())
    }

    /// Every summary, those that are switched off as well.
    pub fn summaries(&self) -> &[Summary] {
        &self.summaries
    }

    /// The summary of this id, unless it is switched off.
    pub fn summary(&self, id: &str) -> Option<&Summary> {
        self.summaries.iter().find(|summary| summary.enabled && summary.id() == id)
    }

    /// What holds for a summary's letters. Who gets it is said by itself alone.
    pub(crate) fn held_by_summary(&self, summary: &Summary) -> Held {
        let own = |names: &Option<Vec<String>>| names.clone().unwrap_or_default();
        let values = &summary.values;
        Held {
            roles: own(&values.roles),
            groups: own(&values.groups),
            accounts: own(&values.accounts),
            addresses: own(&values.addresses),
            ..Held::of(&summary.name, &[values, &self.default])
        }
    }

    /// What holds for a mapping's letters about issues of this project.
    pub(crate) fn held(&self, mapping: &Mapping, project: &str) -> Held {
        Held::of(&mapping.name, &self.levels(mapping, project))
    }

    /// What holds where neither a mapping nor a project says anything.
    pub(crate) fn held_by_default(&self) -> Held {
        Held::of("", &[&self.default])
    }

    /// What a mapping, the project with this key and the whole site say.
    fn levels<'m>(&'m self, mapping: &'m Mapping, project: &str) -> [&'m Values; 3] {
        [&mapping.values, self.of_project(project), &self.default]
    }

    /// The projects that have a table of their own.
    pub(crate) fn project_keys(&self) -> impl Iterator<Item = &str> {
        self.projects.iter().map(|(key, _)| key.as_str())
    }

    /// What holds for letters that people write on purpose about issues of this project.
    pub(crate) fn held_by_project(&self, project: &str) -> Held {
        Held::of("", &[self.of_project(project), &self.default])
    }

    /// Who is told that a letter of the mapping of this name, or of none, about an issue of this project did not arrive.
    pub(crate) fn tell_returned(&self, mapping: &str, project: &str) -> TellReturned {
        self.held_by_name(mapping, project).tell_returned
    }

    /// What holds for letters of the mapping of this name, or of none, about issues of this project.
    pub(crate) fn held_by_name(&self, mapping: &str, project: &str) -> Held {
        let of_mapping = self.mappings.iter().find(|one| one.name == mapping);
        of_mapping.map_or_else(|| self.held_by_project(project), |one| self.held(one, project))
    }

    fn of_project(&self, project: &str) -> &Values {
        let of_project = self.projects.iter().find(|(key, _)| key == project);
        of_project.map_or(&values::NOTHING, |(_, values)| values)
    }

    /// How many letters may be written within an hour by this way; `None` where none may.
    pub fn may_be_written(&self, by: WrittenBy) -> Option<u32> {
        self.written.allows(by).then_some(self.written.per_hour)
    }

    /// Whether comments may ask for letters in any project.
    pub fn comments_write(&self) -> bool {
        self.written.allows(WrittenBy::Comment)
    }

    /// Who may write letters by comments about issues of this project; `None` where nobody may.
    pub fn written_by_comments(&self, project: &str) -> Option<CommentRules<'_>> {
        let rules = &self.written;
        let may = rules.allows(WrittenBy::Comment) && rules.is_about(project);
        may.then_some(CommentRules { roles: &rules.roles, groups: &rules.groups, per_hour: rules.per_hour })
    }

    /// How many bytes the files of a letter may have that somebody writes about any issue.
    pub fn written_files_bytes_max(&self) -> u64 {
        let projects = self.projects.iter().map(|(key, _)| key.as_str()).chain([""]);
        projects.map(|key| u64::from(self.held_by_project(key).files_max_bytes)).max().unwrap_or_default()
    }

    /// For how many seconds further events of the same issue are waited for after this one: as long as the least patient of the mappings
    /// that may tell of it says. A look at its words and its key, before anything else is known. `None` when nobody will be told.
    pub fn wait(&self, event: &Event) -> Option<u32> {
        let key = event.issue_key.as_deref().and_then(|key| key.rsplit_once('-')).map(|(project, _)| project);
        let may_tell = |mapping: &&Mapping| {
            mapping.enabled && mapping.tells_of(event) && key.is_none_or(|key| mapping.is_about(key))
        };
        let waits = self.mappings.iter().filter(may_tell);
        let waits = waits.map(|mapping| Held::wait_s(&self.levels(mapping, key.unwrap_or_default())));
        let may_write = event.kind == EventKind::Commented
            && self.written.allows(WrittenBy::Comment)
            && key.is_none_or(|key| self.written.is_about(key));
        waits.chain(may_write.then(|| Held::wait_s(&[self.of_project(key.unwrap_or_default()), &self.default]))).min()
    }
}

impl Mapping {
    /// Whether it is about issues of the project with this key.
    pub(crate) fn is_about(&self, project: &str) -> bool {
        self.projects.is_empty() || self.projects.iter().any(|key| key == project)
    }

    /// Whether one of its words is true of the event.
    pub(crate) fn tells_of(&self, event: &Event) -> bool {
        words_of(event).iter().any(|word| self.events.iter().any(|wanted| wanted == word))
    }

    fn read(section: &Section, reader: &mut Reader) -> Mapping {
        let known: Vec<&str> = ISSUE_NAMES.iter().chain(&EVENT_NAMES).map(|(name, _)| *name).collect();
        Mapping {
            name: reader.text(section, "name").unwrap_or_default(),
            enabled: reader.truth(section, "enabled").unwrap_or_default(),
            projects: reader.texts(section, "projects").unwrap_or_default(),
            events: reader.texts(section, "events").unwrap_or_default(),
            only_with_comment: reader.truth(section, "only_with_comment").unwrap_or_default(),
            jql: reader.text(section, "jql").unwrap_or_default(),
            when: reader.condition(section, "when", &known),
            values: Values::read(section, reader),
        }
    }
}

fn projects(top: &Section, reader: &mut Reader) -> Vec<(String, Values)> {
    let sections = reader.sections(top, "project", "project[].");
    if sections.len() > PROJECTS_MAX {
        reader.refuse(top, "project", &format!("holds more than {PROJECTS_MAX} projects; write fewer"));
        return Vec::new();
    }
    let mut projects: Vec<(String, Values)> = Vec::new();
    for section in &sections {
        let key = reader.text(section, "key").unwrap_or_default();
        if projects.iter().any(|(earlier, _)| !key.is_empty() && *earlier == key) {
            reader.refuse(section, "key", "is the key of another [[project]]; write one table for each project");
        }
        projects.push((key, Values::read(section, reader)));
    }
    projects
}

fn summaries(top: &Section, default: &Values, reader: &mut Reader) -> Vec<Summary> {
    let sections = reader.sections(top, "summary", "summary[].");
    if sections.len() > SUMMARIES_MAX {
        reader.refuse(top, "summary", &format!("holds more than {SUMMARIES_MAX} summaries; write fewer"));
        return Vec::new();
    }
    let mut summaries: Vec<Summary> = Vec::new();
    for section in &sections {
        let summary = Summary::read(section, default, reader);
        if summaries.iter().any(|earlier| !summary.name.is_empty() && earlier.name == summary.name) {
            reader.refuse(
                section,
                "name",
                "is the name of another summary, and letters are known by it; give each its own",
            );
        }
        summaries.push(summary);
    }
    summaries
}

fn mappings(top: &Section, reader: &mut Reader) -> Vec<Mapping> {
    let sections = reader.sections(top, "mapping", "mapping[].");
    if sections.len() > MAPPINGS_MAX {
        reader.refuse(top, "mapping", &format!("holds more than {MAPPINGS_MAX} mappings; write fewer"));
        return Vec::new();
    }
    let mut mappings: Vec<Mapping> = Vec::new();
    for section in &sections {
        let mapping = Mapping::read(section, reader);
        if mappings.iter().any(|earlier| !mapping.name.is_empty() && earlier.name == mapping.name) {
            reader.refuse(
                section,
                "name",
                "is the name of another mapping, and letters are known by it; give each its own",
            );
        }
        if mapping.events.is_empty() {
            reader.refuse(section, "events", "is empty, so nothing is told; name some, or write enabled = false");
        }
        mappings.push(mapping);
    }
    mappings
}
