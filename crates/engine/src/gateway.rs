//! The assembled engine: sites, mailboxes, workers and timers, started together and stopped together.

use crate::author_proof::AuthorProof;
use crate::bulletin::{self, Bulletins};
use crate::facts::rfc3339;
use crate::fetch::{Fetching, MailServices, Moods, Watches};
use crate::held::Leases;
use crate::hook::WrongClocks;
use crate::intake::MailboxGate;
use crate::key_ends;
use crate::meter::Meter;
use crate::metrics::{MailboxFigures, Metrics, OutgoingFigures, SiteFigures, outgoings_in_text};
use crate::portal;
use crate::reader::{LetterMaker, Reader};
use crate::relay::Relay;
use crate::settings::Settings;
use crate::silence::{self, Alarms};
use crate::site::Site;
use crate::tokens::Tokens;
use crate::work;
use policy::meter::{Capacity, Standing};
use policy::reply_token::TokenKey;
use policy::{Fault, FaultCode, Profile};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};
use store::{GrantOf, Micros, Store};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// What a gateway is made of.
pub struct Parts {
    pub store: Store,
    pub reader: Arc<dyn Reader>,
    pub letters: Arc<dyn LetterMaker>,
    pub sites: Vec<Site>,
    pub mailboxes: Vec<Mailbox>,
    /// Empty where nothing is limited.
    pub plans: Vec<Capacity>,
    /// Whom to tell of the gateway itself.
    pub bulletins: Bulletins,
    /// Those of sites and mailboxes alike.
    pub tokens: Tokens,
    pub settings: Settings,
}

/// A mailbox: where its mail belongs and how it is treated.
#[derive(Clone)]
pub struct Mailbox {
    pub name: String,
    pub site: String,
    pub profile: Arc<Profile>,
    pub author_proof: AuthorProof,
    /// Keys that come with its mail are kept for its authors.
    pub harvests: bool,
    /// How it is fetched; `None` when its mail is handed in.
    pub fetching: Option<Fetching>,
    /// When no mail came for so long, somebody should look; `None` when that is nothing strange.
    pub silent_after: Option<Duration>,
    /// Its mail is only looked at: decided on, and nothing is done about it, here or on its server.
    pub shadow: bool,
}

/// What all tasks of one gateway share.
pub(crate) struct Shared {
    pub(crate) store: Store,
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) letters: Arc<dyn LetterMaker>,
    pub(crate) settings: Settings,
    pub(crate) metrics: Metrics,
    sites: RwLock<Arc<HashMap<String, Arc<Site>>>>,
    mailboxes: RwLock<Arc<HashMap<String, Mailbox>>>,
    pub(crate) large_uploads: Semaphore,
    /// Open jobs, as well as they are known: read now and then, and counted up at each intake between.
    pub(crate) backlog: AtomicU64,
    /// Events that nothing was decided about, known in the same way: a storm of them keeps no mail out.
    pub(crate) backlog_of_events: AtomicU64,
    pub(crate) wrong_clocks: WrongClocks,
    pub(crate) moods: Moods,
    pub(crate) watches: Watches,
    pub(crate) tokens: Tokens,
    pub(crate) mail_services: MailServices,
    pub(crate) alarms: Alarms,
    pub(crate) meter: Meter,
    bulletins: RwLock<Arc<Bulletins>>,
    /// Capacity plans are to be looked at before their time.
    pub(crate) meter_due: Notify,
    /// A mailbox is due before its time.
    pub(crate) fetch_due: Notify,
    /// Those whose mail this process hands on.
    relays: OnceLock<Vec<Relay>>,
}

