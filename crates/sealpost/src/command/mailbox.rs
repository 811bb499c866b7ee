//! `sealpost mailbox`: test the connection of a fetched mailbox, have it looked into at once, sign in for its tokens.

use super::Failure;
use crate::settings::{self, Fetched, Mailbox, Settings};
use crate::wire;
use courier::oauth::{Grant, NoToken};
use engine::fetch::tokens::{self, Authorization, By};
use engine::fetch::{Line, Outcome, Report};
use policy::Fault;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use store::Store;

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
    /// Sign in for a mailbox with `oauth = "person"`: shows an address and a code to type there.
    SignIn { name: String },
}

/// # Errors
/// When the mailbox is not one that is fetched, or what was asked for failed.
pub async fn run(config: &Path, what: &What) -> Result<(), Failure> {
    let settings = settings::load(config)?;
    let (What::Test { name } | What::Poll { name, .. } | What::SignIn { name }) = what;
    let found = settings.mailboxes.iter().find(|mailbox| mailbox.name == *name);
    let found = found.and_then(|mailbox| Some((mailbox, mailbox.fetched.as_ref()?)));
    let Some((mailbox, fetched)) = found else {
        return Err(Failure::new(format!("{name} is not the name of a mailbox that is fetched")));
    };
    match what {
        What::Test { .. } => match wire::ask_how_many(&settings, mailbox, fetched).await {
            Ok(found) => super::print(&format!("{found}\n")),
            Err(why) => Err(Failure::new(why)),
        },
        What::Poll { wait: false, .. } => poll(&settings, mailbox).await,
        What::Poll { within, .. } => poll_and_tell(&settings, mailbox, Duration::from_secs(*within)).await,
        What::SignIn { .. } => sign_in(&settings, mailbox, fetched).await,
    }
}

async fn poll(settings: &Settings, mailbox: &Mailbox) -> Result<(), Failure> {
    let store = Store::open(&settings.store).await?;
    let due = store.ensure_fetch(&mailbox.site, &mailbox.name).await;
    store.close().await;
    due?;
    super::print(&format!("{} is looked into by a running gateway within seconds\n", mailbox.name))
}

/// Has a running gateway look into the mailbox and tells what became of each mail.
async fn poll_and_tell(settings: &Settings, mailbox: &Mailbox, within: Duration) -> Result<(), Failure> {
    let store = Store::open(&settings.store).await?;
    let report = wait_for_report(&store, mailbox, within).await;
    store.close().await;
    let report = report?;
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
        "error": report.fault.as_ref().map(reason),
    });
    super::print(&format!("{whole}\n"))?;
    if report.fault.is_some() || failed > 0 { Err(Failure::told()) } else { Ok(()) }
}

async fn wait_for_report(store: &Store, mailbox: &Mailbox, within: Duration) -> Result<Report, Failure> {
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
        "error": line.fault.as_ref().map(reason),
    })
}

/// A fault in one sentence; `detail` is for the operator, who asked.
fn reason(fault: &Fault) -> String {
    format!("{} {} ({})", fault.code, fault.public, fault.detail)
}

async fn sign_in(settings: &Settings, mailbox: &Mailbox, fetched: &Fetched) -> Result<(), Failure> {
    let of_a_person = fetched.authorization.as_ref().filter(|authorization| matches!(authorization.by, By::Person));
    let Some(authorization) = of_a_person else {
        return Err(Failure::new(format!("nobody signs in for {}: its `oauth` is not \"person\"", mailbox.name)));
    };
    let Some(device_url) = &fetched.device_url else {
        return Err(Failure::new("mailbox.oauth_device_url is missing, and no preset fills it"));
    };
    let store = Store::open(&settings.store).await?;
    let signed_in = wait_for_a_person(&store, mailbox, authorization, device_url).await;
    store.close().await;
    signed_in?;
    super::print(&format!("signed in for {}; `sealpost mailbox test {}` tries it\n", mailbox.name, mailbox.name))
}

async fn wait_for_a_person(
    store: &Store,
    mailbox: &Mailbox,
    authorization: &Authorization,
    device_url: &str,
) -> Result<(), Failure> {
    let code = tokens::ask_for_a_code(authorization, device_url).await?;
    super::print(&format!("open {} as the mailbox's owner and type {}\n", code.verification_uri, code.user_code))?;
    let (begun, mut interval) = (Instant::now(), Duration::from_secs(code.interval_s));
    while begun.elapsed() < Duration::from_secs(code.expires_in_s) {
        tokio::time::sleep(interval).await;
        match tokens::ask(authorization, Grant::DeviceCode(&code.device_code)).await? {
            Ok(token) if token.refresh.is_none() => {
                let why = "the token server gives no refresh token; ask for offline access in mailbox.oauth_scopes";
                return Err(Failure::new(why));
            }
            Ok(token) => return Ok(tokens::keep(store, &mailbox.site, &mailbox.name, &token).await?),
            Err(NoToken::Pending) => {}
            Err(NoToken::SlowDown) => interval += Duration::from_secs(5),
            Err(NoToken::Failed(fault)) => return Err(fault.into()),
        }
    }
    Err(Failure::new("the code was not typed in time; sign in again"))
}
