//! The `Poll` job of a site: what happened there is read in the history of its issues and taken in as webhooks are, for sites that
//! cannot reach us, and for what their webhooks did not bring.
//!
//! Everything is told by the tracker's clock, so that ours does not matter. Its search lags and counts in minutes: each pass looks
//! back further than it has to, and deeds that are known fall out.

mod pass;

use crate::fetch::Moods;
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::stop::Stop;
use pass::{Ended, Pass};
use policy::Fault;
use std::time::Duration;

/// How soon a job is looked at again whose site is read by the settings of another process, or of none.
const UNKNOWN_AGAIN: Duration = Duration::from_secs(60);

/// Reads on; the job comes again, whatever happens.
pub(crate) async fn poll(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let found = shared.site(&held.lease.site).ok();
    let Some((site, every)) = found.and_then(|site| site.poll_every.map(|every| (site, every))) else {
        return Ok(shared.store.fetch_again(&held.lease, held.after(UNKNOWN_AGAIN)).await?);
    };
    let ended = run(shared, held, &site).await;
    site.history_went(ended.is_ok());
    let Ended { mark, goes_on, new } = ended?;
    Metrics::add(&shared.metrics.history_passes);
    if new > 0 {
        tracing::info!(site = site.name, events = new, "events were read in the history");
    }
    let pause = if goes_on { Duration::ZERO } else { every };
    shared.store.polled(&held.lease, &mark, held.after(pause)).await?;
    if goes_on {
        shared.fetch_due.notify_one();
    }
    Ok(())
}

async fn run(shared: &Shared, held: &Held, site: &crate::site::Site) -> Result<Ended, Fault> {
    let mark = shared.store.history_mark(&site.name).await?;
    Pass::begin(shared, held, site, mark).await?.run().await
}

/// How long to wait after a pass failed: never less than after one that went well, so that a tracker that refuses is not asked more often.
pub(crate) fn pause_after_failure(shared: &Shared, held: &Held) -> Duration {
    let every = shared.site(&held.lease.site).ok().and_then(|site| site.poll_every);
    Moods::pause_after_failure(held.lease.tries, every.unwrap_or(UNKNOWN_AGAIN))
}
