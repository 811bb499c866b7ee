//! `sealpost demo`: everything on embedded defaults, the sample mails fed through SMTP, and a table of what became of them.

use super::{Failure, deliver};
use crate::settings::Settings;
use crate::wire;
use courier::submit::{Target, submit};
use mail::Envelope;
use std::net::SocketAddr;
use std::os::unix::fs::DirBuilderExt;
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

pub const PROFILE: &str = include_str!("../../../../examples/profile.toml");

/// Ports that the demo likes best; another one is taken when somebody has it already.
const SMTP_PORT: u16 = 2525;
const CONSOLE_PORT: u16 = 8025;
const OPERATIONS_PORT: u16 = 8026;
const DESK_PORT: u16 = 8027;

const RECIPIENT: &str = "support@desk.example";
const ACCOUNT: &str = "gateway@desk.example";

/// How long one sample may take to come to its end.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long the printed sign-in link can be used.
const SIGN_IN_S: u32 = 12 * 3600;

/// Names the files of a demo folder.
const SETTINGS: &str = "sealpost.toml";
pub const FED: &str = "samples-fed";
const OURS: &str = "this-is-a-sealpost-demo";

/// Starts everything, feeds the samples on the first start, prints the table and serves until it is told to stop.
pub async fn run(data: &Path, fresh: bool) -> Result<(), Failure> {
    prepare(data, fresh)?;
    let data = data.canonicalize().map_err(|error| cannot("use", data, &error))?;
    let desk = desk(&data).await?;
    let settings = settings(&data, desk)?;
    wire::logs(&settings.log);
    let stop = CancellationToken::new();
    let mut gateway = wire::Gateway::start(settings, wire::Role::ALL).await?;
    gateway.serve(&stop);
    let smtp = gateway.smtp_address().ok_or_else(|| Failure::new("the demo's mail listener has no address"))?;
    if !data.join(FED).exists() {
        let rows = feed(gateway.store(), smtp).await?;
        super::print(&table(&rows, desk))?;
        std::fs::write(data.join(FED), "").map_err(|error| cannot("write", &data.join(FED), &error))?;
    }
    let link = gateway.sign_in_link(SIGN_IN_S).await?;
    super::print(&places(&data, smtp, desk, &link))?;
    gateway.run(stop).await
}

/// Makes the folder; with `fresh` an earlier demo in it is removed, and nothing but a demo ever is.
fn prepare(data: &Path, fresh: bool) -> Result<(), Failure> {
    if fresh && data.exists() {
        let foreign = !data.join(OURS).exists()
            && std::fs::read_dir(data).map_err(|error| cannot("read", data, &error))?.next().is_some();
        if foreign {
            return Err(Failure::new(format!(
                "{} holds something else than a demo; name another folder with --data",
                data.display()
            )));
        }
        std::fs::remove_dir_all(data).map_err(|error| cannot("remove", data, &error))?;
    }
    // For the owner's eyes only: the desk keeps in clear what was mailed.
    let keys = data.join("keys");
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(keys);
    made.map_err(|error| cannot("make", data, &error))?;
    std::fs::write(data.join(OURS), "").map_err(|error| cannot("write", data, &error))
}

fn cannot(what: &str, path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot {what} {}: {error}", path.display()))
}

/// Starts the desk in this process and says where.
async fn desk(data: &Path) -> Result<SocketAddr, Failure> {
    let socket = bind(DESK_PORT).await?;
    let address = socket.local_addr().map_err(|error| Failure::new(format!("the desk has no address: {error}")))?;
    let token = secret(&data.join("keys/desk.token"))?;
    let account = desk::Account { address: ACCOUNT.into(), token, name: "Mail gateway".into() };
    let desk = desk::Desk::open(desk::Settings::new(data.join("desk.db"), data.join("desk-files"), account))
        .await
        .map_err(|error| Failure::new(format!("the desk does not start: {error}")))?;
    desk.seed_demo().await.map_err(|error| Failure::new(format!("the desk cannot be filled: {error}")))?;
    tokio::spawn(async move { desk.serve(socket, std::future::pending::<()>()).await });
    Ok(address)
}

/// A socket on loopback, on this port or, when it is taken, on any other.
async fn bind(port: u16) -> Result<TcpListener, Failure> {
    match TcpListener::bind(("127.0.0.1", port)).await {
        Ok(socket) => Ok(socket),
        Err(_) => TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(|error| Failure::new(format!("cannot listen on loopback: {error}"))),
    }
}

