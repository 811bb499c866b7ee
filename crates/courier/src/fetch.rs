//! Mail that is fetched: mailboxes on other people's servers.

pub mod graph;
mod imap;
mod pop3;

pub use crate::dial::Security;
pub use crate::secret::Secret;
pub use imap::{Imap, Place, Watch};
pub use pop3::Pop3;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use policy::fault::{Fault, FaultCode};
use zeroize::Zeroizing;

use crate::dial;
use crate::wire::Wire;

/// A mailbox on a server and how it is opened.
#[derive(Clone)]
pub struct Account {
    pub host: String,
    pub port: u16,
    /// `None` only where the server runs on this machine; anywhere else nothing is said without TLS.
    pub security: Security,
    /// A PEM file of certificate authorities to trust instead of the system's.
    pub authorities: Option<PathBuf>,
    pub user: String,
    pub secret: Secret,
    /// A larger mail is not fetched, and stays where it is.
    pub mail_bytes_max: u64,
    pub connect_timeout: Duration,
    /// For each answer, and for each piece of a mail.
    pub answer_timeout: Duration,
    /// For one mail as a whole, so that a server that gives an octet now and then holds nobody for long.
    pub mail_timeout: Duration,
}

/// What a client says first to prove itself with a token, and the mechanism that the server offers for it.
fn bearer(
    account: &Account,
    token: &str,
    offers: impl Fn(&str) -> bool,
) -> Result<(&'static str, Zeroizing<String>), Fault> {
    crate::secret::bearer(&account.user, (&account.host, account.port), token, offers)
        .ok_or_else(|| unreachable("the server takes no token (neither OAUTHBEARER nor XOAUTH2)"))
}

/// A mail that lies in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// By which the server knows it: in IMAP its UID, in POP3 its number in this session alone; zero where the handle is all.
    pub number: u32,
    /// By which it is known for ever, unique within the mailbox.
    pub handle: String,
    /// As the server counts; some count wrongly.
    pub size_bytes: u64,
    /// When it came to the server, where that was asked and is told.
    pub arrived_at: Option<Timestamp>,
}

/// Where the bytes of a mail go while it is fetched.
pub trait Basket: Send {
    /// A piece of the mail, line ends as they came.
    fn put(&mut self, bytes: &[u8]) -> impl Future<Output = Result<(), Fault>> + Send;
}

impl Basket for Vec<u8> {
    async fn put(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// What becomes of mails on the server that are durable here.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settling<'s> {
    pub delete: &'s [Offer],
    /// Marked as read; POP3 has no marks.
    pub mark_seen: &'s [Offer],
    /// The folder that mails are moved to; POP3 has no folders.
    pub move_to: Option<&'s str>,
    pub moved: &'s [Offer],
}

/// An open mailbox. Nothing in it changes before [`MailSource::settle`]; dropping it changes nothing.
pub trait MailSource: Send {
    /// These mails will be asked for next and in this order, so that the server may be asked for several at once.
    fn announce(&mut self, next: &[Offer]);

    /// Hands over one mail and says how many bytes it had.
    fn fetch(&mut self, offer: &Offer, basket: &mut impl Basket) -> impl Future<Output = Result<u64, Fault>> + Send;

    /// The server was asked for several mails at once, so a fault may be another mail's than the one that was awaited.
    fn is_asked_for_several(&self) -> bool;

    /// Each mail is asked for by a request of its own, so that one which was broken off keeps no other from coming.
    fn asks_singly(&self) -> bool {
        false
    }

    /// Somebody took this mail away after it was listed.
    fn is_gone(&self, _offer: &Offer) -> bool {
        false
    }

    /// Does this with mails that are durable here, and closes the mailbox.
    ///
    /// A fault says that it was done with some or none of them; they are known again by their handles.
    fn settle(self, settling: Settling<'_>) -> impl Future<Output = Result<(), Fault>> + Send;
}

fn unreachable(detail: impl Into<String>) -> Fault {
    Fault::temporary(FaultCode::MailboxUnreachable, detail)
}

/// A mail is longer than [`Account::mail_bytes_max`] says.
pub fn too_large() -> Fault {
    Fault::permanent(FaultCode::TooComplex, "the mail is larger than the mailbox lets in")
}

fn broken(error: std::io::Error) -> Fault {
    match error.kind() {
        std::io::ErrorKind::TimedOut => unreachable("the server did not answer in time"),
        _ => unreachable(error.to_string()),
    }
}

/// A refusal passes by itself unless the server says that it will not (RFC 3206 for POP3, RFC 5530 for IMAP). The server's
/// words name nobody but the account, and are kept short.
fn refused(text: &str) -> Fault {
    const TEXT_CHARS_MAX: usize = 200;
    const LASTING: [&str; 6] =
        ["[AUTH]", "[SYS/PERM]", "[AUTHENTICATIONFAILED]", "[AUTHORIZATIONFAILED]", "[EXPIRED]", "[NONEXISTENT]"];
    let said: String = text.chars().filter(|c| !c.is_control()).take(TEXT_CHARS_MAX).collect();
    let upper = said.to_ascii_uppercase();
    if LASTING.iter().any(|code| upper.starts_with(code)) {
        return Fault::permanent(FaultCode::MailboxRefused, said);
    }
    Fault::temporary(FaultCode::MailboxRefused, said)
}

/// A connection to the account's server, encrypted from the first octet where the account wants that, on which nothing was
/// said yet.
async fn connect(account: &Account) -> Result<Box<dyn Wire>, Fault> {
    let line =
        dial::connect(&account.host, account.port, account.connect_timeout, FaultCode::MailboxUnreachable).await?;
    if account.security == Security::None && !line.is_local {
        return Err(unreachable("mail is fetched over TLS or from this machine only"));
    }
    match account.security {
        Security::Implicit => encrypt(line.wire, account).await,
        Security::None | Security::StartTls => Ok(line.wire),
    }
}

async fn encrypt(wire: Box<dyn Wire>, account: &Account) -> Result<Box<dyn Wire>, Fault> {
    let authorities = account.authorities.as_deref();
    let encrypting =
        dial::encrypt(wire, &account.host, authorities, account.connect_timeout, FaultCode::MailboxUnreachable);
    Ok(encrypting.await?.wire)
}

/// Whether one of these words could end a line and begin a command of its own.
///
/// # Errors
/// `SettingsWrong` when it could.
fn refuse_control_characters(words: &[&str]) -> Result<(), Fault> {
    if words.iter().any(|word| word.chars().any(char::is_control)) {
        let text = "The user, the secret or a folder of a mailbox holds control characters: check the settings and the secret's file.";
        return Err(Fault::permanent(FaultCode::SettingsWrong, text).with_public(text));
    }
    Ok(())
}
