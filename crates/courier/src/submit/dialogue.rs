//! Commands out and replies in, with a deadline on each.

use std::time::Duration;

use data_encoding::BASE64;
use mail::Envelope;
use policy::fault::{Fault, FaultCode};
use smtp_proto::Error;
use smtp_proto::response::parser::ResponseReceiver;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::held::Takes;
use super::{NotSent, Refused, Reply, Shape, Target};
use crate::secret::bearer;
use crate::wire::{Channel, Wire};

/// Octets read at a time; a reply is at most 4,096 (smtp-proto refuses longer ones).
const REPLY_BUFFER_BYTES: usize = 8 * 1024;

/// What a server said before it hung up is here by then.
const SAID_WITHIN: Duration = Duration::from_secs(1);

/// What the server said it can do.
#[derive(Debug, Default)]
struct Extensions {
    pipelining: bool,
    eight_bit_mime: bool,
    smtp_utf8: bool,
    start_tls: bool,
    /// The mechanisms of AUTH, in upper case.
    auth: Vec<String>,
    /// None when SIZE was not announced, 0 when it was without a limit.
    size_bytes_max: Option<u64>,
}

pub(super) struct Dialogue {
    channel: Channel,
    extensions: Extensions,
    wait: Duration,
    /// A mail was announced before, so that the next one begins with RSET: whatever a server remembers of the last one ends with it.
    has_announced: bool,
}

impl Dialogue {
    pub(super) fn new(wire: Box<dyn Wire>, wait: Duration) -> Dialogue {
        let channel = Channel::new(wire, REPLY_BUFFER_BYTES);
        Dialogue { channel, extensions: Extensions::default(), wait, has_announced: false }
    }

    pub(super) async fn is_quiet(&mut self) -> bool {
        self.channel.is_quiet().await
    }

    pub(super) fn put_wire(&mut self, wire: Box<dyn Wire>) {
        self.channel.put_wire(wire);
    }

    pub(super) fn output(&mut self) -> &mut Vec<u8> {
        self.channel.output()
    }

    pub(super) async fn flush(&mut self) -> Result<(), Fault> {
        self.channel.flush(Instant::now() + self.wait).await.map_err(broken)
    }

    pub(super) async fn close(&mut self) {
        self.channel.close(Instant::now() + self.wait).await;
    }

    pub(super) async fn reply(&mut self) -> Result<Reply, Fault> {
        self.reply_within(self.wait).await
    }

    pub(super) async fn reply_within(&mut self, wait: Duration) -> Result<Reply, Fault> {
        let deadline = Instant::now() + wait;
        self.channel.flush(deadline).await.map_err(broken)?;
        let mut receiver = ResponseReceiver::default();
        loop {
            if self.channel.is_drained() && self.channel.fill(deadline).await.map_err(broken)? == 0 {
                return Err(Fault::temporary(FaultCode::SmtpUnreachable, "the connection was closed"));
            }
            let mut bytes = self.channel.pending().iter();
            let parsed = receiver.parse(&mut bytes);
            let left = bytes.len();
            let consumed = self.channel.pending().len() - left;
            self.channel.consume(consumed);
            match parsed {
                Ok(response) => {
                    let status = match response.esc {
                        [0, ..] => String::new(),
                        [class, subject, detail] => format!("{class}.{subject}.{detail} "),
                    };
                    return Ok(Reply { code: response.code, text: format!("{status}{}", response.message.trim_end()) });
                }
                Err(Error::NeedsMoreData { .. }) => {}
                Err(error) => {
                    return Err(Fault::temporary(
                        FaultCode::SmtpUnreachable,
                        format!("the answer makes no sense: {error:?}"),
                    ));
                }
            }
        }
    }

    /// A no that is there already, although the connection takes nothing any more.
    pub(super) async fn said_already(&mut self) -> Option<Reply> {
        self.channel.output().clear();
        self.reply_within(SAID_WITHIN).await.ok().filter(|reply| reply.code >= 400)
    }

    pub(super) async fn command(&mut self, line: &str) -> Result<Reply, Fault> {
        self.say(line);
        self.reply().await
    }

    fn say(&mut self, line: &str) {
        self.channel.say(line.as_bytes());
        self.channel.say(b"\r\n");
    }

    /// EHLO or LHLO; a server that knows neither hears HELO.
    pub(super) async fn hello(&mut self, target: &Target) -> Result<(), Fault> {
        self.extensions = Extensions::default();
        let verb = if target.lmtp { "LHLO" } else { "EHLO" };
        let reply = self.command(&format!("{verb} {}", target.client_name)).await?;
        if reply.is_positive() {
            self.extensions = extensions(&reply.text);
            return Ok(());
        }
        if target.lmtp || reply.code < 500 {
            return Err(refused(&reply));
        }
        let reply = self.command(&format!("HELO {}", target.client_name)).await?;
        if reply.is_positive() { Ok(()) } else { Err(refused(&reply)) }
    }

