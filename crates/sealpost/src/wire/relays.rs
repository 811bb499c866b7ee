//! The relays as the settings say, and their listeners.

use super::accounts::AccountsGate;
use super::adapters::relay_cells;
use super::openings::keyring;
use super::outgoing::{target, tokens_of};
use super::{Lasting, certificate_files};
use crate::command::Failure;
use crate::settings::{self, Settings};
use courier::certificate::Certificates;
use courier::smtp_in::{self, Endpoint, Listener, Protocol, Refusals, Tls};
use engine::cell::Cells;
use engine::keys::Openers;
use engine::register::PeopleKeys;
use engine::relay::{NextHop, Opens, Relay, RelaySettings, Sealer, Unsealed};
use engine::sealing::compare::Comparing;
use engine::sealing::{ByRules, SealingSettings};
use seal::keyfile::Password;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A client that stands idle between two mails may be gone; its seat is for others.
const COMMAND_TIMEOUT_S: u64 = 300;

/// Answers of the next hop are waited for so long after the listeners have ended, which have a grace of their own.
const SETTLE_WITHIN: Duration = Duration::from_secs(5);

/// One relay and what it listens on.
pub struct RelayListeners {
    pub relay: Relay,
    /// `None` where nothing is sealed.
    by_rules: Option<ByRules>,
    listeners: Vec<Arc<Listener<AccountsGate<Relay>>>>,
}

/// Binds all relays of the settings.
pub async fn bind(settings: &Settings, store: &Store, lasting: &Lasting) -> Result<Vec<RelayListeners>, Failure> {
    let mut all = Vec::with_capacity(settings.relays.len());
    let mut shared: Option<Cells> = None;
    for of in &settings.relays {
        // The settings were refused if a relay named a server that is not there.
        let Some(outgoing) = settings.outgoing(&of.outgoing) else { continue };
        let next = NextHop { target: target(outgoing), tokens: tokens_of(outgoing, &lasting.tokens) };
        let by_rules = match &of.sealing {
            Some(by) => {
                let cells = cells(settings, &mut shared).await?;
                Some(sealing((of, by), settings, (store, lasting), cells).await?)
            }
            None => None,
        };
        let record = of.sealing.as_ref().and_then(|by| by.record.as_deref());
        let sealer: Arc<dyn Sealer> = match (&by_rules, record, &of.opening) {
            (Some(by_rules), Some(record), _) => Arc::new(Comparing::start(by_rules.clone(), record)?),
            (Some(by_rules), None, _) => Arc::new(by_rules.clone()),
            (None, _, Some(opening)) => {
                let cells = cells(settings, &mut shared).await?;
                let news = lasting.outsiders.news(opening.news.as_ref(), &cells)?;
                let keyring = keyring(opening, super::openers(settings, store).await?, news).await?;
                Arc::new(Opens::new(cells, keyring, settings.mail.clone()))
            }
            (None, _, None) => Arc::new(Unsealed),
        };
        let relay = Relay::new(relay_settings(of), store.clone(), sealer, next);
        let mut listeners = Vec::new();
        for (address, tls) in places(of) {
            let gate = Arc::new(AccountsGate::new(relay.clone(), &of.accounts));
            listeners.push(Arc::new(Listener::bind(listener_settings(of, address, tls), gate).await?));
        }
        all.push(RelayListeners { relay, by_rules, listeners });
    }
    Ok(all)
}

/// The cells of all relays, which are started when one needs them.
async fn cells(settings: &Settings, shared: &mut Option<Cells>) -> Result<Cells, Failure> {
    if let Some(cells) = shared {
        return Ok(cells.clone());
    }
    Ok(shared.insert(relay_cells(settings).await?).clone())
}

/// Rules and keys are read before anything listens: a relay with wrong rules does not start.
async fn sealing(
    (of, sealing): (&settings::Relay, &settings::Sealing),
    settings: &Settings,
    (store, lasting): (&Store, &Lasting),
    cells: Cells,
) -> Result<ByRules, Failure> {
    let outside = lasting.outsiders.of(sealing, settings, &cells)?;
    let settings = sealing_settings(sealing, &of.hostname, (store, super::openers(settings, store).await?));
    let started = tokio::task::spawn_blocking(move || ByRules::start_asking(settings, cells, outside)).await;
    let started = started.map_err(|error| Failure::new(format!("rules for sealing cannot be read: {error}")))?;
    Ok(started?)
}

