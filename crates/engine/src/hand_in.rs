//! Mail that programs hand in over HTTP: the same line 1 as at the SMTP listener, with faults instead of replies.

use crate::gateway::Gateway;
use crate::intake::{MailboxGate, fingerprint};
use crate::take_in::TakingIn;
use mail::Envelope;
use policy::{Fault, FaultKind};
use store::{Handle, Taken};

/// How long a program should wait when the queue is full or the disk is: about as long as either takes to be seen to.
const TRY_AGAIN_S: u64 = 30;

/// The way into one mailbox for programs. Cheap to clone.
#[derive(Clone)]
pub struct WayIn {
    gate: MailboxGate,
}

/// One mail that is being handed in. Dropped before `finish` it never was.
pub struct HandingIn {
    way: WayIn,
    envelope: Envelope,
    mail: TakingIn,
}

/// What became of a mail that arrived whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handed {
    /// It is durable under this id, now or since it was handed in before.
    In { message: String },
    /// Its key was given with another mail before; nothing was stored.
    KeyReused,
}

impl Gateway {
    /// Where a program's mail for this mailbox goes in; `None` when there is no such mailbox.
    pub fn way_in(&self, mailbox: &str) -> Option<WayIn> {
        Some(WayIn { gate: self.gate(mailbox)? })
    }

    /// The site of this mailbox at this moment; `None` when there is no such mailbox.
    pub fn site_of(&self, mailbox: &str) -> Option<String> {
        Some(self.shared().mailbox(mailbox).ok()?.site)
    }
}

impl WayIn {
    /// Begins a mail. `received` is our own `Received` header field, folded and with its final CRLF.
    ///
    /// # Errors
    /// `QueueFull`, `PlanSpent` and `DiskFull`, each with a time to try again; those of the store.
    pub async fn open(&self, envelope: Envelope, received: &str) -> Result<HandingIn, Fault> {
        let MailboxGate { shared, site, mailbox } = &self.gate;
        let begun = async {
            let mut mail = TakingIn::begin_unless_full(shared, site, mailbox).await?;
            mail.write_own(shared, received).await?;
            Ok::<_, Fault>(mail)
        };
        let mail = begun.await.map_err(|fault| self.refused(fault))?;
        Ok(HandingIn { way: self.clone(), envelope, mail })
    }

    fn refused(&self, fault: Fault) -> Fault {
        self.gate.note(&fault);
        match (fault.kind, fault.retry_after_s) {
            (FaultKind::Temporary, None) => fault.with_retry_after_s(TRY_AGAIN_S),
            // What lasts is not tried again in vain.
            _ => fault,
        }
    }
}

impl HandingIn {
    /// A piece of the mail, with CRLF line ends.
    ///
    /// # Errors
    /// Those of the store; so with [`HandingIn::finish`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.mail.write(&self.way.gate.shared, bytes).await.map_err(|fault| self.way.refused(fault))
    }

    /// The mail is complete: durable when it returns. It is known again for five days by `key`, when there is one, else by
    /// envelope and bytes; `token` is the id of the token that it came with.
    pub async fn finish(self, token: &str, key: Option<&str>) -> Result<Handed, Fault> {
        let HandingIn { way, envelope, mail } = self;
        let MailboxGate { shared, site, .. } = &way.gate;
        let done = async {
            let mail = mail.end(shared).await?;
            let fingerprint = fingerprint(&envelope, &mail.digest);
            let (token, key) = (token.to_owned(), key.map(str::to_owned));
            let handle = Handle::HandedIn { token, key, fingerprint: fingerprint.clone() };
            match mail.take_in(shared, envelope, handle).await? {
                Taken::New { message } => Ok::<_, Fault>(Handed::In { message }),
                Taken::Known { message } => {
                    let same = shared.store.is_handed_in_as(site, &message, &fingerprint).await?;
                    Ok(if same { Handed::In { message } } else { Handed::KeyReused })
                }
            }
        };
        done.await.map_err(|fault| way.refused(fault))
    }
}
