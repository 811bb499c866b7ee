//! What a project and a mapping may say otherwise, and what holds for a letter in the end.

use super::{FILE_NAMES, ISSUE_NAMES};
use crate::expression::Expression;
use crate::profile::reader::{Reader, Section};
use crate::profile::values::{Inherited, levels};
use crate::profile::{Pattern, Word, is_name_of_set, set_named};
use crate::template::Theme;
use serde::{Deserialize, Serialize};

/// What a letter is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// HTML with the text beside it.
    #[default]
    Html,
    Text,
}

impl Word for Format {
    const WORDS: &'static [(&'static str, Format)] = &[("html", Format::Html), ("text", Format::Text)];
}

/// How much a letter says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LetterSays {
    #[default]
    All,
    /// Nothing that anybody wrote.
    Link,
}

impl Word for LetterSays {
    const WORDS: &'static [(&'static str, LetterSays)] = &[("all", LetterSays::All), ("link", LetterSays::Link)];
}

/// To whom a letter is addressed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// Each recipient gets a letter of his own.
    #[default]
    Each,
    /// Those who would get the same words share a letter and do not see each other.
    Bcc,
}

impl Word for To {
    const WORDS: &'static [(&'static str, To)] = &[("each", To::Each), ("bcc", To::Bcc)];
}

/// What becomes of files that were added, or that a comment names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilesWay {
    /// They go along, as far as the other settings let them.
    #[default]
    Along,
    /// They are linked for whoever can follow the link.
    Link,
    /// Nothing is said of them.
    None,
}

impl Word for FilesWay {
    const WORDS: &'static [(&'static str, FilesWay)] =
        &[("along", FilesWay::Along), ("link", FilesWay::Link), ("none", FilesWay::None)];
}

/// How much a channel is told of what happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelSays {
    /// That something of this kind happened to the issue, and where it is: nothing that anybody wrote.
    Link,
    /// Who did what, the summary, and the changes that an outsider is told of.
    #[default]
    Outline,
    /// What was written, too.
    Text,
}

impl Word for ChannelSays {
    const WORDS: &'static [(&'static str, ChannelSays)] =
        &[("link", ChannelSays::Link), ("outline", ChannelSays::Outline), ("text", ChannelSays::Text)];
}

/// Who may have something done by one click on a link in his letter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum SetsTo {
    #[default]
    Everybody,
    /// Who is neither a customer nor without an account.
    Insiders,
    /// Customers, and people without an account.
    Outsiders,
}

impl Word for SetsTo {
    const WORDS: &'static [(&'static str, SetsTo)] =
        &[("everybody", SetsTo::Everybody), ("insiders", SetsTo::Insiders), ("outsiders", SetsTo::Outsiders)];
}

impl SetsTo {
    /// Whether they are offered to an outsider, or to somebody who is none.
    pub(crate) fn includes(self, outsider: bool) -> bool {
        match self {
            SetsTo::Everybody => true,
            SetsTo::Insiders => !outsider,
            SetsTo::Outsiders => outsider,
        }
    }
}

/// Which people are told, by whether they have an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Tell {
    #[default]
    Both,
    Accounts,
    Addresses,
}

impl Word for Tell {
    const WORDS: &'static [(&'static str, Tell)] =
        &[("both", Tell::Both), ("accounts", Tell::Accounts), ("addresses", Tell::Addresses)];
}

/// Who is told that a letter did not arrive.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TellReturned {
    /// Whoever did what it was to tell, or wrote it; else the assignee.
    #[default]
    Author,
    Assignee,
    Nobody,
}

impl Word for TellReturned {
    const WORDS: &'static [(&'static str, TellReturned)] =
        &[("author", TellReturned::Author), ("assignee", TellReturned::Assignee), ("nobody", TellReturned::Nobody)];
}

