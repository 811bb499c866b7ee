//! `sealpost demo`: everything on embedded defaults, the sample mails fed through SMTP, a table of what became of them, and what became of
//! a comment of the desk's agent.

mod home;
mod mailbox;
mod outbound;
mod ports;

pub use home::{ACCOUNT, DESK_TOKEN, Home, PROFILE, Tenant};

use super::{Failure, deliver};
use crate::wire;
use courier::submit::{Target, submit};
use home::{Places, SUPPORT};
use mail::Envelope;
use mailbox::Mailbox;
use ports::Ports;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use store::Story;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The sample mails, in the order in which they are sent.
const MAILS: &[(&str, &[u8])] = &[
    ("1-new-request.eml", include_bytes!("../../../../examples/1-new-request.eml")),
    ("2-reply.eml", include_bytes!("../../../../examples/2-reply.eml")),
    ("3-html-with-image.eml", include_bytes!("../../../../examples/3-html-with-image.eml")),
    ("4-outlook-reply.eml", include_bytes!("../../../../examples/4-outlook-reply.eml")),
    ("5-forward.eml", include_bytes!("../../../../examples/5-forward.eml")),
    ("6-auto-reply.eml", include_bytes!("../../../../examples/6-auto-reply.eml")),
    ("7-bounce.eml", include_bytes!("../../../../examples/7-bounce.eml")),
    ("8-broken-mime.eml", include_bytes!("../../../../examples/8-broken-mime.eml")),
];

/// Ports that the demo likes best; another one is taken when somebody has it already.
const SMTP_PORT: u16 = 2525;
const CONSOLE_PORT: u16 = 8025;
const OPERATIONS_PORT: u16 = 8026;
const DESK_PORT: u16 = 8027;
const MAILBOX_PORT: u16 = 2526;

/// How long one sample may take to come to its end.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the printed sign-in link can be used.
const SIGN_IN_S: u32 = 12 * 3600;

/// Starts everything, feeds the samples on the first start, prints what became of them and of a comment on one, and serves until it is told to stop.
pub async fn run(data: &Path, fresh: bool, inbound_only: bool) -> Result<(), Failure> {
    let home = Home::claim(data, Tenant::Demo)?;
    if fresh {
        home.clear()?;
    }
    let mut ports = Ports::default();
    let (desk, desk_at) = desk(&home, &mut ports).await?;
    let places = Places {
        smtp: ports.take(SMTP_PORT, "mail")?,
        console: ports.take(CONSOLE_PORT, "the console")?,
        operations: ports.take(OPERATIONS_PORT, "health and metrics")?,
        mailbox: ports.take(MAILBOX_PORT, "the mailbox for letters")?,
        inbound_only,
    };
    let mailbox = Mailbox::open(home.file(home::MAILBOX), places.mailbox).await?;
    let settings = home.settings(desk_at, &places)?;
    wire::logs(&settings.log);
    let stop = CancellationToken::new();
    let mut gateway = wire::Gateway::start(settings, wire::Role::ALL).await?;
    gateway.serve(&stop);
    let smtp = gateway.smtp_address().ok_or_else(|| Failure::new("the demo's mail listener has no address"))?;
    if !home.is_fed() {
        let rows = feed(gateway.store(), smtp).await?;
        super::print(&table(&rows, desk_at))?;
        let (store, console) = (gateway.store(), places.console);
        let stage = outbound::Stage { store, desk: &desk, mailbox: &mailbox, smtp, desk_at, console };
        let issue = rows.first().map_or("", |row| row.issue.as_str());
        super::print(&outbound::show(&stage, issue).await?)?;
        home.set_fed()?;
    }
    let link = gateway.sign_in_link(SIGN_IN_S).await?;
    super::print(&served(&home, smtp, desk_at, &link, mailbox.folder()))?;
    gateway.run(stop).await
}

/// Starts the desk in this process and says where.
async fn desk(home: &Home, ports: &mut Ports) -> Result<(desk::Desk, SocketAddr), Failure> {
    let address = ports.take(DESK_PORT, "the desk")?;
    let cannot_listen = |error: std::io::Error| Failure::new(format!("cannot listen on loopback: {error}"));
    let socket = TcpListener::bind(address).await.map_err(cannot_listen)?;
    let desk = opened_desk(home, false).await?;
    let filled = async {
        desk.seed_demo().await?;
        for (name, several_lines) in home::FIELDS {
            desk.add_text_field(name, several_lines).await?;
        }
        desk.add_agent().await
    };
    filled.await.map_err(|error: desk::Error| Failure::new(format!("the desk cannot be filled: {error}")))?;
    let serving = desk.clone();
    tokio::spawn(async move { serving.serve(socket, std::future::pending::<()>()).await });
    Ok((desk, address))
}

