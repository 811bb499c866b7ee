//! The mail itself: from the socket to the gate in chunks, kept by nobody else.

use std::io;
use std::time::Duration;

use tokio::time::Instant;

use super::limits::{DATA_BUFFER_BYTES, DATA_BYTES_PER_S_MIN, DRAIN_BYTES_MAX};
use super::session::{Next, Session, ask};
use super::trace::Trace;
use super::transaction::{Transaction, too_big};
use super::{Gate, Intake, Refusal};
use crate::unstuff::Unstuffing;

/// How the octets after 354 ended.
enum Arrival<I> {
    /// CRLF.CRLF was read: the mail, or why it is not wanted.
    Ended(Result<I, Refusal>),
    /// The client has gone or fell silent, or sent far more than the limit: nothing is kept.
    BrokenOff(Option<Refusal>),
}

impl<G: Gate> Session<'_, G> {
    pub(super) async fn data(&mut self) -> Next {
        if self.transaction.as_ref().is_none_or(|transaction| transaction.accepted.is_empty()) {
            return self.refuse(&Refusal::new(503, "5.5.1", "Say MAIL and an accepted RCPT first"));
        }
        // A client that does not wait for 354 would have its mail read as commands whenever the answer is another
        // (RFC 2920, section 3.1: DATA ends a pipelined group).
        if !self.channel.is_drained() {
            self.say(503, "5.5.1", "Wait for the answer to DATA; closing");
            return Next::Close;
        }
        let Some(transaction) = self.transaction.take() else {
            return Next::Close;
        };
        let Transaction { envelope, accepted, utf8, begun } = transaction;
        let received = self.trace(&envelope.rcpt_to, utf8);
        let mut intake = match ask(self.shared.gate.open(begun, envelope)).await {
            Ok(intake) => intake,
            Err(refusal) => return self.refuse(&refusal),
        };
        intake.received(&received);
        self.say(354, "2.0.0", "End with CR LF . CR LF");
        match self.receive(intake).await {
            Arrival::Ended(Ok(intake)) => {
                let outcome = ask(intake.finish()).await;
                self.conclude(&accepted, &outcome)
            }
            Arrival::Ended(Err(refusal)) => self.conclude(&accepted, &Err(refusal)),
            Arrival::BrokenOff(refusal) => {
                if let Some(refusal) = refusal {
                    self.refuse(&refusal);
                }
                Next::Close
            }
        }
    }

    fn trace(&self, recipients: &[String], utf8: bool) -> String {
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
            id: &self.shared.next_id(),
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
                    return Arrival::BrokenOff(Some(Refusal::new(421, "4.4.2", "The mail comes too slowly; closing")));
                }
                _ => return Arrival::BrokenOff(None),
            }
            let chunk = self.channel.pending();
            let step = reader.take(chunk);
            seen_bytes += step.consumed as u64;
            mail_bytes += step.kept as u64;
            if wanted.is_ok() && reader.has_bare_line_end() {
                wanted = Err(Refusal::new(554, "5.6.0", "A CR or LF stands alone; lines must end with CR LF"));
            } else if wanted.is_ok() && mail_bytes > settings.size_bytes_max {
                wanted = Err(too_big(settings.size_bytes_max));
            }
            if let Ok(intake) = &mut wanted
                && step.kept > 0
                && let Err(refusal) = ask(intake.write(&chunk[..step.kept])).await
            {
                wanted = Err(refusal);
            }
            self.channel.consume(step.consumed);
            if step.ended {
                return Arrival::Ended(wanted);
            }
            if seen_bytes > settings.size_bytes_max.saturating_add(DRAIN_BYTES_MAX) {
                return Arrival::BrokenOff(Some(too_big(settings.size_bytes_max)));
            }
        }
    }
}
