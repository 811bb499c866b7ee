//! The relay as the listener sees it: MAIL and RCPT passed on as they come, the mail kept in memory until it is whole.

use super::answer::{is_temporary, later, no, of_fault, of_reply};
use super::copies::full;
use super::figures::Figures;
use super::hop::Lent;
use super::memory::Room;
use super::pass::{Passing, pass};
use super::{Inner, Relay, Submitted, head};
use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use courier::smtp_in::{Extensions, Gate, Intake, Opening, Refusal};
use mail::Envelope;
use policy::{Fault, FaultCode};
use std::future::Future;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::time::{Instant, timeout, timeout_at};

/// What a server says that hangs up with it (RFC 5321, section 3.8).
const HANGS_UP: u16 = 421;
/// The first room that a mail takes.
const FIRST_BYTES: usize = 16 * 1024;

/// A mail between MAIL and DATA, and the connection over which its recipients are asked for.
pub struct Live {
    opening: Opening,
    pub(super) lent: Option<Lent>,
    recipients: Vec<String>,
}

/// A mail that is coming in.
pub struct Coming {
    relay: Relay,
    /// By which it is known from now on: it stands in its `Received`, in our mark, in the answer and in the log.
    id: String,
    live: Live,
    received: String,
    bytes: Vec<u8>,
    room: Room,
}

impl Relay {
    /// Waits for the next hop, but not longer than a client does.
    async fn in_time<T>(&self, asking: impl Future<Output = Result<T, Fault>> + Send) -> Result<T, Refusal> {
        let inner = &self.inner;
        let asked = timeout(inner.settings.answer_within, asking).await;
        asked.unwrap_or_else(|_| Err(Fault::temporary(FaultCode::SmtpUnreachable, "no answer in time"))).map_err(|fault| {
            tracing::warn!(relay = inner.settings.name, code = %fault.code, detail = fault.logged(), "the next hop does not answer");
            of_fault(&fault)
        })
    }
}

impl Gate for Relay {
    type Intake = Coming;
    type Begun = Live;

    fn admits(&self, ip: Option<IpAddr>) -> bool {
        let clients = &self.inner.settings.clients;
        clients.is_empty() || ip.is_some_and(|ip| clients.iter().any(|network| network.has(ip)))
    }

    /// What the next hop has said that it takes; the least before it was asked.
    fn extensions(&self) -> Extensions {
        let takes = self.inner.hop.takes();
        Extensions {
            eight_bit_mime: takes.is_some_and(|takes| takes.eight_bit_mime),
            smtp_utf8: takes.is_some_and(|takes| takes.smtp_utf8),
        }
    }

    async fn begin(&self, opening: Opening) -> Result<Live, Refusal> {
        let sender = opening.mail_from.as_deref();
        let asking = async {
            let mut lent = self.inner.hop.lend().await?;
            let said = lent.connection()?.pass_sender(sender, opening.utf8).await;
            // It ended while it stood idle, or ends now.
            let has_ended = lent.was_kept && said.as_ref().map_or(true, |reply| reply.code == HANGS_UP);
            let said = match has_ended {
                true => {
                    lent.renew().await?;
                    lent.connection()?.pass_sender(sender, opening.utf8).await?
                }
                false => said?,
            };
            let takes = lent.connection()?.takes();
            Ok((lent, said, takes))
        };
        let (lent, said, takes) = self.in_time(asking).await?;
        if !said.is_positive() {
            return Err(of_reply(&said));
        }
        if let Some(max) = takes.size_bytes_max
            && opening.size_bytes > max
        {
            return Err(no(552, "5.3.4", format!("The next hop takes mails of at most {max} octets")));
        }
        Ok(Live { opening, lent: Some(lent), recipients: Vec::new() })
    }

    async fn recipient(&self, live: &mut Live, address: &str) -> Result<(), Refusal> {
        if live.recipients.iter().any(|known| known == address) {
            return Ok(());
        }
        if live.recipients.len() >= self.inner.settings.connections {
            return Err(no(452, "4.5.3", "Too many recipients; send the rest in another mail"));
        }
        let Some(lent) = &mut live.lent else {
            return Err(later("4.4.2", "The next hop has gone, try again later"));
        };
        let said = self.in_time(async { lent.connection()?.pass_recipient(address).await }).await;
        match said {
            Ok(reply) if reply.is_positive() => {
                live.recipients.push(address.to_owned());
                Ok(())
            }
            Ok(reply) => Err(of_reply(&reply)),
            Err(refusal) => {
                // Nothing that was said over it holds any more; those who were accepted are asked for once more with their copies.
                live.lent = None;
                Err(refusal)
            }
        }
    }

