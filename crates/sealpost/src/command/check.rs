//! `sealpost check`: what works, what does not, and what to do about it.

mod sealing;
mod templates;

use super::{Failure, counted, fault_in_words};
use crate::settings::{self, Mailbox, Opening, Sealing, Settings};
use crate::wire;
use engine::cell::SandboxState;
use engine::keys::Openers;
use engine::outside::KeySources;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;
use store::Store;

/// Each thing that is looked at answers within this time, or counts as not working.
const WITHIN: Duration = Duration::from_secs(30);

/// What a site gets more of it for each project, and for each search, role and group of its mappings.
const EACH_PROJECT: Duration = Duration::from_secs(3);

/// Of more than these a site gets no more of it.
const QUESTIONS_MAX: u32 = 1000;

/// What was found: one line for each thing, and whether all is well.
#[derive(Default)]
struct Findings {
    wrong: usize,
}

impl Findings {
    fn say(&mut self, what: &str, verdict: Result<String, String>) -> Result<(), Failure> {
        match verdict {
            Ok(how) => super::print(&format!("works       {what}: {how}\n")),
            Err(why) => {
                self.wrong += 1;
                super::print(&format!("DOES NOT    {what}: {why}\n"))
            }
        }
    }
}

/// Looks at everything that `serve` will need, changing nothing but an empty database that gets its tables.
pub async fn run(config: &Path) -> Result<(), Failure> {
    let mut findings = Findings::default();
    let settings = match settings::load(config) {
        Ok(settings) => settings,
        Err(problems) => {
            for problem in &problems {
                findings.say("settings", Err(problem.to_string()))?;
            }
            return Err(Failure::told());
        }
    };
    let profiles = counted(settings.profiles.len(), "profile", "profiles");
    findings.say("settings", Ok(format!("{} and {profiles} are right", config.display())))?;
    let opened = opened(&settings).await;
    let verdict = opened.as_ref().map(|_| "open, readable and writable".to_owned()).map_err(Clone::clone);
    findings.say("database, key book, master key, blobs", verdict)?;
    let store = opened.ok();
    let looked = look_at_all(&settings, store.as_ref(), &mut findings).await;
    if let Some(store) = store {
        store.close().await;
    }
    looked?;
    match findings.wrong {
        0 => Ok(()),
        wrong => Err(Failure::new(counted(wrong, "thing does not work", "things do not work"))),
    }
}

/// Everything beside the store. What needs one that does not open says so, or nothing when that was told already.
async fn look_at_all(settings: &Settings, store: Option<&Store>, findings: &mut Findings) -> Result<(), Failure> {
    findings.say("cells", cells(settings).await)?;
    let openers = openers(settings, store).await?;
    let running = tokio::time::timeout(WITHIN, wire::ask_what_listens(settings)).await.unwrap_or_default();
    look_at_pages(settings, &running, findings)?;
    for mailbox in &settings.mailboxes {
        let verdict = match &mailbox.fetched {
            Some(fetched) => within(wire::ask_how_many(settings, store, mailbox, fetched)).await,
            None if mailbox.api => Ok("mail is handed in to it over HTTP, with tokens".to_owned()),
            None => listener_of(&mailbox.listen, &running),
        };
        let shadow = if mailbox.shadow { ", in shadow: nothing is done about its mail" } else { "" };
        findings.say(&format!("mailbox {}", mailbox.name), verdict.map(|how| how + shadow))?;
        look_at_opening(mailbox, &openers, findings).await?;
        if let (Some(hours), Some(store)) = (mailbox.silent_after_h, store) {
            let verdict = within(wire::listen_for_silence(store, mailbox, hours)).await;
            findings.say(&format!("mail of mailbox {}", mailbox.name), verdict)?;
        }
    }
    look_at_sites(settings, store, &openers, findings).await?;
    for ending in endings(settings, store).await {
        findings.say(&ending.name(), ending.verdict())?;
    }
    for outgoing in &settings.outgoing {
        findings.say(&format!("outgoing {}", outgoing.name), within(wire::greet(store, outgoing)).await)?;
    }
    look_at_relays(settings, &openers, &running, findings).await?;
    look_at_key_sources(settings, findings).await?;
    for key in settings.dkim.iter().map(|one| &one.key) {
        findings.say(&format!("dkim {}", key.record_name()), super::dkim::verdict(key))?;
    }
    Ok(())
}

/// What is not for mail.
fn look_at_pages(settings: &Settings, running: &wire::Listening, findings: &mut Findings) -> Result<(), Failure> {
    findings.say("console.listen", listener(settings.console.listen, running))?;
    findings.say("operations.listen", listener(settings.operations, running))?;
    match &settings.public {
        Some(public) => findings.say(&format!("public.listen for {}", public.url), listener(public.listen, running)),
        None => Ok(()),
    }
}

