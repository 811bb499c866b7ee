//! Serving pages over HTTP on loopback or HTTPS anywhere, with bounds on time and number of connections.

use crate::crowd::{Crowd, Place};
use axum::Router;
use axum::http::{HeaderMap, Request};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
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
    /// Servers of ours that stand before the listener: what they say of the client counts, and they may have as many
    /// connections as they like.
    pub proxies: Vec<IpAddr>,
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
            proxies: Vec::new(),
            head_timeout: Duration::from_secs(10),
            connection_timeout: Duration::from_secs(300),
            grace: Duration::from_secs(5),
        }
    }
}

/// Whom a request comes from; every request that is served has it as an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client(pub IpAddr);

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
            let peer = address.ip().to_canonical();
            let at_most = if self.settings.proxies.contains(&peer) {
                self.settings.connections_max
            } else {
                self.settings.connections_per_ip_max
            };
            let Some(place) = crowd.enter(peer, at_most) else { continue };
            let connection = connection(stream, peer, self.settings.clone(), router.clone(), stopped.clone());
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

async fn connection(
    stream: TcpStream,
    peer: IpAddr,
    settings: Settings,
    router: Router,
    stopped: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    match settings.tls.as_ref().map(|acceptor| acceptor()) {
        None => exchange(stream, peer, &settings, router, stopped).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = tokio::time::timeout(settings.head_timeout, acceptor.accept(stream)).await {
                exchange(stream, peer, &settings, router, stopped).await;
            }
        }
    }
}

/// Who asks: the peer or, when that is a server of ours, whom it says it speaks for. The last address is the one that it
/// added itself; all before it come from the client and may be invented. One that does not say it speaks for nobody known: who asks
/// through it must not pass for the machine that it runs on.
fn client(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> Client {
    const NOBODY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let forwarded = || {
        let last = headers.get_all("x-forwarded-for").iter().next_back()?.to_str().ok()?;
        let last = last.rsplit(',').next()?.trim();
        let bare = last.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(last);
        bare.parse().ok().or_else(|| Some(last.parse::<SocketAddr>().ok()?.ip()))
    };
    Client(if proxies.contains(&peer) { forwarded().unwrap_or(NOBODY) } else { peer })
}

async fn exchange<S>(stream: S, peer: IpAddr, settings: &Settings, router: Router, mut stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let named = service_fn(|mut request: Request<hyper::body::Incoming>| {
        let client = client(peer, request.headers(), &settings.proxies);
        request.extensions_mut().insert(client);
        router.call(request)
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.head_timeout)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), named);
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sec_45_only_our_own_proxies_say_who_the_client_is() {
        let (proxy, stranger): (IpAddr, IpAddr) = ("192.0.2.1".parse().unwrap(), "198.51.100.7".parse().unwrap());
        let mut headers = HeaderMap::new();
        let who = |peer, headers: &HeaderMap| client(peer, headers, &[proxy]).0.to_string();
        assert_eq!(who(proxy, &headers), "0.0.0.0", "it may be this machine, and whoever asks through it is not");
        headers.append("x-forwarded-for", "203.0.113.1, 203.0.113.2".parse().unwrap());
        assert_eq!(who(proxy, &headers), "203.0.113.2");
        assert_eq!(who(stranger, &headers), "198.51.100.7");
        headers.append("x-forwarded-for", "203.0.113.3".parse().unwrap());
        assert_eq!(who(proxy, &headers), "203.0.113.3");
        for (value, read) in [
            ("203.0.113.4:50123", "203.0.113.4"),
            ("[2001:db8::1]:50123", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("nobody", "0.0.0.0"),
        ] {
            headers.append("x-forwarded-for", value.parse().unwrap());
            assert_eq!(who(proxy, &headers), read);
        }
    }
}
