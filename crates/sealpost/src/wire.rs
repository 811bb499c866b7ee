//! Puts the parts together as the settings say, runs them, and stops them in order.

mod accounts;
mod adapters;
mod endings;
mod explaining;
mod fetching;
mod hands;
mod key_folders;
mod listeners;
mod listening;
mod observe;
mod openings;
mod outgoing;
mod outside;
mod own_keys;
mod pages;
mod pen;
mod portal;
mod previewing;
mod public;
mod relays;
mod reload;
mod site_check;
mod site_fields;
mod site_mappings;
mod site_projects;
mod uploads;
mod webhooks;

pub use adapters::{cells, letter_sealer, own_program, sites};
pub use endings::{Ending, Endings};
pub use fetching::{ask_how_many, listen_for_silence};
pub use listening::{Listening, ask_what_listens};
pub use observe::{logs, panics};
pub use outgoing::{Dialogue, Lasting, greet, hand_over};
pub use outside::Outsiders;
pub use site_check::{SiteFindings, issue_id, look_at, projects_of};
pub use site_fields::{Found, find_fields, make_fields};
pub use site_mappings::questions_of;
pub use site_projects::PROJECTS_MAX;
pub use webhooks::{Webhooks, app_webhook_standing, webhook_address, webhook_standing};

use crate::command::Failure;
use crate::command::letter::captured::Looking;
use crate::settings::{self, Settings};
use accounts::AccountsGate;
use engine::cell::Cells;
use engine::keys::{KeyTokens, Openers};
use listeners::{Listeners, MailListener};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio_util::sync::CancellationToken;

/// Who stands in the audit trail for what the settings say.
const SETTINGS: &str = "settings";

/// Everything ends within this time after the signal (FAULT-37); what is not finished is given back before.
const STOP_WITHIN: Duration = Duration::from_secs(29);

/// The parts that one process may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    Intake,
    Work,
    Console,
    /// What strangers reach: signed links and the API.
    Public,
    /// Mail that other programs hand in is handed on.
    Relay,
}

impl Role {
    /// What a process runs when nothing else is said.
    pub const ALL: &'static [Role] = &[Role::Intake, Role::Work, Role::Console, Role::Public, Role::Relay];
}

/// A gateway with everything around it, started and not yet told to run.
pub struct Gateway {
    settings_file: PathBuf,
    fixed: settings::Fixed,
    key_tokens: KeyTokens,
    store: Store,
    lasting: Lasting,
    endings: Arc<Endings>,
    cells: Cells,
    engine: Arc<engine::Gateway>,
    listeners: Listeners,
    console: console::Console,
    hands: Arc<hands::PageHands>,
    rooms: Vec<console::public::Room>,
    /// The relays of the settings, each with its site.
    relays: Vec<(String, String)>,
    /// This process looks after what relays have stored.
    hands_on_kept: bool,
}

/// By site: where people look at its issues.
fn browse_bases(settings: &Settings) -> BTreeMap<String, String> {
    settings.sites.iter().map(|site| (site.name.clone(), site.browse_base.clone())).collect()
}

/// Who is told of the gateway itself, and by which ways.
async fn bulletins(settings: &Settings, store: &Store) -> Result<engine::Bulletins, Failure> {
    Ok(engine::Bulletins {
        rules: settings.bulletins.clone(),
        channels: settings.channels.clone(),
        console_url: settings.console.url.clone(),
        folders: key_folders::watched(settings, store).await?,
    })
}

/// What opens private keys in folders that no password does.
///
/// # Errors
/// When the key book cannot be read.
pub async fn openers(settings: &Settings, store: &Store) -> Result<Openers, Failure> {
    Ok(Openers { vault: Some(store.key_files().await?), tokens: settings.key_tokens.clone() })
}

/// How the mappings of a site are called where something is wrong with them.
const MAPPINGS: &str = "(mappings)";

/// The sites, with whom each tells of its events and what seals its letters; a file of mappings that is new or changed becomes a version.
async fn telling(
    settings: &Settings,
    store: &Store,
    lasting: &Lasting,
    cells: &Cells,
) -> Result<Vec<engine::Site>, Failure> {
    let (mut sites, openers) = (Vec::new(), openers(settings, store).await?);
    let sealers = adapters::sealers(settings, lasting, store, cells).await?;
    for ((site, of), sealer) in adapters::sites(settings, lasting)?.into_iter().zip(&settings.sites).zip(sealers) {
        let mappings = match &of.mappings {
            Some(text) => {
                let version = store.import_mappings(&of.name, text).await?;
                let mut mappings = policy::Mappings::from_toml(text, MAPPINGS)?;
                mappings.version = version;
                Some(Arc::new(mappings))
            }
            None => None,
        };
        let portal = of.portal.then(|| cells.clone());
        let site = site.with_published(own_keys::folders(settings, of, (store, &openers))).with_portal(portal);
        let site = site.with_reminders(of.portal_remind_days);
        sites.push(site.with_mappings(mappings).with_sealer(sealer));
    }
    Ok(sites)
}