/// Where relays listen, and what they seal by.
async fn look_at_relays(
    settings: &Settings,
    openers: &Openers,
    running: &wire::Listening,
    findings: &mut Findings,
) -> Result<(), Failure> {
    for relay in &settings.relays {
        for address in relay.listen.into_iter().chain(relay.listen_implicit) {
            findings.say(&format!("relay {}", relay.name), listener(address, running))?;
        }
        let name = format!("relay {}", relay.name);
        match (&relay.sealing, &relay.opening) {
            (Some(sealing), _) => {
                if let Some(record) = &sealing.record {
                    let text =
                        format!("mail is handed on as it comes, and {} gets what rules would do", record.display());
                    findings.say(&format!("{name}, sealing"), Ok(text))?;
                }
                look_at_sealing(&name, sealing, openers, findings).await?;
            }
            (None, Some(opening)) => look_at_keys(&name, opening, openers, findings).await?,
            (None, None) => {
                let text = "mail is handed on as it comes; write seal = \"rules\" to have it sealed";
                findings.say(&format!("{name}, sealing"), Ok(text.to_owned()))?;
            }
        }
    }
    Ok(())
}

/// Whether each source of keys answers; it is asked about nobody.
async fn look_at_key_sources(settings: &Settings, findings: &mut Findings) -> Result<(), Failure> {
    if settings.key_sources.is_empty() {
        return Ok(());
    }
    let sources = KeySources::new(settings.key_sources.clone(), wire::cells(settings).await?)?;
    for (name, kind, greeted) in sources.greet_each().await {
        let verdict = greeted
            .map_err(|unfound| format!("{}; see this [[key_source]], and whether mail may wait for it", unfound.why()));
        findings.say(&format!("key source {name} ({})", kind.word()), verdict)?;
    }
    Ok(())
}

/// With what the mail of a mailbox is opened.
async fn look_at_opening(mailbox: &Mailbox, openers: &Openers, findings: &mut Findings) -> Result<(), Failure> {
    match &mailbox.opening {
        Some(opening) => look_at_keys(&format!("mailbox {}", mailbox.name), opening, openers, findings).await,
        None => Ok(()),
    }
}

/// What is found about keys that open mail.
async fn look_at_keys(of: &str, opening: &Opening, openers: &Openers, findings: &mut Findings) -> Result<(), Failure> {
    let (of, opening, openers) = (of.to_owned(), opening.clone(), openers.clone());
    let found = tokio::task::spawn_blocking(move || sealing::of_opening(&of, &opening, &openers)).await;
    let found = found.map_err(|error| Failure::new(format!("keys cannot be looked at: {error}")))?;
    found.into_iter().try_for_each(|(what, verdict)| findings.say(&what, verdict))
}

/// By which rules and keys something seals, and what they miss.
async fn look_at_sealing(
    of: &str,
    sealing: &Sealing,
    openers: &Openers,
    findings: &mut Findings,
) -> Result<(), Failure> {
    let (of, sealing, openers) = (of.to_owned(), sealing.clone(), openers.clone());
    let found = tokio::task::spawn_blocking(move || sealing::verdicts(&of, &sealing, &openers)).await;
    let found = found.map_err(|error| Failure::new(format!("rules and keys cannot be looked at: {error}")))?;
    found.into_iter().try_for_each(|(what, verdict)| findings.say(&what, verdict))
}

/// What opens keys that no password does; the vault where the store opens.
async fn openers(settings: &Settings, store: Option<&Store>) -> Result<Openers, Failure> {
    match store {
        Some(store) => wire::openers(settings, store).await,
        None => Ok(Openers { vault: None, tokens: settings.key_tokens.clone() }),
    }
}

