//! The sweep's job: retention and orphans. It is leased like any other, so that of several nodes one sweeps.

use crate::gateway::Shared;
use crate::held::Held;
use crate::stop::Stop;
use std::sync::atomic::Ordering;

/// Sweeps; the store makes the job come again.
pub(crate) async fn sweep(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let (contents, orphans) = shared.store.sweep().await?;
    shared.metrics.swept.fetch_add(contents + orphans, Ordering::Relaxed);
    tracing::info!(contents, orphans, "swept");
    Ok(shared.store.complete(&held.lease).await?)
}