/// A running gateway. Dropping it stops nothing: call [`Gateway::shutdown`].
pub struct Gateway {
    shared: Arc<Shared>,
    stop: CancellationToken,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Gateway {
    /// Starts workers and timers. Jobs that an earlier process left are taken up as their leases run out.
    pub fn start(parts: Parts) -> Gateway {
        let shared = Arc::new(Shared::new(parts));
        let stop = CancellationToken::new();
        let mut tasks = vec![
            tokio::spawn(watch_backlog(shared.clone(), stop.clone())),
            tokio::spawn(silence::listen(shared.clone(), stop.clone())),
            tokio::spawn(watch_plans(shared.clone(), stop.clone())),
            tokio::spawn(key_ends::log_those_of_no_site(shared.clone(), stop.clone())),
        ];
        if shared.settings.jobs_max > 0 {
            tasks.push(tokio::spawn(bulletin::look(shared.clone(), stop.clone())));
            tasks.push(tokio::spawn(portal::remind(shared.clone(), stop.clone())));
        }
        for crew in work::crews(&shared.settings) {
            let leases = Leases::new(shared.settings.lease_s);
            tasks.push(tokio::spawn(work::work(shared.clone(), crew, leases, stop.clone())));
        }
        Gateway { shared, stop, tasks: Mutex::new(tasks) }
    }

    /// Hands on what these relays have kept, from now on, and looks after what is kept of relays that are there no more; to be said once.
    pub fn hand_on_kept(&self, relays: Vec<Relay>) {
        if self.shared.relays.set(relays).is_err() {
            return;
        }
        let (leases, crew) = (Leases::new(self.shared.settings.lease_s), work::relaying(&self.shared.settings));
        let work = tokio::spawn(work::work(self.shared.clone(), crew, leases, self.stop.clone()));
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).push(work);
    }

    /// Where the mail of this mailbox goes in; `None` when there is no such mailbox.
    pub fn gate(&self, mailbox: &str) -> Option<MailboxGate> {
        let site = self.shared.mailboxes().get(mailbox)?.site.clone();
        Some(MailboxGate { shared: self.shared.clone(), site, mailbox: mailbox.to_owned() })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Makes the jobs that fetch mailboxes, read the histories of sites, renew their webhooks and send their summaries, and has each run at once: after a start, and
    /// after other settings. Letters that wait for a server that let nobody in, or for a key, are tried at once, too.
    pub async fn fetch_now(&self) -> Result<(), Fault> {
        self.shared.store.end_halts().await?;
        self.shared.store.end_unsealed().await?;
        let mailboxes = self.shared.mailboxes();
        // They may be of other accounts now.
        self.shared.watches.end_all();
        self.shared.tokens.forget_all();
        self.shared.mail_services.forget_all();
        for mailbox in mailboxes.values().filter(|mailbox| mailbox.fetching.is_some()) {
            self.shared.store.ensure_fetch(&mailbox.site, &mailbox.name).await?;
        }
        for site in self.shared.sites().values().filter(|site| site.poll_every.is_some()) {
            self.shared.store.ensure_poll(&site.name).await?;
        }
        for site in self.shared.sites().values().filter(|site| site.app_webhooks.is_some()) {
            self.shared.store.ensure_renewal(&site.name).await?;
        }
        for site in self.shared.sites().values() {
            for summary in site.mappings.iter().flat_map(|mappings| mappings.summaries()) {
                self.shared.store.ensure_summary(&site.name, &summary.id()).await?;
            }
        }
        self.shared.fetch_due.notify_one();
        Ok(())
    }

    /// Puts other mailboxes and profiles in place; messages being decided keep the profile they began with.
    pub fn swap_mailboxes(&self, mailboxes: Vec<Mailbox>) {
        let mut current = self.shared.mailboxes.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(by_name(mailboxes));
    }

    /// Puts other sites in place, for example with a new token; requests under way end as they began.
    pub fn swap_sites(&self, sites: Vec<Site>) {
        let mut current = self.shared.sites.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(sites_by_name(sites));
    }

    /// The metrics as Prometheus text; the store's figures are left out when it does not answer in time.
    pub async fn metrics(&self) -> String {
        let figures = within_patience(self.shared.store.figures()).await.ok();
        let (sites, mailboxes) = (self.sites(), self.mailboxes());
        let grants = self.shared.tokens.refusals();
        let (watches, plans) = (self.shared.watches.waiting(), self.plans());
        let text = self.shared.metrics.render(figures.as_ref(), &sites, &mailboxes, watches, &grants, &plans);
        let now_s = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0);
        let keys = self.shared.bulletins().folders.metrics(now_s).await;
        text + &outgoings_in_text(&self.outgoings()) + &keys
    }

