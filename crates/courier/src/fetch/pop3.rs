//! POP3 (RFC 1939) as a client: capabilities (RFC 2449), STLS (RFC 2595), response codes (RFC 2449 and 3206).

use std::collections::{HashMap, VecDeque};

use data_encoding::BASE64;
use policy::fault::{Fault, FaultCode};
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::{
    Account, Basket, MailSource, Offer, Secret, Security, Settling, bearer, broken, connect, encrypt,
    refuse_control_characters, refused, too_large, unreachable,
};
use crate::unstuff::Unstuffing;
use crate::wire::{Channel, Look};

/// A response is at most 512 octets (RFC 2449, section 4); some servers say more.
const LINE_BYTES_MAX: usize = 4 * 1024;
/// Octets of a mail that are read at a time.
const PIECE_BYTES: usize = 64 * 1024;
/// Mails of one mailbox that are looked at; more are looked at when these are gone.
const MAILS_MAX: usize = 1_000_000;
/// A name of a mail has 1 to 70 printable characters (RFC 1939, section 7); some servers' are longer.
const HANDLE_BYTES_MAX: usize = 255;
/// Lines that a server may list about itself.
const CAPABILITIES_MAX: usize = 200;
/// Mails that are asked for before the first of them has come, where the server lets (PIPELINING, RFC 2449), and their octets:
/// when the round is over they come for nothing.
const AHEAD_MAILS_MAX: usize = 32;
const AHEAD_BYTES_MAX: u64 = 1024 * 1024;

/// An open POP3 mailbox. It is locked for everybody else until the session ends, so it is kept open for a round only.
pub struct Pop3 {
    channel: Channel,
    account: Account,
    capabilities: Vec<String>,
    /// Mails that will be asked for, in this order.
    ahead: VecDeque<Offer>,
    /// Mails that were asked for and have not come yet.
    asked_for: VecDeque<Offer>,
}

impl Pop3 {
    /// Connects, encrypts and logs in.
    ///
    /// # Errors
    /// `MailboxUnreachable` (temporary) when the server cannot be reached, is not who it should be, does not answer in
    /// time or makes no sense; `MailboxRefused` when it does not want us, permanent when it says that the password is
    /// wrong; `SettingsWrong` for unusable certificate authorities.
    pub async fn open(account: &Account) -> Result<Pop3, Fault> {
        let channel = Channel::new(connect(account).await?, PIECE_BYTES);
        let (ahead, asked_for) = Default::default();
        let mut pop3 = Pop3 { channel, account: account.clone(), capabilities: Vec::new(), ahead, asked_for };
        pop3.answer().await?;
        pop3.ask_capabilities().await?;
        if account.security == Security::StartTls {
            pop3.start_tls().await?;
            pop3.ask_capabilities().await?;
        }
        pop3.log_in().await?;
        Ok(pop3)
    }

    /// What stands in the buffer behind the answer was put there by someone on the way (SEC-51), so then the
    /// connection is of no use.
    async fn start_tls(&mut self) -> Result<(), Fault> {
        if !self.has("STLS") {
            return Err(unreachable("STLS is demanded and not offered"));
        }
        self.command("STLS").await?;
        if !self.channel.is_drained() {
            return Err(unreachable("something was injected behind STLS"));
        }
        let wire = encrypt(self.channel.take_wire(), &self.account).await?;
        self.channel.put_wire(wire);
        Ok(())
    }

    /// Servers without CAPA are older than it and take a name and a password.
    async fn ask_capabilities(&mut self) -> Result<(), Fault> {
        self.capabilities.clear();
        self.say("CAPA");
        if let Answer::Ok(_) = self.hear().await? {
            let mut listed = Vec::new();
            self.lines(CAPABILITIES_MAX, |line| listed.push(line.to_ascii_uppercase())).await?;
            self.capabilities = listed;
        }
        Ok(())
    }

    fn has(&self, capability: &str) -> bool {
        self.capabilities.iter().any(|line| line.split(' ').next() == Some(capability))
    }

    fn has_sasl(&self, mechanism: &str) -> bool {
        let mut sasl = self.capabilities.iter().filter_map(|line| line.strip_prefix("SASL "));
        sasl.any(|listed| listed.split(' ').any(|word| word == mechanism))
    }

