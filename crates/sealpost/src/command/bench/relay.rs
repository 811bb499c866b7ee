//! `sealpost bench relay`: mails through the relay into a sink, sealed and as they come, beside the same mails straight to the sink.

use super::Load;
use super::child::Measured;
use super::intake::{free_port, left, per_mail, tempdir};
use super::load::{self, Parcel, Sent};
use crate::command::Failure;
use crate::wire;
use courier::submit::Target;
use mail::Envelope;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// Sealed mails in each second that two cores are to manage.
const AIM: f64 = 500.0;
const SENDER: &str = "wiki@bench.example";

/// What is sent through the relay.
#[derive(Debug, Clone, clap::Args)]
pub struct Relayed {
    #[command(flatten)]
    load: Load,
    /// How many recipients each mail has that is sealed: each gets a copy of his own.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=20))]
    recipients: u32,
}

/// Measures all of it in one run.
pub async fn run(relayed: &Relayed) -> Result<(), Failure> {
    let folder = tempdir()?;
    let measured = measure(&folder, relayed).await;
    super::super::print(&left(&folder, measured)?)
}

async fn measure(folder: &Path, Relayed { load, recipients }: &Relayed) -> Result<String, Failure> {
    let sink_port = free_port()?;
    let port = sink_port.to_string();
    let mut sink = Measured::sealpost(&["bench", "sink", "--port", &port], folder)?;
    sink.listens(&format!("127.0.0.1:{port}")).await?;
    let one: Vec<String> = vec![address(0)];
    let all: Vec<String> = (0..*recipients).map(address).collect();
    let straight = load::send_each(&Target::smtp("127.0.0.1", sink_port), load, to(load, &one)).await?;
    let sink_cpu = sink.used().cpu;
    let plain = through(&folder.join("plain"), load, sink_port, &one, None).await?;
    let keys = keys(folder, &all)?;
    let sealed = through(&folder.join("sealed"), load, sink_port, &all, Some(&keys)).await?;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut text = format!(
        "{} mails of {} bytes over {} connections, {cores} cores\n\n{:46} {:>9} {:>9} {:>9} {:>12}\n",
        load.mails, load.size_bytes, load.connections, "", "mails/s", "p50 ms", "p99 ms", "CPU ms/mail"
    );
    text += &row("straight to the sink, one recipient each", &straight, sink_cpu);
    text += &row("Sealpost: through the relay, nothing sealed", &plain.sent, plain.cpu);
    text += &row("Sealpost: signed and encrypted, RSA-2048", &sealed.sent, sealed.cpu);
    let copies = sealed.sent.rate() * f64::from(*recipients);
    let reached = if copies >= AIM { "reached" } else { "missed" };
    text += &format!(
        "sealed copies per second, {recipients} for each mail: {copies:.0}; the aim of {AIM:.0} on two cores is {reached}\n\
         memory of the relay: {:.1} MB at most, sealing {:.1} MB, cells not included\n",
        plain.peak_bytes as f64 / 1e6,
        sealed.peak_bytes as f64 / 1e6
    );
    Ok(text)
}

fn address(number: u32) -> String {
    format!("person{number}@bench.example")
}

/// Mails of one sender to these.
fn to(load: &Load, recipients: &[String]) -> Arc<Parcel> {
    let (size_bytes, recipients) = (load.size_bytes, recipients.to_vec());
    Arc::new(move |number: usize| {
        let envelope = Envelope { mail_from: Some(SENDER.to_owned()), rcpt_to: recipients.clone(), client: None };
        let from = format!("person{number}@northwind.example");
        let mail = String::from_utf8_lossy(&load::mail(number, size_bytes)).replacen(&from, SENDER, 1);
        (envelope, mail.into_bytes())
    })
}

/// What a relay came to.
struct Ran {
    sent: Sent,
    cpu: Duration,
    peak_bytes: u64,
}

