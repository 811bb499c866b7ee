//! One conversation: hear a command, answer it, until someone says goodbye.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::command::{self, Command, Hello};
use super::limits::{
    COMMAND_BUFFER_BYTES, COMMAND_LINE_BYTES_MAX, GATE_TIMEOUT_S, GOODBYE_TIMEOUT_S, IDLE_COMMANDS_MAX,
    LINGER_BYTES_MAX, LINGER_S, REPLY_BATCH_BYTES_MAX, TLS_HANDSHAKE_TIMEOUT_S,
};
use super::listener::Shared;
use super::refusals::Reason;
use super::transaction::Transaction;
use super::{Gate, Protocol, Refusal, Tls, reply};
use crate::wire::{Channel, Look, Wire};

/// What a command leaves to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Listen,
    Encrypt,
    /// Hang up on a client that may still be sending.
    Close,
    /// Part with a client that expects it or has gone.
    Leave,
}

/// What came instead of, or as, the next line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// The line stands in `Session::line`, with its CRLF.
    Line,
    BareLineEnd,
    TooLong,
    TimedOut,
    Closed,
    Stopping,
}

/// How the client called itself, and whether with EHLO or LHLO, so that it knows the extensions.
pub(super) struct Greeting {
    pub(super) name: String,
    pub(super) extended: bool,
}

/// What this connection has already cost.
#[derive(Debug, Default)]
pub(super) struct Spent {
    pub(super) errors: u32,
    pub(super) idle_commands: u32,
    pub(super) mails: u32,
    pub(super) auth_failures: u32,
}

pub(super) struct Session<'a, G: Gate> {
    pub(super) channel: Channel,
    pub(super) shared: &'a Shared<G>,
    /// None for a local socket.
    pub(super) ip: Option<IpAddr>,
    pub(super) encrypted: bool,
    pub(super) authenticated: bool,
    /// Who signed in.
    pub(super) account: Option<String>,
    pub(super) greeting: Option<Greeting>,
    pub(super) transaction: Option<Transaction<G::Begun>>,
    pub(super) spent: Spent,
    pub(super) line: Vec<u8>,
    stopping: watch::Receiver<bool>,
}

