//! Mails to measure with, and senders that hand them in.

use super::Load;
use crate::command::Failure;
use courier::submit::{Connection, Target};
use mail::Envelope;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// What sending came to.
pub struct Sent {
    pub mails: usize,
    pub took: Duration,
    /// From the first byte of a mail to its 250, in ascending order.
    latencies: Vec<Duration>,
}

impl Sent {
    /// What took this long in all, and so long each.
    pub fn of(took: Duration, mut latencies: Vec<Duration>) -> Sent {
        latencies.sort();
        Sent { mails: latencies.len(), took, latencies }
    }

    /// Mails per second.
    pub fn rate(&self) -> f64 {
        self.mails as f64 / self.took.as_secs_f64()
    }

    /// The latency that this share of mails stayed below, in milliseconds.
    pub fn latency_ms(&self, share: f64) -> f64 {
        let index = ((self.latencies.len() as f64 * share) as usize).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(index).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
    }
}

/// A plausible request of about this size, plain text. Each number gives another mail.
pub fn mail(number: usize, size_bytes: usize) -> Vec<u8> {
    let mut mail = head(number) + "Content-Type: text/plain; charset=utf-8\r\n\r\n";
    let _ = write!(mail, "Hello,\r\n\r\nthis is request number {number}. Please have a look.\r\n\r\n");
    while mail.len() + WORDS.len() < size_bytes {
        let _ = write!(mail, "{WORDS}\r\n");
    }
    mail.into_bytes()
}

/// A request as HTML with a plain twin, together of about this size.
pub fn mail_with_html(number: usize, size_bytes: usize) -> Vec<u8> {
    let mut mail = head(number);
    mail.push_str("Content-Type: multipart/alternative; boundary=\"edge\"\r\n\r\n--edge\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");
    let _ = write!(mail, "Hello,\r\n\r\nthis is request number {number}.\r\n\r\n");
    let plain = mail.len() + size_bytes.saturating_sub(mail.len()) / 3;
    while mail.len() < plain {
        let _ = write!(mail, "{WORDS}\r\n");
    }
    mail.push_str("--edge\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><head><style>p { margin: 0 }</style></head><body>\r\n");
    let _ = write!(mail, "<p>Hello,</p><p>this is request number <b>{number}</b>.</p>\r\n");
    while mail.len() + WORDS.len() < size_bytes {
        let _ = write!(
            mail,
            "<p class=\"MsoNormal\" style=\"font-size:11pt\"><span style=\"color:#1f497d\">{WORDS}</span> <a href=\"https://desk.example/{number}\">link</a><br></p>\r\n"
        );
    }
    mail.push_str("</body></html>\r\n--edge--\r\n");
    mail.into_bytes()
}

/// A short request with one attachment, together of about this size.
pub fn mail_with_attachment(number: usize, size_bytes: usize) -> Vec<u8> {
    let mut mail = head(number);
    mail.push_str("Content-Type: multipart/mixed; boundary=\"edge\"\r\n\r\n--edge\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n");
    let _ =
        write!(mail, "Hello,\r\n\r\nthe file is attached.\r\n\r\n--edge\r\nContent-Type: application/octet-stream\r\n");
    mail.push_str(
        "Content-Disposition: attachment; filename=\"data.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n",
    );
    while mail.len() + LINE.len() + 12 < size_bytes {
        mail.push_str(LINE);
    }
    mail.push_str("--edge--\r\n");
    mail.into_bytes()
}

const WORDS: &str = "the quick brown fox jumps over the lazy dog near the river bank while nobody looks";
const LINE: &str = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0\r\n";

fn head(number: usize) -> String {
    format!(
        "From: Person {number} <person{number}@northwind.example>\r\nTo: support@desk.example\r\nSubject: Request {number}\r\n\
         Date: Mon, 16 Nov 2026 08:12:44 +0000\r\nMessage-ID: <bench-{number}-{}@northwind.example>\r\nMIME-Version: 1.0\r\n",
        std::process::id()
    )
}

/// The envelope and the bytes of the mail of a number.
pub type Parcel = dyn Fn(usize) -> (Envelope, Vec<u8>) + Send + Sync;

/// Sends the load over several connections that are kept open; fails on the first mail that is not accepted.
pub async fn send(target: &Target, load: &Load) -> Result<Sent, Failure> {
    let size_bytes = load.size_bytes;
    let parcel = move |number: usize| {
        let envelope = Envelope {
            mail_from: Some(format!("person{number}@northwind.example")),
            rcpt_to: vec!["support@desk.example".into()],
            client: None,
        };
        (envelope, mail(number, size_bytes))
    };
    send_each(target, load, Arc::new(parcel)).await
}

/// The same with mails that are made otherwise.
pub async fn send_each(target: &Target, load: &Load, parcel: Arc<Parcel>) -> Result<Sent, Failure> {
    let next = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let senders: Vec<_> = (0..load.connections)
        .map(|_| tokio::spawn(sender(target.clone(), load.mails, parcel.clone(), next.clone())))
        .collect();
    let mut latencies = Vec::with_capacity(load.mails);
    for sender in senders {
        let own = sender.await.map_err(|error| Failure::new(format!("a sender ended badly: {error}")))?;
        latencies.extend(own?);
    }
    Ok(Sent::of(begun.elapsed(), latencies))
}

async fn sender(
    target: Target,
    mails: usize,
    parcel: Arc<Parcel>,
    next: Arc<AtomicUsize>,
) -> Result<Vec<Duration>, Failure> {
    let mut connection = Connection::open(&target).await?;
    let mut latencies = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= mails {
            break;
        }
        let (envelope, raw) = parcel(number);
        let begun = Instant::now();
        connection.send(&envelope, &raw).await?;
        latencies.push(begun.elapsed());
    }
    connection.quit().await;
    Ok(latencies)
}
