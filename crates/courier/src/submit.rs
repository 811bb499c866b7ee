//! Hands a mail to a listener over SMTP or LMTP: the client behind `sealpost deliver` and the benchmarks.

mod dialogue;
mod held;
mod stuffing;
mod target;

pub use crate::dial::Security;
pub use crate::secret::Secret;
pub use held::{Poured, Takes};
pub use target::{Host, Target};

use std::time::Duration;

use bytes::Bytes;
use mail::Envelope;
use policy::fault::{Fault, FaultCode, FaultKind};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::dial::{self, Encrypted, Line};
use crate::wire::Wire;
use dialogue::{Dialogue, refused};
use stuffing::Stuffing;

/// Octets of a mail that are encoded and sent at a time.
const PIECE_BYTES: usize = 64 * 1024;

/// Most recipients of one mail; more would not fit into one batch of replies.
const RECIPIENTS_MAX: usize = 1000;

/// What a server answers that closes the connection with it (RFC 5321, section 4.2.1), and how a fault with it begins.
const CLOSES: u16 = 421;
const HANGING_UP: &str = "421 ";

/// An answer of the listener. Text lines are joined with LF; the enhanced status stands at the start of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    pub text: String,
}

impl Reply {
    /// 2xx.
    pub fn is_positive(&self) -> bool {
        (200..300).contains(&self.code)
    }
}

/// What became of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub address: String,
    /// To RCPT when that was refused, otherwise to the data.
    pub reply: Reply,
}

/// What became of a mail that at least one recipient got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// In the order of the envelope.
    pub outcomes: Vec<Outcome>,
    /// The answer to the data; its text carries the gateway's id.
    pub reply: Reply,
}

impl Delivery {
    /// The id under which a Sealpost gateway took the mail; none when another server answered.
    pub fn id(&self) -> Option<&str> {
        let (_, rest) = self.reply.text.split_once("Accepted as ")?;
        rest.split_whitespace().next()
    }
}

/// What the server is told of a mail before it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub size_bytes: u64,
    /// Without octets above 127, so that it can go where 8BITMIME (RFC 6152) is not offered.
    pub is_ascii: bool,
    /// It needs SMTPUTF8 (RFC 6531) whatever its addresses are.
    pub utf8: bool,
}

/// An open connection; mails are sent over it one after the other.
pub struct Connection {
    dialogue: Dialogue,
    lmtp: bool,
    end_timeout: Duration,
    greeting: String,
    host: Host,
    security: Security,
    tls: Option<&'static str>,
    is_ready: bool,
}

/// A mail that the server waits for; see [`Connection::offer`].
#[derive(Debug)]
pub struct Offered {
    addresses: Vec<String>,
    announced: Vec<Reply>,
    size_bytes: u64,
}

/// How far a connection came that could not be opened; the later, the less another try helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The server is not there, or in trouble, or does not encrypt.
    Reaching,
    /// Its certificate is none that is trusted, or not one of its name.
    Proving,
    /// It does not take the account for good.
    SigningIn,
}

/// Which command of a mail a server refused. Only its answer to RCPT, and in part that to the mail itself, can be about the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// MAIL: it is the sender.
    Sender,
    /// RCPT.
    Recipient,
    /// DATA.
    Data,
    /// The final dot.
    Mail,
    /// None was: the fault is another, or we said no in the server's place.
    Nothing,
}

/// Why a mail was not sent, or may not have been.
#[derive(Debug, Clone)]
pub struct NotSent {
    pub fault: Fault,
    pub refused: Refused,
}

impl NotSent {
    fn by(refused: Refused, reply: &Reply) -> NotSent {
        NotSent { fault: dialogue::refused(reply), refused }
    }
}

impl From<Fault> for NotSent {
    fn from(fault: Fault) -> NotSent {
        NotSent { fault, refused: Refused::Nothing }
    }
}

impl From<NotSent> for Fault {
    fn from(not_sent: NotSent) -> Fault {
        not_sent.fault
    }
}

/// Why a connection could not be opened.
#[derive(Debug, Clone)]
pub struct Unopened {
    pub fault: Fault,
    pub stage: Stage,
}

impl Unopened {
    fn at(stage: Stage) -> impl FnOnce(Fault) -> Unopened {
        move |fault| {
            let is_unproved = fault.detail.starts_with(dial::NOT_PROVED);
            Unopened { stage: if is_unproved { Stage::Proving } else { stage }, fault }
        }
    }
}

