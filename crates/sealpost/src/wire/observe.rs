//! What can be seen of a running process: its log, its panics, its health, its figures.

use super::endings::Endings;
use super::listeners::Held;
use super::outside::{Outsiders, figures_in_text};
use crate::settings;
use console::operations::{Sources, Verdicts};
use courier::smtp_in::Refusals;
use engine::cell::{Cells, SandboxState};
use engine::relay::{Relay, RelayFigures, relays_in_text, stored_in_text};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use store::Store;
use tracing_subscriber::filter::EnvFilter;

/// A health page answers within this time, whatever the database does.
const READY_WITHIN: Duration = Duration::from_secs(5);

/// Our own crates that log. They show no content at any level (PRIV-16); libraries, which promise nothing of the kind,
/// may only report trouble, those included that nobody has thought of yet.
const OURS: &[&str] = &["sealpost", "engine", "store", "courier", "console", "desk"];

/// Starts the log on standard error. A second start (in tests) is ignored.
pub fn logs(settings: &settings::Log) {
    let builder = tracing_subscriber::fmt().with_env_filter(filter(&settings.level)).with_writer(std::io::stderr);
    let _ = if settings.json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.compact().with_ansi(false).try_init()
    };
}

fn filter(level: &str) -> EnvFilter {
    let others = if level == "error" { level } else { "warn" };
    let ours: String = OURS.iter().map(|name| format!(",{name}={level}")).collect();
    EnvFilter::new(format!("{others}{ours}"))
}

/// Lets a panic tell its place and nothing else: its message may hold content, as that of a text cut inside a letter does.
pub fn panics() {
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        if tracing::dispatcher::has_been_set() {
            tracing::error!(at, "a panic; please report this place");
        } else {
            eprintln!("sealpost: a panic at {at}; please report this place");
        }
    }));
}

/// Where the operations listener gets its answers from.
pub fn sources(
    store: Store,
    cells: Cells,
    engine: Arc<engine::Gateway>,
    endings: Arc<Endings>,
    (held, refusals): (Vec<Held>, Vec<Arc<Refusals>>),
    listening: String,
    (relays, known, outsiders): (Vec<Relay>, Vec<(String, String)>, Outsiders),
) -> Sources {
    let (ready_store, ready_cells) = (store.clone(), cells.clone());
    Sources {
        listening: listening.into(),
        ready: Arc::new(move || {
            let (store, cells) = (ready_store.clone(), ready_cells.clone());
            Box::pin(async move { ready(&store, &cells).await })
        }),
        metrics: Arc::new(move || {
            let (engine, cells, endings, held) = (engine.clone(), cells.clone(), endings.clone(), held.clone());
            let relays: Vec<RelayFigures> = relays.iter().map(Relay::figures).collect();
            let asked = figures_in_text(&outsiders.figures()) + &refusal_metrics(&refusals);
            let (store, known) = (store.clone(), known.clone());
            Box::pin(async move {
                let relayed = relays_in_text(&relays) + &asked + &stored_metrics(&store, &known).await;
                let own = own_metrics(&cells, &held) + &relayed;
                engine.metrics().await + &own + &endings.metrics().await
            })
        }),
    }
}

/// What relays have stored, beside those of the settings; left out when the store does not answer in time.
async fn stored_metrics(store: &Store, known: &[(String, String)]) -> String {
    let asked =
        async { Ok::<_, policy::Fault>(stored_in_text(&store.kept_by_relay().await?, known, store.now().await?)) };
    tokio::time::timeout(READY_WITHIN, asked).await.ok().and_then(Result::ok).unwrap_or_default()
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

/// What listeners have refused, by the word for why; listeners of one name are counted together.
fn refusal_metrics(refusals: &[Arc<Refusals>]) -> String {
    let mut counted: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for of in refusals {
        for (reason, count) in of.counts() {
            *counted.entry((of.listener(), reason)).or_default() += count;
        }
    }
    let mut text = String::new();
    if counted.is_empty() {
        return text;
    }
    let _ = writeln!(
        text,
        "# HELP sealpost_smtp_refused_total What listeners for mail refused, by why.\n# TYPE sealpost_smtp_refused_total counter"
    );
    for ((listener, reason), count) in counted {
        let _ = writeln!(text, "sealpost_smtp_refused_total{{listener={listener:?},reason=\"{reason}\"}} {count}");
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io;
    use std::sync::{Mutex, PoisonError};
    use tracing::subscriber::with_default;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: &str, work: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let builder = tracing_subscriber::fmt().with_env_filter(filter(level)).json().flatten_event(true);
        with_default(builder.with_writer(move || writer.clone()).finish(), work);
        let bytes = written.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn priv_16_a_library_may_only_report_trouble_even_at_trace() {
        let all = || {
            tracing::trace!(target: "engine::work", "ours at trace");
            tracing::info!(target: "hyper::proto", "planted");
            tracing::debug!(target: "sqlx::query", "planted");
            tracing::trace!(target: "a_library_of_next_year", "planted");
            tracing::info!(target: "a_library_of_next_year", "planted");
            tracing::warn!(target: "a_library_of_next_year", "in trouble");
        };
        let log = logged("trace", all);
        assert!(log.contains("ours at trace") && log.contains("in trouble"), "{log}");
        assert!(!log.contains("planted"), "{log}");
        assert_eq!(logged("error", all), "");
    }

    #[test]
    fn priv_16_a_panic_tells_its_place_and_nothing_of_what_it_held() {
        panics();
        let log = logged("info", || {
            let text = std::hint::black_box("planted-\u{fc}");
            let cut = std::panic::catch_unwind(|| text[..text.len() - 1].len());
            assert!(cut.is_err());
        });
        let _ = std::panic::take_hook();
        assert!(log.contains("observe.rs:"), "{log}");
        assert!(!log.contains("planted"), "{log}");
    }

    #[test]
    fn sec_47_whatever_is_logged_stays_one_line() {
        let evil = "a\r\nb\u{2028}\u{1b}[31m\u{202e}\"}";
        let log = logged("info", || tracing::info!(target: "engine", evil, "one\ntwo"));
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(serde_json::from_str::<serde_json::Value>(&log).unwrap()["evil"] == evil);
        assert!(!log.contains('\u{1b}'), "{log}");
    }
}
