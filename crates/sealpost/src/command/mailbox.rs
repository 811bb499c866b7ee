//! `sealpost mailbox`: test the connection of a fetched mailbox, have it looked into at once, sign in for its tokens.

use super::{Failure, consent, fault_in_words, mailbox_named, with_store};
use crate::settings::{Fetched, Mailbox, Settings};
use crate::wire;
use engine::fetch::{Line, Outcome, Report};
use engine::tokens;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use store::{GrantOf, Store};

/// How often it is looked whether a report is there.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A mailbox whose round does not come is made due again after this long.
const RING_AGAIN: Duration = Duration::from_secs(3);

/// What is to be done with a mailbox.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Log in, count the mails and leave without changing anything.
    Test { name: String },
    /// Have the running gateway look into it at once.
    Poll {
        name: String,
        /// Wait for that and print a JSON object for each mail, and one for the whole.
        #[arg(long)]
        wait: bool,
        /// How long to wait for a gateway, in seconds.
        #[arg(long, default_value_t = 600, value_name = "SECONDS")]
        within: u64,
    },
    /// Sign in for a mailbox with `oauth = "person"`: shows an address to open in a browser, here or elsewhere, and for some
    /// providers a code to type there.
    SignIn { name: String },
}

/// # Errors
/// When the mailbox is not one that is fetched, or what was asked for failed.
pub async fn run(config: &Path, what: &What) -> Result<(), Failure> {
    with_store(config, async |settings, store| answer(settings, store, what).await).await
}

async fn answer(settings: &Settings, store: &Store, what: &What) -> Result<(), Failure> {
    let (What::Test { name } | What::Poll { name, .. } | What::SignIn { name }) = what;
    let mailbox = mailbox_named(settings, name)?;
    let Some(fetched) = &mailbox.fetched else {
        return Err(Failure::new(format!("{name} is not the name of a mailbox that is fetched")));
    };
    match what {
        What::Test { .. } => match wire::ask_how_many(settings, Some(store), mailbox, fetched).await {
            Ok(found) => super::print(&format!("{found}\n")),
            Err(why) => Err(Failure::new(why)),
        },
        What::Poll { wait: false, .. } => poll(store, mailbox).await,
        What::Poll { within, .. } => poll_and_tell(store, mailbox, Duration::from_secs(*within)).await,
        What::SignIn { .. } => sign_in(store, mailbox, fetched).await,
    }
}

async fn poll(store: &Store, mailbox: &Mailbox) -> Result<(), Failure> {
    store.ensure_fetch(&mailbox.site, &mailbox.name).await?;
    super::print(&format!("{} is looked into by a running gateway within seconds\n", mailbox.name))
}

/// Has a running gateway look into the mailbox and tells what became of each mail.
async fn poll_and_tell(store: &Store, mailbox: &Mailbox, within: Duration) -> Result<(), Failure> {
    let report = wait_for_report(store, mailbox, within).await?;
    let counted = |outcome: Outcome| report.lines.iter().filter(|line| line.outcome == outcome).count();
    for line in &report.lines {
        super::print(&format!("{}\n", line_json(mailbox, line)))?;
    }
    let failed = counted(Outcome::Failed) + counted(Outcome::TooLarge);
    let whole = json!({
        "mailbox": mailbox.name,
        "taken_in": counted(Outcome::TakenIn),
        "known": counted(Outcome::Known),
        "left_behind": counted(Outcome::LeftBehind),
        "waits": counted(Outcome::Waits),
        "failed": failed,
        "not_listed": report.more,
        "goes_on": report.goes_on,
        "error": report.fault.as_ref().map(fault_in_words),
    });
    super::print(&format!("{whole}\n"))?;
    if report.fault.is_some() || failed > 0 { Err(Failure::told()) } else { Ok(()) }
}

/// The report on a round that begins after this.
pub async fn wait_for_report(store: &Store, mailbox: &Mailbox, within: Duration) -> Result<Report, Failure> {
    let id = store.ask_for_report(&mailbox.site, &mailbox.name).await?;
    let begun = Instant::now();
    let mut rung: Option<Instant> = None;
    loop {
        // A round that ran when the question came does not answer it.
        if rung.is_none_or(|at| at.elapsed() > RING_AGAIN) {
            store.ensure_fetch(&mailbox.site, &mailbox.name).await?;
            rung = Some(Instant::now());
        }
        if let Some(text) = store.take_report(&mailbox.site, &id).await? {
            let wrong = |_| Failure::new("the gateway that looked into the mailbox is of another version");
            return serde_json::from_slice(&text).map_err(wrong);
        }
        if begun.elapsed() > within {
            store.give_up_report(&id).await?;
            let why = "no gateway has looked into it; see whether one runs with the role intake (`/ready`, its log)";
            return Err(Failure::new(format!("{}: after {} s {why}", mailbox.name, within.as_secs())));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn line_json(mailbox: &Mailbox, line: &Line) -> Value {
    json!({
        "mailbox": mailbox.name,
        "outcome": line.outcome,
        "message": line.message,
        "size_bytes": line.size_bytes,
        "on_server": line.on_server,
        "error": line.fault.as_ref().map(fault_in_words),
    })
}

async fn sign_in(store: &Store, mailbox: &Mailbox, fetched: &Fetched) -> Result<(), Failure> {
    let (oauth, by) = consent::of_a_person(&mailbox.name, fetched.oauth.as_ref())?;
    let token = consent::ask_a_person(&oauth.authorization, by, &fetched.user).await?;
    tokens::keep_new(store, &GrantOf::mailbox(&mailbox.site, &mailbox.name), &token, None).await?;
    // A running gateway has given up for some minutes, and need not wait for their end.
    store.ensure_fetch(&mailbox.site, &mailbox.name).await?;
    super::print(&format!("signed in for {}; `sealpost mailbox test {}` tries it\n", mailbox.name, mailbox.name))
}