/// Connects, sends one mail and says goodbye.
///
/// # Errors
/// As `Connection::open` and `Connection::send`.
pub async fn submit(target: &Target, envelope: &Envelope, raw: &[u8]) -> Result<Delivery, Fault> {
    let mut connection = Connection::open(target).await?;
    let delivery = connection.send(envelope, raw).await?;
    connection.quit().await;
    Ok(delivery)
}

impl Connection {
    /// Connects, encrypts and authenticates as the target says.
    ///
    /// # Errors
    /// `SmtpUnreachable` (temporary) when it cannot be reached, is not who it should be or does not answer in time;
    /// `SmtpRefused` when it does not want us; `SettingsWrong` for unusable certificate authorities.
    pub async fn open(target: &Target) -> Result<Connection, Fault> {
        Connection::reach(target).await.map_err(|unopened| unopened.fault)
    }

    /// The same, and of a failure how far it came. Where a server cannot be reached the next of the target's is asked, under the same
    /// conditions; who does not take the account is asked once, because others of its kind would count that as one more wrong password.
    ///
    /// # Errors
    /// As [`Connection::open`]; that of the server with which it came farthest.
    pub async fn reach(target: &Target) -> Result<Connection, Unopened> {
        let mut failed = match Connection::reach_one(target).await {
            Ok(connection) => return Ok(connection),
            Err(unopened) => unopened,
        };
        for host in &target.others {
            if failed.stage == Stage::SigningIn {
                break;
            }
            let next = Target { host: host.clone(), others: Vec::new(), ..target.clone() };
            match Connection::reach_one(&next).await {
                Ok(connection) => return Ok(connection),
                Err(unopened) if unopened.stage > failed.stage => failed = unopened,
                Err(_) => {}
            }
        }
        Err(failed)
    }

    async fn reach_one(target: &Target) -> Result<Connection, Unopened> {
        let (mut connection, is_local) = Connection::greet(target).await.map_err(Unopened::at(Stage::Reaching))?;
        match connection.sign_in(target, is_local).await {
            Ok(()) => Ok(connection),
            // What it says of the account for now is said again later.
            Err(fault) if fault.kind == FaultKind::Permanent => Err(Unopened::at(Stage::SigningIn)(fault)),
            Err(fault) => Err(Unopened::at(Stage::Reaching)(fault)),
        }
    }

    /// Connects and encrypts; whether the server runs on this machine.
    async fn greet(target: &Target) -> Result<(Connection, bool), Fault> {
        let (Line { wire, is_local }, mut tls) = connect(target).await?;
        let mut dialogue = Dialogue::new(wire, Duration::from_secs(target.command_timeout_s));
        let greeting = dialogue.reply().await?;
        if greeting.code != 220 {
            return Err(refused(&greeting));
        }
        dialogue.hello(target).await?;
        if target.security == Security::StartTls {
            let wire = dialogue.start_tls().await?;
            let encrypted = encrypt(wire, target).await?;
            tls = Some(encrypted.version);
            dialogue.put_wire(encrypted.wire);
            dialogue.hello(target).await?;
        }
        let end_timeout = Duration::from_secs(target.end_timeout_s);
        let (greeting, host, security) = (greeting.text, target.host.clone(), target.security);
        let lmtp = target.lmtp;
        Ok((Connection { dialogue, lmtp, end_timeout, greeting, host, security, tls, is_ready: true }, is_local))
    }

    async fn sign_in(&mut self, target: &Target, is_local: bool) -> Result<(), Fault> {
        let Some((user, secret)) = &target.credentials else { return Ok(()) };
        if target.security == Security::None && !is_local {
            return Err(unreachable("a password or token is only sent over TLS or to this machine"));
        }
        match secret {
            Secret::Password(password) => self.dialogue.authenticate(user, password).await,
            Secret::Token(token) => self.dialogue.authenticate_by_token(user, target.host.named(), token).await,
        }
    }

    /// What the server called itself when it was connected to.
    pub fn greeting(&self) -> &str {
        &self.greeting
    }

    /// The server that was reached: of several that which let us in.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// How the way to it is protected.
    pub fn security(&self) -> Security {
        self.security
    }

