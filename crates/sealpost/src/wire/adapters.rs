//! Settings turned into the values that the engine's parts want.

use super::relays::sealing_settings;
use super::{Lasting, Role, outgoing, webhook_address};
use crate::command::Failure;
use crate::settings::{Authenticity, Mailbox, Sealing, Settings, Site};
use courier::dns_auth::DnsAuth;
use courier::oauth::Proof;
use engine::AuthorProof;
use engine::cell::{self, Cells, Renderer, Sandbox};
use engine::keys::Openers;
use engine::outside::Outside;
use engine::sealing::letters::{LetterSealer, LettersByRules};
use engine::speak::{SiteConnection, Speaker};
use engine::tokens::{Tokens, TokensOfSite};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::sync::Mutex;
use tracker::webhook;

/// The cells of this process.
pub async fn cells(settings: &Settings) -> Result<Cells, Failure> {
    so_many_cells(settings, number_of_cells(settings)).await
}

/// Cells for what relays seal and open. While one waits for the signature that it asked for, another works: so there are twice as many as
/// cores are to be kept busy. They keep nobody's mail from being read.
pub async fn relay_cells(settings: &Settings) -> Result<Cells, Failure> {
    so_many_cells(settings, number_of_cells(settings) * 2).await
}

async fn so_many_cells(settings: &Settings, number: usize) -> Result<Cells, Failure> {
    let cells = cell::Settings {
        cells: number,
        wall_ms: settings.cells.wall_s * 1000,
        memory_bytes_max: settings.cells.memory_bytes_max,
        sandbox: sandbox(settings),
        ..cell::Settings::default()
    };
    Ok(Cells::start(cells, own_program()?, vec!["cell".into()]).await?)
}

/// The cells in which letters about events are made; none is started before there is one.
pub fn renderer(settings: &Settings) -> Result<Renderer, Failure> {
    Ok(Renderer::new(number_of_cells(settings), sandbox(settings), own_program()?, vec!["cell".into()]))
}

fn number_of_cells(settings: &Settings) -> usize {
    if settings.cells.count == 0 { cell::Settings::default().cells } else { settings.cells.count }
}

fn sandbox(settings: &Settings) -> Sandbox {
    if settings.cells.sandbox_full { Sandbox::Full } else { Sandbox::Reduced }
}

/// What cells are started from.
pub fn own_program() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::new(format!("cannot find its own program: {error}")))
}

/// The engine's bounds; a process without the role `work` works on no mail, and one without `intake` fetches none.
pub fn engine_settings(settings: &Settings, roles: &[Role]) -> engine::Settings {
    let only_as = |role, number| if roles.contains(&role) { number } else { 0 };
    engine::Settings {
        backlog_max: settings.work.queue_depth_max,
        jobs_max: only_as(Role::Work, settings.work.jobs_at_once),
        fetches_max: only_as(Role::Intake, settings.work.mailboxes_at_once),
        watches_max: settings.work.watched_mailboxes_max,
        claim_max: settings.work.jobs_at_once,
        lease_s: settings.work.lease_s,
        tries_max: settings.work.tries_max,
        look_ups: settings.work.look_ups.clone(),
        author_patience: Duration::from_secs(settings.dns.patience_s),
        public_url: settings.public.as_ref().map(|public| public.url.clone()),
        mail: settings.mail.clone(),
        ..engine::Settings::default()
    }
}

/// The asker of DNS; `None` when no mailbox needs one, so that a machine without DNS can start.
pub fn dns(settings: &Settings) -> Result<Option<DnsAuth>, Failure> {
    if !settings.mailboxes.iter().any(|mailbox| mailbox.authenticity == Authenticity::Dns) {
        return Ok(None);
    }
    let dns = &settings.dns;
    Ok(Some(DnsAuth::new(&courier::dns_auth::Settings {
        servers: dns.servers.clone(),
        timeout: Duration::from_secs(dns.timeout_s),
        retries: dns.retries,
        total_max: Duration::from_secs(dns.total_s),
        answers_max: dns.answers_max,
    })?))
}

/// How a mailbox's authors are verified.
pub fn author_proof(mailbox: &Mailbox, dns: &Option<DnsAuth>) -> AuthorProof {
    match (&mailbox.authenticity, dns) {
        (Authenticity::Header(trust, _), _) if mailbox.fetched.is_some() => AuthorProof::OfMailbox(trust.clone()),
        (Authenticity::Header(trust, clients), _) => AuthorProof::Header(trust.clone(), clients.clone()),
        (Authenticity::Dns, Some(dns)) => AuthorProof::Dns(dns.clone()),
        (Authenticity::Dns, None) | (Authenticity::Nothing, _) => AuthorProof::Nothing,
    }
}

/// What seals letters by some rules and keys, which it has read; it lasts while they are named.
pub type Sealers = Arc<Mutex<Vec<(Sealing, Arc<LettersByRules>)>>>;

