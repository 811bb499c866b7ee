//! A conversation with an IMAP server: commands and their tags, whole responses, and a limit on everything it may say.

use std::time::Duration;

use data_encoding::BASE64;
use policy::fault::Fault;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::super::{
    Account, Secret, Security, bearer, broken, connect, encrypt, refuse_control_characters, refused, unreachable,
};
use super::response::{self, Response, Status};
use crate::wire::{Channel, Look};

/// A line of a server, literals not counted.
pub(super) const LINE_BYTES_MAX: usize = 8 * 1024;
/// What a server may say to a command that asks for little: flags, capabilities, and news that nobody asked for.
pub(super) const SMALL_ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// A connection over which the login is done.
pub(super) struct Talk {
    channel: Channel,
    /// The response that was read last.
    response: Vec<u8>,
    tags: u32,
    /// What the server may still say to the running command.
    left_bytes: u64,
    /// For each answer.
    answer_timeout: Duration,
    /// For everything that is said to one command.
    command_timeout: Duration,
    capabilities: Vec<String>,
}

impl Talk {
    /// Connects, encrypts and logs in; `input_bytes` is how much is read at a time.
    pub(super) async fn open(account: &Account, input_bytes: usize) -> Result<Talk, Fault> {
        let wire = connect(account).await?;
        let mut talk = Talk {
            channel: Channel::new(wire, input_bytes.max(LINE_BYTES_MAX)),
            response: Vec::new(),
            tags: 0,
            left_bytes: SMALL_ANSWER_BYTES_MAX,
            answer_timeout: account.answer_timeout,
            command_timeout: account.mail_timeout,
            capabilities: Vec::new(),
        };
        let logged_in = talk.greeting(account.security).await?;
        if account.security == Security::StartTls {
            talk.start_tls(account).await?;
        }
        if !logged_in {
            talk.ask_capabilities().await?;
            talk.log_in(account).await?;
        }
        talk.ask_capabilities().await?;
        Ok(talk)
    }

    /// Whether the server knows already who we are. It may not before TLS: whoever stands between could say so (SEC-51).
    async fn greeting(&mut self, security: Security) -> Result<bool, Fault> {
        self.next(self.deadline()).await?;
        match response::read(&self.response) {
            Response::Status { status: Status::Ok, .. } => Ok(false),
            Response::Status { status: Status::PreAuth, .. } if security != Security::StartTls => Ok(true),
            Response::Status { status: Status::Bye, text } => Err(refused(text)),
            _ => Err(unreachable("the greeting makes no sense")),
        }
    }

    /// What stands in the buffer behind the answer was put there by someone on the way (SEC-51), so then the
    /// connection is of no use.
    async fn start_tls(&mut self, account: &Account) -> Result<(), Fault> {
        self.ask_capabilities().await?;
        if !self.has("STARTTLS") {
            return Err(unreachable("STARTTLS is demanded and not offered"));
        }
        self.command("STARTTLS").await?;
        if !self.channel.is_drained() {
            return Err(unreachable("something was injected behind STARTTLS"));
        }
        let wire = encrypt(self.channel.take_wire(), account).await?;
        self.channel.put_wire(wire);
        Ok(())
    }

    async fn ask_capabilities(&mut self) -> Result<(), Fault> {
        let mut listed = Vec::new();
        self.ask("CAPABILITY", SMALL_ANSWER_BYTES_MAX, |response| {
            if let Response::Capabilities(words) = response {
                listed.extend(words.split(' ').map(str::to_ascii_uppercase));
            }
        })
        .await?;
        self.capabilities = listed;
        Ok(())
    }

