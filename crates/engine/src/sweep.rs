//! The sweep's job: retention and orphans. It is leased like any other, so that of several nodes one sweeps.

use crate::gateway::Shared;
use crate::held::Held;
use crate::stop::Stop;
use std::sync::atomic::Ordering;

/// Sweeps; the store makes the job come again.
pub(crate) async fn sweep(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let swept = shared.store.sweep_what_is_due().await?;
    shared.metrics.swept.fetch_add(swept.total(), Ordering::Relaxed);
    tracing::info!(
        contents = swept.contents + swept.written,
        events = swept.events,
        letters = swept.letters,
        files = swept.lost_files + swept.letter_files,
        orphans = swept.orphans,
        keys = swept.keys,
        "swept"
    );
    Ok(shared.store.complete(&held.lease).await?)
}