/// Where rules and keys are, for whoever seals by them.
pub(super) fn sealing_settings(
    of: &settings::Sealing,
    hostname: &str,
    (store, openers): (&Store, Openers),
) -> SealingSettings {
    SealingSettings {
        rules: of.rules.clone(),
        keys: of.keys.clone(),
        passwords: of.password.iter().map(|password| Password::new(password.0.clone())).collect(),
        openers,
        trusts_system: of.trusts_system,
        hostname: hostname.to_owned(),
        people: Some(PeopleKeys::new(store.clone())),
    }
}

/// Where it listens, and how each is encrypted.
fn places(relay: &settings::Relay) -> Vec<(SocketAddr, Tls)> {
    let files = relay.certificate.as_ref().map(certificate_files);
    let first = match (relay.starttls, files.clone()) {
        (true, Some(files)) => Tls::StartTls(files),
        _ => Tls::None,
    };
    let second = files.map(Tls::Implicit);
    let listen = relay.listen.map(|address| (address, first));
    listen.into_iter().chain(relay.listen_implicit.zip(second)).collect()
}

fn relay_settings(of: &settings::Relay) -> RelaySettings {
    RelaySettings {
        name: of.name.clone(),
        site: of.site.clone(),
        hostname: of.hostname.clone(),
        clients: of.clients.clone(),
        memory_bytes_max: of.memory_bytes_max,
        connections: of.connections,
        answer_within: Duration::from_secs(of.answer_within_s),
        hops_max: of.hops_max,
        keeps_for: of.keeps_for,
    }
}

fn listener_settings(of: &settings::Relay, address: SocketAddr, tls: Tls) -> smtp_in::Settings {
    smtp_in::Settings {
        name: format!("relay {}", of.name),
        listen: Endpoint::Tcp(address),
        protocol: if of.lmtp { Protocol::Lmtp } else { Protocol::Smtp },
        hostname: of.hostname.clone(),
        require_tls: of.require_tls && tls != Tls::None,
        tls,
        offer_auth: !of.accounts.is_empty(),
        require_auth: !of.accounts.is_empty(),
        size_bytes_max: of.size_bytes_max,
        recipients_max: of.recipients_max,
        connections_max: of.connections_max,
        connections_per_ip_max: of.connections_per_ip_max,
        command_timeout_s: COMMAND_TIMEOUT_S,
        ..smtp_in::Settings::default()
    }
}

impl RelayListeners {
    pub fn name(&self) -> &str {
        self.relay.name()
    }

    /// What seals its mail, where something does.
    pub fn by_rules(&self) -> Option<&ByRules> {
        self.by_rules.as_ref()
    }

    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.listeners.iter().filter_map(|listener| listener.local_addr())
    }

    pub fn certificates(&self) -> impl Iterator<Item = Arc<Certificates>> {
        self.listeners.iter().filter_map(|listener| listener.certificates())
    }

    /// What its listeners have refused.
    pub fn refusals(&self) -> impl Iterator<Item = Arc<Refusals>> {
        self.listeners.iter().map(|listener| listener.refusals())
    }

    /// Serves until `stop`, and until no mail is on its way any more.
    pub fn serve(&self, stop: &CancellationToken) -> JoinHandle<()> {
        let (relay, listeners, stop) = (self.relay.clone(), self.listeners.clone(), stop.clone());
        if let Some(by_rules) = self.by_rules.clone() {
            let stop = stop.clone();
            tokio::spawn(async move { by_rules.keep_fresh(stop).await });
        }
        tokio::spawn(async move {
            let asking = relay.clone();
            tokio::spawn(async move {
                if let Err(fault) = asking.ask_next_hop().await {
                    let relay = asking.name();
                    tracing::warn!(relay, code = %fault.code, detail = fault.logged(), "the next hop cannot be reached");
                }
            });
            let serving = listeners.iter().map(|listener| listener.serve(stop.clone().cancelled_owned()));
            futures_util::future::join_all(serving).await;
            if tokio::time::timeout(SETTLE_WITHIN, relay.settle()).await.is_err() {
                tracing::warn!(
                    relay = relay.name(),
                    "stopped before the next hop had answered all mails; their clients come again"
                );
            }
        })
    }
}
