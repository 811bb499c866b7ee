//! Every setting there is: its kind, default and meaning; parsing, the manual's page and error texts come from this table.

mod bulletins;
mod dkim;
mod key_sources;
mod mailboxes;
mod oauth;
mod outgoing;
mod pkcs11;
mod plans;
mod process;
mod relays;
mod sites;

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Choice(&'static [&'static str]),
    Integer {
        min: i64,
        max: i64,
    },
    Bool,
    /// Relative to the folder of the settings file.
    Path,
    /// `HOST:PORT`.
    Address,
    Url,
    /// `file:PATH`, `env:NAME` or `credential:NAME`; never the secret itself.
    Secret,
    Texts,
    Paths,
}

/// What happens when a setting is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Refused,
    Empty,
    /// The default, as it would stand in the file.
    Means(&'static str),
}

/// One setting: `key` is `section.name`; sections that may stand several times end in `[]`.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub key: &'static str,
    pub kind: Kind,
    pub missing: Missing,
    pub meaning: &'static str,
}

const fn setting(key: &'static str, kind: Kind, missing: Missing, meaning: &'static str) -> Setting {
    Setting { key, kind, missing, meaning }
}

const COUNT: Kind = Kind::Integer { min: 1, max: 1_000_000_000 };

/// The settings, room by room, in the order of the manual.
const ROOMS: [&[Setting]; 14] = [
    process::SETTINGS,
    sites::SETTINGS,
    outgoing::SETTINGS,
    oauth::OF_OUTGOING,
    outgoing::MORE,
    dkim::SETTINGS,
    mailboxes::SETTINGS,
    oauth::OF_MAILBOXES,
    mailboxes::MORE,
    relays::SETTINGS,
    key_sources::SETTINGS,
    pkcs11::SETTINGS,
    plans::SETTINGS,
    bulletins::SETTINGS,
];

/// Every setting, in the order of the manual.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    ROOMS.into_iter().flatten()
}
