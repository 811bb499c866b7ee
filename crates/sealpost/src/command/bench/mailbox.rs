//! `sealpost bench mailbox`: mailboxes on a real Dovecot, drained until each mail is durable and sealed, beside mbsync.

use super::child::Measured;
use super::dovecot::{self, Dovecot, Kept, PASSWORD};
use super::intake::{free_port, left, per_mail, tempdir};
use super::load;
use crate::command::Failure;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(600);
/// Between two looks at a figure.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What is fetched.
#[derive(Debug, Clone, clap::Args)]
pub struct Mailboxes {
    /// How many mails are drained.
    #[arg(long, default_value_t = 5000)]
    mails: usize,
    /// The size of each.
    #[arg(long, default_value_t = 12_800)]
    size_bytes: usize,
    /// How many mailboxes lie idle at the same time.
    #[arg(long, default_value_t = 1000)]
    idle: usize,
    /// How many old mails lie in a mailbox that is opened for the first time.
    #[arg(long, default_value_t = 200_000)]
    old: usize,
}

/// Measures and prints.
pub async fn run(mailboxes: &Mailboxes) -> Result<(), Failure> {
    let folder = tempdir()?;
    let measured = measure(&folder, mailboxes).await;
    super::super::print(&left(&folder, measured)?)
}

async fn measure(folder: &Path, mailboxes: &Mailboxes) -> Result<String, Failure> {
    let Mailboxes { mails, size_bytes, idle, old } = *mailboxes;
    eprintln!("sealpost: writing {mails} mails for Dovecot …");
    dovecot::fill(folder, "user", Kept::Maildir, (0..mails).map(|number| load::mail(number, size_bytes)))?;
    let Some(server) = Dovecot::start(folder, Kept::Maildir).await? else {
        return Ok("Dovecot is not installed, or this is not root: nothing was measured\n".into());
    };
    // Whoever comes first pays for Dovecot's index; that is neither of those who are measured.
    drain(&folder.join("first"), "imap", server.imap, mails).await?;
    let mut text = format!(
        "{mails} mails of {size_bytes} bytes in one mailbox of a Dovecot\n\n{:40} {:>9} {:>12}\n",
        "", "mails/s", "CPU ms/mail"
    );
    let peer = mbsync(folder, server.imap, mails)?;
    for (protocol, port) in [("imap", server.imap), ("pop3", server.pop3)] {
        let own = drain(&folder.join(protocol), protocol, port, mails).await?;
        let name = format!("Sealpost: {protocol} to durable, sealed");
        row(&mut text, &name, &own, mails);
        if let Some(peer) = &peer {
            let rate = peer.took.as_secs_f64() / own.took.as_secs_f64();
            let cpu = own.cpu.as_secs_f64() / peer.cpu.as_secs_f64();
            let _ = writeln!(text, "{:40} {rate:>8.2}x {cpu:>11.2}x", "  beside mbsync");
        }
    }
    match &peer {
        Some(peer) => row(&mut text, "mbsync: IMAP to a Maildir, with fsync", peer, mails),
        None => text += "mbsync (Debian's isync) is not installed: no peer was measured\n",
    }
    drop(server);
    if idle > 0 {
        text += &idle_memory(&folder.join("idle"), idle).await?;
    }
    if old > 0 {
        text += &opening(&folder.join("old"), old).await?;
    }
    Ok(text)
}

/// What a run over all mails came to; the start of the process counts.
struct Run {
    took: Duration,
    cpu: Duration,
}

fn row(text: &mut String, name: &str, run: &Run, mails: usize) {
    let rate = mails as f64 / run.took.as_secs_f64();
    let _ = writeln!(text, "{name:40} {rate:>9.0} {:>12.2}", per_mail(run.cpu, mails));
}