    /// The version of TLS that the connection is encrypted with, such as `TLS 1.3`; `None` where it is not.
    pub fn tls(&self) -> Option<&'static str> {
        self.tls
    }

    /// Whether it stands between two mails, so that another one can be sent: also after one that was refused.
    pub fn is_ready(&self) -> bool {
        self.is_ready
    }

    /// Whether it is ready and, as far as is known here, still open: the server has neither closed it nor said anything that nobody asked for.
    pub async fn is_quiet(&mut self) -> bool {
        self.is_ready && self.dialogue.is_quiet().await
    }

    /// Sends one mail. Line ends become CRLF and dots are doubled on the way; nothing else is changed.
    ///
    /// # Errors
    /// `SmtpRefused` (4xx temporary, 5xx permanent) when no recipient or not the mail was accepted; `SmtpUnreachable`,
    /// temporary when the connection broke before the final dot and *unknown* when it broke after it, because the
    /// mail may have been taken.
    pub async fn send(&mut self, envelope: &Envelope, raw: &[u8]) -> Result<Delivery, Fault> {
        let shape = Shape { size_bytes: raw.len() as u64, is_ascii: raw.is_ascii(), utf8: false };
        let announced = self.announce(envelope, shape).await?;
        if let Err(fault) = self.pour(raw).await {
            return Err(self.said_already(fault).await.fault);
        }
        Ok(self.end(&envelope.rcpt_to, announced).await?)
    }

    /// Asks the server to take a mail. Until [`Connection::hand_over`] nothing of it was sent, so after a fault it can be offered over
    /// another connection without being doubled.
    ///
    /// # Errors
    /// Those of [`Connection::send`] that come before the mail itself; none of them is *unknown*.
    pub async fn offer(&mut self, envelope: &Envelope, shape: Shape) -> Result<Offered, NotSent> {
        let announced = self.announce(envelope, shape).await?;
        Ok(Offered { addresses: envelope.rcpt_to.clone(), announced, size_bytes: shape.size_bytes })
    }

    /// Sends the mail that was just offered, in pieces that are together as long as was said. When they end early the
    /// connection is of no use any more and no final dot was sent, so that nobody ever gets half a mail (FAULT-40).
    ///
    /// # Errors
    /// Those of [`Connection::send`], and `SmtpUnreachable`, temporary, when the pieces ended early.
    pub async fn hand_over(
        &mut self,
        offered: Offered,
        mut pieces: mpsc::Receiver<Bytes>,
    ) -> Result<Delivery, NotSent> {
        let (mut stuffing, mut missing) = (Stuffing::new(), offered.size_bytes);
        while let Some(piece) = pieces.recv().await {
            stuffing.push(&piece, self.dialogue.output());
            missing = missing.wrapping_sub(piece.len() as u64);
            // The last piece and the final dot leave in one write.
            if missing != 0
                && let Err(fault) = self.dialogue.flush().await
            {
                return Err(self.said_already(fault).await);
            }
        }
        if missing != 0 {
            return Err(unreachable("the mail ended before its size, so the connection was broken off").into());
        }
        if let Err(fault) = self.finish(stuffing).await {
            return Err(self.said_already(fault).await);
        }
        self.end(&offered.addresses, offered.announced).await
    }

    /// The answer to each RCPT, at least one of which is positive.
    async fn announce(&mut self, envelope: &Envelope, shape: Shape) -> Result<Vec<Reply>, NotSent> {
        check(envelope)?;
        self.is_ready = false;
        let announced = match self.dialogue.announce(envelope, shape).await {
            Ok(announced) => announced,
            Err(not_sent) => {
                let fault = &not_sent.fault;
                self.is_ready = fault.code == FaultCode::SmtpRefused && !fault.detail.starts_with(HANGING_UP);
                return Err(not_sent);
            }
        };
        if announced.iter().all(|reply| !reply.is_positive()) {
            // What it was told of the mail is cleared away by then.
            self.is_ready = true;
            // An empty recipient list has been refused by `check`, so there is a first reply.
            let refused = |reply| NotSent::by(Refused::Recipient, reply);
            return Err(announced.first().map_or_else(|| unreachable("no recipient").into(), refused));
        }
        Ok(announced)
    }

    /// What becomes of each recipient after the final dot.
    async fn end(&mut self, addresses: &[String], announced: Vec<Reply>) -> Result<Delivery, NotSent> {
        let accepted = announced.iter().filter(|reply| reply.is_positive()).count();
        let replies = if self.lmtp { accepted } else { 1 };
        let mut endings = Vec::with_capacity(replies);
        for _ in 0..replies {
            let ending = self.dialogue.reply_within(self.end_timeout).await.map_err(|fault| {
                Fault::unknown(FaultCode::SmtpUnreachable, format!("no answer after the final dot: {}", fault.detail))
            })?;
            endings.push(ending);
        }
        self.is_ready = endings.iter().all(|ending| ending.code != CLOSES);
        let Some(reply) = endings.iter().find(|reply| reply.is_positive()).cloned() else {
            let refused = |reply| NotSent::by(Refused::Mail, reply);
            return Err(endings.first().map_or_else(|| unreachable("no answer").into(), refused));
        };
        let mut endings = endings.into_iter().cycle();
        let outcomes = addresses.iter().zip(announced).map(|(address, announced)| {
            let ending = if announced.is_positive() { endings.next() } else { None };
            Outcome { address: address.clone(), reply: ending.unwrap_or(announced) }
        });
        Ok(Delivery { outcomes: outcomes.collect(), reply })
    }

    /// Says goodbye; whether it is heard does not matter any more.
    pub async fn quit(mut self) {
        let _ = self.dialogue.command("QUIT").await;
        self.dialogue.close().await;
    }

    async fn pour(&mut self, raw: &[u8]) -> Result<(), Fault> {
        let mut stuffing = Stuffing::new();
        let mut pieces = raw.chunks(PIECE_BYTES).peekable();
        while let Some(piece) = pieces.next() {
            stuffing.push(piece, self.dialogue.output());
            // The last piece and the final dot leave in one write.
            if pieces.peek().is_some() {
                self.dialogue.flush().await?;
            }
        }
        self.finish(stuffing).await
    }

    /// A server that has had enough in the middle of a mail says so and hangs up: its no counts, and not that it hung up.
    async fn said_already(&mut self, fault: Fault) -> NotSent {
        match self.dialogue.said_already().await {
            Some(reply) => NotSent::by(Refused::Mail, &reply),
            None => fault.into(),
        }
    }

    async fn finish(&mut self, stuffing: Stuffing) -> Result<(), Fault> {
        stuffing.end(self.dialogue.output());
        // Part of this write may be the final dot: from here on the mail may have been taken.
        self.dialogue.flush().await.map_err(|fault| Fault::unknown(FaultCode::SmtpUnreachable, fault.detail))
    }
}

