//! Mailboxes on other servers: in each round what is new is taken in, and then what may go is deleted.

mod folder;
mod graph;
mod moods;
mod notes;
mod pop3;
mod round;
mod taking;
mod watches;

pub use courier::fetch::{Account, Secret, Security};
pub(crate) use graph::MailServices;
pub use graph::{Graph, look};
pub(crate) use moods::Moods;
pub use moods::NotFetched;
pub use notes::{Line, OnServer, Outcome, Report};
pub(crate) use round::{fetch, pause_after_failure};
pub(crate) use watches::Watches;

use crate::tokens::Authorization;
use std::time::Duration;

/// How a mailbox on another server is fetched.
#[derive(Clone)]
pub struct Fetching {
    pub account: Account,
    pub protocol: Protocol,
    /// The account's secret is a token that comes about like this; `None` when it is a password.
    pub authorization: Option<Authorization>,
    pub start: Start,
    /// How long a mail that was taken in stays on the server; `None` leaves it there for ever, zero deletes it as soon as it
    /// is durable here.
    pub keep: Option<Duration>,
    /// The longest pause between two looks at a mailbox in which nothing happens. It is looked at sooner after mail came.
    pub poll: Duration,
}

/// What the server speaks.
#[derive(Debug, Clone)]
pub enum Protocol {
    Pop3,
    Imap(Folder),
    Graph(Graph),
}

/// A folder of an account, and what becomes of its mails there besides being deleted.
#[derive(Debug, Clone)]
pub struct Folder {
    pub name: String,
    /// Mails that were taken in are marked as read.
    pub mark_seen: bool,
    /// They are moved to this folder instead of being kept and deleted.
    pub move_to: Option<String>,
    /// Between two looks a connection waits for the server to tell of mail (IDLE).
    pub watched: bool,
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
        let (host, user) = (self.account.host.to_lowercase(), &self.account.user);
        match &self.protocol {
            Protocol::Pop3 => format!("pop3 {host} {user}"),
            Protocol::Imap(folder) => format!("imap {host} {user}\n{}", folder.name),
            Protocol::Graph(graph) => format!("graph {host} {user}\n{}", graph.folder.name),
        }
    }
}
