//! The gate through which mail comes in: nothing is acknowledged before it is durable (P1).

use crate::gateway::Shared;
use crate::metrics::Metrics;
use crate::take_in::TakingIn;
use aws_lc_rs::digest::{Context, SHA256};
use courier::smtp_in::{Gate, Intake, Opening, Refusal};
use data_encoding::HEXLOWER;
use mail::Envelope;
use policy::{Fault, FaultCode};
use std::sync::Arc;
use store::{Handle, Taken};

/// The way into one mailbox, for any courier that pushes mail. Cheap to clone.
#[derive(Clone)]
pub struct MailboxGate {
    pub(crate) shared: Arc<Shared>,
    pub(crate) site: String,
    pub(crate) mailbox: String,
}

/// One mail that is arriving.
pub struct MailIntake {
    gate: MailboxGate,
    envelope: Envelope,
    mail: TakingIn,
    received: String,
}

impl MailboxGate {
    /// Mail was not taken in: tells an operator, and counts it.
    pub(crate) fn note(&self, fault: &Fault) {
        self.shared.metrics.fault(fault);
        Metrics::add(&self.shared.metrics.refused);
        tracing::warn!(mailbox = self.mailbox, code = %fault.code, detail = fault.logged(), "mail was not taken in");
    }

    fn refuse(&self, fault: &Fault) -> Refusal {
        self.note(fault);
        refusal(fault)
    }
}

impl Gate for MailboxGate {
    type Intake = MailIntake;
    type Begun = ();

    async fn begin(&self, _opening: Opening) -> Result<(), Refusal> {
        Ok(())
    }

    /// Every recipient: what becomes of the mail is the profile's decision, and refusing here would tell strangers
    /// which addresses exist.
    async fn recipient(&self, _begun: &mut (), _address: &str) -> Result<(), Refusal> {
        Ok(())
    }

    async fn open(&self, _begun: (), envelope: Envelope) -> Result<MailIntake, Refusal> {
        let mail = TakingIn::begin_unless_full(&self.shared, &self.site, &self.mailbox).await;
        let mail = mail.map_err(|fault| self.refuse(&fault))?;
        Ok(MailIntake { gate: self.clone(), envelope, mail, received: String::new() })
    }
}

impl Intake for MailIntake {
    fn received(&mut self, line: &str) {
        self.received = line.to_owned();
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let shared = &self.gate.shared;
        if !self.received.is_empty() {
            let received = std::mem::take(&mut self.received);
            self.mail.write_own(shared, &received).await.map_err(|fault| self.gate.refuse(&fault))?;
        }
        self.mail.write(shared, bytes).await.map_err(|fault| self.gate.refuse(&fault))
    }

    async fn finish(self) -> Result<String, Refusal> {
        let MailIntake { gate, envelope, mail, .. } = self;
        let mail = mail.end(&gate.shared).await.map_err(|fault| gate.refuse(&fault))?;
        let handle = Handle::FiveDays(fingerprint(&envelope, &mail.digest));
        let taken = mail.take_in(&gate.shared, envelope, handle).await.map_err(|fault| gate.refuse(&fault))?;
        match taken {
            Taken::New { message } | Taken::Known { message } => Ok(message),
        }
    }
}

/// Equal for a mail that is sent again because our answer was lost: same envelope, same bytes. Each part is preceded by
/// its length, so that no two envelopes run into each other.
pub(crate) fn fingerprint(envelope: &Envelope, digest: &[u8; 32]) -> String {
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
        FaultCode::QueueFull => {
            Refusal { code: 452, status: "4.3.1", text: "Too much mail is waiting, try again later".into() }
        }
        FaultCode::DiskFull => {
            Refusal { code: 452, status: "4.3.1", text: format!("No room for mail now ({})", fault.code) }
        }
        FaultCode::PlanSpent => Refusal {
            code: 452,
            status: "4.3.1",
            text: format!("No room for more mail now ({}), try again later", fault.code),
        },
        _ => Refusal { code: 451, status: "4.3.0", text: format!("Mail cannot be stored now ({})", fault.code) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_envelopes_and_bytes_apart() {
        let envelope = |from: &str, to: &[&str]| Envelope {
            mail_from: Some(from.into()),
            rcpt_to: to.iter().map(|address| (*address).to_owned()).collect(),
            client: None,
        };
        let one = fingerprint(&envelope("a@x", &["b@y", "c@z"]), &[1; 32]);
        assert_eq!(one, fingerprint(&envelope("a@x", &["b@y", "c@z"]), &[1; 32]));
        for other in [
            fingerprint(&envelope("a@x", &["b@y"]), &[1; 32]),
            fingerprint(&envelope("a@x", &["b@yc@z"]), &[1; 32]),
            fingerprint(&envelope("a@xb@y", &["c@z"]), &[1; 32]),
            fingerprint(&envelope("a@x", &["b@y", "c@z"]), &[2; 32]),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn fault_06_our_own_trouble_is_always_a_temporary_reply() {
        let full = refusal(&Fault::temporary(FaultCode::DiskFull, ""));
        assert_eq!((full.code, full.status), (452, "4.3.1"));
        let spent = refusal(&Fault::temporary(FaultCode::PlanSpent, "secret detail"));
        assert_eq!((spent.code, spent.status), (452, "4.3.1"));
        let busy = refusal(&Fault::temporary(FaultCode::QueueFull, "secret detail"));
        assert_eq!((busy.code, busy.status), (452, "4.3.1"));
        for code in [FaultCode::StoreUnavailable, FaultCode::StoreCorrupt, FaultCode::KeyUnavailable] {
            let reply = refusal(&Fault::permanent(code, "secret detail"));
            assert_eq!((reply.code, reply.status), (451, "4.3.0"));
            assert!(!reply.text.contains("secret"));
        }
    }
}