/// The secret in a file, made on the first start with mode 0600.
fn secret(file: &Path) -> Result<String, Failure> {
    if !file.exists() {
        store::create_master_key(file)?;
    }
    std::fs::read_to_string(file).map(|text| text.trim().to_string()).map_err(|error| cannot("read", file, &error))
}

/// Writes the demo's settings file, so that every other command works on the demo too, and reads it like any other.
fn write_settings(data: &Path, desk: SocketAddr, ports: [u16; 3]) -> std::io::Result<()> {
    let [smtp, console, operations] = ports;
    let text = format!(
        "# Written by `sealpost demo` at each start.\n\
         [store]\ndatabase = \"sqlite:sealpost.db\"\nblobs = \"blobs\"\nkey_book = \"sqlite:keys/book.db\"\nmaster_key = \"file:keys/master.key\"\nfree_mib_min = 64\n\n\
         [console]\nlisten = \"127.0.0.1:{console}\"\n\n[operations]\nlisten = \"127.0.0.1:{operations}\"\n\n\
         [log]\nlevel = \"warn\"\nformat = \"text\"\n\n[cells]\nsandbox = \"reduced\"\n\n\
         [[site]]\nname = \"demo\"\napi_base = \"http://{desk}\"\nbrowse_base = \"http://{desk}\"\naccount = \"{ACCOUNT}\"\ntoken = \"file:keys/desk.token\"\nallow_private = true\n\n\
         [[mailbox]]\nname = \"support\"\nsite = \"demo\"\nlisten = \"127.0.0.1:{smtp}\"\nprofile = \"support\"\n\n\
         [[profile]]\nname = \"support\"\nfile = \"profile.toml\"\n"
    );
    std::fs::write(data.join(SETTINGS), text)?;
    if !data.join("profile.toml").exists() {
        std::fs::write(data.join("profile.toml"), PROFILE.replace("example.com", "desk.example"))?;
    }
    Ok(())
}

fn settings_file(data: &Path) -> std::path::PathBuf {
    data.join(SETTINGS)
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
        let envelope = Envelope { mail_from: sender(raw), rcpt_to: vec![RECIPIENT.into()] };
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

fn places(data: &Path, smtp: SocketAddr, desk: SocketAddr, link: &str) -> String {
    format!(
        "\nNow serving:\n  the desk (issues)    http://{desk}/\n  the console          {link}\n  mail                 smtp://{smtp}, for any recipient at desk.example\n  settings             {}\n\n\
         Send a mail:  swaks --server {smtp} --from you@example.org --to {RECIPIENT} --header 'Subject: It works'\nStop with Ctrl-C. Start again with --fresh to begin anew.\n",
        settings_file(data).display()
    )
}

/// The demo's settings: ports chosen, file written, file read.
fn settings(data: &Path, desk: SocketAddr) -> Result<Settings, Failure> {
    if !data.join("keys/master.key").exists() {
        store::create_master_key(&data.join("keys/master.key"))?;
    }
    let ports = ports()?;
    write_settings(data, desk, ports).map_err(|error| cannot("write", &settings_file(data), &error))?;
    Ok(crate::settings::load(&settings_file(data))?)
}

fn ports() -> Result<[u16; 3], Failure> {
    let free = |preferred: u16| {
        let socket = std::net::TcpListener::bind(("127.0.0.1", preferred))
            .or_else(|_| std::net::TcpListener::bind(("127.0.0.1", 0)));
        socket.and_then(|socket| socket.local_addr()).map(|address| address.port())
    };
    let cannot = |error| Failure::new(format!("cannot listen on loopback: {error}"));
    Ok([free(SMTP_PORT).map_err(cannot)?, free(CONSOLE_PORT).map_err(cannot)?, free(OPERATIONS_PORT).map_err(cannot)?])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn sec_50_nobody_else_reads_what_the_demo_keeps() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("demo");
        prepare(&data, false).unwrap();
        desk(&data).await.unwrap();
        for private in ["", "keys", "desk.db", "desk.db-wal", "desk-files", "keys/desk.token"] {
            let mode = std::fs::metadata(data.join(private)).unwrap().permissions().mode();
            assert_eq!(mode & 0o077, 0, "{private:?} has mode {mode:o}");
        }
    }
}
