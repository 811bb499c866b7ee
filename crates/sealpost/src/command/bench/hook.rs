//! `sealpost bench hook`: webhooks until each is durable, beside a minimal receiver of Node's.

use super::child::Measured;
use super::intake::{free_port, left, per_mail, tempdir};
use super::load::Sent;
use super::machine;
use crate::command::Failure;
use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

const SECRET: &[u8] = b"the secret of the bench";
/// As many as one address may have.
const CONNECTIONS: usize = 32;
/// A handshake costs more than what it is for, so fewer tell as much.
const SESSIONS_SHARE: usize = 5;

/// What is sent.
#[derive(Debug, Clone, clap::Args)]
pub struct Hooks {
    /// How many webhooks.
    #[arg(long, default_value_t = 20_000)]
    hooks: usize,
    /// The size of each body.
    #[arg(long, default_value_t = 8_000)]
    size_bytes: usize,
    /// The folder of the peer, in which `npm install` was run.
    #[arg(long, default_value = "bench/hook")]
    peer: PathBuf,
}

/// How a request travels.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Plain,
    /// TLS on connections that are kept.
    Tls,
    /// A TLS session for each.
    NewTls,
}

/// One thing that was measured.
struct Row {
    name: &'static str,
    sent: Sent,
    cpu: Duration,
}

/// Measures the machine, Sealpost and the peer in this order, in one run.
pub async fn run(hooks: &Hooks) -> Result<(), Failure> {
    let folder = tempdir()?;
    let measured = measure(&folder, hooks).await;
    super::super::print(&left(&folder, measured)?)
}

async fn measure(folder: &Path, hooks: &Hooks) -> Result<String, Failure> {
    let disk = machine::disk(folder, hooks.size_bytes)?;
    let mut rows = vec![sealpost(&folder.join("plain"), hooks, Way::Plain).await?];
    if certificate(folder)? {
        rows.push(sealpost(&folder.join("tls"), hooks, Way::Tls).await?);
        let fewer = Hooks { hooks: hooks.hooks / SESSIONS_SHARE, ..hooks.clone() };
        rows.push(sealpost(&folder.join("sessions"), &fewer, Way::NewTls).await?);
    }
    let peer = peer(folder, hooks).await?;
    let mut text = format!(
        "{} webhooks of {} bytes over {CONNECTIONS} connections\n\n{:44} {:>9} {:>9} {:>9} {:>10}\n",
        hooks.hooks, hooks.size_bytes, "", "hooks/s", "p50 ms", "p99 ms", "CPU ms"
    );
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{:44} {:>9.0}", "machine: append + fdatasync each", disk.single);
    let _ = writeln!(text, "{:44} {:>9.0}", "machine: one fdatasync per 32", disk.grouped);
    for Row { name, sent, cpu } in rows.iter().chain(&peer) {
        let (p50, p99) = (sent.latency_ms(0.5), sent.latency_ms(0.99));
        let cpu = per_mail(*cpu, sent.mails);
        let _ = writeln!(text, "{name:44} {:>9.0} {p50:>9.2} {p99:>9.2} {cpu:>10.3}", sent.rate());
    }
    match (&peer, rows.first()) {
        (Some(peer), Some(own)) => {
            let _ = writeln!(text, "\nSealpost / Fastify, in plain: rate {:.2}", own.sent.rate() / peer.sent.rate());
        }
        _ => {
            let _ = writeln!(text, "\nno peer was measured: run npm install in bench/hook, and name it by --peer");
        }
    }
    Ok(text)
}

