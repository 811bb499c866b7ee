//! `sealpost bench walk` and `bench large`: from SMTP to an issue in the desk, everything included.

use super::Load;
use super::child::Measured;
use super::intake::{left, per_mail, tempdir};
use super::load;
use crate::command::Failure;
use crate::command::demo::{Home, Tenant};
use courier::submit::{Target, submit};
use mail::Envelope;
use std::path::Path;
use std::time::{Duration, Instant};
use store::{JobState, Store};

/// The longest that a walk may take before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long a start settles before memory is called idle.
const SETTLE: Duration = Duration::from_secs(2);

/// A demo without samples in a folder of its own, its store opened for looking.
struct Walk {
    running: Measured,
    target: Target,
    store: Store,
}

/// Sends the load and waits until every mail has come to its end.
pub async fn run(load: &Load) -> Result<(), Failure> {
    let folder = tempdir()?;
    let measured = measure(&folder, load).await;
    super::super::print(&left(&folder, measured)?)
}

/// Sends one large mail and looks at the memory outside the cells.
pub async fn run_large(size_mb: usize) -> Result<(), Failure> {
    let folder = tempdir()?;
    let measured = measure_large(&folder, size_mb).await;
    super::super::print(&left(&folder, measured)?)
}

async fn measure(folder: &Path, load: &Load) -> Result<String, Failure> {
    let walk = start(folder).await?;
    tokio::time::sleep(SETTLE).await;
    let idle_bytes = walk.running.resident_bytes();
    let before = walk.running.used();
    let begun = Instant::now();
    let sent = load::send(&walk.target, load).await?;
    quiet(&walk.store, sent.mails as u64).await?;
    let took = begun.elapsed();
    let cpu = walk.running.used().cpu.saturating_sub(before.cpu);
    let text = format!(
        "{} mails of {} bytes over {} connections, each an issue\n\
         accepted: {:.0} mails/s, p50 {:.2} ms, p99 {:.2} ms\n\
         walked:   {:.0} mails/s, {:.2} CPU ms per mail (gateway, cells and desk together)\n\
         memory:   {:.1} MB idle, {:.1} MB at most (gateway and desk, without cells)\n",
        sent.mails,
        load.size_bytes,
        load.connections,
        sent.rate(),
        sent.latency_ms(0.5),
        sent.latency_ms(0.99),
        sent.mails as f64 / took.as_secs_f64(),
        per_mail(cpu, sent.mails),
        idle_bytes as f64 / 1e6,
        walk.running.peak_bytes() as f64 / 1e6,
    );
    walk.store.close().await;
    Ok(text)
}

async fn measure_large(folder: &Path, size_mb: usize) -> Result<String, Failure> {
    let walk = start(folder).await?;
    // One small mail first, so that what is measured is the large one and not the first use of anything.
    one(&walk, load::mail(0, 20_000)).await?;
    let before = walk.running.resident_bytes();
    let begun = Instant::now();
    // The listener takes 50 MiB; base64 and headers are part of the size here, as they are there.
    one(&walk, load::mail_with_attachment(1, size_mb * 1_000_000)).await?;
    let text = format!(
        "one mail of {size_mb} MB, to an issue with its attachment in {:.1} s\nmemory outside the cells: {:.1} MB before, {:.1} MB at most, {:.1} MB more\n",
        begun.elapsed().as_secs_f64(),
        before as f64 / 1e6,
        walk.running.peak_bytes() as f64 / 1e6,
        walk.running.peak_bytes().saturating_sub(before) as f64 / 1e6,
    );
    walk.store.close().await;
    Ok(text)
}

async fn one(walk: &Walk, raw: Vec<u8>) -> Result<(), Failure> {
    let envelope = Envelope {
        mail_from: Some("person@northwind.example".into()),
        rcpt_to: vec!["support@desk.example".into()],
        client: None,
    };
    let delivery = submit(&walk.target, &envelope, &raw).await?;
    let id = delivery.id().ok_or_else(|| Failure::new("the listener gave no id"))?;
    let story = crate::command::deliver::ended(&walk.store, id, PATIENCE).await?;
    match story {
        Some(story) if story.line.job == JobState::Done => Ok(()),
        Some(story) => Err(Failure::new(format!("the mail did not become an issue: {:?}", story.line.fault))),
        None => Err(Failure::new("the mail did not come to its end in time")),
    }
}

async fn start(folder: &Path) -> Result<Walk, Failure> {
    let data = folder.join("demo");
    // Without samples; the claim ends here, so that the demo itself can make it.
    Home::claim(&data, Tenant::Demo)?.set_fed()?;
    let mut running = Measured::sealpost(&["demo", "--data", "demo", "--inbound-only"], folder)?;
    let settings = written(&data).await?;
    let listen = settings.mailboxes.first().map(|mailbox| mailbox.listen.clone()).unwrap_or_default();
    running.listens(&listen).await?;
    Ok(Walk { running, target: format!("smtp://{listen}").parse()?, store: Store::open(&settings.store).await? })
}

/// The demo's settings, once it has written them.
async fn written(data: &Path) -> Result<crate::settings::Settings, Failure> {
    let begun = Instant::now();
    loop {
        match crate::settings::load(&data.join("sealpost.toml")) {
            Ok(settings) => return Ok(settings),
            Err(problems) if begun.elapsed() > PATIENCE => return Err(problems.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Waits until this many messages are there and no job is open.
async fn quiet(store: &Store, messages: u64) -> Result<(), Failure> {
    let begun = Instant::now();
    loop {
        let figures = store.figures().await?;
        let open = [JobState::Ready, JobState::Running, JobState::Waiting];
        let left: u64 = figures
            .jobs
            .iter()
            .filter(|(kind, state, _, _)| *kind != store::JobKind::Sweep && open.contains(state))
            .map(|job| job.2)
            .sum();
        if figures.messages >= messages && left == 0 {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(Failure::new(format!("{left} jobs are still open")));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
