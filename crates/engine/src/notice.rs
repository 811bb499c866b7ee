//! The `Notice` job: decides what is written to whom about the events of one issue, when the window after its first event is over.

use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::stop::Stop;
use serde_json::json;

/// Decides about what is open and writes it down; the store begins another window where more came meanwhile.
pub(crate) async fn notice(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let events = shared.store.open_events(&held.lease).await?;
    let ids: Vec<String> = events.iter().map(|stored| stored.id.clone()).collect();
    let notice = json!({ "outcome": "ignored", "reason": "no mapping names these events" });
    Metrics::add(&shared.metrics.notices);
    Ok(shared.store.write_notice(&held.lease, &ids, "ignored", &notice, 0).await?)
}
