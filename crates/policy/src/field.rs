//! Fields of issues as values: what a tracker says about a field, and what is to be written into it.

mod read;

pub use read::{accounts_named, read};

use crate::plan::AccountTarget;
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// The most fields of one kind of issue that facts hold; a project with more is read up to here and says so.
pub const FIELDS_MAX: usize = 500;

/// The most allowed values of one field that facts hold; [`FieldMeta::allowed_all`] says whether that is all of them.
pub const ALLOWED_MAX: usize = 1000;

/// Every tracker's own name of the field that holds who reported the issue.
pub(crate) const REPORTER: &str = "reporter";

/// The same of its summary.
pub(crate) const SUMMARY: &str = "summary";

/// The same of its text.
pub(crate) const DESCRIPTION: &str = "description";

/// What kind of value a field holds, whatever the tracker calls it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// One line.
    Text,
    /// Several lines, with layout where the tracker has it.
    LongText,
    Number,
    Date,
    DateTime,
    Url,
    /// One of the allowed values: a select list or radio buttons.
    Option,
    /// Some of the allowed values: a multiple select or checkboxes.
    Options,
    /// One of the allowed values and, below it, one of that value's own.
    Cascade,
    User,
    Users,
    Group,
    Groups,
    Labels,
    Component,
    Components,
    Version,
    Versions,
    Priority,
    SecurityLevel,
    Resolution,
    IssueType,
    Project,
    /// The issue above this one.
    Parent,
    /// The estimate of work, original and remaining.
    TimeEstimate,
    Sprint,
    /// What kind of request a customer made, in service management.
    RequestType,
    /// With whom a request is shared, in service management.
    Organisations,
    /// It can be seen and not written; the tracker's own name of the kind.
    ReadOnly(String),
    /// We do not know how it is written; the tracker's own name of the kind.
    Unknown(String),
}

impl FieldKind {
    /// Whether several values fit, so that one can be added to those that are there.
    pub fn is_list(&self) -> bool {
        use FieldKind::{Components, Groups, Labels, Options, Organisations, Users, Versions};
        matches!(self, Options | Users | Groups | Labels | Components | Versions | Organisations)
    }

    /// As a sentence names it.
    pub fn in_words(&self) -> &str {
        match self {
            FieldKind::Text => "a line of text",
            FieldKind::LongText => "a text",
            FieldKind::Number => "a number",
            FieldKind::Date => "a date",
            FieldKind::DateTime => "a date and time",
            FieldKind::Url => "a web address",
            FieldKind::Option => "one of its options",
            FieldKind::Options => "some of its options",
            FieldKind::Cascade => "an option and one below it",
            FieldKind::User => "a person with an account",
            FieldKind::Users => "persons with accounts",
            FieldKind::Group => "a group",
            FieldKind::Groups => "groups",
            FieldKind::Labels => "labels",
            FieldKind::Component => "a component",
            FieldKind::Components => "components",
            FieldKind::Version => "a version",
            FieldKind::Versions => "versions",
            FieldKind::Priority => "a priority",
            FieldKind::SecurityLevel => "a security level",
            FieldKind::Resolution => "a resolution",
            FieldKind::IssueType => "an issue type",
            FieldKind::Project => "a project",
            FieldKind::Parent => "an issue",
            FieldKind::TimeEstimate => "an estimate of work",
            FieldKind::Sprint => "the number of a sprint",
            FieldKind::RequestType => "a request type",
            FieldKind::Organisations => "organisations",
            FieldKind::ReadOnly(name) | FieldKind::Unknown(name) => name,
        }
    }
}

/// A value that a field allows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Allowed {
    pub id: String,
    pub name: String,
    /// What may stand below it, in a cascading select.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Allowed>,
}