impl<'a, G: Gate> Session<'a, G> {
    pub(super) fn new(wire: Box<dyn Wire>, ip: Option<IpAddr>, shared: &'a Shared<G>) -> Session<'a, G> {
        Session {
            channel: Channel::new(wire, COMMAND_BUFFER_BYTES),
            shared,
            ip,
            encrypted: false,
            authenticated: false,
            account: None,
            greeting: None,
            transaction: None,
            spent: Spent::default(),
            line: Vec::new(),
            stopping: shared.stopping.subscribe(),
        }
    }

    /// Speaks until either side has had enough. Trouble with the wire ends the conversation and keeps nothing.
    pub(super) async fn converse(&mut self) {
        if !self.shared.gate.admits(self.ip) {
            return self.turn_away().await;
        }
        if matches!(self.shared.settings.tls, Tls::Implicit(_))
            && let Err(error) = self.encrypt().await
        {
            return self.note_handshake(&error);
        }
        self.greet();
        loop {
            let heard = self.hear().await;
            let next = match heard {
                Heard::Line => self.answer().await,
                _ => self.part(heard),
            };
            match next {
                Next::Listen => {}
                Next::Encrypt => {
                    if let Err(error) = self.encrypt().await {
                        return self.note_handshake(&error);
                    }
                }
                Next::Close => {
                    self.hang_up().await;
                    let deadline = Instant::now() + Duration::from_secs(LINGER_S);
                    self.channel.linger(LINGER_BYTES_MAX, deadline).await;
                    return;
                }
                Next::Leave => return self.hang_up().await,
            }
        }
    }

    /// Says no to a client that may not speak here, where it can be said before TLS (RFC 5321, section 3.1).
    async fn turn_away(&mut self) {
        let is_said = !matches!(self.shared.settings.tls, Tls::Implicit(_));
        if is_said {
            self.say(554, "5.7.1", "This service is not for you");
        }
        self.shared.refusals.note(Reason::NotAClient, self.ip, is_said.then_some(554));
        self.hang_up().await;
    }

    /// No TLS came about. Who looks whether the port is open and goes without a word is not told of.
    fn note_handshake(&self, error: &io::Error) {
        if error.kind() != io::ErrorKind::UnexpectedEof {
            self.shared.refusals.note(Reason::TlsFailed, self.ip, None);
        }
    }

    async fn hang_up(&mut self) {
        self.channel.close(Instant::now() + Duration::from_secs(GOODBYE_TIMEOUT_S)).await;
    }

    fn greet(&mut self) {
        let protocol = match self.shared.settings.protocol {
            Protocol::Smtp => "ESMTP",
            Protocol::Lmtp => "LMTP",
        };
        let line = format!("220 {} {protocol}\r\n", self.shared.settings.hostname);
        self.channel.say(line.as_bytes());
    }

    /// The moment by which a line has to be complete, however slowly it trickles.
    fn command_deadline(&self) -> Instant {
        Instant::now() + Duration::from_secs(self.shared.settings.command_timeout_s)
    }

    /// Waits for a whole line; sends what is still to be said before it waits.
    pub(super) async fn hear(&mut self) -> Heard {
        let deadline = self.command_deadline();
        loop {
            // A mail that has begun may be finished; between mails shutdown comes first.
            if self.transaction.is_none() && *self.stopping.borrow_and_update() {
                return Heard::Stopping;
            }
            match self.channel.look(COMMAND_LINE_BYTES_MAX) {
                Look::Line(range) => {
                    self.channel.take_line(range, &mut self.line);
                    return Heard::Line;
                }
                Look::BareLineEnd => return Heard::BareLineEnd,
                Look::TooLong => return Heard::TooLong,
                Look::Unfinished => {}
            }
            if self.channel.flush(deadline).await.is_err() {
                return Heard::Closed;
            }
            let read = tokio::select! {
                biased;
                read = self.channel.fill(deadline) => read,
                _ = self.stopping.changed(), if self.transaction.is_none() => continue,
            };
            match read {
                Ok(0) => return Heard::Closed,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Heard::TimedOut,
                Err(_) => return Heard::Closed,
            }
        }
    }

    /// Says why there is no next command.
    pub(super) fn part(&mut self, heard: Heard) -> Next {
        match heard {
            Heard::Line | Heard::Closed => Next::Leave,
            // After a line that a neighbour may have read as two, nothing can be trusted to be a command.
            Heard::BareLineEnd => {
                let text = "A line ends with CR LF and holds neither alone; closing";
                self.close(Reason::BareLineEnd, 500, "5.5.2", text)
            }
            Heard::TooLong => self.close(Reason::LineTooLong, 500, "5.5.2", "The line is too long; closing"),
            Heard::TimedOut => {
                self.say(421, "4.4.2", "Nothing heard for too long; closing");
                Next::Leave
            }
            Heard::Stopping => {
                self.say(421, "4.3.2", "Shutting down; please come back");
                Next::Leave
            }
        }
    }

    async fn answer(&mut self) -> Next {
        if self.channel.output().len() > REPLY_BATCH_BYTES_MAX
            && self.channel.flush(self.command_deadline()).await.is_err()
        {
            return Next::Close;
        }
        let command = match command::parse(&self.line) {
            Ok(command) => command,
            Err(refusal) => return self.refuse(Reason::Command, &refusal),
        };
        match command {
            Command::Hello { hello, name } => self.hello(hello, name),
            Command::Mail(sender) => self.mail(sender).await,
            Command::Recipient(address) => self.recipient(address).await,
            Command::Data => self.data().await,
            Command::Auth { mechanism, initial } => self.auth(mechanism, initial).await,
            Command::StartTls => self.start_tls(),
            Command::Reset => {
                self.transaction = None;
                self.idle(250, "2.0.0", "Forgotten")
            }
            Command::Nothing => self.idle(250, "2.0.0", "Still here"),
            Command::Verify => self.idle(252, "2.5.0", "Addresses are only checked at RCPT"),
            Command::Help => self.idle(214, "2.0.0", "See RFC 5321"),
            Command::Quit => {
                self.say(221, "2.0.0", "Goodbye");
                Next::Leave
            }
            Command::Foreign => self.close(Reason::Command, 502, "5.5.1", "Not spoken here; closing"),
        }
    }

    fn hello(&mut self, hello: Hello, name: String) -> Next {
        let fits = match self.shared.settings.protocol {
            Protocol::Smtp => hello != Hello::Lhlo,
            Protocol::Lmtp => hello == Hello::Lhlo,
        };
        if !fits {
            let refusal = Refusal::new(500, "5.5.1", "This is the other protocol's greeting");
            return self.refuse(Reason::OtherProtocol, &refusal);
        }
        let extended = hello != Hello::Helo;
        self.transaction = None;
        self.greeting = Some(Greeting { name, extended });
        self.spent.idle_commands += 1;
        let mut lines = vec![self.shared.settings.hostname.clone()];
        if extended {
            lines.extend(self.extensions());
        }
        let last = lines.len() - 1;
        for (number, line) in lines.iter().enumerate() {
            let separator = if number == last { ' ' } else { '-' };
            self.channel.say(format!("250{separator}{line}\r\n").as_bytes());
        }
        self.check_patience()
    }

    fn extensions(&self) -> Vec<String> {
        let mut lines = vec!["PIPELINING".to_owned(), format!("SIZE {}", self.shared.settings.size_bytes_max)];
        let offered = self.shared.gate.extensions();
        if offered.eight_bit_mime {
            lines.push("8BITMIME".to_owned());
        }
        if offered.smtp_utf8 {
            lines.push("SMTPUTF8".to_owned());
        }
        lines.push("ENHANCEDSTATUSCODES".to_owned());
        if self.can_start_tls() {
            lines.push("STARTTLS".to_owned());
        }
        if self.can_authenticate() {
            lines.push("AUTH PLAIN LOGIN".to_owned());
        }
        lines
    }

    fn can_start_tls(&self) -> bool {
        matches!(self.shared.settings.tls, Tls::StartTls(_)) && !self.encrypted
    }

    fn start_tls(&mut self) -> Next {
        if !self.can_start_tls() {
            return self.refuse(Reason::Sequence, &Refusal::new(503, "5.5.1", "TLS is not offered now"));
        }
        // What was sent behind STARTTLS was not protected: anyone on the way may have put it there (RFC 3207, section 6).
        if !self.channel.is_drained() {
            return self.close(Reason::Sequence, 503, "5.5.1", "Nothing may follow STARTTLS; closing");
        }
        Next::Encrypt
    }

    /// Puts TLS around the wire; everything said before it is forgotten (RFC 3207, section 4.2).
    async fn encrypt(&mut self) -> io::Result<()> {
        let Some(certificates) = &self.shared.certificates else {
            return Err(io::ErrorKind::Unsupported.into());
        };
        let deadline = self.command_deadline();
        if matches!(self.shared.settings.tls, Tls::StartTls(_)) {
            self.say(220, "2.0.0", "Go ahead");
            self.channel.flush(deadline).await?;
        }
        let handshake = certificates.acceptor().accept(self.channel.take_wire());
        let wire = timeout(Duration::from_secs(TLS_HANDSHAKE_TIMEOUT_S), handshake).await??;
        self.channel.put_wire(Box::new(wire));
        self.encrypted = true;
        self.authenticated = false;
        self.account = None;
        self.greeting = None;
        self.transaction = None;
        Ok(())
    }

    pub(super) fn say(&mut self, code: u16, status: &str, text: &str) {
        reply::write(self.channel.output(), code, status, text);
    }

    /// Answers a command that has no effect; too many of them are a misuse of the connection.
    fn idle(&mut self, code: u16, status: &str, text: &str) -> Next {
        self.say(code, status, text);
        self.spent.idle_commands += 1;
        self.check_patience()
    }

    /// Says no for good, and hangs up.
    pub(super) fn close(&mut self, why: Reason, code: u16, status: &str, text: &str) -> Next {
        self.shared.refusals.note(why, self.ip, Some(code));
        self.say(code, status, text);
        Next::Close
    }

    pub(super) fn refuse(&mut self, why: Reason, refusal: &Refusal) -> Next {
        self.shared.refusals.note(why, self.ip, Some(refusal.code));
        match reply::refuse(self.channel.output(), refusal) {
            true => self.spent.errors += 1,
            false => self.spent.idle_commands += 1,
        }
        self.check_patience()
    }

    fn check_patience(&mut self) -> Next {
        let excess = self.spent.idle_commands.saturating_sub(IDLE_COMMANDS_MAX);
        if self.spent.errors.saturating_add(excess) < self.shared.settings.errors_max {
            return Next::Listen;
        }
        self.close(Reason::TooManyErrors, 421, "4.7.0", "Too many errors; closing")
    }
}

/// Waits for the gate, but not for ever.
pub(super) async fn ask<T>(answer: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    match timeout(Duration::from_secs(GATE_TIMEOUT_S), answer).await {
        Ok(answer) => answer,
        Err(_) => Err(Refusal::new(451, "4.3.0", "Not answered in time; please try again")),
    }
}