async fn sealpost(folder: &Path, hooks: &Hooks, way: Way) -> Result<Row, Failure> {
    std::fs::create_dir_all(folder).map_err(|error| Failure::new(format!("{}: {error}", folder.display())))?;
    let address = settings(folder, way)?;
    let mut running = Measured::sealpost(&["serve", "--config", "sealpost.toml", "--role", "public"], folder)?;
    running.listens(&address).await?;
    let tls = match way {
        Way::Plain => None,
        Way::Tls | Way::NewTls => Some(connector(&folder.with_file_name("certificate.pem"))?),
    };
    let before = running.used();
    let sent = send(&address, tls, hooks, way == Way::NewTls).await?;
    let cpu = running.used().cpu.saturating_sub(before.cpu);
    let name = match way {
        Way::Plain => "Sealpost: signed, sealed, once; in plain",
        Way::Tls => "Sealpost: the same over kept TLS",
        Way::NewTls => "Sealpost: the same, a TLS session for each",
    };
    Ok(Row { name, sent, cpu })
}

/// The peer; `None` where it is not installed.
async fn peer(folder: &Path, hooks: &Hooks) -> Result<Option<Row>, Failure> {
    if !hooks.peer.join("node_modules/fastify").is_dir() {
        return Ok(None);
    }
    let port = free_port()?;
    let address = format!("127.0.0.1:{port}");
    let mut node = Command::new("node");
    node.arg("receiver.mjs").arg(port.to_string()).arg(folder.join("peer.db")).current_dir(&hooks.peer);
    let mut running = Measured::start(node.stdout(Stdio::null()))?;
    running.listens(&address).await?;
    let before = running.used();
    let sent = send(&address, None, hooks, false).await?;
    let cpu = running.used().cpu.saturating_sub(before.cpu);
    Ok(Some(Row { name: "Fastify + better-sqlite3: group commit, plain", sent, cpu }))
}

/// A gateway that only hears; where.
fn settings(folder: &Path, way: Way) -> Result<String, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot write into {}: {error}", folder.display()));
    let (public, operations) = (free_port()?, free_port()?);
    let tls = match way {
        Way::Plain => String::new(),
        Way::Tls | Way::NewTls => "certificate = \"../certificate.pem\"\nkey = \"../key.pem\"\n".to_owned(),
    };
    let scheme = if way == Way::Plain { "http" } else { "https" };
    let text = format!(
        "[store]\nfree_mib_min = 64\n[work]\nqueue_depth_max = 1000000\n[operations]\nlisten = \"127.0.0.1:{operations}\"\n\
         [log]\nlevel = \"warn\"\n[cells]\nsandbox = \"reduced\"\n\
         [public]\nlisten = \"127.0.0.1:{public}\"\nurl = \"{scheme}://localhost:{public}\"\nconnections_per_ip_max = 512\n{tls}\
         [[site]]\nname = \"bench\"\napi_base = \"http://127.0.0.1:9\"\nbrowse_base = \"http://127.0.0.1:9\"\n\
         account = \"gateway@desk.example\"\ntoken = \"file:keys/token\"\nallow_private = true\nwebhook_secret = \"file:keys/hook\"\n"
    );
    std::fs::create_dir_all(folder.join("keys")).map_err(failed)?;
    store::create_master_key(&folder.join("keys/master.key"))?;
    store::create_master_key(&folder.join("keys/token"))?;
    store::create_master_key(&folder.join("keys/hook"))?;
    std::fs::write(folder.join("keys/hook"), SECRET).map_err(failed)?;
    std::fs::write(folder.join("sealpost.toml"), text).map_err(failed)?;
    Ok(format!("127.0.0.1:{public}"))
}

/// Makes a certificate for localhost; false where there is no openssl.
pub fn certificate(folder: &Path) -> Result<bool, Failure> {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .args(["-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match made {
        Ok(status) if status.success() => Ok(true),
        Ok(status) => Err(Failure::new(format!("openssl made no certificate: {status}"))),
        Err(_) => Ok(false),
    }
}

fn connector(certificate: &Path) -> Result<TlsConnector, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("the certificate: {error}"));
    let certificate = CertificateDer::from_pem_file(certificate).map_err(|error| failed(&error))?;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).map_err(|error| failed(&error))?;
    let mut config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    // Jira is not known to resume sessions.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(TlsConnector::from(Arc::new(config)))
}

