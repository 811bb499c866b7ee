//! What people have the gateway do from a page that is more than a word in the store: look into mailboxes, write test cases.

use crate::reader::Answer;

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
}

fn nobody() -> String {
    "No gateway runs beside this page.".to_owned()
}
