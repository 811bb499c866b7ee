//! What can be seen of a running process: its log, its health, its figures.

use super::listeners::Held;
use crate::settings;
use console::operations::{Sources, Verdicts};
use engine::cell::{Cells, SandboxState};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use store::Store;
use tracing_subscriber::filter::EnvFilter;

/// A health page answers within this time, whatever the database does.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// Libraries whose own logs could show what passes through them; they may only report trouble, at any level.
const QUIET: &[&str] =
    &["sqlx", "hyper", "hyper_util", "reqwest", "rustls", "h2", "object_store", "tower_http", "axum"];

/// Starts the log on standard error. A second start (in tests) is ignored.
pub fn logs(settings: &settings::Log) {
    let quiet: String = QUIET.iter().map(|name| format!(",{name}=warn")).collect();
    let filter = EnvFilter::new(format!("{}{quiet}", settings.level));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = if settings.json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.compact().with_ansi(false).try_init()
    };
}

/// Where the operations listener gets its answers from.
pub fn sources(store: Store, cells: Cells, engine: Arc<engine::Gateway>, held: Vec<Held>) -> Sources {
    let (ready_store, ready_cells) = (store, cells.clone());
    Sources {
        ready: Arc::new(move || {
            let (store, cells) = (ready_store.clone(), ready_cells.clone());
            Box::pin(async move { ready(&store, &cells).await })
        }),
        metrics: Arc::new(move || {
            let (engine, cells, held) = (engine.clone(), cells.clone(), held.clone());
            Box::pin(async move { engine.metrics().await + &own_metrics(&cells, &held) })
        }),
    }
}

async fn ready(store: &Store, cells: &Cells) -> Verdicts {
    let late = || Err(format!("no answer within {} s", READY_WITHIN.as_secs()));
    let database = tokio::time::timeout(READY_WITHIN, store.check()).await;
    let database = database.map_or_else(|_| late(), |checked| checked.map_err(|fault| fault.to_string()));
    let cell =
        tokio::time::timeout(READY_WITHIN, cells.read(b"Subject: ready?\r\n\r\n".as_slice(), &mail::Limits::default()))
            .await;
    let cell = cell.map_or_else(|_| late(), |read| read.map(|_| ()).map_err(|fault| fault.to_string()));
    vec![("database, key book and disk", database), ("cells", cell)]
}

/// Figures of what stands around the engine: certificates and the sandbox.
fn own_metrics(cells: &Cells, held: &[Held]) -> String {
    let mut text = String::new();
    let _ = writeln!(
        text,
        "# HELP sealpost_cells_sandbox_full 1 when the cells' sandbox is complete.\n# TYPE sealpost_cells_sandbox_full gauge"
    );
    let _ = writeln!(text, "sealpost_cells_sandbox_full {}", u8::from(matches!(cells.sandbox(), SandboxState::Full)));
    let _ = writeln!(
        text,
        "# HELP sealpost_cells_replaced_total Cells that were replaced.\n# TYPE sealpost_cells_replaced_total counter"
    );
    let _ = writeln!(text, "sealpost_cells_replaced_total {}", {
        let figures = cells.figures();
        figures.died + figures.retired
    });
    let _ = writeln!(
        text,
        "# HELP sealpost_certificate_days_left Days until a certificate ends.\n# TYPE sealpost_certificate_days_left gauge"
    );
    for Held { place, certificates } in held {
        let _ = writeln!(
            text,
            "sealpost_certificate_days_left{{place=\"{place}\"}} {}",
            days_left(certificates.expires_at())
        );
    }
    text
}

/// Whole days until then; negative when it has passed.
pub fn days_left(end: SystemTime) -> i64 {
    let day = 24 * 3600;
    match end.duration_since(SystemTime::now()) {
        Ok(left) => i64::try_from(left.as_secs() / day).unwrap_or(i64::MAX),
        Err(passed) => -i64::try_from(passed.duration().as_secs() / day + 1).unwrap_or(i64::MAX),
    }
}
