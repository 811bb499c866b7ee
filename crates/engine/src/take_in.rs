//! One mail on its way into the store, whoever brings it: sealed as it comes, its digest and ids kept on the way.

use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::metrics::Metrics;
use aws_lc_rs::digest::{Context, SHA256};
use jiff::Timestamp;
use mail::Envelope;
use policy::{Fault, FaultCode};
use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::{Arrival, Content, ContentWriter, Handle, Taken};

/// As much of a mail's beginning is looked at for its ids; longer headers are cut by the limits anyway (SEC-20).
const HEAD_BYTES_MAX: usize = 256 * 1024;

/// A mail that is arriving.
pub(crate) struct TakingIn {
    site: String,
    mailbox: String,
    content: ContentWriter,
    digest: Context,
    head: Head,
}

/// A mail that has arrived whole and is not durable yet.
pub(crate) struct Whole {
    pub(crate) digest: [u8; 32],
    arrival: HalfArrival,
    content: Content,
}

/// What is known of an arrival before its courier says how it knows it again.
struct HalfArrival {
    site: String,
    mailbox: String,
    message_id: Option<String>,
    refers_to: Vec<String>,
}

impl TakingIn {
    /// # Errors
    /// Those of the store; so with all that follows here.
    pub(crate) async fn begin(shared: &Shared, site: &str, mailbox: &str) -> Result<TakingIn, Fault> {
        let content = bounded(shared, shared.store.content(site)).await?;
        Ok(TakingIn::over(content, site, mailbox))
    }

    /// The same for couriers that are told to come again: `QueueFull` while as much waits as may (P8), `PlanSpent` while the capacity plan
    /// of the site leaves no room.
    pub(crate) async fn begin_unless_full(shared: &Shared, site: &str, mailbox: &str) -> Result<TakingIn, Fault> {
        refuse_when_full(shared)?;
        refuse_when_spent(shared, site).await?;
        TakingIn::begin(shared, site, mailbox).await
    }

    /// A mail whose id was needed before its first byte; nothing is written yet.
    pub(crate) fn over(content: ContentWriter, site: &str, mailbox: &str) -> TakingIn {
        let (digest, head) = (Context::new(&SHA256), Head::default());
        TakingIn { site: site.to_owned(), mailbox: mailbox.to_owned(), content, digest, head }
    }

    /// Puts a line of our own before the mail, but outside its digest, because it differs each time the same mail is sent.
    pub(crate) async fn write_own(&mut self, shared: &Shared, line: &str) -> Result<(), Fault> {
        bounded(shared, self.content.write(line.as_bytes())).await
    }

    pub(crate) async fn write(&mut self, shared: &Shared, bytes: &[u8]) -> Result<(), Fault> {
        self.digest.update(bytes);
        self.head.add(bytes);
        bounded(shared, self.content.write(bytes)).await
    }

    /// When the mail says that it was written, as far as its header has come.
    pub(crate) fn sent_at(&self) -> Option<Timestamp> {
        mail::sent_at(self.head.bytes())?.parse().ok()
    }

    /// The mail is complete; its bytes are with the store, but no row names them yet.
    pub(crate) async fn end(self, shared: &Shared) -> Result<Whole, Fault> {
        let mut digest = [0; 32];
        digest.copy_from_slice(self.digest.finish().as_ref());
        let identity = mail::identity(self.head.bytes());
        let content = bounded(shared, self.content.finish()).await?;
        crash_point("intake_content_stored");
        let arrival = HalfArrival {
            site: self.site,
            mailbox: self.mailbox,
            message_id: identity.message_id,
            refers_to: identity.refers_to,
        };
        Ok(Whole { digest, arrival, content })
    }
}

impl Whole {
    /// Whether the mail names others that must be durable before it, so that its thread is found.
    pub(crate) fn refers(&self) -> bool {
        !self.arrival.refers_to.is_empty()
    }

    pub(crate) fn message_id(&self) -> Option<&str> {
        self.arrival.message_id.as_deref()
    }

    /// Line 1: durable when it returns.
    pub(crate) async fn take_in(self, shared: &Shared, envelope: Envelope, handle: Handle) -> Result<Taken, Fault> {
        let (arrival, content) = self.arrival(shared, envelope, handle);
        let (site, bytes) = (arrival.site.clone(), content.size_bytes);
        let taken = bounded(shared, shared.store.take_in(arrival, content)).await.inspect(|taken| count(shared, taken));
        if let Ok(Taken::New { .. }) = &taken {
            shared.meter.let_through(&site, bytes);
        }
        taken
    }

