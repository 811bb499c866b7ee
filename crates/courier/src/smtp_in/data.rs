//! The mail itself: from the socket to the gate in chunks, kept by nobody else.

use std::io;
use std::time::Duration;

use tokio::time::Instant;

use super::limits::{DATA_BUFFER_BYTES, DATA_BYTES_PER_S_MIN, DRAIN_BYTES_MAX};
use super::refusals::Reason;
use super::session::{Next, Session, ask};
use super::trace::Trace;
use super::transaction::{Transaction, too_big};
use super::{Gate, Intake, Refusal};
use crate::unstuff::Unstuffing;

/// How the octets after 354 ended.
enum Arrival<I> {
    /// CRLF.CRLF was read: the mail, or why it is not wanted.
    Ended(Result<I, (Reason, Refusal)>),
    /// The client has gone or fell silent, or sent far more than the limit: nothing is kept.
    BrokenOff(Option<(Reason, Refusal)>),
}

impl<G: Gate> Session<'_, G> {
    pub(super) async fn data(&mut self) -> Next {
        if self.transaction.as_ref().is_none_or(|transaction| transaction.accepted.is_empty()) {
            let refusal = Refusal::new(503, "5.5.1", "Say MAIL and an accepted RCPT first");
            return self.refuse(Reason::Sequence, &refusal);
        }
        // A client that does not wait for 354 would have its mail read as commands whenever the answer is another
        // (RFC 2920, section 3.1: DATA ends a pipelined group).
        if !self.channel.is_drained() {
            return self.close(Reason::Sequence, 503, "5.5.1", "Wait for the answer to DATA; closing");
        }
        let Some(transaction) = self.transaction.take() else {
            return Next::Close;
        };
        let Transaction { envelope, accepted, utf8, begun } = transaction;
        let recipients = envelope.rcpt_to.clone();
        let mut intake = match ask(self.shared.gate.open(begun, envelope)).await {
            Ok(intake) => intake,
            Err(refusal) => return self.refuse(Reason::NoRoom, &refusal),
        };
        let id = intake.id().map_or_else(|| self.shared.next_id(), str::to_owned);
        let received = self.trace(&recipients, utf8, &id);
        intake.received(&received);
        self.say(354, "2.0.0", "End with CR LF . CR LF");
        match self.receive(intake).await {
            Arrival::Ended(Ok(intake)) => {
                let outcome = ask(intake.finish()).await.map_err(|refusal| (Reason::NotTaken, refusal));
                self.conclude(&accepted, &outcome)
            }
            Arrival::Ended(Err(refused)) => self.conclude(&accepted, &Err(refused)),
            Arrival::BrokenOff(refused) => {
                if let Some((why, refusal)) = refused {
                    self.refuse(why, &refusal);
                }
                Next::Close
            }
        }
    }

    fn trace(&self, recipients: &[String], utf8: bool, id: &str) -> String {
        let (hello, extended) = match &self.greeting {
            Some(greeting) => (greeting.name.as_str(), greeting.extended),
            None => ("unknown", false),
        };
        let trace = Trace {
            hello,
            ip: self.ip,
            hostname: &self.shared.settings.hostname,
            protocol: self.shared.settings.protocol,
            extended,
            utf8,
            encrypted: self.encrypted,
            authenticated: self.authenticated,
            id,
            recipients,
            time: jiff::Timestamp::now(),
        };
        trace.field()
    }

    async fn receive(&mut self, intake: G::Intake) -> Arrival<G::Intake> {
        let settings = &self.shared.settings;
        let silence = Duration::from_secs(settings.data_timeout_s);
        let started = Instant::now();
        let mut reader = Unstuffing::new();
        let mut wanted = Ok(intake);
        let (mut seen_bytes, mut mail_bytes) = (0u64, 0u64);
        self.channel.grow(DATA_BUFFER_BYTES);
        if self.channel.flush(started + silence).await.is_err() {
            return Arrival::BrokenOff(None);
        }
        loop {
            let patience = silence + Duration::from_secs(seen_bytes / DATA_BYTES_PER_S_MIN);
            match self.channel.fill((Instant::now() + silence).min(started + patience)).await {
                Ok(1..) => {}
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    let refusal = Refusal::new(421, "4.4.2", "The mail comes too slowly; closing");
                    return Arrival::BrokenOff(Some((Reason::TooSlow, refusal)));
                }
                _ => return Arrival::BrokenOff(None),
            }
            let chunk = self.channel.pending();
            let step = reader.take(chunk);
            seen_bytes += step.consumed as u64;
            mail_bytes += step.kept as u64;
            if wanted.is_ok() && reader.has_bare_line_end() {
                let refusal = Refusal::new(554, "5.6.0", "A CR or LF stands alone; lines must end with CR LF");
                wanted = Err((Reason::BareLineEnd, refusal));
            } else if wanted.is_ok() && mail_bytes > settings.size_bytes_max {
                wanted = Err((Reason::TooLarge, too_big(settings.size_bytes_max)));
            }
            if let Ok(intake) = &mut wanted
                && step.kept > 0
                && let Err(refusal) = ask(intake.write(&chunk[..step.kept])).await
            {
                wanted = Err((Reason::NoRoom, refusal));
            }
            self.channel.consume(step.consumed);
            if step.ended {
                return Arrival::Ended(wanted);
            }
            if seen_bytes > settings.size_bytes_max.saturating_add(DRAIN_BYTES_MAX) {
                return Arrival::BrokenOff(Some((Reason::TooLarge, too_big(settings.size_bytes_max))));
            }
        }
    }
}
