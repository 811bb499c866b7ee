//! Connections to other people's servers: TCP, and TLS whose certificate and name are checked.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use policy::fault::{Fault, FaultCode};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::net::TcpStream;
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

/// Connects over TCP.
///
/// # Errors
/// Temporary, with the code that the caller names, when it does not succeed within `wait`.
pub(crate) async fn connect(name: &str, port: u16, wait: Duration, code: FaultCode) -> Result<Line, Fault> {
    let stream = match timeout(wait, TcpStream::connect((name, port))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(Fault::temporary(code, error.to_string())),
        Err(_) => return Err(Fault::temporary(code, "connecting took too long")),
    };
    // Without it the last piece of an answer waits for the acknowledgement of the one before.
    let _ = stream.set_nodelay(true);
    let is_local = stream.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
    Ok(Line { wire: Box::new(stream), is_local })
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
        Ok(Err(error)) => Err(Fault::temporary(code, format!("TLS: {error}"))),
        Err(_) => Err(Fault::temporary(code, "TLS took too long")),
    }
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
