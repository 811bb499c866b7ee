//! The commands, one file each; what they share is how they print and how they fail.

pub mod bench;
pub mod bulletin;
pub mod cases;
pub mod check;
mod consent;
pub mod contact;
pub mod deliver;
pub mod demo;
pub mod desk;
pub mod dkim;
pub mod event;
pub mod explain;
pub mod file;
pub mod files;
pub mod key;
pub mod letter;
mod listed;
pub mod mailbox;
pub mod manual;
pub mod message;
pub mod notify;
pub mod open;
pub mod outgoing;
pub mod profile;
pub mod read;
pub mod relay;
mod replay;
pub mod reply;
pub mod rules;
pub mod sanitize;
pub mod seal;
pub mod serve;
pub mod shadow;
pub mod sign_in;
pub mod site;
pub mod sop;
pub mod summary;
pub mod support;
pub mod token;
pub mod try_plan;
pub mod usage;

use crate::settings::{Mailbox, Settings, Site};
use std::io::{IsTerminal, Write};
use std::path::Path;
use store::{Micros, Store};

/// Who stands in the audit trail for what is done on the command line.
const WHO: &str = "command line";
/// Characters of a name that a person gives.
const NAME_CHARS_MAX: usize = 100;

/// Why a command failed: a text for standard error, empty when everything was already told.
#[derive(Debug)]
pub struct Failure {
    pub text: String,
}

impl Failure {
    /// A failure that still has to be told.
    pub fn new(text: impl Into<String>) -> Failure {
        Failure { text: text.into() }
    }

    /// A failure of which everything was told where it happened.
    pub fn told() -> Failure {
        Failure { text: String::new() }
    }
}

impl From<policy::Fault> for Failure {
    fn from(fault: policy::Fault) -> Failure {
        Failure::new(fault_in_words(&fault))
    }
}

impl From<Vec<crate::settings::Problem>> for Failure {
    fn from(problems: Vec<crate::settings::Problem>) -> Failure {
        let lines: Vec<String> = problems.iter().map(|problem| problem.to_string()).collect();
        Failure::new(lines.join("\nsealpost: "))
    }
}

/// A fault with its detail, which is for the operator, who asked.
pub fn fault_in_words(fault: &policy::Fault) -> String {
    let detail = if fault.detail.is_empty() { String::new() } else { format!(" ({})", fault.detail) };
    format!("{fault}{detail}")
}

/// Opens the store of these settings, does what was asked, and closes it whatever came of that.
///
/// # Errors
/// When the settings are wrong, the store does not open, or the work fails.
pub async fn with_store<T>(
    config: &Path,
    work: impl AsyncFnOnce(&Settings, &Store) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let settings = crate::settings::load(config)?;
    let store = Store::open(&settings.store).await?;
    store.go_by(&settings.retention());
    let done = work(&settings, &store).await;
    store.close().await;
    done
}

/// The mailbox of this name.
pub fn mailbox_named<'s>(settings: &'s Settings, name: &str) -> Result<&'s Mailbox, Failure> {
    let known = settings.mailboxes.iter().map(|mailbox| mailbox.name.as_str());
    settings.mailbox(name).ok_or_else(|| no_such("mailbox", name, known))
}

/// The site of this name.
pub fn site_named<'s>(settings: &'s Settings, name: &str) -> Result<&'s Site, Failure> {
    let known = settings.sites.iter().map(|site| site.name.as_str());
    settings.site(name).ok_or_else(|| no_such("site", name, known))
}

fn no_such<'s>(what: &str, name: &str, known: impl Iterator<Item = &'s str>) -> Failure {
    let near = policy::profile::nearest(name, known).map_or_else(String::new, |near| format!("; did you mean {near}?"));
    Failure::new(format!("{name} is not the name of a {what} in the settings{near}"))
}

/// Refuses what is no name to be shown in lists.
fn check_name(name: &str) -> Result<(), Failure> {
    match name.is_empty() || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        true => Err(Failure::new(format!("the name has 1 to {NAME_CHARS_MAX} characters on one line"))),
        false => Ok(()),
    }
}

/// A number with its noun.
fn counted(number: usize, one: &str, several: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { several })
}

/// A time as RFC 3339; one that no calendar has is left empty.
fn time(micros: Micros) -> String {
    jiff::Timestamp::from_microsecond(micros).map(|time| time.to_string()).unwrap_or_default()
}

/// Now, in seconds since 1970.
fn now_s() -> u64 {
    u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0)
}

/// Writes one object to standard output: over several lines for a person at a terminal, on one for a program.
pub fn print_object(object: &serde_json::Value) -> Result<(), Failure> {
    match std::io::stdout().is_terminal() {
        true => print(&format!("{object:#}\n")),
        false => print(&format!("{object}\n")),
    }
}

/// Writes results to standard output; a reader that went away is not an error worth a word.
pub fn print(text: &str) -> Result<(), Failure> {
    print_bytes(text.as_bytes())
}

/// The same of what is no text.
pub fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Failure::told()),
        Err(error) => Err(Failure::new(format!("cannot write to standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}