    async fn open(&self, live: Live, _envelope: Envelope) -> Result<Coming, Refusal> {
        let mut room = Room::default();
        if !self.inner.memory.grow(&mut room, FIRST_BYTES) {
            return Err(full(&self.inner.figures));
        }
        let (id, bytes) = (self.inner.next_id(), Vec::with_capacity(FIRST_BYTES));
        Ok(Coming { relay: self.clone(), id, live, received: String::new(), bytes, room })
    }
}

impl Intake for Coming {
    fn id(&self) -> Option<&str> {
        Some(&self.id)
    }

    fn received(&mut self, line: &str) {
        self.received = line.to_owned();
    }

    async fn write(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        let needed = self.bytes.len() + piece.len();
        if needed > self.bytes.capacity() {
            let memory = &self.relay.inner.memory;
            let doubled = needed.max(self.bytes.capacity().saturating_mul(2));
            let size = [doubled, needed].into_iter().find(|size| memory.grow(&mut self.room, *size));
            let Some(size) = size else { return Err(full(&self.relay.inner.figures)) };
            self.bytes.reserve_exact(size - self.bytes.len());
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }

    async fn finish(self) -> Result<String, Refusal> {
        let inner = self.relay.inner.clone();
        let id = self.id.clone();
        let deadline = Instant::now() + inner.settings.answer_within;
        let recipients = self.live.recipients.len();
        let passing = timeout_at(deadline, Passing::of(&inner, self, deadline)).await;
        let ended = match passing {
            Err(_) => Err(later("4.3.0", "Not answered in time, try again later")),
            Ok(Err(refusal)) => Err(refusal),
            Ok(Ok((passing, live))) => finish_in_time(&inner, passing, live, deadline).await,
        };
        let figures = &inner.figures;
        let relay = &inner.settings.name;
        match &ended {
            // Whoever hands it on tells of it, also when that comes to its end too late for the client.
            Ok(()) => Figures::add(&figures.accepted),
            Err(refusal) => {
                let is_temporary = is_temporary(refusal);
                Figures::add(if is_temporary { &figures.put_off } else { &figures.refused });
                let what = if is_temporary { "a mail was put off" } else { "a mail was refused" };
                tracing::info!(relay, relayed = id, recipients, code = refusal.code, status = refusal.status, "{what}");
            }
        }
        ended.map(|()| id)
    }
}

/// In a task of its own, which goes on when nobody waits any more: what the next hop says is noted whether or not the client hears it.
async fn finish_in_time(
    inner: &Arc<Inner>,
    passing: Passing,
    live: Option<Lent>,
    deadline: Instant,
) -> Result<(), Refusal> {
    let task = inner.passing.spawn(pass(inner.clone(), passing, live));
    match timeout_at(deadline, task).await {
        Ok(Ok(ended)) => ended,
        Ok(Err(_)) => {
            tracing::error!(relay = inner.settings.name, "handing a mail on ended badly");
            Err(later("4.3.0", "The mail cannot be handed on now, try again later"))
        }
        Err(_) => {
            Figures::add(&inner.figures.late);
            Err(later("4.4.2", "The next hop has not answered in time, try again later"))
        }
    }
}

impl Passing {
    /// What is to be handed on; or no, where the mail runs in circles.
    async fn of(inner: &Arc<Inner>, coming: Coming, deadline: Instant) -> Result<(Passing, Option<Lent>), Refusal> {
        let Coming { id, live, received, bytes, room, .. } = coming;
        let mark = inner.mark().await.map_err(|fault| of_fault(&fault))?;
        let head = head::read(&bytes, mark);
        if head.was_here || head.received >= inner.settings.hops_max {
            return Err(no(
                554,
                "5.4.6",
                "The mail runs in circles: it was here before, or has passed too many servers",
            ));
        }
        let prelude = format!("{received}{}: {mark} {id}\r\n", head::MARK);
        let Opening { mail_from, client, account, utf8, .. } = live.opening;
        let bytes = Bytes::from(bytes);
        let digest = digest(mail_from.as_deref(), &bytes);
        let mail = Submitted {
            id: id.clone(),
            site: inner.settings.site.clone(),
            relay: inner.settings.name.clone(),
            bytes,
            envelope_from: mail_from,
            account,
            client,
            recipients: live.recipients.len(),
            headers: Arc::default(),
            opened: Arc::default(),
            memory: inner.memory.clone(),
        };
        let passing = Passing {
            id,
            digest,
            mail: Arc::new(mail),
            prelude,
            message_id: head.message_id,
            recipients: live.recipients,
            utf8,
            deadline,
            _room: room,
        };
        Ok((passing, live.lent))
    }
}

/// Of what the client sent and in whose name: the same when it is sent again.
fn digest(mail_from: Option<&str>, bytes: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    let sender = mail_from.unwrap_or_default();
    context.update(&(sender.len() as u64).to_be_bytes());
    context.update(sender.as_bytes());
    context.update(bytes);
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}
