//! Mailboxes on other servers: in each round what is new is taken in, and then what may go is deleted.

mod moods;
mod round;

pub use courier::fetch::{Account, Security};
pub(crate) use moods::Moods;
pub(crate) use round::{fetch, pause_after_failure};

use std::time::Duration;

/// How a mailbox on another server is fetched.
#[derive(Clone)]
pub struct Fetching {
    pub account: Account,
    pub start: Start,
    /// How long a mail that was taken in stays on the server; `None` leaves it there for ever, zero deletes it as soon as it
    /// is durable here.
    pub keep: Option<Duration>,
    /// The longest pause between two looks at a mailbox in which nothing happens. It is looked at sooner after mail came.
    pub poll: Duration,
}

/// What becomes of the mails that lie in a mailbox when it is opened for the first time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// They stay there, and only later ones are taken in.
    Now,
    /// They are taken in.
    Everything,
}

impl Fetching {
    /// Server and user, always written alike: under another account the mailbox begins anew. How the way there is protected
    /// does not count.
    fn account_text(&self) -> String {
        format!("pop3 {} {}", self.account.host.to_lowercase(), self.account.user)
    }
}
