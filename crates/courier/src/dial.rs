//! Connections to other people's servers: TCP, and TLS whose certificate and name are checked.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use policy::fault::{Fault, FaultCode};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::wire::Wire;

/// How the way to a server is protected. A way that should be encrypted and cannot be is not used (SEC-51).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    None,
    StartTls,
    Implicit,
}

/// A stream to a server on which nothing was said yet.
pub(crate) struct Line {
    pub(crate) wire: Box<dyn Wire>,
    /// The server runs on this machine, so that what is said never leaves it.
    pub(crate) is_local: bool,
}

/// A stream to a server that has proved its name.
pub(crate) struct Encrypted {
    pub(crate) wire: Box<dyn Wire>,
    /// Such as `TLS 1.3`.
    pub(crate) version: &'static str,
}

/// After so long the next address of a name is tried beside the last (RFC 8305, section 5).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);
/// Addresses of a name that are tried at most.
const ADDRESSES_MAX: usize = 16;
/// How the fault of a server begins whose certificate is none that is trusted, or not one of its name.
pub(crate) const NOT_PROVED: &str = "TLS: the server did not prove its name: ";

/// Connects over TCP, to whichever address of the name answers first: a network over which one kind of address leads nowhere keeps nobody
/// from the other (FAULT-22).
///
/// # Errors
/// Temporary, with the code that the caller names, when it does not succeed within `wait`.
pub(crate) async fn connect(name: &str, port: u16, wait: Duration, code: FaultCode) -> Result<Line, Fault> {
    let line = connect_within(name, port, wait, code, &|_| true).await?;
    line.ok_or_else(|| Fault::temporary(code, "it is out of reach"))
}

/// The same, where all addresses of the name have to be within reach: one that also points elsewhere is no name to be trusted. `None` where
/// one is not.
///
/// # Errors
/// As [`connect`].
pub(crate) async fn connect_within(
    name: &str,
    port: u16,
    wait: Duration,
    code: FaultCode,
    may_reach: &(dyn Fn(&[IpAddr]) -> bool + Sync),
) -> Result<Option<Line>, Fault> {
    let connecting = async {
        let addresses: Vec<SocketAddr> = tokio::net::lookup_host((name, port)).await?.take(ADDRESSES_MAX).collect();
        match may_reach(&addresses.iter().map(SocketAddr::ip).collect::<Vec<_>>()) {
            true => first_that_answers(by_turns(addresses.into_iter())).await.map(Some),
            false => Ok(None),
        }
    };
    let stream = match timeout(wait, connecting).await {
        Ok(Ok(Some(stream))) => stream,
        Ok(Ok(None)) => return Ok(None),
        Ok(Err(error)) => return Err(Fault::temporary(code, error.to_string())),
        Err(_) => return Err(Fault::temporary(code, "connecting took too long")),
    };
    // Without it the last piece of an answer waits for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let is_local = stream.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
    Ok(Some(Line { wire: Box::new(stream), is_local }))
}

/// The addresses in the order in which they are tried: that of the resolver, IPv6 and IPv4 by turns (RFC 8305, section 4).
fn by_turns(addresses: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let addresses: Vec<SocketAddr> = addresses.collect();
    let first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut one, mut other): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv6() == first);
    one.reverse();
    other.reverse();
    let mut all = Vec::with_capacity(one.len() + other.len());
    while !one.is_empty() || !other.is_empty() {
        all.extend(one.pop());
        all.extend(other.pop());
    }
    all
}

/// A stream to one of them. Each is given a head start before the next; one that refuses makes room at once.
async fn first_that_answers(addresses: Vec<SocketAddr>) -> io::Result<TcpStream> {
    let mut left = addresses.into_iter().peekable();
    let mut trying = JoinSet::new();
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        if let Some(address) = left.next() {
            trying.spawn(TcpStream::connect(address));
        }
        let ended = match left.peek() {
            Some(_) => match timeout(NEXT_ADDRESS_AFTER, trying.join_next()).await {
                Ok(ended) => ended,
                Err(_) => continue,
            },
            None => trying.join_next().await,
        };
        match ended {
            Some(Ok(Ok(stream))) => return Ok(stream),
            Some(Ok(Err(error))) => failed = error,
            Some(Err(error)) => failed = io::Error::other(error.to_string()),
            None => return Err(failed),
        }
    }
}