    /// The figures of this process as Prometheus text, without the store's.
    pub fn own_metrics(&self) -> String {
        self.shared.metrics.render(None, &[], &[], 0, &[], &[]) + &outgoings_in_text(&[])
    }

    /// What is told of each outgoing mail server that some site's letters leave by, by name.
    pub fn outgoings(&self) -> Vec<OutgoingFigures> {
        self.shared.outgoings()
    }

    /// What is told of each site, by name.
    pub fn sites(&self) -> Vec<SiteFigures> {
        let mut sites: Vec<SiteFigures> = self.shared.sites().values().map(|site| site.figures()).collect();
        sites.sort_by(|one, other| one.name.cmp(&other.name));
        sites
    }

    /// What is told of each mailbox, by name.
    pub fn mailboxes(&self) -> Vec<MailboxFigures> {
        let mailboxes = self.shared.mailboxes();
        let figure = |mailbox: &Mailbox| MailboxFigures {
            name: mailbox.name.clone(),
            is_fetched: mailbox.fetching.is_some(),
            fails: self.shared.moods.fails(&mailbox.name),
            not_fetched: self.shared.moods.not_fetched(&mailbox.name, Instant::now()),
            is_silent: self.shared.alarms.is_on(&mailbox.name, silence::SILENT),
            is_stalled: self.shared.alarms.is_on(&mailbox.name, silence::STALLED),
        };
        let mut mailboxes: Vec<MailboxFigures> = mailboxes.values().map(figure).collect();
        mailboxes.sort_by(|one, other| one.name.cmp(&other.name));
        mailboxes
    }

    /// Puts other capacity plans in place; what waits for room goes on where there is some now.
    pub fn swap_plans(&self, plans: Vec<Capacity>) {
        self.shared.meter.swap(plans);
        self.shared.meter_due.notify_one();
    }

    /// Puts others in place who are told of the gateway itself.
    pub fn swap_bulletins(&self, bulletins: Bulletins) {
        *self.shared.bulletins.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(bulletins);
    }

    /// How each capacity plan stood when it was looked at last.
    pub fn plans(&self) -> Vec<(Capacity, Standing)> {
        self.shared.meter.seen()
    }

    /// For whom a token server gives no tokens.
    pub fn refused_grants(&self) -> Vec<GrantOf> {
        self.shared.tokens.refusals().into_iter().filter(|(_, refused)| *refused).map(|(of, _)| of).collect()
    }

    /// Stops claiming, lets running jobs finish within the grace, gives the others back.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        self.shared.watches.end_all();
        let tasks: Vec<_> = self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
        for task in tasks {
            if task.await.is_err() {
                tracing::error!("a task of the gateway ended badly");
            }
        }
        for site in self.shared.sites().values() {
            site.end_connections().await;
        }
        self.shared.tokens.settle().await;
    }
}

impl Shared {
    pub(crate) fn new(parts: Parts) -> Shared {
        Shared {
            store: parts.store,
            reader: parts.reader,
            letters: parts.letters,
            large_uploads: Semaphore::new(parts.settings.large_uploads_max as usize),
            settings: parts.settings,
            metrics: Metrics::default(),
            sites: RwLock::new(Arc::new(sites_by_name(parts.sites))),
            mailboxes: RwLock::new(Arc::new(by_name(parts.mailboxes))),
            backlog: AtomicU64::new(0),
            backlog_of_events: AtomicU64::new(0),
            wrong_clocks: WrongClocks::default(),
            moods: Moods::default(),
            watches: Watches::default(),
            tokens: parts.tokens,
            mail_services: MailServices::default(),
            alarms: Alarms::default(),
            meter: Meter::new(parts.plans),
            bulletins: RwLock::new(Arc::new(parts.bulletins)),
            meter_due: Notify::new(),
            fetch_due: Notify::new(),
            relays: OnceLock::new(),
        }
    }