    /// The same for a message of our own making: a click or an upload.
    pub(crate) async fn take_in_own(self, shared: &Shared, envelope: Envelope, handle: Handle) -> Result<Taken, Fault> {
        let (arrival, content) = self.arrival(shared, envelope, handle);
        refuse_in_shadow(&arrival)?;
        bounded(shared, shared.store.take_in_own(arrival, content)).await.inspect(|taken| count(shared, taken))
    }

    fn arrival(self, shared: &Shared, envelope: Envelope, handle: Handle) -> (Arrival, Content) {
        let HalfArrival { site, mailbox, message_id, refers_to } = self.arrival;
        let received_at = Timestamp::now().as_microsecond();
        let digest = self.digest;
        // What it is now stays so: a mail that was only looked at is carried out by no later change of the settings.
        let shadow = shared.is_shadow(&mailbox);
        let arrival = Arrival { site, mailbox, handle, envelope, digest, message_id, refers_to, received_at, shadow };
        (arrival, self.content)
    }
}

/// The mailbox may have been put into shadow since the page was opened: what is only looked at must not say that it will be done.
fn refuse_in_shadow(arrival: &Arrival) -> Result<(), Fault> {
    match arrival.shadow {
        true => Err(Fault::temporary(FaultCode::SettingsWrong, "its mailbox was put into shadow meanwhile")),
        false => Ok(()),
    }
}

/// What follows from line 1.
fn count(shared: &Shared, taken: &Taken) {
    crash_point("intake_taken_in");
    match taken {
        Taken::New { .. } => {
            shared.backlog.fetch_add(1, Ordering::Relaxed);
            Metrics::add(&shared.metrics.taken_in);
        }
        Taken::Known { .. } => Metrics::add(&shared.metrics.known_again),
    }
}

/// Whether so many jobs are open that no more mail is taken in (P8).
pub(crate) fn is_full(shared: &Shared) -> bool {
    shared.backlog.load(Ordering::Relaxed) >= shared.settings.backlog_max
}

/// # Errors
/// `QueueFull`.
pub(crate) fn refuse_when_full(shared: &Shared) -> Result<(), Fault> {
    match is_full(shared) {
        true => Err(Fault::temporary(FaultCode::QueueFull, "work.queue_depth_max is reached")),
        false => Ok(()),
    }
}

/// # Errors
/// `PlanSpent` with the reason, beside those of the store.
pub(crate) async fn refuse_when_spent(shared: &Shared, site: &str) -> Result<(), Fault> {
    bounded(shared, shared.spent(site)).await?.map_or(Ok(()), Err)
}

async fn bounded<T>(shared: &Shared, unit: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    within(shared.settings.intake_store_max, unit).await
}

/// What the store does within this time.
///
/// # Errors
/// `StoreUnavailable` when it is over, beside those of the store.
pub(crate) async fn within<T>(limit: Duration, unit: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    let late = |_| Err(Fault::temporary(FaultCode::StoreUnavailable, "the store took too long at intake"));
    tokio::time::timeout(limit, unit).await.unwrap_or_else(late)
}

/// The beginning of a mail up to the end of its header, within [`HEAD_BYTES_MAX`].
#[derive(Default)]
struct Head {
    bytes: Vec<u8>,
    ended: bool,
}

impl Head {
    fn add(&mut self, piece: &[u8]) {
        const END: &[u8] = b"\r\n\r\n";
        if self.ended {
            return;
        }
        let from = self.bytes.len().saturating_sub(END.len() - 1);
        let room = HEAD_BYTES_MAX - self.bytes.len();
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        if let Some(at) = self.bytes[from..].windows(END.len()).position(|window| window == END) {
            self.bytes.truncate(from + at + END.len());
            self.ended = true;
        }
        self.ended |= self.bytes.len() == HEAD_BYTES_MAX;
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_ends_with_the_header_however_it_is_cut() {
        let mail = b"Subject: x\r\nMessage-ID: <a@b>\r\n\r\nbody\r\n\r\nmore";
        for size in 1..mail.len() {
            let mut head = Head::default();
            mail.chunks(size).for_each(|piece| head.add(piece));
            assert_eq!(head.bytes(), b"Subject: x\r\nMessage-ID: <a@b>\r\n\r\n", "in pieces of {size}");
        }
    }

    #[test]
    fn sec_20_an_endless_header_is_kept_up_to_its_bound() {
        let mut head = Head::default();
        (0..100).for_each(|_| head.add(&[b'x'; 65_536]));
        assert_eq!(head.bytes().len(), HEAD_BYTES_MAX);
    }
}