    /// Asks for TLS and gives the wire away for it. What stands in the buffer behind the answer was put there by
    /// someone on the way (SEC-51), so then the connection is of no use.
    pub(super) async fn start_tls(&mut self) -> Result<Box<dyn Wire>, Fault> {
        if !self.extensions.start_tls {
            return Err(Fault::temporary(FaultCode::SmtpUnreachable, "STARTTLS is demanded and not offered"));
        }
        let reply = self.command("STARTTLS").await?;
        if reply.code != 220 {
            return Err(refused(&reply));
        }
        if !self.channel.is_drained() {
            return Err(Fault::temporary(FaultCode::SmtpUnreachable, "something was injected behind STARTTLS"));
        }
        Ok(self.channel.take_wire())
    }

    pub(super) async fn authenticate(&mut self, user: &str, password: &str) -> Result<(), Fault> {
        if !self.extensions.auth.iter().any(|mechanism| mechanism == "PLAIN") {
            return Err(Fault::permanent(FaultCode::SmtpRefused, "AUTH PLAIN is not offered"));
        }
        let answer = Zeroizing::new(format!("\0{user}\0{password}"));
        let line = Zeroizing::new(format!("AUTH PLAIN {}", BASE64.encode(answer.as_bytes())));
        let reply = self.command(&line).await?;
        if reply.code == 235 { Ok(()) } else { Err(refused(&reply)) }
    }

    /// By OAUTHBEARER (RFC 7628) or XOAUTH2. A server that does not take the token says why in a challenge first, and refuses after
    /// the client's last word to that.
    pub(super) async fn authenticate_by_token(
        &mut self,
        user: &str,
        server: (&str, u16),
        token: &str,
    ) -> Result<(), Fault> {
        let offers = |name: &str| self.extensions.auth.iter().any(|mechanism| mechanism == name);
        let Some((mechanism, said)) = bearer(user, server, token, offers) else {
            let why = "no token is taken (neither AUTH OAUTHBEARER nor AUTH XOAUTH2 is offered)";
            return Err(Fault::permanent(FaultCode::SmtpRefused, why));
        };
        let line = Zeroizing::new(format!("AUTH {mechanism} {}", BASE64.encode(said.as_bytes())));
        let mut reply = self.command(&line).await?;
        if reply.code == 334 {
            // A single %x01 in the standard's mechanism, nothing in the other.
            reply = self.command(if mechanism == "OAUTHBEARER" { "AQ==" } else { "" }).await?;
        }
        match reply.code {
            235 => Ok(()),
            // What it says may repeat the challenge, which is none of a letter's business.
            334 => Err(Fault::temporary(FaultCode::SmtpUnreachable, "the server keeps asking during AUTH")),
            _ => Err(refused(&reply)),
        }
    }

    /// MAIL, RCPT and DATA; returns the answer to each RCPT. When one was positive, the server waits for the mail.
    pub(super) async fn announce(&mut self, envelope: &Envelope, shape: Shape) -> Result<Vec<Reply>, NotSent> {
        let mail = self.mail_line(envelope, shape)?;
        let again = std::mem::replace(&mut self.has_announced, true);
        if again {
            self.say("RSET");
        }
        if self.extensions.pipelining {
            self.say(&mail);
            for address in &envelope.rcpt_to {
                self.say(&format!("RCPT TO:<{address}>"));
            }
            self.say("DATA");
            if again {
                self.reset().await?;
            }
            let mail = self.reply().await?;
            if mail.code == 421 {
                return Err(NotSent::by(Refused::Sender, &mail));
            }
            let announced = self.replies(envelope.rcpt_to.len()).await?;
            let data = self.reply().await?;
            return self.judge(&mail, announced, &data).await;
        }
        if again {
            self.reset().await?;
        }
        let mail = self.command(&mail).await?;
        if !mail.is_positive() {
            return Err(NotSent::by(Refused::Sender, &mail));
        }
        let mut announced = Vec::with_capacity(envelope.rcpt_to.len());
        for address in &envelope.rcpt_to {
            announced.push(self.command(&format!("RCPT TO:<{address}>")).await?);
        }
        let next = if announced.iter().any(Reply::is_positive) { "DATA" } else { "RSET" };
        let data = self.command(next).await?;
        self.judge(&mail, announced, &data).await
    }

    pub(super) fn takes(&self) -> Takes {
        Takes {
            eight_bit_mime: self.extensions.eight_bit_mime,
            smtp_utf8: self.extensions.smtp_utf8,
            size_bytes_max: self.extensions.size_bytes_max.filter(|max| *max != 0),
        }
    }

