//! A gate that keeps mails in memory and refuses whom and what the test wants.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use courier::smtp_in::{Endpoint, Gate, Intake, Listener, Opening, Refusal, Settings};
use mail::{Client, Envelope};
use tokio::sync::Semaphore;

/// A mail that was finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Without the client, so that it equals what was sent.
    pub envelope: Envelope,
    pub client: Client,
    pub received: String,
    pub bytes: Vec<u8>,
}

/// The local part of a recipient decides how the gate behaves: `unknown`, `full`, `write-fails`, `finish-fails`,
/// `never-answers`,
/// `panics`, `held`.
#[derive(Debug)]
pub struct Book {
    pub kept: Arc<Mutex<Vec<Kept>>>,
    /// Intakes that were opened.
    pub opened: Mutex<usize>,
    /// Each permit lets one mail to `held` finish.
    pub release: Arc<Semaphore>,
}

pub struct Page {
    kept: Arc<Mutex<Vec<Kept>>>,
    mail: Kept,
    release: Arc<Semaphore>,
}

impl Book {
    pub fn new() -> Arc<Book> {
        Arc::new(Book { kept: Arc::default(), opened: Mutex::default(), release: Arc::new(Semaphore::new(0)) })
    }

    pub fn mails(&self) -> Vec<Kept> {
        self.kept.lock().unwrap().clone()
    }
}

fn is_to(envelope: &Envelope, name: &str) -> bool {
    envelope.rcpt_to.iter().any(|address| address.starts_with(&format!("{name}@")))
}

impl Gate for Book {
    type Intake = Page;
    type Begun = ();

    async fn begin(&self, _opening: Opening) -> Result<(), Refusal> {
        Ok(())
    }

    async fn recipient(&self, _begun: &mut (), address: &str) -> Result<(), Refusal> {
        if address.starts_with("never-answers@") {
            std::future::pending::<()>().await;
        }
        assert!(!address.starts_with("panics@"), "the test wants a panic");
        match address.starts_with("unknown@") {
            true => Err(Refusal { code: 550, status: "5.1.1", text: "No such recipient".to_owned() }),
            false => Ok(()),
        }
    }

    async fn open(&self, _begun: (), mut envelope: Envelope) -> Result<Page, Refusal> {
        *self.opened.lock().unwrap() += 1;
        if is_to(&envelope, "full") {
            return Err(Refusal { code: 452, status: "4.3.1", text: "No room".to_owned() });
        }
        let client = envelope.client.take().expect("every mail has a client");
        let mail = Kept { envelope, client, received: String::new(), bytes: Vec::new() };
        Ok(Page { kept: self.kept.clone(), mail, release: self.release.clone() })
    }

    async fn authenticate(&self, user: &str, password: &str) -> bool {
        (user, password) == ("ann", "open sesame")
    }
}

impl Intake for Page {
    fn received(&mut self, line: &str) {
        assert!(self.mail.received.is_empty() && self.mail.bytes.is_empty(), "said once and first");
        self.mail.received = line.to_owned();
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        assert!(bytes.len() <= 64 * 1024, "a piece is bounded");
        if is_to(&self.mail.envelope, "write-fails") {
            return Err(Refusal { code: 452, status: "4.3.1", text: "The disk is full".to_owned() });
        }
        self.mail.bytes.extend_from_slice(bytes);
        Ok(())
    }

    async fn finish(self) -> Result<String, Refusal> {
        if is_to(&self.mail.envelope, "finish-fails") {
            return Err(Refusal { code: 451, status: "4.3.0", text: "Not durable".to_owned() });
        }
        if is_to(&self.mail.envelope, "held") {
            self.release.acquire().await.unwrap().forget();
        }
        let mut kept = self.kept.lock().unwrap();
        kept.push(self.mail);
        Ok(format!("m{}", kept.len()))
    }
}

/// Settings on a free loopback port.
pub fn settings() -> Settings {
    Settings {
        listen: Endpoint::Tcp(([127, 0, 0, 1], 0).into()),
        hostname: "mx.example.org".to_owned(),
        ..Settings::default()
    }
}

/// A bound listener and its book.
pub async fn listener(settings: Settings) -> (Arc<Listener<Book>>, Arc<Book>) {
    let book = Book::new();
    let listener = Listener::bind(settings, book.clone()).await.unwrap();
    (Arc::new(listener), book)
}

/// Long enough for a loaded machine; only reached when something hangs.
pub const HANG: Duration = Duration::from_secs(60);
