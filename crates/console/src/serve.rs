//! Serving pages over HTTP on loopback or HTTPS anywhere, with bounds on time and number of connections.

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_rustls::TlsAcceptor;

/// The acceptor to use for the next connection; asked each time, so that a new certificate needs no restart.
pub type Acceptor = Arc<dyn Fn() -> TlsAcceptor + Send + Sync>;

/// How pages are served.
#[derive(Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    /// `None` only on loopback.
    pub tls: Option<Acceptor>,
    pub connections_max: usize,
    /// A whole request head must arrive within this time; so must a TLS handshake.
    pub head_timeout: Duration,
    /// One connection lives no longer than this.
    pub connection_timeout: Duration,
    /// What open connections get at shutdown.
    pub grace: Duration,
}

impl Settings {
    /// The bounds that fit a console and an operations listener.
    pub fn new(listen: SocketAddr, tls: Option<Acceptor>) -> Settings {
        Settings {
            listen,
            tls,
            connections_max: 256,
            head_timeout: Duration::from_secs(10),
            connection_timeout: Duration::from_secs(300),
            grace: Duration::from_secs(5),
        }
    }
}

/// A bound listener; connections wait in the kernel until [`Listener::serve`].
pub struct Listener {
    settings: Settings,
    socket: TcpListener,
}

impl Listener {
    /// Binds. Plain HTTP is refused anywhere but on loopback.
    pub async fn bind(settings: Settings) -> std::io::Result<Listener> {
        if settings.tls.is_none() && !settings.listen.ip().is_loopback() {
            return Err(std::io::Error::other(
                "pages are served without TLS on loopback only; set a certificate and key",
            ));
        }
        let socket = TcpListener::bind(settings.listen).await?;
        Ok(Listener { settings, socket })
    }

    /// Where it listens, with the real port.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop` resolves, then lets open requests end within the grace.
    pub async fn serve(self, router: Router, stop: impl Future<Output = ()>) {
        let slots = Arc::new(Semaphore::new(self.settings.connections_max));
        let (stopping, stopped) = watch::channel(false);
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = accept(&self.socket, &slots) => accepted,
                () = &mut stop => break,
            };
            let Some((stream, slot)) = accepted else { continue };
            let connection = connection(stream, self.settings.clone(), router.clone(), stopped.clone());
            tokio::spawn(async move {
                connection.await;
                drop(slot);
            });
        }
        let _ = stopping.send(true);
        let all = u32::try_from(self.settings.connections_max).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(self.settings.grace, slots.acquire_many(all)).await;
    }
}

/// The next connection and its slot. An accept that fails (too many open files) is tried again a little later.
async fn accept(socket: &TcpListener, slots: &Arc<Semaphore>) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let slot = slots.clone().acquire_owned().await.ok()?;
    match socket.accept().await {
        Ok((stream, _)) => Some((stream, slot)),
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            tokio::time::sleep(Duration::from_millis(100)).await;
            None
        }
    }
}

async fn connection(stream: TcpStream, settings: Settings, router: Router, stopped: watch::Receiver<bool>) {
    let _ = stream.set_nodelay(true);
    match settings.tls.as_ref().map(|acceptor| acceptor()) {
        None => exchange(stream, &settings, router, stopped).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(settings.head_timeout, acceptor.accept(stream)).await {
                exchange(stream, &settings, router, stopped).await;
            }
        }
    }
}

async fn exchange<S>(stream: S, settings: &Settings, router: Router, mut stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.head_timeout)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    tokio::pin!(served);
    let limit = tokio::time::sleep(settings.connection_timeout);
    tokio::pin!(limit);
    loop {
        tokio::select! {
            _ = &mut served => return,
            () = &mut limit => return,
            changed = stopped.changed() => {
                served.as_mut().graceful_shutdown();
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}
