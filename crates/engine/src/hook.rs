//! Webhooks: what trackers tell by themselves is proved, read, and durable before they hear that we have it.

use crate::crash_point::crash_point;
use crate::gateway::{Gateway, Shared};
use crate::metrics::Metrics;
use crate::take_in::within;
use policy::{Fault, FaultCode};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use store::{DEEDS_KEPT_DAYS, Via};
use tracker::webhook::{self, Headers, Unproved};

/// Jira repeats a webhook for less than an hour; what is older than this by the tracker's own clock is a replay (SEC-39).
const AGE_MAX: Duration = Duration::from_secs(24 * 60 * 60);
/// Another clock that is ahead by more than this is told of; what it tells is taken in all the same, because its tracker may not tell it again.
const AHEAD_TOLD: Duration = Duration::from_secs(10 * 60);
/// Nothing is ahead by more than this: until it counts as a replay the deeds in it are known again.
const AHEAD_MAX: Duration = Duration::from_secs((DEEDS_KEPT_DAYS as u64 - 2) * 24 * 60 * 60);
/// That a clock is wrong is told so often.
const TOLD_AGAIN: Duration = Duration::from_secs(60 * 60);

/// When it was told last that the clock of a site is wrong, and which way.
#[derive(Default)]
pub(crate) struct WrongClocks(Mutex<HashMap<(String, &'static str), Instant>>);

impl WrongClocks {
    /// Tells it, unless that was done a short while ago.
    fn tell(&self, site: &str, why: &'static str) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = told.get(&(site.to_owned(), why));
        if last.is_none_or(|last| last.elapsed() >= TOLD_AGAIN) {
            told.insert((site.to_owned(), why), Instant::now());
            tracing::warn!(
                site,
                why,
                "a webhook tells of a time that is not ours; set the clock of the tracker or of the gateway"
            );
        }
    }
}

/// What became of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Each deed in it is durable, now or since we were told of it before; so many are new.
    TakenIn { new: u32 },
    /// There is no such site, or it awaits no webhooks.
    Nowhere,
    /// Nothing proves that the site sent it.
    Unproved(Unproved),
    /// It tells of a time that is long over, or months ahead.
    OutOfTime,
}

impl Gateway {
    /// Whether webhooks of this site are heard.
    pub fn awaits_webhooks(&self, site: &str) -> bool {
        self.shared().site(site).is_ok_and(|site| !site.webhooks.is_empty())
    }

    /// One was refused because nothing in its head could prove it: no signature or more than one.
    pub fn count_unproved_webhook(&self, site: &str) {
        Metrics::add(&self.shared().metrics.webhooks_unproved);
        tracing::warn!(site, why = "head", "a webhook is not signed by the site");
    }

    /// Takes in what a tracker tells of this site. Nothing of the body is read before its origin is proved. Nobody waits for the answer
    /// after `until`.
    ///
    /// # Errors
    /// `RequestWrong` for what is no webhook; `QueueFull`, `DiskFull` and those of the store, `StoreUnavailable` where it takes longer, too:
    /// after them the tracker has to tell it again.
    pub async fn hear(&self, site: &str, headers: Headers<'_>, body: &[u8], until: Instant) -> Result<Heard, Fault> {
        let heard = hear(self.shared(), site, headers, body, until).await;
        let metrics = &self.shared().metrics;
        match &heard {
            Ok(Heard::TakenIn { new: 0 }) => Metrics::add(&metrics.webhooks_known),
            Ok(Heard::TakenIn { .. }) => Metrics::add(&metrics.webhooks),
            Ok(Heard::Nowhere) => {}
            Ok(Heard::Unproved(why)) => {
                Metrics::add(&metrics.webhooks_unproved);
                tracing::warn!(site, why = why.word(), "a webhook is not signed by the site");
            }
            Ok(Heard::OutOfTime) => {
                Metrics::add(&metrics.webhooks_out_of_time);
                self.shared().wrong_clocks.tell(site, "refused");
            }
            Err(fault) => {
                metrics.fault(fault);
                tracing::warn!(site, code = %fault.code, detail = fault.logged(), "a webhook was not taken in");
            }
        }
        heard
    }
}

async fn hear(shared: &Shared, name: &str, headers: Headers<'_>, body: &[u8], until: Instant) -> Result<Heard, Fault> {
    let Some(site) = shared.site(name).ok().filter(|site| !site.webhooks.is_empty()) else { return Ok(Heard::Nowhere) };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now_s = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    if let Err(why) = webhook::prove(headers, body, &site.webhooks, now_s) {
        return Ok(Heard::Unproved(why));
    }
    let told = webhook::read(body)?;
    let now_ms = now_s.saturating_mul(1000);
    let (age, ahead) = (millis(AGE_MAX), millis(AHEAD_MAX));
    if told.at_ms < now_ms - age || told.at_ms > now_ms + ahead {
        return Ok(Heard::OutOfTime);
    }
    if told.at_ms > now_ms + millis(AHEAD_TOLD) {
        Metrics::add(&shared.metrics.webhooks_ahead);
        shared.wrong_clocks.tell(name, "ahead");
    }
    if told.events.is_empty() {
        return Ok(Heard::TakenIn { new: 0 });
    }
    if shared.backlog_of_events.load(Ordering::Relaxed) >= shared.settings.backlog_max {
        return Err(Fault::temporary(FaultCode::QueueFull, "work.queue_depth_max is reached by events"));
    }
    let waiting: Vec<_> = told.events.iter().map(|event| (event, site.merge_window(event))).collect();
    let taking_in = shared.store.take_in_events(name, &waiting, body, Via::Webhook);
    let limit = shared.settings.intake_store_max.min(until.saturating_duration_since(Instant::now()));
    let new = within(limit, taking_in).await?;
    shared.backlog_of_events.fetch_add(u64::from(new), Ordering::Relaxed);
    crash_point("hook_taken_in");
    Ok(Heard::TakenIn { new })
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