    /// MAIL alone, for a mail whose size and content nobody knows yet; its answer.
    pub(super) async fn pass_sender(&mut self, sender: &str, utf8: bool) -> Result<Reply, Fault> {
        let again = std::mem::replace(&mut self.has_announced, true);
        if again {
            self.say("RSET");
            if !self.extensions.pipelining {
                self.reset().await?;
            }
        }
        let body = if self.extensions.eight_bit_mime { " BODY=8BITMIME" } else { "" };
        let smtp_utf8 = if utf8 { " SMTPUTF8" } else { "" };
        self.say(&format!("MAIL FROM:<{sender}>{body}{smtp_utf8}"));
        if again && self.extensions.pipelining {
            self.reset().await?;
        }
        self.reply().await
    }

    /// The answer to RSET. One that does not agree says nothing of the mail that follows: the connection is over.
    async fn reset(&mut self) -> Result<(), Fault> {
        match self.reply().await? {
            reply if reply.is_positive() => Ok(()),
            reply => {
                let detail = format!("the server does not go on with the connection: {}", reply.code);
                Err(Fault::temporary(FaultCode::SmtpUnreachable, detail))
            }
        }
    }

    async fn replies(&mut self, count: usize) -> Result<Vec<Reply>, Fault> {
        let mut replies = Vec::with_capacity(count);
        for _ in 0..count {
            replies.push(self.reply().await?);
        }
        Ok(replies)
    }

    /// RFC 2920, section 3.1: when DATA was let through although nobody may get the mail, an empty one ends it; and what
    /// was refused is cleared away so that the connection can be used again.
    async fn judge(&mut self, mail: &Reply, announced: Vec<Reply>, data: &Reply) -> Result<Vec<Reply>, NotSent> {
        let is_wanted = announced.iter().any(Reply::is_positive);
        if data.code == 354 && is_wanted {
            return Ok(announced);
        }
        if data.code == 354 {
            self.command(".").await?;
        }
        // A server that says 421 has hung up already.
        if data.code != 421 {
            self.command("RSET").await?;
        }
        match (mail.is_positive(), is_wanted) {
            (false, _) => Err(NotSent::by(Refused::Sender, mail)),
            (true, true) => Err(NotSent::by(Refused::Data, data)),
            (true, false) => Ok(announced),
        }
    }

    /// What the server would say to a mail of this size, where it has said how much it takes.
    pub(super) fn too_large(&self, size_bytes: u64) -> Option<Reply> {
        let max = self.takes().size_bytes_max.filter(|max| size_bytes > *max)?;
        Some(Reply { code: 552, text: format!("5.3.4 The mail has {size_bytes} octets, the server takes {max}") })
    }

    fn mail_line(&self, envelope: &Envelope, shape: Shape) -> Result<String, Fault> {
        let size = shape.size_bytes;
        if let Some(reply) = self.too_large(size) {
            return Err(refused(&reply));
        }
        let sender = envelope.mail_from.as_deref().unwrap_or_default();
        let mut line = format!("MAIL FROM:<{sender}>");
        if self.extensions.size_bytes_max.is_some() {
            line.push_str(&format!(" SIZE={size}"));
        }
        if self.extensions.eight_bit_mime && !shape.is_ascii {
            line.push_str(" BODY=8BITMIME");
        }
        if shape.utf8 || !sender.is_ascii() || envelope.rcpt_to.iter().any(|address| !address.is_ascii()) {
            if !self.extensions.smtp_utf8 {
                return Err(refused(&Reply {
                    code: 553,
                    text: "5.6.7 The mail needs SMTPUTF8, which the server lacks".to_owned(),
                }));
            }
            line.push_str(" SMTPUTF8");
        }
        Ok(line)
    }
}

fn extensions(text: &str) -> Extensions {
    let mut found = Extensions::default();
    for line in text.lines().skip(1) {
        let mut words = line.split_whitespace();
        match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "PIPELINING" => found.pipelining = true,
            "8BITMIME" => found.eight_bit_mime = true,
            "SMTPUTF8" => found.smtp_utf8 = true,
            "STARTTLS" => found.start_tls = true,
            "AUTH" => found.auth = words.map(str::to_ascii_uppercase).collect(),
            "SIZE" => found.size_bytes_max = Some(words.next().and_then(|size| size.parse().ok()).unwrap_or(0)),
            _ => {}
        }
    }
    found
}

/// A refusal by the server: 4xx passes, the rest does not.
pub(super) fn refused(reply: &Reply) -> Fault {
    let detail = format!("{} {}", reply.code, reply.text.replace('\n', " / "));
    let public = format!("The mail listener refused: {detail}");
    let fault = match reply.code {
        400..=499 => Fault::temporary(FaultCode::SmtpRefused, detail),
        _ => Fault::permanent(FaultCode::SmtpRefused, detail),
    };
    fault.with_public(public)
}

fn broken(error: std::io::Error) -> Fault {
    Fault::temporary(FaultCode::SmtpUnreachable, error.to_string())
}
