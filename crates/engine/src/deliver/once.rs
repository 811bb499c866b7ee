//! Hands one letter to another server once, with the ledger before and after.
//!
//! SMTP has no look-up: a letter whose answer was lost after the final dot is sent once more, with the same Message-ID, so
//! that the recipient's server can know it again. After a second lost answer a person is asked.

use super::Outgoing;
use super::sent::Sent;
use super::shelf::Turn;
use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::stop::Stop;
use courier::submit::Refused;
use policy::fault::REFUSED;
use policy::letter;
use policy::meter::{Capacity, Metered};
use policy::{Fault, FaultCode, FaultKind, Receipt, StepKey};
use store::{Begun, LetterLeft};

/// A letter of which a second answer was lost is no more sent by itself.
const LOST_ANSWERS_MAX: u32 = 1;

/// A letter that is to be sent.
pub(crate) struct Parcel<'a> {
    pub(crate) key: &'a StepKey,
    /// As what it is counted.
    pub(crate) metered: Metered,
    /// The word that the ledger has for it.
    pub(crate) kind: &'a str,
    /// Of the first try; each other has the same.
    pub(crate) message_id: String,
    /// What of it stands in the receipt, in clear.
    pub(crate) receipt_id: String,
    /// A plain address.
    pub(crate) to: &'a str,
    /// How it leaves; `None` where there is no way, for the reason in [`Parcel::nowhere`].
    pub(crate) outgoing: Option<&'a Outgoing>,
    pub(crate) nowhere: Fault,
    /// What ends when it is sent.
    pub(crate) ends: Ends,
    /// There is another form of it, without its files.
    pub(crate) has_other_form: bool,
}

/// What ends with a parcel that is sent, in the unit of work that says so.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    /// Itself: its job has more of them.
    Parcel,
    /// Its job, too.
    Job,
}

/// What became of a parcel.
pub(crate) enum Handed {
    /// It is sent, and has ended what it ends.
    Now,
    /// It was sent before.
    Before,
    /// It failed for good.
    Failed(Fault),
    /// The server does not take this form of it, and there is another one. Nothing is written down of that.
    TooLarge(Fault),
}

/// Sends the parcel unless that was done. `send` gets the server, its turn there and the Message-ID, and says how it left.
pub(crate) async fn once<'a, S, F>(shared: &Shared, held: &Held, parcel: Parcel<'a>, send: S) -> Result<Handed, Stop>
where
    S: FnOnce(&'a Outgoing, Turn<'a>, String) -> F,
    F: Future<Output = Result<Sent, Fault>>,
{
    let (store, key) = (&shared.store, parcel.key);
    let leaves = parcel.outgoing.is_some_and(|outgoing| !outgoing.is_dead_end());
    // Kept until the parcel is counted, or did not go.
    let _room = match leaves && Capacity::counts(parcel.metered) {
        true => shared.needs_room(held).await?,
        false => None,
    };
    let turn = match parcel.outgoing {
        Some(outgoing) => outgoing.turn(parcel.to).await?,
        None => None,
    };
    let mut again = false;
    let message_id = match store.begin(&held.lease, key, parcel.kind, &parcel.message_id).await? {
        Begun::Fresh => parcel.message_id,
        Begun::Done(_) => return Ok(Handed::Before),
        Begun::Failed(fault) => return Ok(Handed::Failed(fault)),
        Begun::InDoubt { looked, .. } if looked >= LOST_ANSWERS_MAX => return Err(Stop::Hold(in_doubt())),
        Begun::InDoubt { before, .. } => {
            store.looked(&held.lease, key).await?;
            Metrics::add(&shared.metrics.letters_again);
            again = true;
            before
        }
    };
    crash_point("deliver_begun");
    let Some(outgoing) = parcel.outgoing else { return fail(shared, held, key, parcel.nowhere).await };
    let dead_end = turn.is_none();
    let sent = match turn {
        Some(turn) => held.while_ours(send(outgoing, turn, message_id.clone())).await.map(Some),
        None => Ok(None),
    };
    crash_point("deliver_sent");
    match sent {
        Ok(sent) => {
            let receipt = Receipt::Letter { message_id: parcel.receipt_id, dead_end };
            // From a dead end nothing went out.
            let counted = sent.as_ref().map(|sent| (parcel.metered, sent.bytes));
            let left = LetterLeft { counted, dialogue: sent.map(|sent| sent.dialogue) };
            match parcel.ends {
                Ends::Parcel => store.finish_letter(&held.lease, key, &receipt, left).await?,
                Ends::Job => store.finish_last_letter(&held.lease, key, &receipt, left).await?,
            }
            crash_point("deliver_finished");
            Metrics::add(if dead_end { &shared.metrics.letters_kept } else { &shared.metrics.letters_sent });
            Ok(Handed::Now)
        }
        Err(fault) if parcel.has_other_form && is_too_large(&fault) => Ok(Handed::TooLarge(fault)),
        Err(fault) => Attempt { shared, held, key, outgoing, again, message_id: &message_id }.failed(fault).await,
    }
}