/// What would be told of an event, as the gateway of these settings would decide it now. Nothing is started.
pub async fn preview(looking: &Looking<'_>, line: &store::EventLine, to: &str) -> Result<engine::Preview, Failure> {
    let parts = parts(looking.settings, looking.store, looking.cells, looking.lasting, &[]).await?;
    Ok(engine::Previews::new(parts).preview(line, to).await?)
}

/// What an engine is made of.
async fn parts(
    settings: &Settings,
    store: &Store,
    cells: &Cells,
    lasting: &Lasting,
    roles: &[Role],
) -> Result<engine::Parts, Failure> {
    Ok(engine::Parts {
        store: store.clone(),
        reader: Arc::new(openings::reader(settings, store, cells, lasting).await?),
        letters: Arc::new(adapters::renderer(settings)?),
        sites: telling(settings, store, lasting, cells).await?,
        mailboxes: mailboxes(settings, store).await?,
        plans: settings.plans.clone(),
        bulletins: bulletins(settings, store).await?,
        tokens: lasting.tokens.clone(),
        settings: adapters::engine_settings(settings, roles),
    })
}

impl Gateway {
    /// Starts everything but serving: binds first, so that a wrong address is told before anything is taken in.
    pub async fn start(settings: Settings, roles: &[Role]) -> Result<Gateway, Failure> {
        let store = Store::open(&settings.store).await?;
        store.keep(&settings.retention(), SETTINGS).await?;
        let cells = adapters::cells(&settings).await?;
        let lasting = Lasting::new(engine::Tokens::new(store.clone()));
        let parts = parts(&settings, &store, &cells, &lasting, roles).await?;
        let engine = Arc::new(engine::Gateway::start(parts));
        engine.fetch_now().await?;
        let listeners = Listeners::bind(&settings, roles, &engine, (&store, &lasting)).await?;
        let origin = settings.console.url.clone().unwrap_or_else(|| listeners.console_origin(&settings));
        let reader =
            Arc::new(pages::PageReader { mails: openings::shared(&cells, &lasting), limits: settings.mail.clone() });
        let watched = Arc::new(pages::Watched { engine: engine.clone() });
        let hands = Arc::new(hands::PageHands::new(settings.clone(), store.clone(), cells.clone(), lasting.clone()));
        let console = console::Console::new(store.clone(), reader, browse_bases(&settings), &origin);
        let console =
            console.watching(watched).acting_by(hands.clone()).writing_by(Arc::new(pen::EnginePen(engine.clone())));
        let rooms = public::rooms(&settings, &store, &engine, &listeners.relays);
        let endings = Arc::new(Endings::new(&settings, store.clone()));
        let relays = settings.relays_with_site();
        // Without relays there may be something that one has stored before it was taken out of the settings.
        let hands_on_kept =
            roles.contains(&Role::Relay) && (!relays.is_empty() || !store.kept_by_relay().await?.is_empty());
        let (settings_file, fixed, key_tokens) = (settings.file, settings.fixed, settings.key_tokens);
        Ok(Gateway {
            settings_file,
            fixed,
            key_tokens,
            store,
            lasting,
            endings,
            cells,
            engine,
            listeners,
            console,
            hands,
            rooms,
            relays,
            hands_on_kept,
        })
    }

    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where the first mail listener listens, when it listens on TCP.
    pub fn smtp_address(&self) -> Option<SocketAddr> {
        self.listeners.mail.first().and_then(MailListener::address)
    }

    /// A link that signs a person in once.
    pub async fn sign_in_link(&self, valid_s: u32) -> Result<String, Failure> {
        Ok(self.console.sign_in_link(valid_s).await?)
    }

