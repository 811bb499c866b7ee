//! Sees to retention and orphans now and then. Several nodes may do so at once: erasing twice erases once.

use crate::gateway::Shared;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// A sweep that takes longer is broken off; the next one goes on where it stopped.
const SWEEP_MAX: Duration = Duration::from_secs(30 * 60);

/// Sweeps every [`crate::Settings::sweep_every`], the first time after one such time: starting is busy enough.
pub(crate) async fn sweep(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(shared.settings.sweep_every) => {}
            () = stop.cancelled() => return,
        }
        let swept = tokio::select! {
            swept = tokio::time::timeout(SWEEP_MAX, shared.store.sweep()) => swept,
            () = stop.cancelled() => return,
        };
        match swept {
            Ok(Ok((contents, orphans))) => {
                shared.metrics.swept.fetch_add(contents + orphans, Ordering::Relaxed);
                tracing::info!(contents, orphans, "swept");
            }
            Ok(Err(fault)) => {
                shared.metrics.fault(&fault);
                tracing::warn!(code = %fault.code, detail = fault.detail, "the sweep failed; it is tried again");
            }
            Err(_) => tracing::warn!("the sweep took too long; it goes on at the next one"),
        }
    }
}
