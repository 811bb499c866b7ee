//! `sealpost deliver`: hands a mail to the gateway, as sendmail would.

mod over_http;

use super::{Failure, files};
use courier::submit::{Secret, Target, submit};
use mail::Envelope;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use store::{JobState, Story};

/// How often `--wait` looks whether the mail has come to its end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The gateway's settings: the first mailbox's listener gets the mail, and `--wait` can be answered.
    #[arg(long, conflicts_with = "url")]
    config: Option<PathBuf>,
    /// The listener, when there are no settings: `smtp://HOST:PORT`, `smtps://…`, `lmtp://…` or `lmtp:PATH`; or a gateway's API,
    /// `https://HOST/`.
    #[arg(long)]
    url: Option<String>,
    /// A recipient; without one those of To and Cc are used.
    #[arg(long)]
    rcpt: Vec<String>,
    /// The envelope sender; without one the mail's first From address.
    #[arg(long)]
    from: Option<String>,
    /// The API's token: `file:PATH` or `env:NAME`.
    #[arg(long, requires = "url")]
    token: Option<String>,
    /// The API's mailbox, when the token is good for several.
    #[arg(long, requires = "token")]
    mailbox: Option<String>,
    /// A PEM file of certificate authorities that the API's certificate may come from, besides the system's.
    #[arg(long, requires = "token")]
    authorities: Option<PathBuf>,
    /// Wait until the mail has come to its end and print what became of it; needs --config, or an API's --url.
    #[arg(long)]
    wait: bool,
    /// How long `--wait` waits.
    #[arg(long, default_value_t = 60)]
    wait_s: u64,
    /// The mail, or - for standard input.
    file: PathBuf,
}

/// Delivers one mail and prints the gateway's answer.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let shown = arguments.file.display().to_string();
    let raw = files::bytes(&arguments.file).map_err(|why| Failure::new(format!("{shown}: {why}")))?;
    if let Some(base) = arguments.url.as_deref().filter(|url| over_http::is_meant(url)) {
        let envelope = envelope(&arguments, &raw).await?;
        return over_http::run(&arguments, base, &envelope, raw).await;
    }
    if arguments.wait && arguments.config.is_none() {
        return Err(Failure::new("a mail listener tells no outcome: --wait needs --config FILE, or the URL of an API"));
    }
    let settings = arguments.config.as_deref().map(crate::settings::load).transpose()?;
    let target = match (&settings, &arguments.url) {
        (Some(settings), _) => target(settings)?,
        (None, Some(url)) => url.parse()?,
        (None, None) => return Err(Failure::new("say where to: --config FILE or --url URL")),
    };
    let envelope = envelope(&arguments, &raw).await?;
    let begun = jiff::Timestamp::now();
    let delivery = submit(&target, &envelope, &raw).await?;
    for outcome in delivery.outcomes.iter().filter(|outcome| !outcome.reply.is_positive()) {
        eprintln!("sealpost: {} was refused: {} {}", outcome.address, outcome.reply.code, outcome.reply.text);
    }
    super::print(&format!("{} {}\n", delivery.reply.code, delivery.reply.text))?;
    match (settings, delivery.id()) {
        (Some(settings), Some(id)) if arguments.wait => wait(&settings, id, arguments.wait_s, begun).await,
        (_, None) if arguments.wait => {
            Err(Failure::new("the listener is no Sealpost gateway: it gave no id to wait for"))
        }
        _ => Ok(()),
    }
}

