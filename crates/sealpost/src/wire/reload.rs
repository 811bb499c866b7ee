//! Signals: SIGTERM and SIGINT stop, SIGHUP swaps settings when the new ones are right, and what ends is watched.

use super::Lasting;
use super::endings::Endings;
use super::hands::PageHands;
use super::listeners::Held;
use super::observe::days_left;
use crate::command::Failure;
use crate::settings;
use engine::cell::Cells;
use engine::keys::KeyTokens;
use engine::sealing::ByRules;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::signal::unix::{SignalKind, signal};

/// How often the ends of certificates, tokens and sign-ins are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(12 * 3600);

/// A certificate with this many days left, or fewer, is named in the log at each look (FAULT-32).
const ALARM_DAYS: i64 = 30;

/// What a reload needs.
pub struct Reload {
    pub file: PathBuf,
    /// As it was at the start.
    pub fixed: settings::Fixed,
    /// A PIN that was refused is refused until a restart.
    pub key_tokens: KeyTokens,
    pub engine: Arc<engine::Gateway>,
    pub store: Store,
    pub lasting: Lasting,
    pub cells: Cells,
    pub endings: Arc<Endings>,
    pub console: console::Console,
    pub hands: Arc<PageHands>,
    /// What seals the mail of each relay.
    pub by_rules: Vec<ByRules>,
}

/// Returns when the process is to stop; reloads and watches meanwhile.
pub async fn until_stopped(reload: &Reload, held: Vec<Held>) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::new(format!("cannot listen to signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(cannot)?;
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(()),
            _ = interrupt.recv() => return Ok(()),
            _ = hang_up.recv() => again(reload, &held).await,
            _ = look.tick() => {
                alarm(&held);
                reload.endings.tell().await;
            }
        }
    }
}

/// Reads everything again; what is wrong is told, and the old stays in place.
async fn again(reload: &Reload, held: &[Held]) {
    match settings::load(&reload.file) {
        Err(problems) => {
            for problem in problems {
                tracing::error!(%problem, "settings were not reloaded");
            }
        }
        Ok(mut settings) => {
            settings.key_tokens = reload.key_tokens.clone();
            match swap(reload, &settings).await {
                Ok(()) => {
                    for key in reload.fixed.differs(&settings.fixed) {
                        tracing::warn!(what = key, "differs from what is in use and has no effect before a restart");
                    }
                    reload.console.swap_browse_bases(super::browse_bases(&settings));
                    reload.hands.swap(settings);
                    tracing::info!("sites, mailboxes and profiles are reloaded");
                }
                Err(failure) => tracing::error!(problem = failure.text, "settings were not reloaded"),
            }
        }
    }
    for Held { place, certificates } in held {
        match certificates.reload() {
            Ok(()) => {
                tracing::info!(place, days_left = days_left(certificates.expires_at()), "the certificate is reloaded")
            }
            Err(fault) => tracing::error!(place, %fault, "the certificate was not reloaded"),
        }
    }
    alarm(held);
}

/// Everything new is made before anything old goes.
async fn swap(reload: &Reload, settings: &settings::Settings) -> Result<(), Failure> {
    let sites = super::telling(settings, &reload.store, &reload.lasting, &reload.cells).await?;
    let mailboxes = super::mailboxes(settings, &reload.store).await?;
    let bulletins = super::bulletins(settings, &reload.store).await?;
    let openings = super::openings::all(settings, (&reload.store, &reload.lasting), &reload.cells).await?;
    look_again(&reload.by_rules).await;
    reload.store.keep(&settings.retention(), super::SETTINGS).await?;
    reload.lasting.openings.swap(openings);
    reload.engine.swap_sites(sites);
    reload.engine.swap_mailboxes(mailboxes);
    reload.engine.swap_plans(settings.plans.clone());
    reload.engine.swap_bulletins(bulletins);
    reload.endings.swap(settings);
    reload.endings.tell().await;
    if let Err(fault) = reload.engine.fetch_now().await {
        tracing::warn!(%fault, "mailboxes are fetched under the new settings, but not at once");
    }
    Ok(())
}

/// Relays see keys that came, before mail that waits for them is asked about. Files that cannot be read leave what is known as it is.
async fn look_again(by_rules: &[ByRules]) {
    for one in by_rules {
        let one = one.clone();
        let _ = tokio::task::spawn_blocking(move || one.refresh()).await;
    }
}

fn alarm(held: &[Held]) {
    for Held { place, certificates } in held {
        let days_left = days_left(certificates.expires_at());
        if days_left <= ALARM_DAYS {
            tracing::warn!(place, days_left, "a certificate ends soon; replace its files and send SIGHUP");
        }
    }
}
