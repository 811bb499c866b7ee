//! What people have the gateway do from a page that is more than a word in the store: look into mailboxes, write test cases,
//! make letters for a look.

use crate::reader::Answer;
use policy::portal::Brought;
use policy::sealing::{Reach, Scheme};

/// Whatever can reach mailboxes and knows the profiles. What it tells people is in words for them, without secrets.
pub trait Hands: Send + Sync + 'static {
    /// Each mailbox of the settings, by name.
    fn mailboxes(&self) -> Vec<MailboxLine>;

    /// Logs into a fetched mailbox, counts the mails and leaves without changing anything: what was found, or what is wrong.
    fn test<'a>(&'a self, mailbox: &'a str) -> Answer<'a, Result<String, String>>;

    /// Has whichever process fetches the mailbox look into it at once, and waits for what became of each mail; otherwise why
    /// nobody told in time.
    fn poll<'a>(&'a self, mailbox: &'a str) -> Answer<'a, Result<Round, String>>;

    /// A mail as a test case of its profile, with stand-ins for people when it is to be `anonymous`; the look is noted under `who`.
    /// Otherwise why there is none.
    fn case<'a>(&'a self, message: &'a str, anonymous: bool, who: &'a str) -> Answer<'a, Result<Case, String>>;

    /// The names of a site's mappings.
    fn mappings(&self, site: &str) -> Vec<String>;

    /// The site and the name of each relay of the settings; the site is empty for one of none.
    fn relays(&self) -> Vec<(String, String)>;

    /// Who of those to whom a site writes can be reached by encrypted mail: in each project, and who in the one that is asked for (nothing for
    /// the site as a whole). Nobody outside is asked. Otherwise why nobody can say.
    fn coverage<'a>(&'a self, site: &'a str, project: Option<&'a str>) -> Answer<'a, Result<CoverageNow, String>>;

    /// Keeps the keys of a file that are for this address of this site, by the word of `who`; otherwise why nobody can read it.
    fn bring_key<'a>(
        &'a self,
        of: (&'a str, &'a str),
        file: &'a [u8],
        who: &'a str,
    ) -> Answer<'a, Result<Brought, String>>;

    /// What a letter about an event would say to one of its readers now; the look is noted, and nothing is sent or counted. Otherwise
    /// why nobody can say.
    fn preview<'a>(&'a self, wanted: Wanted<'a>) -> Answer<'a, Result<Preview, String>>;
}

/// A letter that somebody wants to look at.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The id of the event.
    pub event: &'a str,
    /// The address of its reader.
    pub to: &'a str,
    /// By this mapping alone.
    pub mapping: Option<&'a str>,
    /// As it stands in the audit trail.
    pub who: &'a str,
}

/// What would be told of an event now.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// The letters of the reader; none where he is told nothing.
    pub letters: Vec<PreviewLetter>,
    /// The addresses of all who would be told.
    pub told: Vec<String>,
    pub left_out: Vec<PreviewLeftOut>,
    /// Each question, its answer, and what it decided.
    pub trace: Vec<String>,
}

/// A letter as it would be made.
#[derive(Debug, Clone, Default)]
pub struct PreviewLetter {
    pub mapping: String,
    /// One sentence: why he gets it.
    pub reason: String,
    pub from: String,
    pub subject: String,
    pub text: String,
    /// A whole page; the pictures that it shows stand in it.
    pub html: String,
    /// What its words come from.
    pub made_by: String,
    /// What was wrong with its template, with the line.
    pub trouble: Option<String>,
    /// How it would leave by the rules for sealing, and why; `None` where its site seals nothing.
    pub sealing: Option<String>,
}

/// Somebody who would not be told.
#[derive(Debug, Clone, Default)]
pub struct PreviewLeftOut {
    pub mapping: String,
    pub whom: String,
    pub why: String,
}