/// A gateway that takes in everything, until all of it is durable.
async fn drain(folder: &Path, protocol: &str, port: u16, mails: usize) -> Result<Run, Failure> {
    let keys = format!("fetch = \"{protocol}\"\nport = {port}\nstart = \"everything\"\nuser = \"user\"\n");
    let keys = if protocol == "imap" { keys + "mark_seen = false\nwatch = false\n" } else { keys };
    let operations = settings(folder, &[keys])?;
    let begun = Instant::now();
    let gateway = serve(folder)?;
    wait_for(operations, "sealpost_fetch_messages_total", mails as f64).await?;
    Ok(Run { took: begun.elapsed(), cpu: gateway.used().cpu })
}

fn serve(folder: &Path) -> Result<Measured, Failure> {
    Measured::sealpost(&["serve", "--config", "sealpost.toml", "--role", "intake"], folder)
}

fn mbsync(folder: &Path, imap: u16, mails: usize) -> Result<Option<Run>, Failure> {
    let file = dovecot::mbsync_settings(folder, imap)?;
    let begun = Instant::now();
    let mut command = Command::new("mbsync");
    command.arg("-q").arg("-c").arg(&file).arg("-a").stdin(Stdio::null()).stdout(Stdio::null());
    let Ok(mut child) = command.spawn() else { return Ok(None) };
    let mut cpu = Duration::ZERO;
    let status = loop {
        // The kernel forgets what a process used once it is waited for.
        cpu = super::child::used(child.id()).max(cpu);
        match child.try_wait().map_err(|error| Failure::new(format!("cannot wait for mbsync: {error}")))? {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    let took = begun.elapsed();
    let came = ["new", "cur"]
        .iter()
        .filter_map(|name| std::fs::read_dir(folder.join("copy/inbox").join(name)).ok())
        .map(Iterator::count)
        .sum::<usize>();
    if !status.success() || came != mails {
        return Err(Failure::new(format!("mbsync ended with {status} and copied {came} of {mails} mails")));
    }
    Ok(Some(Run { took, cpu }))
}

/// The memory of a gateway that waits on so many mailboxes.
async fn idle_memory(folder: &Path, mailboxes: usize) -> Result<String, Failure> {
    eprintln!("sealpost: waiting on {mailboxes} mailboxes …");
    for number in 0..mailboxes {
        dovecot::fill(folder, &format!("user{number}"), Kept::Maildir, std::iter::empty())?;
    }
    let Some(server) = Dovecot::start(folder, Kept::Maildir).await? else { return Ok(String::new()) };
    let port = server.imap;
    let keys: Vec<String> =
        (0..mailboxes).map(|number| format!("fetch = \"imap\"\nport = {port}\nuser = \"user{number}\"\n")).collect();
    let operations = settings(&folder.join("gateway"), &keys)?;
    let begun = Instant::now();
    let gateway = serve(&folder.join("gateway"))?;
    wait_for(operations, "sealpost_mailbox_watches", mailboxes as f64).await?;
    let took = begun.elapsed();
    // What the logins needed is given back by now.
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok(format!(
        "\n{mailboxes} idle mailboxes, each with a server that is waited on: {:.1} MB, {:.1} MB at most, {:.1} s until all are\n",
        gateway.resident_bytes() as f64 / 1e6,
        gateway.peak_bytes() as f64 / 1e6,
        took.as_secs_f64()
    ))
}

/// How long a mailbox of old mails takes until the gateway has opened it and looked at what is new.
async fn opening(folder: &Path, mails: usize) -> Result<String, Failure> {
    eprintln!("sealpost: writing {mails} old mails …");
    dovecot::fill(folder, "user", Kept::Mbox, (0..mails).map(|number| load::mail(number, 0)))?;
    let Some(server) = Dovecot::start(folder, Kept::Mbox).await? else { return Ok(String::new()) };
    let mut text = String::new();
    for (protocol, port) in [("imap", server.imap), ("pop3", server.pop3)] {
        let mut took_s = [0.0; 2];
        for (attempt, took_s) in took_s.iter_mut().enumerate() {
            let keys = format!("fetch = \"{protocol}\"\nport = {port}\nuser = \"user\"\n");
            let gateway_folder = folder.join(format!("{protocol}{attempt}"));
            let operations = settings(&gateway_folder, &[keys])?;
            let begun = Instant::now();
            let _gateway = serve(&gateway_folder)?;
            wait_for_line(operations, "sealpost_mailbox_fetched_age_seconds{").await?;
            *took_s = begun.elapsed().as_secs_f64();
        }
        let [first, again] = took_s;
        let _ = writeln!(
            text,
            "a mailbox of {mails} old mails is opened over {protocol} in {again:.2} s; in {first:.2} s when Dovecot looks at them first"
        );
    }
    Ok(text)
}

/// Settings with one mailbox for each text of keys; the port of the operations' listener.
fn settings(folder: &Path, mailboxes: &[String]) -> Result<u16, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot write into {}: {error}", folder.display()));
    let operations = free_port()?;
    let mut text = format!(
        "[store]\nfree_mib_min = 64\n[operations]\nlisten = \"127.0.0.1:{operations}\"\n[log]\nlevel = \"warn\"\n[cells]\nsandbox = \"reduced\"\n\
         [[site]]\nname = \"bench\"\napi_base = \"http://127.0.0.1:9\"\nbrowse_base = \"http://127.0.0.1:9\"\naccount = \"gateway@desk.example\"\ntoken = \"file:keys/token\"\nallow_private = true\n\
         [[profile]]\nname = \"support\"\nfile = \"profile.toml\"\n"
    );
    for (number, keys) in mailboxes.iter().enumerate() {
        let _ = write!(
            text,
            "[[mailbox]]\nname = \"box{number}\"\nsite = \"bench\"\nprofile = \"support\"\nhost = \"127.0.0.1\"\ntls = \"none\"\npassword = \"file:keys/password\"\n{keys}"
        );
    }
    std::fs::create_dir_all(folder.join("keys")).map_err(failed)?;
    store::create_master_key(&folder.join("keys/master.key"))?;
    store::create_master_key(&folder.join("keys/token"))?;
    store::create_master_key(&folder.join("keys/password"))?;
    std::fs::write(folder.join("keys/password"), PASSWORD).map_err(failed)?;
    std::fs::write(folder.join("sealpost.toml"), text).map_err(failed)?;
    std::fs::write(folder.join("profile.toml"), crate::command::demo::PROFILE).map_err(failed)?;
    Ok(operations)
}

/// Waits until the metric is so high. Each look makes the gateway count rows, so it is looked at only when half of what is left
/// should have come.
async fn wait_for(operations: u16, metric: &str, value: f64) -> Result<(), Failure> {
    let mut first: Option<(Instant, f64)> = None;
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let pause = match metrics(operations).await.ok().and_then(|text| sample(&text, metric)) {
            Some(now) if now >= value => return Ok(()),
            Some(now) => {
                let (since, then) = *first.get_or_insert((Instant::now(), now));
                let half = since.elapsed().mul_f64((value - now) / (now - then).max(1.0) / 2.0);
                half.clamp(LOOK_EVERY / 2, LOOK_EVERY * 10)
            }
            None => LOOK_EVERY,
        };
        tokio::time::sleep(pause).await;
    }
    Err(never(metric))
}

fn sample(metrics: &str, name: &str) -> Option<f64> {
    let line = metrics.lines().find(|line| line.starts_with(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn never(what: &str) -> Failure {
    Failure::new(format!("{what} did not come to what was waited for; see the gateway's log above"))
}

async fn wait_for_line(operations: u16, beginning: &str) -> Result<(), Failure> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        let metrics = metrics(operations).await.unwrap_or_default();
        if metrics.lines().any(|line| line.starts_with(beginning)) {
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Err(never(beginning))
}

async fn metrics(operations: u16) -> std::io::Result<String> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", operations)).await?;
    let request = format!("GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{operations}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