    pub(crate) fn site(&self, name: &str) -> Result<Arc<Site>, Fault> {
        let missing = || {
            Fault::permanent(FaultCode::SettingsWrong, "the job's site is not in the settings")
                .with_public(format!("The site `{name}` is not in the settings; add it again, then replay the mail."))
        };
        self.sites().get(name).cloned().ok_or_else(missing)
    }

    pub(crate) fn mailbox(&self, mailbox: &str) -> Result<Mailbox, Fault> {
        let missing = || {
            Fault::permanent(FaultCode::SettingsWrong, "the message's mailbox is not in the settings").with_public(
                format!("The mailbox `{mailbox}` is not in the settings; add it again, then replay the mail."),
            )
        };
        self.mailboxes().get(mailbox).cloned().ok_or_else(missing)
    }

    /// The same for what belongs to a site: a mailbox that another site has now decides nothing of it.
    ///
    /// # Errors
    /// Those of [`Shared::mailbox`], and `SettingsWrong`.
    pub(crate) fn mailbox_of(&self, mailbox: &str, site: &str) -> Result<Mailbox, Fault> {
        let found = self.mailbox(mailbox)?;
        if found.site == site {
            return Ok(found);
        }
        let why = format!("The mailbox {mailbox} belongs to the site {} now, and this came in for {site}.", found.site);
        Err(Fault::permanent(FaultCode::SettingsWrong, "the mailbox has another site now").with_public(why))
    }

    /// Whether this mailbox only looks at its mail; one that is not in the settings does not.
    pub(crate) fn is_shadow(&self, mailbox: &str) -> bool {
        self.mailboxes().get(mailbox).is_some_and(|mailbox| mailbox.shadow)
    }

    /// The keys of a site's reply addresses, letters and links; the first is the one to sign with.
    pub(crate) async fn reply_keys(&self, site: &str) -> Result<Vec<TokenKey>, Fault> {
        let keys = self.store.reply_keys(site).await?.into_iter();
        let key = |(id, secret, retired_at): (u8, _, Option<Micros>)| TokenKey {
            id,
            secret,
            retired_at: retired_at.map(rfc3339),
        };
        Ok(keys.map(key).collect())
    }

    /// What of ours is at this normalised address, of whatever site: a mailbox that names it, or letters that are from there.
    pub(crate) fn own_at(&self, address: &str) -> Option<String> {
        let from = |site: &Arc<Site>| site.outgoing.as_ref().is_some_and(|way| way.from.normalised() == address);
        if let Some(site) = self.sites().values().find(|site| from(site)) {
            return Some(format!("the letters of the site {:?} are from there", site.name));
        }
        let mailboxes = self.mailboxes();
        let mut at = mailboxes.values().filter(|mailbox| mailbox.profile.is_own_address(address));
        at.next().map(|mailbox| format!("the mailbox {:?} of this gateway takes mail there", mailbox.name))
    }

    /// An address with this token at which a mailbox of the site takes answers; `None` where no profile names a domain for them.
    pub(crate) fn signed_reply_address(&self, site: &str, token: &str) -> Option<String> {
        let mailboxes = self.mailboxes();
        let mut of_site: Vec<&Mailbox> =
            mailboxes.values().filter(|mailbox| mailbox.site == site && !mailbox.shadow).collect();
        of_site.sort_by(|one, other| one.name.cmp(&other.name));
        of_site.iter().find_map(|mailbox| mailbox.profile.letter_reply_address(token))
    }

