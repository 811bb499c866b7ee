//! `sealpost bench send`: letters about events, from what happened to the sink that takes them, beside clients that send ready mails.

use super::answers::Answers;
use super::child::{self, Measured};
use super::intake::{free_port, left, per_mail, tempdir};
use super::sink::Watcher;
use super::{hook, machine, smtp_peers};
use crate::command::Failure;
use courier::submit::{Host, Security, Target};
use engine::cell::{Renderer, Sandbox};
use engine::{Gateway, Outgoing, OutgoingLimits, Parts, Shelves, Site, Tokens};
use mail::Address;
use policy::Mappings;
use policy::event::{Actor, Event, EventKind};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Store, Via};
use tracker::Dialect;

/// Nothing here takes longer unless it hangs.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two looks at how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What is sent.
#[derive(Debug, Clone, clap::Args)]
pub struct Letters {
    /// How many letters.
    #[arg(long, default_value_t = 6000)]
    letters: usize,
    /// How many people are told of each event.
    #[arg(long, default_value_t = 50)]
    people: usize,
    /// How many connections the sink may have.
    #[arg(long, default_value_t = 16)]
    connections: usize,
}

/// One thing that was measured.
struct Row {
    name: &'static str,
    took: Duration,
    cpu: Duration,
}

/// A sink in a process of its own.
struct Sink {
    process: Measured,
    watcher: Watcher,
    port: u16,
}

/// Measures Sealpost and the peers in one run.
pub async fn run(letters: &Letters) -> Result<(), Failure> {
    let folder = tempdir()?;
    let measured = measure(&folder, letters).await;
    super::super::print(&left(&folder, measured)?)
}

async fn measure(folder: &Path, letters: &Letters) -> Result<String, Failure> {
    let disk = machine::disk(folder, 8_000)?;
    let has_tls = hook::certificate(folder)?;
    let mut sink = Sink::start(folder, has_tls).await?;
    let mut rows = apart(&folder.join("apart"), letters, &mut sink).await?;
    let (mails, bytes) = sink.taken().await?;
    let size_bytes = (bytes / mails.max(1)) as usize;
    rows.push(together(&folder.join("plain"), letters, &mut sink, Security::None).await?);
    if has_tls {
        rows.push(together(&folder.join("tls"), letters, &mut sink, Security::StartTls).await?);
    }
    let peers = smtp_peers::measure(sink.port, letters.letters, size_bytes, has_tls)?;
    let mut text = format!(
        "{} letters of {size_bytes} bytes, {} people for each event, over at most {} connections\n\n{:52} {:>10} {:>10}\n",
        letters.letters, letters.people, letters.connections, "", "letters/s", "CPU ms"
    );
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{:52} {:>10.0}", "machine: append + fdatasync each", disk.single);
    for Row { name, took, cpu } in &rows {
        let (rate, cpu) = (letters.letters as f64 / took.as_secs_f64(), per_mail(*cpu, letters.letters));
        let _ = writeln!(text, "{name:52} {rate:>10.0} {cpu:>10.3}");
    }
    for peer in peers {
        match peer.took {
            Some(took) => {
                let _ = writeln!(text, "{:52} {:>10.0}", peer.name, letters.letters as f64 / took.as_secs_f64());
            }
            None => {
                let _ = writeln!(text, "{:52} {:>10}", peer.name, "not there");
            }
        }
    }
    let sink_cpu = sink.process.used().cpu;
    let (mails, _) = sink.taken().await?;
    let _ = writeln!(text, "the sink itself: {:.3} CPU ms per mail", per_mail(sink_cpu, mails as usize));
    Ok(text)
}

impl Sink {
    async fn start(folder: &Path, has_tls: bool) -> Result<Sink, Failure> {
        let port = free_port()?;
        let number = port.to_string();
        let mut words = vec!["bench", "sink", "--port", &number];
        if has_tls {
            words.extend(["--certificate", "certificate.pem", "--key", "key.pem"]);
        }
        let mut process = Measured::sealpost(&words, folder)?;
        process.listens(&format!("127.0.0.1:{port}")).await?;
        let watcher = Watcher::at(port).await.map_err(|error| broken(&error))?;
        Ok(Sink { process, watcher, port })
    }

    async fn taken(&mut self) -> Result<(u64, u64), Failure> {
        self.watcher.taken().await.map_err(|error| broken(&error))
    }

    fn target(&self, folder: &Path, security: Security) -> Target {
        Target {
            host: Host::Tcp { name: "localhost".to_owned(), port: self.port },
            security,
            authorities: Some(folder.with_file_name("certificate.pem")).filter(|_| security != Security::None),
            ..Target::smtp("", 0)
        }
    }
}

/// First all letters are written, then all are delivered: what each half costs.
async fn apart(folder: &Path, letters: &Letters, sink: &mut Sink) -> Result<Vec<Row>, Failure> {
    let store = open(folder).await?;
    let settings = engine::Settings { deliveries_max: 0, ..settings() };
    let gateway = start(&store, letters, sink.target(folder, Security::None), settings).await?;
    let before = used(sink);
    let begun = Instant::now();
    happen(&store, letters).await?;
    until(&gateway, "sealpost_letters_posted_total", letters.letters).await?;
    let written = Row {
        name: "Sealpost: decided, rendered, sealed, written",
        took: begun.elapsed(),
        cpu: used(sink).saturating_sub(before),
    };
    gateway.shutdown().await;
    let gateway = start(&store, letters, sink.target(folder, Security::None), self::settings()).await?;
    let before = used(sink);
    let begun = Instant::now();
    until(&gateway, "sealpost_letters_sent_total", letters.letters).await?;
    let delivered = Row {
        name: "Sealpost: delivered from the outbox",
        took: begun.elapsed(),
        cpu: used(sink).saturating_sub(before),
    };
    gateway.shutdown().await;
    store.close().await;
    Ok(vec![written, delivered])
}