    /// Begins to serve mail, pages and figures; returns at once. Needed before [`Gateway::run`] only by those who want
    /// to hand in mail before they wait.
    pub fn serve(&mut self, stop: &CancellationToken) {
        let seen = (self.listeners.certificates(), self.listeners.refusals());
        let (store, endings) = (self.store.clone(), self.endings.clone());
        let listening = listening::told(&self.settings_file, &self.listeners.addresses());
        let relays: Vec<_> = self.listeners.relays.iter().map(|one| one.relay.clone()).collect();
        if self.hands_on_kept {
            self.engine.hand_on_kept(relays.clone());
        }
        let asked = (relays, self.relays.clone(), self.lasting.outsiders.clone());
        let sources = observe::sources(store, self.cells.clone(), self.engine.clone(), endings, seen, listening, asked);
        self.listeners.serve(self.console.clone(), sources, stop);
        self.listeners.serve_public(std::mem::take(&mut self.rooms), stop);
    }

    /// Waits for a signal, then stops: listeners first, then the work, then the store. A store that can write nothing more
    /// ends the process with its fault, so that a supervisor starts it anew or a person looks.
    pub async fn run(self, stop: CancellationToken) -> Result<(), Failure> {
        self.listeners.say_where();
        let hold = reload::Reload {
            file: self.settings_file.clone(),
            fixed: self.fixed.clone(),
            key_tokens: self.key_tokens.clone(),
            engine: self.engine.clone(),
            store: self.store.clone(),
            lasting: self.lasting.clone(),
            cells: self.cells.clone(),
            endings: self.endings.clone(),
            console: self.console.clone(),
            hands: self.hands.clone(),
            by_rules: self.listeners.relays.iter().filter_map(|one| one.by_rules().cloned()).collect(),
        };
        let ended = tokio::select! {
            signalled = reload::until_stopped(&hold, self.listeners.certificates()) => signalled,
            fault = self.store.stopped() => Err(fault.into()),
        };
        self.stop(stop).await;
        ended
    }

    async fn stop(mut self, stop: CancellationToken) {
        tracing::info!("stopping");
        stop.cancel();
        let stopped = tokio::time::timeout(STOP_WITHIN, async {
            tokio::join!(self.listeners.stopped(), self.engine.shutdown());
            self.store.close().await;
        });
        match stopped.await {
            Ok(()) => tracing::info!("stopped"),
            Err(_) => tracing::warn!("stopped before everything had ended; what is open goes on at the next start"),
        }
    }
}

/// The mailboxes with their profiles, each profile imported as a version of its own when its text is new.
pub async fn mailboxes(settings: &Settings, store: &Store) -> Result<Vec<engine::Mailbox>, Failure> {
    let dns = adapters::dns(settings)?;
    let mut found = Vec::with_capacity(settings.mailboxes.len());
    // A thousand mailboxes of one profile hold it once.
    let mut profiles: HashMap<(&str, &str), Arc<policy::Profile>> = HashMap::new();
    for mailbox in &settings.mailboxes {
        // The settings were refused if a mailbox named a profile that is not there.
        let Some(file) = settings.profile_of(mailbox) else { continue };
        let key = (file.name.as_str(), mailbox.site.as_str());
        let profile = match profiles.get(&key) {
            Some(profile) => profile.clone(),
            None => Arc::new(imported(file, &mailbox.site, store).await?),
        };
        profiles.insert(key, profile.clone());
        found.push(engine::Mailbox {
            name: mailbox.name.clone(),
            site: mailbox.site.clone(),
            profile,
            author_proof: adapters::author_proof(mailbox, &dns),
            harvests: mailbox.harvests,
            silent_after: mailbox.silent_after_h.map(|hours| Duration::from_secs(hours * 3600)),
            fetching: mailbox.fetched.as_ref().map(|fetched| fetching::fetching(settings, fetched)),
            shadow: mailbox.shadow,
        });
    }
    Ok(found)
}

async fn imported(file: &settings::ProfileFile, site: &str, store: &Store) -> Result<policy::Profile, Failure> {
    let mut profile = policy::Profile::from_toml(&file.name, &file.text, &file.file.display().to_string())?;
    profile.version = store.import_profile(site, &file.name, &file.text).await?;
    Ok(profile)
}

fn certificate_files((certificate, key): &(PathBuf, PathBuf)) -> courier::certificate::CertificateFiles {
    courier::certificate::CertificateFiles { certificate: certificate.clone(), key: key.clone() }
}

/// The gate of a mailbox with its accounts.
fn gate(engine: &engine::Gateway, mailbox: &settings::Mailbox) -> Result<AccountsGate<engine::MailboxGate>, Failure> {
    let inner = engine
        .gate(&mailbox.name)
        .ok_or_else(|| Failure::new(format!("the mailbox {} is not known to the engine", mailbox.name)))?;
    Ok(AccountsGate::new(inner, &mailbox.accounts))
}
