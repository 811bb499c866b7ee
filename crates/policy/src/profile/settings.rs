//! Every setting of a profile, with its form, default and meaning: the reader, the manual and the tests use these tables.

mod association;
mod content;
mod directives;
mod files;
mod letters;
mod machines;
mod people;
mod routing;
mod values;

/// What a setting's value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of these words.
    SomeOf(&'static [&'static str]),
    /// A text of 1 to 255 characters.
    Text,
    /// A text of at most 255 characters on one line, empty for none.
    Line,
    /// The name of a time zone of IANA.
    TimeZone,
    /// The tag of a language that letters are written in, such as `de` or `de-AT`.
    Language,
    /// A search in the tracker's own language, at most 1000 characters.
    Search,
    /// A list of texts of 1 to 255 characters, at most 100.
    Texts,
    /// A project key: an upper-case letter, then upper-case letters, digits or `_`.
    ProjectKey,
    /// One or several project keys.
    ProjectKeys,
    /// Addresses: `local@domain`, or `*@domain` for all of a domain.
    Addresses,
    /// One address, empty for none.
    Address,
    /// Addresses of people: `local@domain`.
    People,
    /// Domains, without `@`.
    Domains,
    /// Names of header fields, without the colon.
    Fields,
    /// A prefix of reply addresses, at most 8 octets, empty or ending in one of `+ - . _ =`.
    Prefix,
    /// One or several patterns in which `*` stands for any text and `?` for one character; case is ignored and the
    /// whole value has to match. At most 1 KiB each, and 1000 patterns in all.
    Globs,
    /// As [`Form::Globs`], over whole addresses: each holds `@`, `*` or `?`, since no other could match one.
    AddressGlobs,
    /// As [`Form::Globs`], over header fields as `Name: value`.
    FieldGlobs,
    /// One or several regular expressions that match anywhere, in the linear-time syntax of the Rust crate `regex`. At
    /// most 1 KiB each, 1 MiB compiled.
    Regexes,
    /// A text of 1 to 4000 characters, of several lines if need be.
    LongText,
    /// A condition in a part of CEL, at most 4 KiB.
    Condition,
    /// SHA-256 digests, 64 hexadecimal digits each.
    Digests,
    /// Addresses or networks of clients, such as `10.1.0.0/16`.
    Networks,
    /// A text of at most 4 KiB with places such as `{{sender.address}}`.
    Template,
    /// A table of such texts, at most 100, by the names of fields.
    Templates,
    /// `+3d`, `+2w` or `2026-12-24`.
    Due,
    /// `true` or `false`.
    Truth,
    /// A whole number from 0 to this one.
    Number(u32),
}

/// What holds when a setting is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// It cannot be left out.
    Required,
    /// Nothing is set.
    Unset,
    /// This value; empty for an empty list or text.
    Is(&'static str),
}

/// One setting. `[]` in a key stands for each of several tables, as in `rule[].from`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub key: &'static str,
    pub form: Form,
    pub default: Default,
    pub meaning: &'static str,
}

/// Settings that belong together: a section of the manual.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub title: &'static str,
    /// What holds for all of them.
    pub about: &'static str,
    pub settings: &'static [Setting],
}

pub(crate) const fn setting(key: &'static str, form: Form, default: Default, meaning: &'static str) -> Setting {
    Setting { key, form, default, meaning }
}

/// Every setting, in the order of the manual.
pub const ROOMS: &[Room] = &[
    routing::CATCHING,
    values::PLACE,
    association::SIGNS,
    association::REJECTION,
    content::TEXT,
    content::FIELDS,
    people::PEOPLE,
    people::KEPT,
    content::WORKFLOW,
    directives::DIRECTIVES,
    routing::MAPPINGS,
    routing::RULES,
    machines::AUTOMATIC,
    machines::SAFEGUARDS,
    people::THREADS,
    files::EXCLUDE,
    files::KEPT,
    letters::NOTICES,
    letters::SETS,
    association::INCUMBENT,
];

/// Every setting of every room.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    ROOMS.iter().flat_map(|room| room.settings)
}

/// How the keys of values begin that mappings and rules may override.
pub(super) const VALUES: &str = "default.";

/// Where a mapping's and a rule's keys begin.
pub(super) const OVERRIDING: [&str; 2] = ["mapping[].", "rule[]."];

/// The settings of one kind of file.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) rooms: &'static [Room],
    /// Where the tables' keys begin that may say what stands in `[default]`.
    pub(crate) overriding: &'static [&'static str],
}

/// Those of profiles.
pub(super) const PROFILE: Tables = Tables { rooms: ROOMS, overriding: &OVERRIDING };

impl Tables {
    pub(crate) fn settings(&self) -> impl Iterator<Item = &'static Setting> + use<> {
        self.rooms.iter().flat_map(|room| room.settings)
    }

    /// The setting whose table's keys begin with `row`. A table that overrides may say what stands in `[default]`, and nothing holds
    /// when it does not.
    pub(super) fn find(&self, row: &str, key: &str) -> Option<Setting> {
        let of = |row: &str| self.settings().find(|setting| setting.key.strip_prefix(row) == Some(key)).copied();
        let value = || of(VALUES).filter(|_| self.overriding.contains(&row));
        of(row).or_else(|| value().map(|setting| Setting { default: Default::Unset, ..setting }))
    }

    /// How the keys of the table begin in which a setting of this name stands; `None` for one that stands at the top, or nowhere.
    pub(super) fn home_of(&self, key: &str) -> Option<&'static str> {
        self.settings().find_map(|setting| setting.key.strip_suffix(key).filter(|row| row.ends_with('.')))
    }

    /// The keys that may stand in the table.
    pub(super) fn known(&self, row: &str) -> Vec<&'static str> {
        let is_overriding = self.overriding.contains(&row);
        let overridden = self.settings().filter(|_| is_overriding).filter_map(|s| s.key.strip_prefix(VALUES));
        self.settings().filter_map(|setting| setting.key.strip_prefix(row)).chain(overridden).map(first_name).collect()
    }
}

/// The heading of such a table, as it is written.
pub(super) fn heading(row: &str) -> String {
    let name = row.trim_end_matches('.');
    match name.strip_suffix("[]") {
        Some(name) => format!("[[{name}]]"),
        None => format!("[{name}]"),
    }
}

/// `default` of `default.project`, `rule` of `rule[].from`, and a plain key as it is.
fn first_name(key: &'static str) -> &'static str {
    key.split(['.', '[']).next().unwrap_or(key)
}