/// The first listener of a mailbox.
fn target(settings: &crate::settings::Settings) -> Result<Target, Failure> {
    let mailbox = settings
        .mailboxes
        .iter()
        .find(|mailbox| mailbox.fetched.is_none() && !mailbox.api)
        .ok_or_else(|| Failure::new("the settings have no [[mailbox]] that listens; write one, or use --url"))?;
    let scheme = match (mailbox.kind.as_str(), mailbox.tls.as_str()) {
        ("lmtp", _) => "lmtp",
        (_, "implicit") => "smtps",
        (_, "starttls") => "smtp+starttls",
        _ => "smtp",
    };
    let url = match mailbox.listen.strip_prefix("unix:") {
        Some(path) => format!("lmtp:{path}"),
        None => format!("{scheme}://{}", mailbox.listen),
    };
    let mut target: Target = url.parse()?;
    target.credentials =
        mailbox.accounts.first().map(|(user, password)| (user.clone(), Secret::Password(password.0.clone().into())));
    target.authorities = mailbox.certificate.as_ref().map(|(certificate, _)| certificate.clone());
    Ok(target)
}

async fn envelope(arguments: &Arguments, raw: &[u8]) -> Result<Envelope, Failure> {
    let mut envelope = Envelope { mail_from: arguments.from.clone(), rcpt_to: arguments.rcpt.clone(), client: None };
    if envelope.mail_from.is_some() && !envelope.rcpt_to.is_empty() {
        return Ok(envelope);
    }
    let cells = files::cells().await?;
    let headers = cells.read(raw, &mail::Limits::default()).await?.message.headers;
    if envelope.mail_from.is_none() {
        envelope.mail_from = headers.from.first().map(|address| address.address.clone());
    }
    if envelope.rcpt_to.is_empty() {
        envelope.rcpt_to = headers.to.iter().chain(&headers.cc).map(|address| address.address.clone()).collect();
    }
    match envelope.rcpt_to.is_empty() {
        true => Err(Failure::new("the mail names no recipient; say --rcpt ADDRESS")),
        false => Ok(envelope),
    }
}

/// Prints what became of the mail, and whether it was taken in before this delivery began.
async fn wait(
    settings: &crate::settings::Settings,
    id: &str,
    wait_s: u64,
    begun: jiff::Timestamp,
) -> Result<(), Failure> {
    let store = store::Store::open(&settings.store).await?;
    let story = ended(&store, id, Duration::from_secs(wait_s)).await;
    store.close().await;
    match story? {
        Some(story) => {
            super::print(&format!("{}{}\n", sentence(&story), known_since(&story, begun)))?;
            given_up(id, &story)
        }
        None => Err(Failure::new(format!(
            "{id} has not come to its end within {wait_s} s; see `sealpost message show --config FILE {id}`"
        ))),
    }
}

/// A mail of which nothing more is tried is work that failed, whatever had been decided about it.
fn given_up(id: &str, story: &Story) -> Result<(), Failure> {
    if story.line.job != JobState::Dead {
        return Ok(());
    }
    let why = story.line.fault.as_ref().map_or_else(String::new, |fault| format!(": {fault}"));
    Err(Failure::new(format!("{id} was given up{why} See `sealpost message show --config FILE {id}`")))
}

/// The story once its job has ended or waits for a person; `None` when that takes too long.
pub async fn ended(store: &store::Store, id: &str, patience: Duration) -> Result<Option<Story>, Failure> {
    let begun = Instant::now();
    loop {
        let story = store.story(id).await?;
        let open = |story: &Story| matches!(story.line.job, JobState::Ready | JobState::Running | JobState::Waiting);
        match story {
            Some(story) if !open(&story) => return Ok(Some(story)),
            _ if begun.elapsed() > patience => return Ok(None),
            _ => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

fn sentence(story: &Story) -> String {
    let outcome = story.line.outcome.map_or("undecided", policy::Outcome::word);
    let issue = story.line.issue_key.as_deref().unwrap_or("-");
    format!("{outcome} {issue} {}", story.line.reason)
}

/// Empty for a mail that came with this delivery.
fn known_since(story: &Story, begun: jiff::Timestamp) -> String {
    match jiff::Timestamp::from_microsecond(story.line.received_at) {
        Ok(at) if at < begun => format!(" (known already: it came at {at:.0}, nothing new was done)"),
        _ => String::new(),
    }
}
