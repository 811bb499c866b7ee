//! What the pages need of whatever reads mails: the cells in a gateway, because the bytes are strangers'.

pub use axum::body::Bytes;

use policy::Fault;
use std::pin::Pin;
use store::ContentReader;
use tokio::sync::mpsc;

/// An answer that is on its way.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// Reads stored mails apart from this process's memory, so that a hostile one costs no more than its page.
pub trait Reader: Send + Sync + 'static {
    /// What a mail says.
    fn view(&self, raw: ContentReader) -> Answer<'_, View>;

    /// Streams the transfer-decoded content of the part at this path into `pieces`, each at most 64 KiB; the number of bytes. When
    /// the receiver goes away the reading stops.
    fn part<'a>(&'a self, raw: ContentReader, path: &'a str, pieces: mpsc::Sender<Bytes>) -> Answer<'a, u64>;
}

/// What a mail says, as its pages show it.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Whom it is from, as readers see it.
    pub from: String,
    /// The text as plain text.
    pub text: String,
    /// The HTML made safe: no element, attribute or address beyond the list of `mail::sanitize`; `None` for a mail without.
    pub html: Option<String>,
    /// Every leaf of the tree, depth first.
    pub parts: Vec<Part>,
}

/// The class of a part that is what a mail says.
pub const BODY: &str = "text of the mail";

/// A part of a mail that holds content.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// As in `sealpost read`: `1.2`, `1.2/tnef/1`.
    pub path: String,
    /// Safe for any system: no separators, no controls; `None` when it was sent without.
    pub name: Option<String>,
    pub content_type: String,
    /// The media type by the first bytes, where they tell one.
    pub true_type: Option<String>,
    /// Without angle brackets.
    pub content_id: Option<String>,
    pub size_bytes: u64,
    /// What it is to the mail, in a word or two.
    pub class: String,
}