    async fn log_in(&mut self) -> Result<(), Fault> {
        let account = self.account.clone();
        let (Secret::Password(secret) | Secret::Token(secret)) = &account.secret;
        refuse_control_characters(&[&account.user, secret])?;
        let (mechanism, first) = match &account.secret {
            Secret::Token(token) => bearer(&account, token, |name| self.has_sasl(name))?,
            Secret::Password(_) if self.has("USER") || !self.has_sasl("PLAIN") => {
                self.command(&format!("USER {}", account.user)).await?;
                let line = Zeroizing::new(format!("PASS {}", secret.as_str()));
                return self.command(&line).await.map(drop);
            }
            Secret::Password(_) => ("PLAIN", Zeroizing::new(format!("\0{}\0{}", account.user, secret.as_str()))),
        };
        self.authenticate(mechanism, &first).await
    }

    /// SASL (RFC 5034). A command with a token in it would be longer than a line may be, so what the client says first follows.
    async fn authenticate(&mut self, mechanism: &str, first: &str) -> Result<(), Fault> {
        self.say(&format!("AUTH {mechanism}"));
        let mut unsaid = true;
        // One continuation takes what the client says first; the other one tells why that was wrong and wants an empty line.
        for _ in 0..3 {
            match self.hear().await? {
                Answer::GoOn if unsaid => {
                    unsaid = false;
                    let line = Zeroizing::new(BASE64.encode(first.as_bytes()));
                    self.say(&line);
                }
                Answer::GoOn => self.say(""),
                Answer::Ok(_) if unsaid => break,
                Answer::Ok(_) => return Ok(()),
                Answer::Refused(text) => return Err(refused(&text)),
            }
        }
        Err(unreachable("a login ended before it began, or never"))
    }

    /// Says a command and hears its answer, which must be positive.
    async fn command(&mut self, line: &str) -> Result<String, Fault> {
        self.say(line);
        self.answer().await
    }

    async fn answer(&mut self) -> Result<String, Fault> {
        match self.hear().await? {
            Answer::Ok(text) => Ok(text),
            Answer::GoOn => Err(unreachable("the server wants something that it was not asked for")),
            Answer::Refused(text) => Err(refused(&text)),
        }
    }

    fn say(&mut self, line: &str) {
        self.channel.say(line.as_bytes());
        self.channel.say(b"\r\n");
    }

    async fn hear(&mut self) -> Result<Answer, Fault> {
        let line = self.line(self.deadline()).await?;
        Ok(match line.split_once(' ').unwrap_or((&line, "")) {
            ("+OK", text) => Answer::Ok(text.to_owned()),
            ("-ERR", text) => Answer::Refused(text.to_owned()),
            ("+", _) => Answer::GoOn,
            _ => return Err(unreachable("the answer makes no sense")),
        })
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.account.answer_timeout
    }

    /// The next line without its end. What cannot be UTF-8 is replaced: lines are only compared and shown.
    async fn line(&mut self, deadline: Instant) -> Result<String, Fault> {
        self.channel.flush(deadline).await.map_err(broken)?;
        loop {
            match self.channel.look(LINE_BYTES_MAX) {
                Look::Line(range) => {
                    let mut line = Vec::new();
                    self.channel.take_line(range, &mut line);
                    line.truncate(line.len() - 2);
                    return Ok(String::from_utf8_lossy(&line).into_owned());
                }
                Look::Unfinished => {
                    if self.channel.fill(deadline).await.map_err(broken)? == 0 {
                        return Err(unreachable("the connection was closed"));
                    }
                }
                Look::BareLineEnd | Look::TooLong => return Err(unreachable("the answer makes no sense")),
            }
        }
    }

    /// The lines of a listing up to its final dot, dots undone; more than `max` of them make no sense.
    async fn lines(&mut self, max: usize, mut each: impl FnMut(&str)) -> Result<(), Fault> {
        for _ in 0..=max {
            let line = self.line(self.deadline()).await?;
            match line.strip_prefix('.') {
                Some("") => return Ok(()),
                rest => each(rest.unwrap_or(&line)),
            }
        }
        Err(unreachable("a listing is longer than it may be"))
    }

    async fn numbers_and_words(&mut self, command: &str) -> Result<Vec<(u32, String)>, Fault> {
        self.command(command).await?;
        let mut listed = Vec::new();
        self.lines(MAILS_MAX, |line| {
            let (number, word) = line.trim().split_once(' ').unwrap_or_default();
            if let Ok(number) = number.parse() {
                listed.push((number, word.trim().to_owned()));
            }
        })
        .await?;
        Ok(listed)
    }