async fn connect(target: &Target) -> Result<(Line, Option<&'static str>), Fault> {
    let wait = Duration::from_secs(target.connect_timeout_s);
    match &target.host {
        Host::Unix(path) => match timeout(wait, UnixStream::connect(path)).await {
            Ok(Ok(stream)) => Ok((Line { wire: Box::new(stream), is_local: true }, None)),
            Ok(Err(error)) => Err(unreachable(&error.to_string())),
            Err(_) => Err(unreachable("connecting took too long")),
        },
        Host::Tcp { name, port } => {
            let line = dial::connect(name, *port, wait, FaultCode::SmtpUnreachable).await?;
            match target.security {
                Security::Implicit => {
                    let Encrypted { wire, version } = encrypt(line.wire, target).await?;
                    Ok((Line { wire, ..line }, Some(version)))
                }
                Security::None | Security::StartTls => Ok((line, None)),
            }
        }
    }
}

async fn encrypt(wire: Box<dyn Wire>, target: &Target) -> Result<Encrypted, Fault> {
    let Host::Tcp { name, .. } = &target.host else {
        return Err(unreachable("a local socket is not encrypted"));
    };
    let wait = Duration::from_secs(target.connect_timeout_s);
    dial::encrypt(wire, name, target.authorities.as_deref(), wait, FaultCode::SmtpUnreachable).await
}

/// Addresses that would become commands of their own are never sent (SEC-09).
fn check(envelope: &Envelope) -> Result<(), Fault> {
    if envelope.rcpt_to.is_empty() || envelope.rcpt_to.len() > RECIPIENTS_MAX {
        return Err(wrong_envelope());
    }
    envelope.mail_from.iter().chain(&envelope.rcpt_to).try_for_each(|address| check_address(address))
}

/// An address that would be a command of its own is none.
fn check_address(address: &str) -> Result<(), Fault> {
    let ends_a_command = |c: char| c.is_control() || matches!(c, '<' | '>' | '\u{2028}' | '\u{2029}');
    if address.is_empty() || address.contains(ends_a_command) { Err(wrong_envelope()) } else { Ok(()) }
}

fn wrong_envelope() -> Fault {
    let text = format!(
        "The envelope needs 1 to {RECIPIENTS_MAX} recipients, and addresses without brackets or control characters."
    );
    Fault::permanent(FaultCode::SmtpRefused, text.clone()).with_public(text)
}

fn unreachable(detail: &str) -> Fault {
    Fault::temporary(FaultCode::SmtpUnreachable, detail)
}