/// Everything at once, as it is.
async fn together(folder: &Path, letters: &Letters, sink: &mut Sink, security: Security) -> Result<Row, Failure> {
    let store = open(folder).await?;
    let gateway = start(&store, letters, sink.target(folder, security), settings()).await?;
    let (had, _) = sink.taken().await?;
    let before = used(sink);
    let begun = Instant::now();
    happen(&store, letters).await?;
    until(&gateway, "sealpost_letters_sent_total", letters.letters).await?;
    let (took, cpu) = (begun.elapsed(), used(sink).saturating_sub(before));
    let (has, _) = sink.taken().await?;
    if has - had != letters.letters as u64 {
        return Err(Failure::new(format!("the sink has {} of {} letters", has - had, letters.letters)));
    }
    gateway.shutdown().await;
    store.close().await;
    let name = match security {
        Security::None => "Sealpost: from event to sink, in plain",
        Security::StartTls | Security::Implicit => "Sealpost: from event to sink, STARTTLS",
    };
    Ok(Row { name, took, cpu })
}

fn settings() -> engine::Settings {
    engine::Settings { public_url: Some("https://gateway.example".to_owned()), ..engine::Settings::default() }
}

async fn open(folder: &Path) -> Result<Store, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot write into {}: {error}", folder.display()));
    std::fs::create_dir_all(folder.join("keys")).map_err(failed)?;
    let settings = store::Settings::in_folder(folder);
    store::create_master_key(&settings.master_key)?;
    Ok(Store::open(&settings).await?)
}

/// A gateway in this process; its cells are processes of their own, as always.
async fn start(
    store: &Store,
    letters: &Letters,
    target: Target,
    settings: engine::Settings,
) -> Result<Gateway, Failure> {
    let people: Vec<String> = (0..letters.people).map(|one| format!("\"person{one}@example.net\"")).collect();
    let mappings = format!(
        "[default]\nfrom_name = \"Example support\"\naudience = []\naudience_max = 1000\naddresses = [{}]\n\
         [[mapping]]\nname = \"support\"\nevents = [\"commented\"]\nurgent = true\n",
        people.join(", ")
    );
    let limits = OutgoingLimits { connections: letters.connections, ..OutgoingLimits::default() };
    let from = Address { name: Some("Support".to_owned()), address: "support@desk.example".to_owned() };
    let way = Outgoing::new(Some(target), None, from).with_shelf(Shelves::default().of("sink", limits));
    let site = Site::new("bench", Dialect::JiraCloud, Arc::new(Answers), &settings)
        .with_browse_base("https://jira.example")
        .with_outgoing(Some(way))
        .with_mappings(Some(Arc::new(Mappings::from_toml(&mappings, "the bench")?)));
    let renderer = Renderer::new(
        engine::cell::Settings::default().cells,
        Sandbox::Reduced,
        crate::wire::own_program()?,
        vec!["cell".into()],
    );
    Ok(Gateway::start(Parts {
        plans: Vec::new(),
        bulletins: engine::Bulletins::default(),
        store: store.clone(),
        reader: Arc::new(engine::cell::MailReader::new(
            super::super::files::cells().await?,
            engine::opening::Openings::default(),
        )),
        letters: Arc::new(renderer),
        sites: vec![site],
        mailboxes: Vec::new(),
        tokens: Tokens::new(store.clone()),
        settings,
    }))
}

/// Comments on as many issues as are needed.
async fn happen(store: &Store, letters: &Letters) -> Result<(), Failure> {
    for number in 0..letters.letters.div_ceil(letters.people) {
        let event = Event {
            kind: EventKind::Commented,
            issue_id: (10_000 + number).to_string(),
            issue_key: Some(format!("DEMO-{}", 10_000 + number)),
            at_ms: 1_795_000_000_000,
            actor: Some(Actor { id: "5c0000".to_owned(), name: "Ann Example".to_owned() }),
            part: Some((50_000 + number).to_string()),
            changes: Vec::new(),
            last: None,
        };
        store.take_in_events("bench", &[(&event, Some(0))], b"", Via::Webhook).await?;
    }
    Ok(())
}

/// Waits until a figure of the gateway is there.
async fn until(gateway: &Gateway, name: &str, number: usize) -> Result<(), Failure> {
    let begun = Instant::now();
    loop {
        let text = gateway.own_metrics();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<usize>().ok());
        if line >= Some(number) {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            return Err(Failure::new(format!("{name} stays at {}", line.unwrap_or_default())));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// CPU time of this process and its cells, without the sink's.
fn used(sink: &Sink) -> Duration {
    child::used_by_family(std::process::id()).saturating_sub(sink.process.used().cpu)
}

fn broken(error: &std::io::Error) -> Failure {
    Failure::new(format!("the sink: {error}"))
}