/// A parcel that was tried.
struct Attempt<'a> {
    shared: &'a Shared,
    held: &'a Held,
    key: &'a StepKey,
    outgoing: &'a Outgoing,
    /// The answer to an earlier try was lost.
    again: bool,
    message_id: &'a str,
}

impl Attempt<'_> {
    /// Writes down what is known of a parcel that was not sent, or may not have been.
    async fn failed(self, fault: Fault) -> Result<Handed, Stop> {
        let (store, lease) = (&self.shared.store, &self.held.lease);
        match fault.kind {
            _ if fault.code == FaultCode::LeaseLost => Err(Stop::Lost),
            FaultKind::Permanent => {
                if is_no_such_address(&fault) {
                    store.letter_came_back(lease, self.key).await?;
                }
                fail(self.shared, self.held, self.key, fault).await
            }
            FaultKind::Temporary => {
                // The first attempt stays in doubt when only the second surely failed.
                match self.again {
                    true => store.not_again(lease, self.key).await?,
                    false => store.not_done(lease, self.key, self.message_id).await?,
                }
                Err(self.outgoing.stop_of(fault))
            }
            FaultKind::Unknown => Err(Stop::Retry(fault)),
        }
    }
}

/// Whether a server has said that there is no such address, so that it says something of the recipient and nothing of us: its answer stands
/// in the fault as it is, with nothing of [`refused_by`] before it.
pub(crate) fn is_no_such_address(fault: &Fault) -> bool {
    let is_reply = fault.detail.starts_with(|c: char| c.is_ascii_digit());
    fault.code == FaultCode::PostRefused && is_reply && mail::is_refused_for_good(&fault.detail)
}

/// What begins the detail of a fault by which our sender was refused.
const MAIL_FROM: &str = "MAIL FROM";

/// Whether a server does not take letters of this sender.
pub(crate) fn is_about_the_sender(fault: &Fault) -> bool {
    fault.code == FaultCode::PostRefused && fault.detail.starts_with(MAIL_FROM)
}

/// The fault with the command that was refused, where the answer cannot be about the recipient, whatever its words are. A refusal for size
/// comes at any of them, and stays as it is.
pub(crate) fn refused_by(refused: Refused, fault: Fault) -> Fault {
    if fault.code != FaultCode::PostRefused || fault.kind != FaultKind::Permanent || letter::is_too_large(&fault.detail)
    {
        return fault;
    }
    let command = match refused {
        Refused::Sender => MAIL_FROM,
        Refused::Data => "DATA",
        Refused::Mail if !is_of_the_mailbox(&fault.detail) => "the mail",
        Refused::Recipient | Refused::Mail | Refused::Nothing => return fault,
    };
    let detail = format!("{command}{REFUSED}{}", fault.detail);
    match refused {
        Refused::Sender => Fault { detail, ..fault }.with_public(
            "The outgoing mail server takes no letter with this sender. See whether the account in `[[outgoing]]` may send as the address in \
             `site[].from` and as its addresses for answers, and what the server says; then have the letter sent again.",
        ),
        _ => Fault { detail, ..fault },
    }
}