/// What seals the letters of each site, in their order; sites with the same rules and keys share it. One that is known already looks again,
/// and keeps what it knows where its folder is not there any more.
///
/// # Errors
/// When somebody who is to be asked for keys cannot be by these settings.
pub(super) async fn sealers(
    settings: &Settings,
    lasting: &Lasting,
    store: &Store,
    cells: &Cells,
) -> Result<Vec<Option<Arc<dyn LetterSealer>>>, Failure> {
    let sealings = settings.sites.iter().map(|site| site.sealing.as_ref());
    let outsides = sealings.map(|of| of.map(|of| lasting.outsiders.of(of, settings, cells)).transpose());
    let outsides = outsides.collect::<Result<Vec<_>, _>>()?;
    let openers = super::openers(settings, store).await?;
    let mut lasting = lasting.sealers.lock().await;
    for (_, sealer) in lasting.iter() {
        sealer.look_again().await;
    }
    let before = std::mem::take(&mut *lasting);
    let mut all = Vec::with_capacity(settings.sites.len());
    for (site, outside) in settings.sites.iter().zip(outsides) {
        let sealer = site.sealing.as_ref().zip(outside).map(|(sealing, outside)| {
            let same = lasting.iter().chain(&before).find(|(of, _)| of == sealing).map(|(_, sealer)| sealer.clone());
            if let Some(same) = &same {
                same.ask(outside.clone());
            }
            let sealer =
                same.unwrap_or_else(|| Arc::new(letter_sealer(sealing, (store, openers.clone()), cells, outside)));
            lasting.push((sealing.clone(), sealer.clone()));
            sealer as Arc<dyn LetterSealer>
        });
        all.push(sealer);
    }
    Ok(all)
}

/// What seals letters by these rules and keys.
pub fn letter_sealer(sealing: &Sealing, of: (&Store, Openers), cells: &Cells, outside: Outside) -> LettersByRules {
    // Letters have an id and a sender of their own.
    LettersByRules::new(sealing_settings(sealing, "", of), cells.clone(), outside)
}

/// The sites, each with a client of its own, and without what seals their letters: see [`super::telling`].
pub fn sites(settings: &Settings, lasting: &Lasting) -> Result<Vec<engine::Site>, Failure> {
    let bounds = engine_settings(settings, Role::ALL);
    settings
        .sites
        .iter()
        .map(|site| {
            let voice: Arc<dyn engine::Voice> = match site.has_tracker {
                true => Arc::new(speaker(site, &lasting.tokens)?),
                false => Arc::new(engine::NoTracker::new(&site.name)),
            };
            let speaks = engine::Site::new(&site.name, site.dialect, voice, &bounds);
            let speaks = speaks.with_browse_base(&site.browse_base).with_templates(site.templates.clone());
            let speaks = speaks.with_ways(outgoing::ways(settings, site, lasting)).with_history(site.history_poll);
            let speaks = speaks.with_letters_per_hour(site.letters_per_hour);
            let speaks = speaks
                .with_signers(Arc::new(settings.signers(&site.name)))
                .with_app_webhooks(app_webhook_address(settings, site));
            Ok(speaks.with_outgoing(outgoing::of(settings, site, lasting)).with_webhooks(webhook_secrets(site)))
        })
        .collect()
}

/// Where webhooks of the app go that a person signed in with; `None` where a site tells of nothing, or in another way.
fn app_webhook_address(settings: &Settings, site: &Site) -> Option<String> {
    let public = settings.public.as_ref().filter(|_| is_of_an_app(site) && site.mappings.is_some())?;
    Some(webhook_address(public, &site.name))
}

/// Whether the site's webhooks are those of an app, which a person signed in with.
pub(super) fn is_of_an_app(site: &Site) -> bool {
    site.oauth.as_ref().is_some_and(|oauth| oauth.consent_by.is_some())
}

/// What proves a webhook to be of this site: the secrets in its settings, and that of the app that a person signed in with.
pub(super) fn webhook_secrets(site: &Site) -> Vec<webhook::Secret> {
    let shared = site.webhook_secrets.iter().map(|secret| webhook::Secret::Shared(secret.0.as_bytes().to_vec()));
    let client = site.oauth.iter().filter_map(|oauth| match &oauth.authorization.client.proof {
        Proof::Secret(secret) if oauth.consent_by.is_some() => {
            Some(webhook::Secret::Client(secret.as_bytes().to_vec()))
        }
        _ => None,
    });
    shared.chain(client).collect()
}

pub(super) fn speaker(site: &Site, tokens: &Tokens) -> Result<Speaker, Failure> {
    let Some(oauth) = &site.oauth else { return speaker_of_account(site) };
    let tokens = TokensOfSite::new(tokens.clone(), &site.name, oauth.authorization.clone());
    Ok(Speaker::with_tokens(connection(site)?, tokens)?)
}

/// For a site with an account and a token that stay.
pub(super) fn speaker_of_account(site: &Site) -> Result<Speaker, Failure> {
    Ok(Speaker::new(connection(site)?)?)
}

fn connection(site: &Site) -> Result<SiteConnection, Failure> {
    if !site.has_tracker {
        let name = &site.name;
        return Err(Failure::new(format!(
            "the site {name} has no tracker (dialect = \"none\"), so there is nothing to ask"
        )));
    }
    let api_base = site.api_base.parse().map_err(|error| wrong(site, "api_base", &error))?;
    let proxy =
        site.proxy.as_ref().map(|url| url.0.parse()).transpose().map_err(|error| wrong(site, "proxy", &error))?;
    Ok(SiteConnection {
        allow_private: site.allow_private,
        proxy,
        extra_certificate_authorities: site.certificate_authorities.clone(),
        requests_max: site.requests_at_once,
        requests_per_s_max: site.requests_per_s,
        ..SiteConnection::new(&site.name, api_base, &site.account, &site.token.0)
    })
}

fn wrong(site: &Site, key: &str, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("site[].{key} of {}: {error}; write for example \"https://example.atlassian.net\"", site.name))
}