/// What the tracker says about a field of one kind of issue, or of one issue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldMeta {
    /// The tracker's own: `priority`, `customfield_10042`.
    pub id: String,
    /// As people see it; two fields may have the same.
    pub name: String,
    pub kind: FieldKind,
    #[serde(default)]
    pub required: bool,
    /// Whether the tracker fills it when nothing is given.
    #[serde(default)]
    pub has_default: bool,
    #[serde(default)]
    pub allowed: Vec<Allowed>,
    /// Whether `allowed` holds all that it allows; false where the tracker names none, or more than [`ALLOWED_MAX`].
    #[serde(default)]
    pub allowed_all: bool,
}

/// The field with this id or, without regard to case, this name.
///
/// # Errors
/// A sentence that says what to write instead: there is no such field, or several have the name and each is named by its
/// id. A field is never picked out of several, because nobody would see that it was the wrong one.
pub fn find<'a>(fields: &'a [FieldMeta], named: &str) -> Result<&'a FieldMeta, String> {
    let named = named.trim();
    if let Some(field) = fields.iter().find(|field| field.id.eq_ignore_ascii_case(named)) {
        return Ok(field);
    }
    let lower = named.to_lowercase();
    let mut same = fields.iter().filter(|field| field.name.trim().to_lowercase() == lower);
    match (same.next(), same.next()) {
        (Some(field), None) => Ok(field),
        (Some(one), Some(other)) => {
            let ids: Vec<&str> = [one, other].into_iter().chain(same).map(|field| field.id.as_str()).collect();
            Err(format!("several fields are called {named:?}; name one by its id: {}", ids.join(", ")))
        }
        (None, _) => Err(format!("there is no field {named:?} on the screen of this kind of issue")),
    }
}

/// A value out of a list, by its id where that is known and by its name otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub name: String,
}

impl Choice {
    /// A value whose id is not known.
    pub fn named(name: &str) -> Choice {
        Choice { id: None, name: name.to_owned() }
    }
}

/// What is written into a field. Each dialect has its own form for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "snake_case")]
pub enum FieldValue {
    /// Whatever is in it goes.
    Empty,
    Text(String),
    /// Plain text for a field with layout; a dialect makes paragraphs of its lines.
    LongText(String),
    Number(Number),
    /// `2026-11-26`.
    Date(String),
    /// RFC 3339.
    DateTime(String),
    Url(String),
    Option(Choice),
    Options(Vec<Choice>),
    Cascade(Choice, Option<Choice>),
    User(AccountTarget),
    Users(Vec<AccountTarget>),
    Group(String),
    Groups(Vec<String>),
    Labels(Vec<String>),
    Component(Choice),
    Components(Vec<Choice>),
    Version(Choice),
    Versions(Vec<Choice>),
    Priority(Choice),
    SecurityLevel(Choice),
    Resolution(Choice),
    IssueType(Choice),
    Project(Choice),
    /// A key or numeric id.
    Parent(String),
    /// Such as `1w 2d 3h 30m`, each where it is not to stay as it is.
    TimeEstimate {
        original: Option<String>,
        remaining: Option<String>,
    },
    /// The sprint's number.
    Sprint(u64),
    /// The request type's id, or what the field itself holds: `project/kind`.
    RequestType(String),
    /// Ids.
    Organisations(Vec<String>),
}

/// Whether a value takes the place of what is there, or is added to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    #[default]
    Set,
    /// Only for values that are lists. Adding what is there already changes nothing.
    Add,
}

/// One field and what is written into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldSetting {
    /// The tracker's own id of the field.
    pub id: String,
    /// As people see it, for the story.
    pub name: String,
    #[serde(default)]
    pub how: How,
    pub value: FieldValue,
    /// Without it the step must not happen. Otherwise a value that the tracker refuses is left out, and the receipt says so.
    /// A security level is always taken for one that must be there, because without it everybody would see the issue.
    #[serde(default)]
    pub must: bool,
}

impl FieldSetting {
    /// Whether somebody becomes the issue's reporter by it.
    pub fn names_a_reporter(&self) -> bool {
        self.id == REPORTER && matches!(self.value, FieldValue::User(_))
    }

    /// Whether the step must rather fail than go without this field.
    pub fn is_indispensable(&self) -> bool {
        self.must || matches!(self.value, FieldValue::SecurityLevel(_))
    }
}
