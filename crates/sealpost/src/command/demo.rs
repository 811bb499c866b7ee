//! `sealpost demo`: everything on embedded defaults, the sample mails fed through SMTP, and a table of what became of them.

mod home;

pub use home::{ACCOUNT, DESK_TOKEN, Home, PROFILE};

use super::{Failure, deliver};
use crate::wire;
use courier::submit::{Target, submit};
use home::Places;
use mail::Envelope;
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

const RECIPIENT: &str = "support@desk.example";

/// How long one sample may take to come to its end.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the printed sign-in link can be used.
const SIGN_IN_S: u32 = 12 * 3600;

/// Starts everything, feeds the samples on the first start, prints the table and serves until it is told to stop.
pub async fn run(data: &Path, fresh: bool) -> Result<(), Failure> {
    let home = Home::claim(data)?;
    if fresh {
        home.clear()?;
    }
    let desk = desk(&home).await?;
    let places = Places {
        smtp: free(SMTP_PORT, "mail")?,
        console: free(CONSOLE_PORT, "the console")?,
        operations: free(OPERATIONS_PORT, "health and metrics")?,
    };
    let settings = home.settings(desk, &places)?;
    wire::logs(&settings.log);
    let stop = CancellationToken::new();
    let mut gateway = wire::Gateway::start(settings, wire::Role::ALL).await?;
    gateway.serve(&stop);
    let smtp = gateway.smtp_address().ok_or_else(|| Failure::new("the demo's mail listener has no address"))?;
    if !home.is_fed() {
        let rows = feed(gateway.store(), smtp).await?;
        super::print(&table(&rows, desk))?;
        home.set_fed()?;
    }
    let link = gateway.sign_in_link(SIGN_IN_S).await?;
    super::print(&served(&home, smtp, desk, &link))?;
    gateway.run(stop).await
}

/// Starts the desk in this process and says where.
async fn desk(home: &Home) -> Result<SocketAddr, Failure> {
    let address = free(DESK_PORT, "the desk")?;
    let socket = TcpListener::bind(address).await.map_err(|error| cannot_listen(&error))?;
    let desk = opened_desk(home).await?;
    desk.seed_demo().await.map_err(|error| Failure::new(format!("the desk cannot be filled: {error}")))?;
    tokio::spawn(async move { desk.serve(socket, std::future::pending::<()>()).await });
    Ok(address)
}

/// The desk of this folder, not yet serving.
pub async fn opened_desk(home: &Home) -> Result<desk::Desk, Failure> {
    let account = desk::Account { address: ACCOUNT.into(), token: home.desk_token()?, name: "Mail gateway".into() };
    let settings = desk::Settings::new(home.file("desk.db"), home.file("desk-files"), account);
    desk::Desk::open(settings).await.map_err(|error| Failure::new(format!("the desk does not start: {error}")))
}

/// An address on loopback with this port or, when somebody has it, with any other, which is told.
fn free(port: u16, what: &str) -> Result<SocketAddr, Failure> {
    use std::net::TcpListener;
    let address = |socket: TcpListener| socket.local_addr().map_err(|error| cannot_listen(&error));
    if let Ok(socket) = TcpListener::bind(("127.0.0.1", port)) {
        return address(socket);
    }
    let other = address(TcpListener::bind(("127.0.0.1", 0)).map_err(|error| cannot_listen(&error))?)?;
    eprintln!("sealpost: port {port} is taken by another program, so {what} is at port {} this time", other.port());
    Ok(other)
}

fn cannot_listen(error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot listen on loopback: {error}"))
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
        let envelope = Envelope { mail_from: sender(raw), rcpt_to: vec![RECIPIENT.into()], client: None };
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

fn served(home: &Home, smtp: SocketAddr, desk: SocketAddr, link: &str) -> String {
    format!(
        "\nNow serving:\n  the desk (issues)    http://{desk}/\n  the console          {link}\n  mail                 smtp://{smtp}, for any recipient\n  settings             {}\n\n\
         Send a mail:  swaks --server {smtp} --from you@example.org --to {RECIPIENT} --header 'Subject: It works'\nStop with Ctrl-C. Start again with --fresh to begin anew.\n",
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
        let home = Home::claim(&folder.path().join("demo")).unwrap();
        desk(&home).await.unwrap();
        for private in ["", "keys", "desk.db", "desk.db-wal", "desk-files", "keys/desk.token"] {
            let mode = std::fs::metadata(home.file(private)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{private:?} has mode {mode:o}");
        }
    }
}
