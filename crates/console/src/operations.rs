//! What machines ask: is it alive, is it ready, how is it doing; no addresses, no content.

use crate::guard::set_safe_headers;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::pin::Pin;
use std::sync::Arc;

/// One thing that must work: its name, and what is wrong with it.
pub type Verdicts = Vec<(&'static str, Result<(), String>)>;

type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Where the answers come from.
#[derive(Clone)]
pub struct Sources {
    /// Database, disk and cells; each answers within its own bound.
    pub ready: Arc<dyn Fn() -> Later<Verdicts> + Send + Sync>,
    /// Which gateway this is and where it listens, a line each.
    pub listening: Arc<str>,
    /// The metrics in Prometheus' text format.
    pub metrics: Arc<dyn Fn() -> Later<String> + Send + Sync>,
}

/// `/live`, `/ready`, `/listening` and `/metrics`. Answered under any name, since monitors have many; there is nothing to steal here.
pub fn router(sources: Sources) -> Router {
    Router::new()
        .route("/live", get(|| async { "alive\n" }))
        .route("/ready", get(ready))
        .route("/listening", get(|State(sources): State<Sources>| async move { sources.listening.to_string() }))
        .route("/metrics", get(metrics))
        .layer(middleware::map_response(safe))
        .with_state(sources)
}

async fn safe(mut response: Response) -> Response {
    set_safe_headers(response.headers_mut());
    response
}

/// 200 when all work, otherwise 503 with a line for each.
async fn ready(State(sources): State<Sources>) -> Response {
    let verdicts = (sources.ready)().await;
    let well = verdicts.iter().all(|(_, verdict)| verdict.is_ok());
    let lines: String = verdicts
        .iter()
        .map(|(name, verdict)| match verdict {
            Ok(()) => format!("{name}: ready\n"),
            Err(why) => format!("{name}: {why}\n"),
        })
        .collect();
    (if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, lines).into_response()
}

async fn metrics(State(sources): State<Sources>) -> Response {
    let text = (sources.metrics)().await;
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
