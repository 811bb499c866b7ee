//! The gate through which mail comes in: nothing is acknowledged before it is durable (P1).

use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::metrics::Metrics;
use aws_lc_rs::digest::{Context, SHA256};
use courier::smtp_in::{Gate, Intake, Refusal};
use data_encoding::HEXLOWER;
use jiff::Timestamp;
use mail::Envelope;
use policy::{Fault, FaultCode};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{Arrival, ContentWriter, Handle, Taken};

/// As much of a mail's beginning is looked at for its ids; longer headers are cut by the limits anyway (SEC-20).
const HEAD_BYTES_MAX: usize = 256 * 1024;

/// The way into one mailbox, for any courier that pushes mail. Cheap to clone.
#[derive(Clone)]
pub struct MailboxGate {
    shared: Arc<Shared>,
    site: String,
    mailbox: String,
}

/// One mail that is arriving.
pub struct MailIntake {
    gate: MailboxGate,
    envelope: Envelope,
    content: ContentWriter,
    digest: Context,
    head: Head,
    received: String,
}

impl MailboxGate {
    pub(crate) fn new(shared: Arc<Shared>, site: String, mailbox: String) -> MailboxGate {
        MailboxGate { shared, site, mailbox }
    }

    async fn bounded<T>(&self, unit: impl Future<Output = Result<T, Fault>>) -> Result<T, Refusal> {
        let late = |_| Err(Fault::temporary(FaultCode::StoreUnavailable, "the store took too long at intake"));
        let result = tokio::time::timeout(self.shared.settings.intake_store_max, unit).await.unwrap_or_else(late);
        result.map_err(|fault| {
            self.shared.metrics.fault(&fault);
            Metrics::add(&self.shared.metrics.refused);
            tracing::warn!(mailbox = self.mailbox, code = %fault.code, detail = fault.detail, "mail was not taken in");
            refusal(&fault)
        })
    }
}

impl Gate for MailboxGate {
    type Intake = MailIntake;

    /// Every recipient: what becomes of the mail is the profile's decision, and refusing here would tell strangers
    /// which addresses exist.
    async fn recipient(&self, _address: &str) -> Result<(), Refusal> {
        Ok(())
    }

    async fn open(&self, envelope: Envelope) -> Result<MailIntake, Refusal> {
        if self.shared.backlog.load(Ordering::Relaxed) >= self.shared.settings.backlog_max {
            Metrics::add(&self.shared.metrics.refused);
            return Err(Refusal {
                code: 452,
                status: "4.3.1",
                text: "Too much mail is waiting, try again later".into(),
            });
        }
        let content = self.bounded(self.shared.store.content(&self.site)).await?;
        Ok(MailIntake {
            gate: self.clone(),
            envelope,
            content,
            digest: Context::new(&SHA256),
            head: Head::default(),
            received: String::new(),
        })
    }
}

impl Intake for MailIntake {
    /// Kept before the mail, but outside its digest, because it differs each time the same mail is sent again.
    fn received(&mut self, line: &str) {
        self.received = line.to_owned();
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        self.digest.update(bytes);
        self.head.add(bytes);
        if !self.received.is_empty() {
            let received = std::mem::take(&mut self.received);
            self.gate.bounded(self.content.write(received.as_bytes())).await?;
        }
        self.gate.bounded(self.content.write(bytes)).await
    }

    async fn finish(self) -> Result<String, Refusal> {
        let MailIntake { gate, envelope, content, digest, head, .. } = self;
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.finish().as_ref());
        let identity = mail::identity(head.bytes());
        let content = gate.bounded(content.finish()).await?;
        crash_point("intake_content_stored");
        let arrival = Arrival {
            site: gate.site.clone(),
            mailbox: gate.mailbox.clone(),
            handle: Handle::FiveDays(handle(&envelope, &bytes)),
            envelope,
            digest: bytes,
            message_id: identity.message_id,
            refers_to: identity.refers_to,
            received_at: Timestamp::now().as_microsecond(),
        };
        let taken = gate.bounded(gate.shared.store.take_in(arrival, content)).await?;
        crash_point("intake_taken_in");
        match taken {
            Taken::New { message } => {
                gate.shared.backlog.fetch_add(1, Ordering::Relaxed);
                Metrics::add(&gate.shared.metrics.taken_in);
                Ok(message)
            }
            Taken::Known { message } => {
                Metrics::add(&gate.shared.metrics.known_again);
                Ok(message)
            }
        }
    }
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

/// Equal for a mail that is sent again because our answer was lost: same envelope, same bytes. Each part is preceded by
/// its length, so that no two envelopes run into each other.
fn handle(envelope: &Envelope, digest: &[u8; 32]) -> String {
    let mut context = Context::new(&SHA256);
    let sender = envelope.mail_from.as_deref().unwrap_or_default();
    for part in std::iter::once(sender).chain(envelope.rcpt_to.iter().map(String::as_str)) {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part.as_bytes());
    }
    context.update(digest);
    HEXLOWER.encode(context.finish().as_ref())
}

/// Our own trouble is never the sender's fault: always a temporary reply.
fn refusal(fault: &Fault) -> Refusal {
    match fault.code {
        FaultCode::DiskFull => {
            Refusal { code: 452, status: "4.3.1", text: format!("No room for mail now ({})", fault.code) }
        }
        _ => Refusal { code: 451, status: "4.3.0", text: format!("Mail cannot be stored now ({})", fault.code) },
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

    #[test]
    fn a_handle_tells_envelopes_and_bytes_apart() {
        let envelope = |from: &str, to: &[&str]| Envelope {
            mail_from: Some(from.into()),
            rcpt_to: to.iter().map(|address| (*address).to_owned()).collect(),
            client: None,
        };
        let one = handle(&envelope("a@x", &["b@y", "c@z"]), &[1; 32]);
        assert_eq!(one, handle(&envelope("a@x", &["b@y", "c@z"]), &[1; 32]));
        for other in [
            handle(&envelope("a@x", &["b@y"]), &[1; 32]),
            handle(&envelope("a@x", &["b@yc@z"]), &[1; 32]),
            handle(&envelope("a@xb@y", &["c@z"]), &[1; 32]),
            handle(&envelope("a@x", &["b@y", "c@z"]), &[2; 32]),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn fault_06_our_own_trouble_is_always_a_temporary_reply() {
        let full = refusal(&Fault::temporary(FaultCode::DiskFull, ""));
        assert_eq!((full.code, full.status), (452, "4.3.1"));
        for code in [FaultCode::StoreUnavailable, FaultCode::StoreCorrupt, FaultCode::KeyUnavailable] {
            let reply = refusal(&Fault::permanent(code, "secret detail"));
            assert_eq!((reply.code, reply.status), (451, "4.3.0"));
            assert!(!reply.text.contains("secret"));
        }
    }
}