async fn look_at_sites(
    settings: &Settings,
    store: Option<&Store>,
    openers: &Openers,
    findings: &mut Findings,
) -> Result<(), Failure> {
    for site in &settings.sites {
        let late = || wire::SiteFindings::nothing(no_answer());
        let projects = wire::projects_of(settings, &site.name).len().min(wire::PROJECTS_MAX);
        let questions = projects.saturating_add(wire::questions_of(site));
        let patience = WITHIN + EACH_PROJECT * u32::try_from(questions).unwrap_or(QUESTIONS_MAX).min(QUESTIONS_MAX);
        let looked = tokio::time::timeout(patience, wire::look_at(settings, store, site)).await;
        let found = looked.unwrap_or_else(|_| late());
        let environment = site.environment.as_ref().map(|label| format!(", {label}")).unwrap_or_default();
        findings.say(&format!("site {} (region {}{environment})", site.name, site.region), found.site)?;
        for (project, verdict) in found.projects {
            findings.say(&format!("site {}, project {project}", site.name), verdict)?;
        }
        if let Some(verdict) = found.fields {
            findings.say(&format!("site {}, fields for people without an account", site.name), verdict)?;
        }
        if let Some(verdict) = found.mappings {
            findings.say(&format!("site {}, mappings", site.name), verdict)?;
        }
        if let Some(verdict) = found.webhooks {
            findings.say(&format!("site {}, webhooks", site.name), verdict)?;
        }
        if let Some(verdict) = found.history {
            findings.say(&format!("site {}, history", site.name), verdict)?;
        }
        findings.say(&format!("letters of site {}", site.name), Ok(letters(site)))?;
        if let Some(sealing) = &site.sealing {
            look_at_sealing(&format!("letters of site {}", site.name), sealing, openers, findings).await?;
        }
        for verdict in templates::verdicts(site).await? {
            findings.say(&format!("templates of site {}", site.name), verdict)?;
        }
    }
    Ok(())
}

async fn within(asking: impl Future<Output = Result<String, String>>) -> Result<String, String> {
    tokio::time::timeout(WITHIN, asking).await.unwrap_or_else(|_| Err(no_answer()))
}

fn no_answer() -> String {
    format!("no answer within {} s; see whether the server and the way there work", WITHIN.as_secs())
}

/// The store, when it can be read and written.
async fn opened(settings: &Settings) -> Result<Store, String> {
    let opened = tokio::time::timeout(WITHIN, async {
        let store = Store::open(&settings.store).await?;
        match store.check().await {
            Ok(()) => Ok(store),
            Err(fault) => {
                store.close().await;
                Err(fault)
            }
        }
    });
    match opened.await {
        Ok(opened) => opened.map_err(|fault| fault_in_words(&fault)),
        Err(_) => Err(format!("no answer within {} s; see whether the database runs", WITHIN.as_secs())),
    }
}

/// What ends some day; nothing when the store does not open, which was told already.
async fn endings(settings: &Settings, store: Option<&Store>) -> Vec<wire::Ending> {
    let Some(store) = store else { return Vec::new() };
    let endings = wire::Endings::new(settings, store.clone());
    tokio::time::timeout(WITHIN, endings.all()).await.ok().and_then(Result::ok).unwrap_or_default()
}

async fn cells(settings: &Settings) -> Result<String, String> {
    let cells = wire::cells(settings).await.map_err(|failure| failure.text)?;
    match cells.sandbox() {
        SandboxState::Full => Ok("the sandbox is full: no files, no network, limited memory and time".into()),
        SandboxState::Reduced(missing) => {
            Ok(format!("the sandbox is reduced, as the settings allow; missing: {missing}"))
        }
    }
}

/// Where letters go: what must not surprise anybody.
fn letters(site: &settings::Site) -> String {
    let (letters, mappings) = (&site.letters, site.mappings.is_some());
    match (letters.dead_end, &letters.outgoing) {
        (true, _) => "it is a dead end, nothing leaves; set dead_end = false when it may write to real people".into(),
        (false, Some(outgoing)) => format!("they leave by {outgoing}"),
        (false, None) if mappings => {
            "those about events leave as the mappings say; no others can, and no profile wants one".into()
        }
        (false, None) => "none can leave, and no profile wants one".into(),
    }
}

/// The listener of a mailbox.
fn listener_of(listen: &str, running: &wire::Listening) -> Result<String, String> {
    if let Some(path) = listen.strip_prefix("unix:") {
        return Ok(format!("a local socket at {path}"));
    }
    let address =
        listen.parse().map_err(|_| format!("{listen} is not HOST:PORT; write for example \"127.0.0.1:2525\""))?;
    listener(address, running)
}

/// Can the address be listened on? The running gateway of these settings has it already, which is no mistake.
fn listener(listen: SocketAddr, running: &wire::Listening) -> Result<String, String> {
    match TcpListener::bind(listen) {
        Ok(_) => Ok(format!("{listen} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => match running.has(listen) {
            true => Ok(format!("{listen} is in use by the running gateway of these settings")),
            false => Err(format!(
                "{listen} is in use by another program, or by a gateway that does not answer at this operations.listen; \
                 stop it, or write another address"
            )),
        },
        Err(error) => Err(format!("{listen} cannot be listened on: {error}; choose an address of this machine")),
    }
}