levels! {
    /// The values that one level says: `[default]`, a project or a mapping.
    Values,
    /// How the letters of a mapping are made, and to whom they go: the values that hold for them.
    Held {
        outgoing: String = text,
        from_name: String = text,
        from_address: String = text,
        reply_to: String = text,
        subject_prefix: String = text,
        language: String = text,
        time_zone: String = text,
        theme: Theme = word,
        format: Format = word,
        letter_says: LetterSays = word,
        to: To = word,
        files: FilesWay = word,
        files_max_bytes: u32 = number,
        files_recent_s: u32 = number,
        /// The source of a condition over a file; empty for none.
        files_when: String = condition_over_file,
        thumbnails: bool = truth,
        history: u32 = number,
        #[allow(dead_code, reason = "`Held::wait_s` reads what the levels say, since all of `Held` is much for two numbers")]
        merge_window_s: u32 = number,
        #[allow(dead_code, reason = "as the one above")]
        urgent: bool = truth,
        /// Of [`super::settings::AUDIENCES`].
        audience: Vec<String> = texts,
        roles: Vec<String> = texts,
        groups: Vec<String> = texts,
        user_fields: Vec<String> = texts,
        group_fields: Vec<String> = texts,
        address_fields: Vec<String> = texts,
        accounts: Vec<String> = texts,
        addresses: Vec<String> = texts,
        also: Option<Expression> = expression_over_issue,
        /// Names of channels.
        channels: Vec<String> = texts,
        channel_says: ChannelSays = word,
        /// Names of directive sets, each alone or behind the name of its profile.
        sets: Vec<String> = names_of_sets,
        sets_to: SetsTo = word,
        tell: Tell = word,
        own_actions: bool = truth,
        outsider_fields: Vec<String> = texts,
        include: Vec<Pattern> = some_patterns,
        exclude: Vec<Pattern> = some_patterns,
        disabled_domains: Vec<String> = texts,
        audience_max: u32 = number,
        tell_returned: TellReturned = word,
    }
}

/// What a project without a table of its own says.
pub(super) static NOTHING: Values = Values::NOTHING;

impl Inherited for Format {}
impl Inherited for Theme {}
impl Inherited for LetterSays {}
impl Inherited for To {}
impl Inherited for FilesWay {}
impl Inherited for Tell {}
impl Inherited for ChannelSays {}
impl Inherited for TellReturned {}
impl Inherited for SetsTo {}
impl Inherited for Option<Expression> {}

impl Held {
    /// For how many seconds further events are waited for where these levels have their say: [`Held::of`] for that alone.
    pub(super) fn wait_s(levels: &[&Values]) -> u32 {
        let is_urgent = bool::of(levels.iter().filter_map(|level| level.urgent.as_ref()));
        if is_urgent { 0 } else { u32::of(levels.iter().filter_map(|level| level.merge_window_s.as_ref())) }
    }

    /// Whether anybody can be meant, or a channel is.
    pub(super) fn has_audience(&self) -> bool {
        self.has_people() || !self.channels.is_empty()
    }

    /// Whether anybody can be meant.
    pub(super) fn has_people(&self) -> bool {
        let named = [&self.roles, &self.groups, &self.user_fields, &self.group_fields, &self.address_fields];
        let people = [&self.audience, &self.accounts, &self.addresses];
        named.into_iter().chain(people).any(|names| !names.is_empty()) || self.also.is_some()
    }
}

/// The most directive sets that one letter offers.
const SETS_MAX: usize = 10;

impl Reader {
    /// Names of directive sets. A letter knows each by its own name, so that one of two profiles may stand there once.
    fn names_of_sets(&mut self, section: &Section, key: &str) -> Option<Vec<String>> {
        let names = self.texts(section, key)?;
        let own = |name: &str| set_named(name).1.to_owned();
        if names.len() > SETS_MAX {
            self.refuse(section, key, &format!("names more than {SETS_MAX} sets, and no letter offers as many"));
        }
        for (at, name) in names.iter().enumerate() {
            if !is_name_of_set(&own(name)) {
                let remedy = "is no name of a set; write it as its profile does, such as reopen, or support/reopen";
                self.refuse_entry(section, key, name, remedy);
            } else if names.iter().take(at).any(|earlier| own(earlier) == own(name)) {
                self.refuse_entry(section, key, name, "is named twice; a letter offers each set of a name once");
            }
        }
        Some(names)
    }

    /// An expression that can name what an issue is.
    fn expression_over_issue(&mut self, section: &Section, key: &str) -> Option<Option<Expression>> {
        self.condition(section, key, &ISSUE_NAMES.map(|(name, _)| name)).map(Some)
    }

    /// A condition that can name what a file is. It is kept as it is written, because a notification holds it as a value.
    fn condition_over_file(&mut self, section: &Section, key: &str) -> Option<String> {
        let source = self.source(section, key)?;
        if !source.is_empty() {
            self.condition(section, key, &FILE_NAMES.map(|(name, _)| name))?;
        }
        Some(source)
    }
}
