//! `sealpost bench relay`: mails through the relay into a sink, beside the same mails straight to the sink.

use super::Load;
use super::child::Measured;
use super::intake::{free_port, left, per_mail, tempdir};
use super::load::{self, Sent};
use crate::command::Failure;
use courier::submit::Target;
use std::path::Path;
use std::time::Duration;

/// Measures both in one run.
pub async fn run(load: &Load) -> Result<(), Failure> {
    let folder = tempdir()?;
    let measured = measure(&folder, load).await;
    super::super::print(&left(&folder, measured)?)
}

async fn measure(folder: &Path, load: &Load) -> Result<String, Failure> {
    let (sink_port, relay_port) = (free_port()?, free_port()?);
    let port = sink_port.to_string();
    let mut sink = Measured::sealpost(&["bench", "sink", "--port", &port], folder)?;
    sink.listens(&format!("127.0.0.1:{port}")).await?;
    let straight = load::send(&Target::smtp("127.0.0.1", sink_port), load).await?;
    let sink_cpu = sink.used().cpu;
    settings(folder, load, sink_port, relay_port)?;
    let mut relay = Measured::sealpost(&["serve", "--config", "sealpost.toml", "--role", "relay"], folder)?;
    relay.listens(&format!("127.0.0.1:{relay_port}")).await?;
    let before = relay.used().cpu;
    let relayed = load::send(&Target::smtp("127.0.0.1", relay_port), load).await?;
    let cpu = relay.used().cpu.saturating_sub(before);
    let mut text = format!(
        "{} mails of {} bytes over {} connections, one recipient each, nothing sealed\n\n{:34} {:>9} {:>9} {:>9} {:>12}\n",
        load.mails, load.size_bytes, load.connections, "", "mails/s", "p50 ms", "p99 ms", "CPU ms/mail"
    );
    text += &row("straight to the sink", &straight, sink_cpu);
    text += &row("Sealpost: through the relay", &relayed, cpu);
    text += &format!("memory of the relay: {:.1} MB at most\n", relay.peak_bytes() as f64 / 1e6);
    Ok(text)
}

fn row(name: &str, sent: &Sent, cpu: Duration) -> String {
    let (rate, p50, p99) = (sent.rate(), sent.latency_ms(0.5), sent.latency_ms(0.99));
    format!("{name:34} {rate:>9.0} {p50:>9.2} {p99:>9.2} {:>12.2}\n", per_mail(cpu, sent.mails))
}

/// A gateway that only relays.
fn settings(folder: &Path, load: &Load, sink: u16, relay: u16) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot write into {}: {error}", folder.display()));
    let (operations, connections) = (free_port()?, load.connections + 8);
    let text = format!(
        "[store]\nfree_mib_min = 64\n[operations]\nlisten = \"127.0.0.1:{operations}\"\n[log]\nlevel = \"warn\"\n[cells]\nsandbox = \"reduced\"\n\
         [[site]]\nname = \"bench\"\napi_base = \"http://127.0.0.1:9\"\nbrowse_base = \"http://127.0.0.1:9\"\naccount = \"gateway@desk.example\"\ntoken = \"file:keys/token\"\nallow_private = true\n\
         [[outgoing]]\nname = \"sink\"\nhost = \"127.0.0.1\"\nport = {sink}\ntls = \"none\"\n\
         [[relay]]\nname = \"bench\"\nsite = \"bench\"\noutgoing = \"sink\"\nseal = \"nothing\"\nlisten = \"127.0.0.1:{relay}\"\ntls = \"none\"\n\
         clients = [\"127.0.0.1\"]\nconnections = {connections}\nrecipients_max = 1\nconnections_per_ip_max = {connections}\n"
    );
    std::fs::create_dir_all(folder.join("keys")).map_err(failed)?;
    store::create_master_key(&folder.join("keys/master.key"))?;
    store::create_master_key(&folder.join("keys/token"))?;
    std::fs::write(folder.join("sealpost.toml"), text).map_err(failed)
}