/// Puts TLS around a stream; the server must prove that it bears the name.
///
/// # Errors
/// Temporary, with the code that the caller names, when it cannot or does not within `wait`; `SettingsWrong` for
/// authorities that cannot be used.
pub(crate) async fn encrypt(
    wire: Box<dyn Wire>,
    name: &str,
    authorities: Option<&Path>,
    wait: Duration,
    code: FaultCode,
) -> Result<Encrypted, Fault> {
    let connector = TlsConnector::from(tls(authorities)?);
    let name = name
        .to_owned()
        .try_into()
        .map_err(|_| Fault::temporary(code, "the host has no name that a certificate could bear"))?;
    match timeout(wait, connector.connect(name, wire)).await {
        Ok(Ok(stream)) => {
            let version = match stream.get_ref().1.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
                Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
                _ => "TLS",
            };
            Ok(Encrypted { wire: Box::new(stream), version })
        }
        Ok(Err(error)) if is_about_the_certificate(&error) => {
            Err(Fault::temporary(code, format!("{NOT_PROVED}{error}")))
        }
        Ok(Err(error)) => Err(Fault::temporary(code, format!("TLS: {error}"))),
        Err(_) => Err(Fault::temporary(code, "TLS took too long")),
    }
}

/// Whether the server is there and is not who it should be, which trying again does not mend.
fn is_about_the_certificate(error: &io::Error) -> bool {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    matches!(cause, Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented))
}

/// What stood in a file of authorities, or in the system's store, when it was read. A thousand mailboxes of one server would
/// otherwise hold a thousand copies of it.
type Read = HashMap<Option<PathBuf>, (Option<Stamp>, Instant, Arc<ClientConfig>)>;
/// Time of the last change and size of a file: with either of them other, it is read again.
type Stamp = (SystemTime, u64);
static READ: LazyLock<Mutex<Read>> = LazyLock::new(Mutex::default);
/// The system's store is read again after this.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(60);
/// So many files are remembered; with more, all are read again.
const READ_MAX: usize = 256;

/// TLS 1.2 or 1.3 with the named authorities, or the system's.
fn tls(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, Fault> {
    let key = authorities.map(Path::to_owned);
    let about = authorities.and_then(|path| std::fs::metadata(path).ok());
    let stamp = about.and_then(|about| Some((about.modified().ok()?, about.len())));
    // Every use leaves the map whole; a poisoned lock holds a usable one.
    let read = || READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((then, at, config)) = read().get(&key)
        && *then == stamp
        && at.elapsed() < READ_AGAIN_AFTER
    {
        return Ok(config.clone());
    }
    let config = read_tls(authorities)?;
    let mut read = read();
    if read.len() >= READ_MAX {
        read.clear();
    }
    read.insert(key, (stamp, Instant::now(), config.clone()));
    Ok(config)
}

fn read_tls(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, Fault> {
    let mut roots = RootCertStore::empty();
    match authorities {
        Some(path) => {
            let wrong = |why: String| {
                let text = format!(
                    "The certificate authorities in \"{}\" cannot be used ({why}): name a PEM file.",
                    path.display()
                );
                Fault::permanent(FaultCode::SettingsWrong, text.clone()).with_public(text)
            };
            for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(error.to_string()))? {
                let certificate = certificate.map_err(|error| wrong(error.to_string()))?;
                roots.add(certificate).map_err(|error| wrong(error.to_string()))?;
            }
        }
        None => {
            // Single unreadable files in the system's store are no reason to trust nobody.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|builder| Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
        .map_err(|error| Fault::permanent(FaultCode::Internal, format!("TLS cannot be set up: {error}")))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::net::{TcpListener, TcpSocket};

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn addresses_of_both_kinds_are_tried_by_turns() {
        let told = ["[2001:db8::1]:25", "[2001:db8::2]:25", "192.0.2.1:25", "[2001:db8::3]:25", "192.0.2.2:25"];
        let tried = ["[2001:db8::1]:25", "192.0.2.1:25", "[2001:db8::2]:25", "192.0.2.2:25", "[2001:db8::3]:25"];
        assert_eq!(by_turns(addresses(&told).into_iter()), addresses(&tried));
    }

    #[tokio::test]
    async fn fault_22_an_address_that_leads_nowhere_keeps_nobody_from_the_next() {
        // Full of callers whom nobody takes: whoever else calls gets no answer.
        let deaf = TcpSocket::new_v4().unwrap();
        deaf.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let deaf = deaf.listen(1).unwrap();
        let nowhere = deaf.local_addr().unwrap();
        let mut callers = Vec::new();
        while let Ok(caller) = timeout(Duration::from_millis(100), TcpStream::connect(nowhere)).await {
            callers.push(caller.unwrap());
            assert!(callers.len() < 64, "it is never full");
        }
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let open = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tried = vec![closed, nowhere, open.local_addr().unwrap()];
        let stream = timeout(Duration::from_secs(20), first_that_answers(tried)).await.unwrap().unwrap();
        assert_eq!(stream.peer_addr().unwrap(), open.local_addr().unwrap());
        let refused = first_that_answers(vec![closed]).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert!(first_that_answers(Vec::new()).await.is_err(), "a name without addresses");
    }
}
