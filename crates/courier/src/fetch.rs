//! Mail that is fetched: mailboxes on other people's servers.

mod pop3;

pub use crate::dial::Security;
pub use pop3::Pop3;

use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use policy::fault::{Fault, FaultCode};
use zeroize::Zeroizing;

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
    pub password: Zeroizing<String>,
    /// A larger mail is not fetched, and stays where it is.
    pub mail_bytes_max: u64,
    pub connect_timeout: Duration,
    /// For each answer, and for each piece of a mail.
    pub answer_timeout: Duration,
    /// For one mail as a whole, so that a server that gives an octet now and then holds nobody for long.
    pub mail_timeout: Duration,
}

/// A mail that lies in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// By which the server knows it in this session alone.
    pub number: u32,
    /// By which it is known for ever, unique within the mailbox.
    pub handle: String,
    /// As the server counts; some count wrongly.
    pub size_bytes: u64,
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

/// An open mailbox. Nothing in it changes before [`MailSource::settle`]; dropping it changes nothing.
pub trait MailSource: Send {
    /// All mails that lie there, in the server's order.
    fn offers(&mut self) -> impl Future<Output = Result<Vec<Offer>, Fault>> + Send;

    /// Hands over one mail and says how many bytes it had.
    fn fetch(&mut self, offer: &Offer, basket: &mut impl Basket) -> impl Future<Output = Result<u64, Fault>> + Send;

    /// Deletes these mails and closes the mailbox. It is called with what is durable here.
    ///
    /// A fault says that some or all of them are still there; they are known again by their handles.
    fn settle(self, delete: &[Offer]) -> impl Future<Output = Result<(), Fault>> + Send;
}

fn unreachable(detail: impl Into<String>) -> Fault {
    Fault::temporary(FaultCode::MailboxUnreachable, detail)
}
