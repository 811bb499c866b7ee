//! `sealpost bench intake`: SMTP in until the mail is durable.

use super::Load;
use super::child::Measured;
use super::{load, machine, postfix};
use crate::command::Failure;
use courier::submit::Target;
use std::path::Path;

/// Measures the machine, Sealpost and Postfix in this order, in one run.
pub async fn run(load: &Load) -> Result<(), Failure> {
    let folder = tempdir()?;
    let measured = measure(&folder, load).await;
    super::super::print(&left(&folder, measured)?)
}

/// A new folder below the one for temporary files.
pub fn tempdir() -> Result<std::path::PathBuf, Failure> {
    let folder = std::env::temp_dir().join(format!("sealpost-bench-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir_all(&folder)
        .map_err(|error| Failure::new(format!("cannot make {}: {error}", folder.display())))?;
    Ok(folder)
}

/// Removes the folder in which something was measured.
pub fn left<T>(folder: &Path, measured: Result<T, Failure>) -> Result<T, Failure> {
    std::fs::remove_dir_all(folder)
        .map_err(|error| Failure::new(format!("cannot remove {}: {error}", folder.display())))?;
    measured
}

async fn measure(folder: &Path, load: &Load) -> Result<String, Failure> {
    let disk = machine::disk(folder, load.size_bytes)?;
    let target = settings(folder)?;
    let mut running = Measured::sealpost(&["serve", "--config", "sealpost.toml", "--role", "intake"], folder)?;
    running.listens(&target).await?;
    let idle_bytes = running.resident_bytes();
    let before = running.used();
    let sent = load::send(&format!("smtp://{target}").parse::<Target>()?, load).await?;
    let cpu = running.used().cpu.saturating_sub(before.cpu);
    let peak_bytes = running.peak_bytes();
    drop(running);
    let peer = postfix::measure(folder, load).await?;
    let mut text = format!(
        "{} mails of {} bytes over {} connections\n\n{:34} {:>9} {:>9} {:>9} {:>12}\n",
        load.mails, load.size_bytes, load.connections, "", "mails/s", "p50 ms", "p99 ms", "CPU ms/mail"
    );
    text += &row("machine: append + fdatasync each", disk.single, Some((disk.single_p50_ms, disk.single_p99_ms)), None);
    text += &row("machine: one fdatasync per 32", disk.grouped, None, None);
    text += &row(
        "Sealpost: SMTP to durable, sealed",
        sent.rate(),
        Some((sent.latency_ms(0.5), sent.latency_ms(0.99))),
        Some(per_mail(cpu, sent.mails)),
    );
    match peer {
        Some(peer) => {
            let own = per_mail(peer.cpu, peer.sent.mails);
            text += &row(
                "Postfix: SMTP to durable",
                peer.sent.rate(),
                Some((peer.sent.latency_ms(0.5), peer.sent.latency_ms(0.99))),
                Some(own),
            );
            text += &format!(
                "\nSealpost / Postfix: rate {:.2}, CPU {:.2}\n",
                sent.rate() / peer.sent.rate(),
                per_mail(cpu, sent.mails) / own
            );
        }
        None => text += "Postfix is not installed, or this is not root: no peer was measured\n",
    }
    text += &format!(
        "memory of the gateway: {:.1} MB idle, {:.1} MB at most\n",
        idle_bytes as f64 / 1e6,
        peak_bytes as f64 / 1e6
    );
    Ok(text)
}

/// A port of loopback that nobody listens on.
pub fn free_port() -> Result<u16, Failure> {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
    socket.map(|address| address.port()).map_err(|error| Failure::new(format!("no free port: {error}")))
}

/// Milliseconds of CPU per mail.
pub fn per_mail(cpu: std::time::Duration, mails: usize) -> f64 {
    cpu.as_secs_f64() * 1000.0 / mails.max(1) as f64
}

fn row(name: &str, rate: f64, latency: Option<(f64, f64)>, cpu: Option<f64>) -> String {
    let (p50, p99) =
        latency.map_or((String::new(), String::new()), |(p50, p99)| (format!("{p50:.2}"), format!("{p99:.2}")));
    let cpu = cpu.map_or(String::new(), |cpu| format!("{cpu:.2}"));
    format!("{name:34} {rate:>9.0} {p50:>9} {p99:>9} {cpu:>12}\n")
}

/// A gateway that only takes in; returns where it listens.
fn settings(folder: &Path) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot write into {}: {error}", folder.display()));
    let (smtp, operations) = (free_port()?, free_port()?);
    let text = format!(
        "[store]\nfree_mib_min = 64\n[operations]\nlisten = \"127.0.0.1:{operations}\"\n[log]\nlevel = \"warn\"\n[cells]\nsandbox = \"reduced\"\n\
         [[site]]\nname = \"bench\"\napi_base = \"http://127.0.0.1:9\"\nbrowse_base = \"http://127.0.0.1:9\"\naccount = \"gateway@desk.example\"\ntoken = \"file:keys/token\"\nallow_private = true\nrequests_per_s = 0\n\
         [[mailbox]]\nname = \"support\"\nsite = \"bench\"\nlisten = \"127.0.0.1:{smtp}\"\nprofile = \"support\"\n\
         [[profile]]\nname = \"support\"\nfile = \"profile.toml\"\n"
    );
    std::fs::create_dir_all(folder.join("keys")).map_err(failed)?;
    store::create_master_key(&folder.join("keys/master.key"))?;
    store::create_master_key(&folder.join("keys/token"))?;
    std::fs::write(folder.join("sealpost.toml"), text).map_err(failed)?;
    std::fs::write(folder.join("profile.toml"), crate::command::demo::PROFILE).map_err(failed)?;
    Ok(format!("127.0.0.1:{smtp}"))
}
