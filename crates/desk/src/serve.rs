//! Serves a router over HTTP/1.1, and cuts the connection where an answer is to be lost.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Connections at the same time; further ones wait to be accepted.
const CONNECTIONS_MAX: usize = 1024;
/// How long a client may take for the head of a request, the wait between two requests included.
const HEAD_TIME_MAX: Duration = Duration::from_secs(75);
/// How long open requests may take after the shutdown began.
const SHUTDOWN_TIME_MAX: Duration = Duration::from_secs(10);
/// The pause after a failed accept, which mostly means that there are no file descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Put among a response's extensions to cut the connection instead of sending it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut;

/// Why a connection ended without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the answer was lost on purpose")]
struct AnswerLost;

pub(crate) async fn run(router: Router, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let (stop, stopped) = watch::channel(false);
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        // The semaphore is never closed, so a place always comes.
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place,
            () = &mut shutdown => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = serve_connection(stream, router.clone(), stopped.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(fault) => {
                tracing::warn!(%fault, "the desk could not accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
    // Nobody listens any more when there is no connection.
    let _ = stop.send(true);
    let finish = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(SHUTDOWN_TIME_MAX, finish).await.is_err() {
        tracing::warn!("requests were still open when the desk stopped");
    }
}

async fn serve_connection(stream: TcpStream, router: Router, mut stopped: watch::Receiver<bool>) {
    // Answers are small and waited for, so they should not wait for more data.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        let router = router.clone();
        async move {
            let response = router.oneshot(request.map(Body::new)).await.unwrap_or_else(|never| match never {});
            if response.extensions().get::<Cut>().is_some() { Err(AnswerLost) } else { Ok(response) }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // Both ends are of the connection alone: a client that went away, or an answer that was lost.
    let stopping = tokio::select! {
        _ = connection.as_mut() => false,
        changed = stopped.changed() => { drop(changed); true }
    };
    if stopping {
        connection.as_mut().graceful_shutdown();
        let _ = connection.await;
    }
}