    pub(super) fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|listed| listed == capability)
    }

    async fn log_in(&mut self, account: &Account) -> Result<(), Fault> {
        let user = &account.user;
        let (Secret::Password(secret) | Secret::Token(secret)) = &account.secret;
        refuse_control_characters(&[user, secret])?;
        match &account.secret {
            Secret::Password(password) if self.has("AUTH=PLAIN") => {
                let secret = Zeroizing::new(format!("\0{user}\0{}", password.as_str()));
                self.authenticate("PLAIN", &secret).await
            }
            Secret::Password(_) if self.has("LOGINDISABLED") => {
                Err(unreachable("the server takes no password over this connection"))
            }
            Secret::Password(password) => {
                let line = Zeroizing::new(format!("LOGIN {} {}", quoted(user), quoted(password)));
                self.command(&line).await
            }
            Secret::Token(token) => {
                let (mechanism, said) = bearer(account, token, |name| self.has(&format!("AUTH={name}")))?;
                self.authenticate(mechanism, &said).await
            }
        }
    }

    /// SASL (RFC 3501, section 6.2.2) with what the client says first, in the command where the server lets (RFC 4959).
    async fn authenticate(&mut self, mechanism: &str, first: &str) -> Result<(), Fault> {
        let first = Zeroizing::new(BASE64.encode(first.as_bytes()));
        let mut unsaid = !self.has("SASL-IR");
        let command = if unsaid { "" } else { first.as_str() };
        let line = Zeroizing::new(format!("AUTHENTICATE {mechanism} {command}"));
        let tag = self.begin(line.trim_end());
        self.left_bytes = SMALL_ANSWER_BYTES_MAX;
        // One continuation takes what the client says first; the other one tells why that was wrong and wants an empty line.
        for _ in 0..8 {
            self.next(self.deadline()).await?;
            match response::read(&self.response) {
                Response::GoOn(_) if unsaid => {
                    unsaid = false;
                    self.say(&first);
                }
                Response::GoOn(_) => self.say(""),
                Response::Ended { tag: ended, status, text } if ended == tag => return outcome(status, text).map(drop),
                _ => {}
            }
        }
        Err(unreachable("a login never ended"))
    }

    /// Says a command, whose answer is of no further interest when it is positive.
    pub(super) async fn command(&mut self, line: &str) -> Result<(), Fault> {
        self.ask(line, SMALL_ANSWER_BYTES_MAX, |_| {}).await.map(drop)
    }

    /// Says a command and hears everything up to its end, at most so many bytes. `each` also sees news that it did not ask for.
    pub(super) async fn ask(
        &mut self,
        line: &str,
        answer_bytes_max: u64,
        each: impl FnMut(Response<'_>),
    ) -> Result<String, Fault> {
        let tag = self.begin(line);
        self.hear(&tag, answer_bytes_max, each).await
    }

    /// Says a command whose answer is heard later, by the tag that comes back, so that the server has something to do
    /// meanwhile (RFC 3501, section 5.5). Nothing else may be said in between.
    pub(super) async fn ask_ahead(&mut self, line: &str) -> Result<String, Fault> {
        let tag = self.begin(line);
        self.channel.flush(self.deadline()).await.map_err(broken)?;
        Ok(tag)
    }

    /// Hears everything up to the end of the command with this tag, at most so many bytes.
    pub(super) async fn hear(
        &mut self,
        tag: &str,
        answer_bytes_max: u64,
        mut each: impl FnMut(Response<'_>),
    ) -> Result<String, Fault> {
        self.left_bytes = answer_bytes_max;
        let whole = Instant::now() + self.command_timeout;
        loop {
            self.next(self.deadline().min(whole)).await?;
            match response::read(&self.response) {
                Response::Ended { tag: ended, status, text } if ended == tag => return outcome(status, text),
                Response::Ended { .. } => return Err(unreachable("the server answers what it was not asked")),
                Response::Status { status: Status::Bye, text } => return Err(ended_by(text)),
                response => each(response),
            }
        }
    }

    /// Waits for news (RFC 2177) until `until`; `false` when there were none. `each` says of a response whether it is one.
    pub(super) async fn idle(
        &mut self,
        until: Instant,
        mut is_news: impl FnMut(Response<'_>) -> bool,
    ) -> Result<bool, Fault> {
        let tag = self.begin("IDLE");
        self.left_bytes = SMALL_ANSWER_BYTES_MAX;
        let mut news = false;
        let mut stop_said = false;
        loop {
            let begun = !self.channel.is_drained() || stop_said;
            let deadline = if begun || self.channel.has_output() { self.deadline() } else { until };
            match self.next(deadline).await {
                Err(_) if !begun && Instant::now() >= until && self.response.is_empty() => {
                    self.say("DONE");
                    stop_said = true;
                    continue;
                }
                other => other?,
            }
            match response::read(&self.response) {
                Response::Ended { tag: ended, status, text } if ended == tag => {
                    return outcome(status, text).map(|_| news);
                }
                Response::Status { status: Status::Bye, text } => return Err(ended_by(text)),
                Response::GoOn(_) => {}
                response => {
                    news |= is_news(response);
                    if news && !stop_said {
                        self.say("DONE");
                        stop_said = true;
                    }
                }
            }
        }
    }

    /// Parts in peace, whatever the server says to it.
    pub(super) async fn close(&mut self) {
        let _ = self.command("LOGOUT").await;
        self.channel.close(self.deadline()).await;
    }

    fn begin(&mut self, line: &str) -> String {
        self.tags += 1;
        let tag = format!("s{}", self.tags);
        self.channel.say(tag.as_bytes());
        self.channel.say(b" ");
        self.say(line);
        tag
    }

    fn say(&mut self, line: &str) {
        self.channel.say(line.as_bytes());
        self.channel.say(b"\r\n");
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.answer_timeout
    }

    /// Reads one response with all its literals. Nothing is reserved for a literal before its octets are there, and one that
    /// is announced larger than it may be ends the conversation (SEC-60).
    async fn next(&mut self, deadline: Instant) -> Result<(), Fault> {
        self.response.clear();
        self.channel.flush(deadline).await.map_err(broken)?;
        loop {
            match self.channel.look(LINE_BYTES_MAX) {
                Look::Line(range) => {
                    self.count(range.len() as u64)?;
                    let begin = self.response.len();
                    self.response.extend_from_slice(self.channel.bytes(range.clone()));
                    self.channel.consume(range.len());
                    let end = self.response.len() - 2;
                    match response::literal_bytes(&self.response[begin..end]) {
                        Some(bytes) => self.literal(bytes, deadline).await?,
                        None => {
                            self.response.truncate(end);
                            return Ok(());
                        }
                    }
                }
                Look::Unfinished => self.fill(deadline).await?,
                Look::BareLineEnd | Look::TooLong => return Err(unreachable("the answer makes no sense")),
            }
        }
    }

    async fn literal(&mut self, bytes: u64, deadline: Instant) -> Result<(), Fault> {
        self.count(bytes)?;
        let mut missing = usize::try_from(bytes).unwrap_or(usize::MAX);
        while missing > 0 {
            if self.channel.is_drained() {
                self.fill(deadline).await?;
            }
            let pending = self.channel.pending();
            let taken = pending.len().min(missing);
            self.response.extend_from_slice(&pending[..taken]);
            self.channel.consume(taken);
            missing -= taken;
        }
        Ok(())
    }

    fn count(&mut self, bytes: u64) -> Result<(), Fault> {
        let left = self.left_bytes.checked_sub(bytes);
        self.left_bytes = left.ok_or_else(|| unreachable("the server says more than it was asked for"))?;
        Ok(())
    }

    async fn fill(&mut self, deadline: Instant) -> Result<(), Fault> {
        match self.channel.fill(deadline).await.map_err(broken)? {
            0 => Err(unreachable("the connection was closed")),
            _ => Ok(()),
        }
    }
}

/// The text of a positive end.
fn outcome(status: Status, text: &str) -> Result<String, Fault> {
    match status {
        Status::Ok => Ok(text.to_owned()),
        _ => Err(refused(text)),
    }
}

fn ended_by(text: &str) -> Fault {
    unreachable(format!("the server ended the session: {}", refused(text).detail))
}

/// A quoted string (RFC 3501, section 4.3). Control characters were refused before.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
