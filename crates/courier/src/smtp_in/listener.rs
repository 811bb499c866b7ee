//! Accepts connections, gives each a seat and a task, and stops in an orderly way.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use policy::fault::Fault;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::guesses::Guesses;
use super::limits::{ACCEPT_PAUSE_MS, Seat, Seats};
use super::refusals::{Reason, Refusals};
use super::session::Session;
use super::settings::wrong;
use super::{Endpoint, Gate, Settings, Tls};
use crate::certificate::Certificates;
use crate::wire::Wire;

/// What all connections of a listener share.
pub(super) struct Shared<G: Gate> {
    pub(super) settings: Settings,
    pub(super) gate: Arc<G>,
    pub(super) certificates: Option<Arc<Certificates>>,
    pub(super) stopping: watch::Sender<bool>,
    pub(super) guesses: Guesses,
    pub(super) refusals: Arc<Refusals>,
    seats: Arc<Seats>,
    ids: AtomicU64,
    accepted: AtomicU64,
    refused: AtomicU64,
    turned_away: AtomicU64,
}

impl<G: Gate> Shared<G> {
    /// An id for `Received` where the gate has none, unique within this listener and not repeated after a restart: it starts from the clock.
    pub(super) fn next_id(&self) -> String {
        format!("{:x}", self.ids.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn count(&self, accepted: bool) {
        let counter = if accepted { &self.accepted } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a listener has done since it was bound; for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub connections_open: usize,
    /// Connections closed at once because all seats were taken.
    pub connections_turned_away: u64,
    /// Mails answered with 250.
    pub mails_accepted: u64,
    /// Mails read to their end and answered with 4xx or 5xx.
    pub mails_refused: u64,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A bound listener. `serve` may run while `reload` and the counts are asked from elsewhere.
pub struct Listener<G: Gate> {
    socket: Socket,
    shared: Arc<Shared<G>>,
}

impl<G: Gate> Listener<G> {
    /// Checks the settings, loads the certificate and binds.
    ///
    /// # Errors
    /// `SettingsWrong` when settings contradict each other, a file cannot be used or the address cannot be bound.
    pub async fn bind(settings: Settings, gate: Arc<G>) -> Result<Listener<G>, Fault> {
        settings.check()?;
        let certificates = settings.tls.files().map(Certificates::load).transpose()?.map(Arc::new);
        let socket = match &settings.listen {
            Endpoint::Tcp(address) => TcpListener::bind(address).await.map(Socket::Tcp),
            Endpoint::Unix(path) => bind_unix(path).await.map(Socket::Unix),
        };
        let socket = socket.map_err(|error| {
            wrong("listen", &settings.listen.to_string(), &format!("name an address that is free and ours ({error})"))
        })?;
        let seats = Seats::new(settings.connections_max, settings.connections_per_ip_max);
        let start = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let refusals = Refusals::new(&settings.name);
        let shared = Shared {
            settings,
            gate,
            certificates,
            stopping: watch::Sender::new(false),
            guesses: Guesses::default(),
            refusals,
            seats,
            ids: AtomicU64::new(u64::try_from(start.as_micros()).unwrap_or_default()),
            accepted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            turned_away: AtomicU64::new(0),
        };
        Ok(Listener { socket, shared: Arc::new(shared) })
    }

    /// Where it listens; none for a local socket.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(socket) => socket.local_addr().ok(),
            Socket::Unix(_) => None,
        }
    }

    /// Reads certificate and key again; running connections keep theirs (FAULT-32).
    ///
    /// # Errors
    /// `SettingsWrong` when the files cannot be used; then the old certificate stays.
    pub fn reload(&self) -> Result<(), Fault> {
        self.shared.certificates.as_deref().map_or(Ok(()), Certificates::reload)
    }

    /// When the certificate in use ends; none without TLS.
    pub fn certificate_expires_at(&self) -> Option<SystemTime> {
        self.shared.certificates.as_deref().map(Certificates::expires_at)
    }

    /// The certificate in use, to watch and reload beside those of other listeners; none without TLS.
    pub fn certificates(&self) -> Option<Arc<Certificates>> {
        self.shared.certificates.clone()
    }

    /// What was refused, to be counted beside what other listeners refused.
    pub fn refusals(&self) -> Arc<Refusals> {
        Arc::clone(&self.shared.refusals)
    }

    /// What has been done so far.
    pub fn counts(&self) -> Counts {
        Counts {
            connections_open: self.shared.seats.taken(),
            connections_turned_away: self.shared.turned_away.load(Ordering::Relaxed),
            mails_accepted: self.shared.accepted.load(Ordering::Relaxed),
            mails_refused: self.shared.refused.load(Ordering::Relaxed),
        }
    }

    /// Serves until `shutdown` resolves; then idle clients hear 421, mails in flight may finish for
    /// `shutdown_grace_s`, and what is left is dropped unacknowledged (FAULT-37).
    pub async fn serve(&self, shutdown: impl Future<Output = ()>) {
        let mut conversations = JoinSet::new();
        tokio::pin!(shutdown);
        loop {
            tokio::select! {
                biased;
                () = &mut shutdown => break,
                _ = conversations.join_next(), if !conversations.is_empty() => {}
                accepted = self.accept() => match accepted {
                    Ok(Some((wire, ip, seat))) => {
                        let shared = Arc::clone(&self.shared);
                        conversations.spawn(async move {
                            Session::new(wire, ip, &shared).converse().await;
                            drop(seat);
                        });
                    }
                    Ok(None) => {}
                    Err(error) => {
                        tracing::warn!(%error, "no connection could be accepted");
                        sleep(Duration::from_millis(ACCEPT_PAUSE_MS)).await;
                    }
                },
            }
        }
        self.shared.stopping.send_replace(true);
        if let Endpoint::Unix(path) = &self.shared.settings.listen {
            // The next start would remove a stale socket anyway.
            let _ = std::fs::remove_file(path);
        }
        let grace = Duration::from_secs(self.shared.settings.shutdown_grace_s);
        let drained = timeout(grace, async { while conversations.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            tracing::warn!(connections = conversations.len(), "the grace at shutdown was not enough");
            conversations.shutdown().await;
        }
    }

    /// Holds one conversation on a wire that was accepted elsewhere; `ip` is none for a local client.
    pub async fn converse(&self, wire: impl Wire + 'static, ip: Option<IpAddr>) {
        Session::new(Box::new(wire), ip, &self.shared).converse().await;
    }

    /// The next connection that gets a seat.
    async fn accept(&self) -> io::Result<Option<(Box<dyn Wire>, Option<IpAddr>, Seat)>> {
        match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, peer) = socket.accept().await?;
                match self.shared.seats.take(Some(peer.ip())) {
                    Some(seat) => {
                        // Replies are batched already; waiting for more would only cost time. A failure costs only that.
                        let _ = stream.set_nodelay(true);
                        Ok(Some((Box::new(stream), Some(peer.ip()), seat)))
                    }
                    None => self.turn_away(stream.into_std()?, Some(peer.ip())),
                }
            }
            Socket::Unix(socket) => {
                let (stream, _) = socket.accept().await?;
                match self.shared.seats.take(None) {
                    Some(seat) => Ok(Some((Box::new(stream), None, seat))),
                    None => self.turn_away(stream.into_std()?, None),
                }
            }
        }
    }

    /// Says 421 if the socket takes it at once: a turned away client may not cost a wait.
    fn turn_away<T>(&self, mut stream: impl io::Write, ip: Option<IpAddr>) -> io::Result<Option<T>> {
        self.shared.turned_away.fetch_add(1, Ordering::Relaxed);
        self.shared.refusals.note(Reason::TooManyConnections, ip, Some(421));
        if !matches!(self.shared.settings.tls, Tls::Implicit(_)) {
            let _ = stream.write(b"421 4.7.0 Too many connections; please come back\r\n");
        }
        Ok(None)
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Endpoint::Tcp(address) => address.fmt(f),
            Endpoint::Unix(path) => path.display().fmt(f),
        }
    }
}

/// Binds a local socket; one that a dead process left behind is replaced, one that still answers is not.
async fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket());
    if is_socket && UnixStream::connect(path).await.is_err() {
        std::fs::remove_file(path)?;
    }
    let socket = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    Ok(socket)
}
