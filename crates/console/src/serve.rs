//! Serving pages over HTTP on loopback or HTTPS anywhere, with bounds on time and number of connections.

use crate::crowd::{Crowd, Place};
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

/// The longest request head that is read; longer ones get 431 (SEC-45).
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// How pages are served.
#[derive(Clone)]
pub struct Settings {
    pub listen: SocketAddr,
    /// `None` only on loopback.
    pub tls: Option<Acceptor>,
    /// Beyond these, connections wait in the kernel.
    pub connections_max: usize,
    /// Beyond these of one address (of IPv6: of one network of 64 bits), further ones are closed at once.
    pub connections_per_ip_max: usize,
    /// A whole request head must arrive within this time, counted from the end of the answer before; so must a TLS
    /// handshake.
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
            connections_per_ip_max: 64,
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
    /// Binds. Plain HTTP is refused anywhere but on loopback (PRIV-21).
    ///
    /// # Errors
    /// Those of the system, and the refusal.
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
        let crowd = Crowd::default();
        let (stopping, stopped) = watch::channel(false);
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = accept(&self.socket, &slots) => accepted,
                () = &mut stop => break,
            };
            let Some((stream, address, slot)) = accepted else { continue };
            let Some(place) = crowd.enter(address.ip(), self.settings.connections_per_ip_max) else { continue };
            let connection = connection(stream, self.settings.clone(), router.clone(), stopped.clone());
            tokio::spawn(async move {
                let _held: (Place, OwnedSemaphorePermit) = (place, slot);
                connection.await;
            });
        }
        let _ = stopping.send(true);
        let all = u32::try_from(self.settings.connections_max).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(self.settings.grace, slots.acquire_many(all)).await;
    }
}

/// The next connection and its slot. An accept that fails (too many open files) is tried again a little later.
async fn accept(socket: &TcpListener, slots: &Arc<Semaphore>) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let slot = slots.clone().acquire_owned().await.ok()?;
    match socket.accept().await {
        Ok((stream, address)) => Some((stream, address, slot)),
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
        .max_buf_size(HEAD_BYTES_MAX)
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