/// Who can be reached by encrypted mail, by all keys that are known now.
#[derive(Debug, Clone, Default)]
pub struct CoverageNow {
    /// The site as a whole.
    pub site: Reached,
    /// Its projects with letters, by key, up to a bound.
    pub projects: Vec<(String, Reached)>,
    /// Projects beyond the bound.
    pub further_projects: usize,
    /// Those of the project that was asked for, or of the site, by address.
    pub people: Vec<PersonLine>,
    /// There are more letters or people than were looked at.
    pub is_cut: bool,
}

/// How many people can be reached, and how many of the others cannot for which reason. Whoever is reachable may be expiring; nobody else is two
/// things.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reached {
    pub people: usize,
    /// Of nobody there is none.
    pub percent: Option<u32>,
    pub reachable: usize,
    pub expiring: usize,
    pub revoked: usize,
    pub weak: usize,
    pub unusable: usize,
    pub without_key: usize,
}

/// Somebody to whom a site writes.
#[derive(Debug, Clone)]
pub struct PersonLine {
    pub address: String,
    pub standing: Reach,
    /// All keys that are known of him, also those that may not be used.
    pub keys: Vec<KeyLine>,
}

/// A key of somebody.
#[derive(Debug, Clone)]
pub struct KeyLine {
    pub scheme: Scheme,
    pub fingerprint: String,
    /// Seconds since 1970; `None` for one without an end.
    pub ends_s: Option<i64>,
    /// Why it may not be used; `None` where it may.
    pub why_not: Option<String>,
}

/// A mailbox of the settings.
#[derive(Debug, Clone, Default)]
pub struct MailboxLine {
    pub name: String,
    pub site: String,
    pub profile: String,
    /// The server that it is fetched from; `None` when its mail is handed in.
    pub server: Option<String>,
    /// It only looks at its mail.
    pub is_shadow: bool,
}

/// One round through a mailbox.
#[derive(Debug, Clone, Default)]
pub struct Round {
    pub mails: Vec<RoundLine>,
    /// Mails that it does not list.
    pub more: u64,
    /// More lies there than one round takes in.
    pub goes_on: bool,
    /// Why it did not get to its end.
    pub error: Option<String>,
}

/// What became of one mail of a round.
#[derive(Debug, Clone, Default)]
pub struct RoundLine {
    /// In words.
    pub outcome: &'static str,
    /// It could not be had.
    pub failed: bool,
    /// Its id, when it has a story here.
    pub message: Option<String>,
    pub size_bytes: Option<u64>,
    /// What was done with it there, in words.
    pub on_server: &'static str,
    pub error: Option<String>,
}

/// A test case: names and contents of its files.
#[derive(Debug, Clone, Default)]
pub struct Case {
    pub files: Vec<(String, Vec<u8>)>,
}

/// Where no gateway runs, there is nothing to do it with.
pub(crate) struct Nobody;

impl Hands for Nobody {
    fn mailboxes(&self) -> Vec<MailboxLine> {
        Vec::new()
    }

    fn test<'a>(&'a self, _: &'a str) -> Answer<'a, Result<String, String>> {
        Box::pin(async { Ok(Err(nobody())) })
    }

    fn poll<'a>(&'a self, _: &'a str) -> Answer<'a, Result<Round, String>> {
        Box::pin(async { Ok(Err(nobody())) })
    }

    fn case<'a>(&'a self, _: &'a str, _: bool, _: &'a str) -> Answer<'a, Result<Case, String>> {
        Box::pin(async { Ok(Err(nobody())) })
    }

    fn mappings(&self, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn relays(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn coverage<'a>(&'a self, _: &'a str, _: Option<&'a str>) -> Answer<'a, Result<CoverageNow, String>> {
        Box::pin(async { Ok(Err(nobody())) })
    }

    fn bring_key<'a>(&'a self, _: (&'a str, &'a str), _: &'a [u8], _: &'a str) -> Answer<'a, Result<Brought, String>> {
        Box::pin(async { Ok(Err(nobody())) })
    }

    fn preview<'a>(&'a self, _: Wanted<'a>) -> Answer<'a, Result<Preview, String>> {
        Box::pin(async { Ok(Err(nobody())) })
    }
}

fn nobody() -> String {
    "No gateway runs beside this page.".to_owned()
}