/// The desk of this folder, not yet serving.
pub async fn opened_desk(home: &Home, data_center: bool) -> Result<desk::Desk, Failure> {
    let account = desk::Account { address: ACCOUNT.into(), token: home.desk_token()?, name: "Mail gateway".into() };
    let settings = desk::Settings::new(home.file("desk.db"), home.file("desk-files"), account);
    let settings = desk::Settings { data_center, ..settings };
    desk::Desk::open(settings).await.map_err(|error| Failure::new(format!("the desk does not start: {error}")))
}

/// One row of the table.
struct Row {
    mail: &'static str,
    outcome: &'static str,
    why: String,
    issue: String,
}

/// Sends each sample through SMTP and waits until it has come to its end.
async fn feed(store: &store::Store, smtp: SocketAddr) -> Result<Vec<Row>, Failure> {
    let target = Target::smtp(smtp.ip().to_string(), smtp.port());
    let mut rows = Vec::with_capacity(MAILS.len());
    for (mail, raw) in MAILS {
        let envelope = Envelope { mail_from: sender(raw), rcpt_to: vec![SUPPORT.into()], client: None };
        let delivery = submit(&target, &envelope, raw).await?;
        let id = delivery.id().ok_or_else(|| Failure::new("the listener gave no id"))?;
        let story = deliver::ended(store, id, PATIENCE).await?;
        rows.push(row(mail, story));
    }
    Ok(rows)
}

/// The envelope sender that the sample would have had: none for those with a null return path.
fn sender(raw: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(raw);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    if head.contains("Return-Path: <>") {
        return None;
    }
    let from = head.lines().find(|line| line.starts_with("From: "))?;
    let address = from.rsplit(['<', ' ']).next()?;
    Some(address.trim_end_matches('>').to_string())
}

fn row(mail: &'static str, story: Option<Story>) -> Row {
    match story {
        Some(story) => Row {
            mail,
            outcome: story.line.outcome.map_or("undecided", policy::Outcome::word),
            why: story.line.reason,
            issue: story.line.issue_key.unwrap_or_default(),
        },
        None => Row {
            mail,
            outcome: "undecided",
            why: "it has not come to its end yet; see the console".into(),
            issue: String::new(),
        },
    }
}

fn table(rows: &[Row], desk: SocketAddr) -> String {
    let width = rows.iter().map(|row| row.mail.len()).max().unwrap_or(0);
    let mut text = format!("\n{:width$}  {:10}  what and why\n", "mail", "outcome");
    for row in rows {
        text.push_str(&format!("{:width$}  {:10}  {}\n", row.mail, row.outcome, row.why));
        if !row.issue.is_empty() {
            text.push_str(&format!("{:width$}  {:10}  http://{desk}/browse/{}\n", "", "", row.issue));
        }
    }
    text
}

fn served(home: &Home, smtp: SocketAddr, desk: SocketAddr, link: &str, mailbox: &Path) -> String {
    format!(
        "\nNow serving:\n  the desk (issues)    http://{desk}/\n  the console          {link}\n  mail                 smtp://{smtp}, for any recipient\n  \
         letters              {}/, and nowhere else\n  settings             {}\n\n\
         Send a mail:  swaks --server {smtp} --from you@example.org --to {SUPPORT} --header 'Subject: It works'\n\
         Then comment on its issue in the desk: the letter to you lies there a second later, and *Events* of the console says why.\n\
         Stop with Ctrl-C. Start again with --fresh to begin anew.\n",
        mailbox.display(),
        home.settings_file().display()
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn sec_50_nobody_else_reads_what_the_demo_keeps() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::claim(&folder.path().join("demo"), Tenant::Demo).unwrap();
        desk(&home, &mut Ports::default()).await.unwrap();
        for private in ["", "keys", "desk.db", "desk.db-wal", "desk-files", "keys/desk.token"] {
            let mode = std::fs::metadata(home.file(private)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{private:?} has mode {mode:o}");
        }
    }
}
