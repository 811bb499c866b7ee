//! What `sealpost message list` is filtered by: the same as the list in the console.

use policy::Outcome;
use serde::de::DeserializeOwned;
use store::{JobState, MessageFilter, Micros};

/// Every condition narrows the list further.
#[derive(Debug, clap::Args)]
pub struct Filter {
    /// Only of this sender: a whole address.
    #[arg(long)]
    sender: Option<String>,
    #[arg(long)]
    site: Option<String>,
    #[arg(long)]
    mailbox: Option<String>,
    /// Only of this project, by its key.
    #[arg(long)]
    project: Option<String>,
    /// Only of this issue, by its key.
    #[arg(long)]
    issue: Option<String>,
    /// create, comment, ignore, reject, forward, quarantine or hold.
    #[arg(long, value_parser = word::<Outcome>)]
    outcome: Option<Outcome>,
    /// ready, running, waiting, held, done or dead.
    #[arg(long, value_parser = word::<JobState>)]
    state: Option<JobState>,
    /// Taken in on this day (UTC) or at this time (RFC 3339), or later.
    #[arg(long, value_parser = begin)]
    from: Option<Micros>,
    /// Taken in on this day at the latest, or before this time.
    #[arg(long, value_parser = end)]
    until: Option<Micros>,
}

impl Filter {
    pub(super) fn into_store(self) -> MessageFilter {
        MessageFilter {
            site: self.site,
            mailbox: self.mailbox,
            project: self.project.as_deref().map(console::issue_key),
            issue_key: self.issue.as_deref().map(console::issue_key),
            outcome: self.outcome,
            job: self.state,
            sender: self.sender,
            received_from: self.from,
            received_before: self.until,
            before: None,
            limit: 0,
        }
    }
}

fn word<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_value(text.into()).map_err(|error: serde_json::Error| {
        // Serde names them all, in ticks.
        let words = error.to_string().split_once("expected one of ").map(|(_, words)| words.replace('`', ""));
        format!("write one of {}", words.unwrap_or_else(|| "the words that the help names".to_owned()))
    })
}

fn begin(text: &str) -> Result<Micros, String> {
    console::day_begins(text).map_or_else(|| moment(text), Ok)
}

fn end(text: &str) -> Result<Micros, String> {
    console::day_ends(text).map_or_else(|| moment(text), Ok)
}

fn moment(text: &str) -> Result<Micros, String> {
    let time: Result<jiff::Timestamp, _> = text.parse();
    let remedy = "write a day such as 2026-11-26, or a time such as 2026-11-26T09:30:00Z";
    time.map(|time| time.as_microsecond()).map_err(|_| remedy.to_owned())
}