/// Whether an answer to the mail itself has a status that can only be about the mailbox (RFC 3463, section 3.2).
fn is_of_the_mailbox(reply: &str) -> bool {
    let status = reply.split_whitespace().nth(1).unwrap_or_default();
    ["5.1.1", "5.1.2", "5.1.6", "5.1.10"].contains(&status)
}

/// Whether a server, or we in its place, refuse a letter for good because of its size.
fn is_too_large(fault: &Fault) -> bool {
    fault.kind == FaultKind::Permanent && fault.code == FaultCode::PostRefused && letter::is_too_large(&fault.detail)
}

async fn fail(shared: &Shared, held: &Held, key: &StepKey, fault: Fault) -> Result<Handed, Stop> {
    shared.store.fail(&held.lease, key, &fault).await?;
    Metrics::add(&shared.metrics.letters_failed);
    shared.metrics.fault(&fault);
    tracing::warn!(step = %key, code = %fault.code, detail = fault.logged(), "a letter failed for good");
    Ok(Handed::Failed(fault))
}

fn in_doubt() -> Fault {
    let public = "It is not known whether this letter was delivered: the answer was lost twice. Ask the recipient, or look \
                  into the log of the outgoing mail server; waking the work sends it once more.";
    Fault::permanent(FaultCode::InDoubt, "two answers after the final dot were lost").with_public(public)
}

/// The submission client speaks of the listener that `sealpost deliver` talks to; here it is somebody else's server.
pub(crate) fn of_post(fault: Fault) -> Fault {
    let code = match fault.code {
        FaultCode::SmtpUnreachable => FaultCode::PostUnreachable,
        FaultCode::SmtpRefused => FaultCode::PostRefused,
        _ => return fault,
    };
    let public = format!("{} {}", code.meaning(), code.remedy());
    Fault { code, public, ..fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_about_the_recipient_counts_against_him() {
        let fault = |refused, said: &str| refused_by(refused, Fault::permanent(FaultCode::PostRefused, said));
        for (refused, said, no_such) in [
            (Refused::Recipient, "550 5.1.1 no such user", true),
            (Refused::Recipient, "550 5.1.10 RESOLVER.ADR.RecipientNotFound", true),
            (Refused::Recipient, "550 5.1.1 <sender@x.example>: user unknown", true),
            (Refused::Recipient, "550 unknown user: support@desk.example (sender)", false),
            (Refused::Recipient, "550 Verification failed for <a@b> / No such user here / Sender verify failed", false),
            (Refused::Recipient, "550 Blocked: user unknown to SPF", false),
            (Refused::Sender, "501 5.1.7 Invalid address", false),
            (Refused::Sender, "550 5.1.1 no such user", false),
            (Refused::Data, "550 5.1.1 no such user", false),
            (Refused::Mail, "550 No such user here", false),
            (Refused::Mail, "550 5.1.1 no such user", true),
        ] {
            assert_eq!(is_no_such_address(&fault(refused, said)), no_such, "{refused:?} {said}");
        }
        assert!(is_about_the_sender(&fault(Refused::Sender, "501 5.1.7 Invalid address")));
        assert!(is_too_large(&fault(Refused::Sender, "552 5.3.4 too large")));
        assert!(is_too_large(&fault(Refused::Mail, "552 5.3.4 too large")));
    }

    #[test]
    fn faults_of_the_client_name_the_outgoing_server() {
        let fault = of_post(Fault::unknown(FaultCode::SmtpUnreachable, "lost"));
        assert_eq!((fault.code, fault.kind), (FaultCode::PostUnreachable, FaultKind::Unknown));
        assert!(fault.public.contains("[[outgoing]]"));
    }
}