    /// The octets of a mail up to its final dot.
    async fn pour(&mut self, basket: &mut impl Basket) -> Result<u64, Fault> {
        let whole = Instant::now() + self.account.mail_timeout;
        let mut unstuffing = Unstuffing::new();
        let mut bytes = 0;
        loop {
            if self.channel.is_drained() {
                let deadline = self.deadline().min(whole);
                if self.channel.fill(deadline).await.map_err(broken)? == 0 {
                    return Err(unreachable("the connection was closed within a mail"));
                }
            }
            let pending = self.channel.pending();
            let step = unstuffing.take(pending);
            bytes += step.kept as u64;
            if bytes > self.account.mail_bytes_max {
                return Err(too_large());
            }
            basket.put(&pending[..step.kept]).await?;
            self.channel.consume(step.consumed);
            if step.ended {
                return Ok(bytes);
            }
        }
    }

    /// All mails that lie there, in the server's order.
    ///
    /// # Errors
    /// As [`Pop3::open`]; permanent `MailboxRefused` when the server has no names for its mails (UIDL), because then
    /// nobody could say which ones were fetched before.
    pub async fn offers(&mut self) -> Result<Vec<Offer>, Fault> {
        let names = self.numbers_and_words("UIDL").await.map_err(|fault| match fault.code {
            FaultCode::MailboxRefused => Fault::permanent(fault.code, format!("UIDL is refused: {}", fault.detail)),
            _ => fault,
        })?;
        let sizes: HashMap<u32, u64> = self
            .numbers_and_words("LIST")
            .await?
            .into_iter()
            .filter_map(|(number, size)| Some((number, size.split(' ').next()?.parse().ok()?)))
            .collect();
        let offers = names.into_iter().filter(|(_, name)| !name.is_empty() && name.len() <= HANDLE_BYTES_MAX);
        let size_bytes = |number| sizes.get(&number).copied().unwrap_or(0);
        Ok(offers
            .map(|(number, handle)| Offer { number, handle, size_bytes: size_bytes(number), arrived_at: None })
            .collect())
    }

    /// Asks for more mails before those that were asked for have come.
    fn ask_ahead(&mut self) {
        if !self.has("PIPELINING") || self.asked_for.len() > AHEAD_MAILS_MAX / 2 {
            return;
        }
        let mut bytes: u64 = self.asked_for.iter().map(|offer| offer.size_bytes).sum();
        while let Some(next) = self.ahead.front() {
            bytes = bytes.saturating_add(next.size_bytes);
            let fits = bytes <= AHEAD_BYTES_MAX && next.size_bytes <= self.account.mail_bytes_max;
            if !fits || self.asked_for.len() >= AHEAD_MAILS_MAX {
                return;
            }
            self.say(&format!("RETR {}", next.number));
            self.asked_for.extend(self.ahead.pop_front());
        }
    }
}

impl MailSource for Pop3 {
    fn announce(&mut self, next: &[Offer]) {
        self.ahead = next.iter().cloned().collect();
    }

    /// # Errors
    /// As [`Pop3::open`], and those of the basket. Permanent `TooComplex` for a mail that is larger than the account
    /// says. Only after `MailboxRefused`, or when the listed size was too large, is the session still of use.
    async fn fetch(&mut self, offer: &Offer, basket: &mut impl Basket) -> Result<u64, Fault> {
        if offer.size_bytes > self.account.mail_bytes_max {
            return Err(too_large());
        }
        // What was announced and is not asked for any more, because it is too large or came by itself.
        while self.asked_for.is_empty()
            && self.ahead.front().is_some_and(|next| next != offer && next.number <= offer.number)
        {
            self.ahead.pop_front();
        }
        self.ask_ahead();
        if self.asked_for.is_empty() {
            self.say(&format!("RETR {}", offer.number));
        } else if self.asked_for.pop_front().as_ref() != Some(offer) {
            return Err(unreachable("mails are asked for in another order than was announced"));
        }
        self.answer().await?;
        self.pour(basket).await
    }

    fn is_asked_for_several(&self) -> bool {
        !self.asked_for.is_empty()
    }

    /// The server deletes when it has answered QUIT (RFC 1939, section 6), and not before.
    async fn settle(mut self, settling: Settling<'_>) -> Result<(), Fault> {
        while self.asked_for.pop_front().is_some() {
            if let Answer::Ok(_) = self.hear().await? {
                self.pour(&mut Nowhere).await?;
            }
        }
        for offer in settling.delete {
            self.command(&format!("DELE {}", offer.number)).await?;
        }
        self.command("QUIT").await?;
        let deadline = self.deadline();
        self.channel.close(deadline).await;
        Ok(())
    }
}

/// Where mails go that came after the round was over.
struct Nowhere;

impl Basket for Nowhere {
    async fn put(&mut self, _bytes: &[u8]) -> Result<(), Fault> {
        Ok(())
    }
}

/// The first word of an answer, and what follows it.
enum Answer {
    Ok(String),
    /// `+`: the next line of a login is awaited.
    GoOn,
    Refused(String),
}