    pub(crate) fn outgoings(&self) -> Vec<OutgoingFigures> {
        let mut found: Vec<OutgoingFigures> = Vec::new();
        let sites = self.sites();
        let mut sites: Vec<&Arc<Site>> = sites.values().collect();
        sites.sort_by(|one, other| one.name.cmp(&other.name));
        for (site, way) in sites.into_iter().flat_map(|site| site.all_ways().map(move |way| (site, way.shelf()))) {
            let known = found.iter_mut().find(|known| known.name == way.name());
            match known {
                Some(known) if known.sites.contains(&site.name) => {}
                Some(known) => known.sites.push(site.name.clone()),
                None => found.push(OutgoingFigures {
                    name: way.name().to_owned(),
                    sites: vec![site.name.clone()],
                    condition: way.condition(),
                }),
            }
        }
        found.sort_by(|one, other| one.name.cmp(&other.name));
        found
    }

    pub(crate) fn bulletins(&self) -> Arc<Bulletins> {
        self.bulletins.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn all_mailboxes(&self) -> Vec<Mailbox> {
        self.mailboxes().values().cloned().collect()
    }

    /// The relay of this name, where this process has it.
    pub(crate) fn relay(&self, site: &str, name: &str) -> Option<Relay> {
        let relays = self.relays.get()?;
        relays.iter().find(|relay| relay.site() == site && relay.name() == name).cloned()
    }

    /// A relay of this site that hands on to the same server as one that this process does not have.
    pub(crate) fn relay_to(&self, site: &str, server: &str) -> Option<Relay> {
        let relays = self.relays.get()?;
        relays.iter().find(|relay| relay.site() == site && relay.hands_on_to(server)).cloned()
    }

    pub(crate) fn sites(&self) -> Arc<HashMap<String, Arc<Site>>> {
        self.sites.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn mailboxes(&self) -> Arc<HashMap<String, Mailbox>> {
        self.mailboxes.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn sites_by_name(sites: Vec<Site>) -> HashMap<String, Arc<Site>> {
    sites.into_iter().map(|site| (site.name.clone(), Arc::new(site))).collect()
}

fn by_name(mailboxes: Vec<Mailbox>) -> HashMap<String, Mailbox> {
    mailboxes.into_iter().map(|mailbox| (mailbox.name.clone(), mailbox)).collect()
}

/// What the store answers, or a fault after ten seconds: health pages must answer.
async fn within_patience<T>(asking: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    const PATIENCE: Duration = Duration::from_secs(10);
    let late = |_| Err(Fault::temporary(FaultCode::StoreUnavailable, "the figures took too long"));
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(late)
}

/// Keeps it known how plans stand, and lets go on what waits where there is room again.
async fn watch_plans(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        for plan in shared.meter.plans().iter() {
            if let Err(fault) = within_patience(shared.look_at(plan)).await {
                tracing::warn!(code = %fault.code, detail = fault.logged(), "it is not known how a capacity plan stands");
            }
        }
        if let Err(fault) = within_patience(shared.end_waits()).await {
            tracing::warn!(code = %fault.code, detail = fault.logged(), "what waits for room was not looked at");
        }
        tokio::select! {
            () = tokio::time::sleep(shared.settings.meter_every) => {}
            () = shared.meter_due.notified() => {}
            () = stop.cancelled() => return,
        }
    }
}

/// Keeps the known depth of the queue near the real one.
async fn watch_backlog(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        match within_patience(shared.store.backlog()).await {
            Ok(backlog) => {
                shared.backlog.store(backlog.jobs, Ordering::Relaxed);
                shared.backlog_of_events.store(backlog.events, Ordering::Relaxed);
            }
            Err(fault) => tracing::warn!(code = %fault.code, detail = fault.logged(), "the queue's depth is not known"),
        }
        tokio::select! {
            () = tokio::time::sleep(shared.settings.backlog_every) => {}
            () = stop.cancelled() => return,
        }
    }
}