async fn through(
    folder: &Path,
    load: &Load,
    sink: u16,
    recipients: &[String],
    keys: Option<&Path>,
) -> Result<Ran, Failure> {
    let port = free_port()?;
    settings(folder, load, (sink, port), recipients.len(), keys)?;
    let mut relay = Measured::sealpost(&["serve", "--config", "sealpost.toml", "--role", "relay"], folder)?;
    relay.listens(&format!("127.0.0.1:{port}")).await?;
    let before = relay.used().cpu;
    let sent = load::send_each(&Target::smtp("127.0.0.1", port), load, to(load, recipients)).await?;
    Ok(Ran { sent, cpu: relay.used().cpu.saturating_sub(before), peak_bytes: relay.peak_bytes() })
}

fn row(name: &str, sent: &Sent, cpu: Duration) -> String {
    let (rate, p50, p99) = (sent.rate(), sent.latency_ms(0.5), sent.latency_ms(0.99));
    format!("{name:46} {rate:>9.0} {p50:>9.2} {p99:>9.2} {:>12.2}\n", per_mail(cpu, sent.mails))
}

/// A folder with a key of ours for the sender and a certificate of each recipient, which is trusted by itself.
fn keys(folder: &Path, recipients: &[String]) -> Result<PathBuf, Failure> {
    let (keys, aside) = (folder.join("seal-keys"), folder.join("their-keys"));
    let program = wire::own_program()?;
    let key = |dir: &Path, words: &[&str]| -> Result<Vec<u8>, Failure> {
        let mut command = Command::new(&program);
        command.arg("key").args(words).arg("--keys").arg(dir).current_dir(folder).stdin(Stdio::null());
        let output = command.output().map_err(|error| Failure::new(format!("a key cannot be made: {error}")))?;
        match output.status.success() {
            true => Ok(output.stdout),
            false => Err(Failure::new(format!("a key cannot be made: {}", String::from_utf8_lossy(&output.stderr)))),
        }
    };
    key(&keys, &["generate", "--algorithm", "rsa-2048", "--address", SENDER])?;
    for recipient in recipients {
        key(&aside, &["generate", "--algorithm", "rsa-2048", "--address", recipient])?;
        let certificate = folder.join("certificate.pem");
        std::fs::write(&certificate, key(&aside, &["export-public", recipient])?)
            .map_err(|error| Failure::new(format!("cannot write into {}: {error}", folder.display())))?;
        for shelf in ["people", "trusted"] {
            key(&keys, &["import", "--as", shelf, "certificate.pem"])?;
        }
    }
    Ok(keys)
}

/// A gateway that only relays.
fn settings(
    folder: &Path,
    load: &Load,
    (sink, relay): (u16, u16),
    recipients: usize,
    keys: Option<&Path>,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot write into {}: {error}", folder.display()));
    let (operations, clients) = (free_port()?, load.connections + 8);
    let connections = clients * recipients;
    let seals = match keys {
        Some(keys) => format!("seal = \"rules\"\nrules = \"sealing.toml\"\nkeys = \"{}\"\n", keys.display()),
        None => "seal = \"nothing\"\n".to_owned(),
    };
    let text = format!(
        "[store]\nfree_mib_min = 64\n[operations]\nlisten = \"127.0.0.1:{operations}\"\n[log]\nlevel = \"warn\"\n[cells]\nsandbox = \"reduced\"\n\
         [[outgoing]]\nname = \"sink\"\nhost = \"127.0.0.1\"\nport = {sink}\ntls = \"none\"\n\
         [[relay]]\nname = \"bench\"\noutgoing = \"sink\"\nlisten = \"127.0.0.1:{relay}\"\ntls = \"none\"\n{seals}\
         clients = [\"127.0.0.1\"]\nconnections = {connections}\nrecipients_max = {recipients}\nconnections_per_ip_max = {clients}\n"
    );
    std::fs::create_dir_all(folder.join("keys")).map_err(failed)?;
    store::create_master_key(&folder.join("keys/master.key"))?;
    let rules = "version = 1\n[default]\nencrypt = \"always\"\nsign = \"always\"\nscheme = \"smime_only\"\nfallback = \"do_not_send\"\n";
    std::fs::write(folder.join("sealing.toml"), rules).map_err(failed)?;
    std::fs::write(folder.join("sealpost.toml"), text).map_err(failed)
}