async fn send(address: &str, tls: Option<TlsConnector>, hooks: &Hooks, each: bool) -> Result<Sent, Failure> {
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let senders: Vec<_> = (0..CONNECTIONS)
        .map(|_| tokio::spawn(sender(address.to_owned(), tls.clone(), hooks.clone(), each, next.clone())))
        .collect();
    let mut latencies = Vec::with_capacity(hooks.hooks);
    for sender in senders {
        latencies.extend(sender.await.map_err(|error| Failure::new(format!("a sender ended badly: {error}")))??);
    }
    Ok(Sent::of(begun.elapsed(), latencies))
}

async fn sender(
    address: String,
    tls: Option<TlsConnector>,
    hooks: Hooks,
    each: bool,
    next: Arc<AtomicUsize>,
) -> Result<Vec<Duration>, Failure> {
    let broken = |error: std::io::Error| Failure::new(format!("{address}: {error}"));
    let (mut line, mut latencies) = (None, Vec::new());
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= hooks.hooks {
            return Ok(latencies);
        }
        let request = request(&address, number, hooks.size_bytes);
        let begun = Instant::now();
        if each || line.is_none() {
            line = Some(open(&address, tls.as_ref()).await.map_err(broken)?);
        }
        let Some(open) = line.as_mut() else { continue };
        let status = say(open.as_mut(), &request).await.map_err(broken)?;
        latencies.push(begun.elapsed());
        if status != 202 {
            return Err(Failure::new(format!("a webhook was answered with {status}")));
        }
    }
}

trait Line: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Line for T {}

async fn open(address: &str, tls: Option<&TlsConnector>) -> std::io::Result<Box<dyn Line>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let Some(tls) = tls else { return Ok(Box::new(stream)) };
    let name = ServerName::try_from("localhost").map_err(std::io::Error::other)?;
    Ok(Box::new(tls.connect(name, stream).await?))
}

/// One request; the status of its answer, which has no body.
async fn say(line: &mut dyn Line, request: &[u8]) -> std::io::Result<u16> {
    line.write_all(request).await?;
    line.flush().await?;
    let (mut answer, mut piece) = (Vec::with_capacity(1024), [0; 1024]);
    while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
        match line.read(&mut piece).await? {
            0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
            read => answer.extend_from_slice(piece.get(..read).unwrap_or_default()),
        }
    }
    let head = String::from_utf8_lossy(&answer);
    Ok(head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0))
}

/// A comment on one of a thousand issues, signed, of about this size.
fn request(address: &str, number: usize, size_bytes: usize) -> Vec<u8> {
    const FILLING: &str = "{\"name\":\"customfield\",\"value\":\"the quick brown fox jumps over the lazy dog\"}";
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let issue = 10_000 + number % 1000;
    let mut body = format!(
        "{{\"timestamp\":{now_ms},\"webhookEvent\":\"comment_created\",\"comment\":{{\"id\":\"{number}\",\"author\":{{\"accountId\":\"5c0000\",\
         \"displayName\":\"Somebody\"}},\"body\":\"A comment\"}},\"issue\":{{\"id\":\"{issue}\",\"key\":\"DEMO-{issue}\",\"fields\":["
    );
    while body.len() + FILLING.len() < size_bytes {
        body.push_str(FILLING);
        body.push(',');
    }
    body.push_str("{}]}}");
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), body.as_bytes());
    let port = address.rsplit(':').next().unwrap_or_default();
    let head = format!(
        "POST /hooks/bench HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         X-Atlassian-Webhook-Identifier: {number}\r\nX-Hub-Signature: sha256={}\r\n\r\n",
        body.len(),
        HEXLOWER.encode(tag.as_ref())
    );
    (head + &body).into_bytes()
}
