//! `sealpost bench sink`: an SMTP server that takes every mail and keeps none, in a process of its own, so that it can be told from what is
//! measured.

use crate::command::Failure;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Octets of one mail, and of a line, that are taken at most.
const INPUT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What marks the end of a mail.
const END: &[u8] = b"\r\n.\r\n";

/// Where it listens and what it encrypts with.
#[derive(Debug, Clone, clap::Args)]
pub struct Sink {
    #[arg(long)]
    port: u16,
    /// Offers STARTTLS with this certificate; with `--key`.
    #[arg(long)]
    certificate: Option<PathBuf>,
    #[arg(long)]
    key: Option<PathBuf>,
}

/// What came so far.
#[derive(Default)]
struct Taken {
    mails: AtomicU64,
    bytes: AtomicU64,
}

/// A conversation: what was read and is not understood yet, and what is to be said.
struct Talk<W> {
    wire: W,
    input: Vec<u8>,
    output: Vec<u8>,
}

/// How a part of a conversation ended.
enum Ended {
    Left,
    WantsTls,
}

trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Serves until the process is ended.
pub async fn run(sink: &Sink) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("the sink cannot listen: {error}"));
    let tls = match (&sink.certificate, &sink.key) {
        (Some(certificate), Some(key)) => Some(acceptor(certificate, key)?),
        _ => None,
    };
    let listener = TcpListener::bind(("127.0.0.1", sink.port)).await.map_err(failed)?;
    let taken = Arc::new(Taken::default());
    loop {
        let (stream, _) = listener.accept().await.map_err(failed)?;
        let (tls, taken) = (tls.clone(), taken.clone());
        // Whoever goes away in the middle is no concern of the sink's.
        tokio::spawn(async move { serve(stream, tls, &taken).await });
    }
}

fn acceptor(certificate: &PathBuf, key: &PathBuf) -> Result<TlsAcceptor, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(format!("the sink's certificate: {error}"));
    let certificate = CertificateDer::from_pem_file(certificate).map_err(|error| failed(&error))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| failed(&error))?;
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
    Ok(TlsAcceptor::from(Arc::new(config.map_err(|error| failed(&error))?)))
}

async fn serve(stream: TcpStream, tls: Option<TlsAcceptor>, taken: &Taken) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut talk = Talk::new(Box::new(stream) as Box<dyn Wire>);
    talk.say("220 sink.example ESMTP");
    let offer = if tls.is_some() { "250-STARTTLS\r\n" } else { "" };
    match (talk.go_on(offer, taken).await?, tls) {
        (Ended::WantsTls, Some(tls)) => {
            let wire = tls.accept(talk.wire).await?;
            Talk::new(wire).go_on("", taken).await.map(|_| ())
        }
        _ => Ok(()),
    }
}

impl<W: Wire> Talk<W> {
    fn new(wire: W) -> Talk<W> {
        Talk { wire, input: Vec::with_capacity(64 * 1024), output: Vec::new() }
    }

    fn say(&mut self, line: &str) {
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    /// Sends what was said, and reads once.
    async fn hear(&mut self) -> std::io::Result<()> {
        self.wire.write_all(&self.output).await?;
        self.wire.flush().await?;
        self.output.clear();
        match self.wire.read_buf(&mut self.input).await? {
            0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
            _ if self.input.len() > INPUT_BYTES_MAX => Err(std::io::ErrorKind::OutOfMemory.into()),
            _ => Ok(()),
        }
    }

    async fn line(&mut self) -> std::io::Result<String> {
        loop {
            if let Some(end) = self.input.iter().position(|octet| *octet == b'\n') {
                let line = String::from_utf8_lossy(&self.input[..end]).trim_end().to_ascii_uppercase();
                self.input.drain(..=end);
                return Ok(line);
            }
            self.hear().await?;
        }
    }

    /// Reads a mail up to its end and forgets it.
    async fn mail(&mut self, taken: &Taken) -> std::io::Result<()> {
        let mut looked = 0;
        loop {
            if let Some(at) = self.input[looked..].windows(END.len()).position(|end| end == END) {
                let size = looked + at + END.len();
                self.input.drain(..size);
                taken.bytes.fetch_add(size as u64, Ordering::Relaxed);
                taken.mails.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            looked = self.input.len().saturating_sub(END.len() - 1);
            self.hear().await?;
        }
    }

    async fn go_on(&mut self, offer: &str, taken: &Taken) -> std::io::Result<Ended> {
        loop {
            let line = self.line().await?;
            match line.get(..4).unwrap_or_default() {
                "EHLO" => self.say(&format!("250-sink.example\r\n{offer}250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 0")),
                "STAR" => {
                    self.say("220 2.0.0 go ahead");
                    self.wire.write_all(&self.output).await?;
                    self.wire.flush().await?;
                    return Ok(Ended::WantsTls);
                }
                "DATA" => {
                    self.say("354 go ahead");
                    self.mail(taken).await?;
                    self.say("250 2.0.0 taken");
                }
                // Whoever measures asks here what came.
                "VRFY" => {
                    let (mails, bytes) = (taken.mails.load(Ordering::Relaxed), taken.bytes.load(Ordering::Relaxed));
                    self.say(&format!("252 {mails} {bytes}"));
                }
                "QUIT" => {
                    self.say("221 2.0.0 bye");
                    self.wire.write_all(&self.output).await?;
                    self.wire.flush().await?;
                    return Ok(Ended::Left);
                }
                _ => self.say("250 2.0.0 ok"),
            }
        }
    }
}

/// Whoever measures: asks a sink what came.
pub struct Watcher {
    talk: Talk<TcpStream>,
}

impl Watcher {
    /// Waits for a sink at this port.
    pub async fn at(port: u16) -> std::io::Result<Watcher> {
        let mut talk = Talk::new(TcpStream::connect(("127.0.0.1", port)).await?);
        talk.line().await?;
        Ok(Watcher { talk })
    }

    /// Mails and octets so far.
    pub async fn taken(&mut self) -> std::io::Result<(u64, u64)> {
        self.talk.say("VRFY");
        let line = self.talk.line().await?;
        let mut numbers = line.split_whitespace().skip(1).map(|word| word.parse().unwrap_or(0));
        Ok((numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)))
    }
}
