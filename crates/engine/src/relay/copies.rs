//! What becomes of a mail for each recipient: asked all at once, and what is alike is one copy.

use super::answer::{later, no, of_fault};
use super::figures::Figures;
use super::settled::Went;
use super::{Fate, Inner, RelaySettings, Submitted};
use bytes::Bytes;
use courier::smtp_in::Refusal;
use policy::{Fault, FaultCode};
use std::sync::Arc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// One copy, and who gets it.
pub(super) struct Copy {
    pub(super) bytes: Bytes,
    pub(super) recipients: Vec<String>,
}

/// What was decided of a mail.
#[derive(Default)]
pub(super) struct Decided {
    pub(super) copies: Vec<Copy>,
    /// Who waits, and why.
    pub(super) held: Vec<(String, String)>,
    pub(super) refused: Vec<(String, Refusal)>,
    /// The same in numbers.
    pub(super) went: Went,
}

/// Asks the sealer for each recipient.
///
/// # Errors
/// A temporary refusal where it failed for one of them, took too long, or there is no room for the copies: then nobody gets anything.
pub(super) async fn decide(
    inner: &Arc<Inner>,
    mail: &Arc<Submitted>,
    id: &str,
    recipients: &[String],
    deadline: Instant,
) -> Result<Decided, Refusal> {
    let fates = timeout_at(deadline, ask_all(inner, mail, recipients)).await;
    let fates = fates.unwrap_or_else(|_| Err(Fault::temporary(FaultCode::Internal, "sealing took too long")));
    let fates = fates.map_err(|fault| {
        tracing::warn!(relay = inner.settings.name, code = %fault.code, detail = fault.logged(), "a mail was not sealed");
        match fault.code {
            FaultCode::QueueFull => full(&inner.figures),
            _ => of_fault(&fault),
        }
    })?;
    tell(&inner.settings, id, &fates);
    let mut decided = Decided::default();
    for (recipient, fate) in recipients.iter().zip(fates) {
        inner.figures.fate(&fate);
        decided.went.count(&fate);
        let copy = match fate {
            Fate::HandOn { copy, .. } | Fate::Replace { copy, .. } => copy,
            Fate::Hold { why } => {
                decided.held.push((recipient.clone(), why));
                continue;
            }
            Fate::Refuse { why } => {
                decided.refused.push((recipient.clone(), refused(why)));
                continue;
            }
        };
        match decided.copies.iter_mut().find(|known| known.bytes == copy) {
            Some(known) => known.recipients.push(recipient.clone()),
            None => decided.copies.push(Copy { bytes: copy, recipients: vec![recipient.clone()] }),
        }
    }
    Ok(decided)
}

pub(super) fn held(why: String) -> Refusal {
    later("4.7.0", why)
}

fn refused(why: String) -> Refusal {
    no(550, "5.7.1", why)
}

/// Logs why somebody does not get the mail itself: what becomes of it, the rule that says so, and how many it concerns. Who they are is
/// told to nobody.
fn tell(RelaySettings { name: relay, keeps_for, .. }: &RelaySettings, id: &str, fates: &[Fate]) {
    let mut told: Vec<(&str, &str, usize)> = Vec::new();
    for fate in fates {
        let (outcome, why) = match fate {
            Fate::HandOn { .. } => continue,
            Fate::Replace { why, .. } => ("notice", why.as_str()),
            Fate::Hold { why } => ("hold", why.as_str()),
            Fate::Refuse { why } => ("refuse", why.as_str()),
        };
        match told.iter_mut().find(|known| (known.0, known.1) == (outcome, why)) {
            Some(known) => known.2 += 1,
            None => told.push((outcome, why, 1)),
        }
    }
    for (outcome, why, recipients) in told {
        let said = match outcome {
            "hold" if keeps_for.is_none() => held(String::new()),
            "notice" | "hold" => no(250, "2.0.0", ""),
            _ => refused(String::new()),
        };
        let Refusal { code, status, .. } = said;
        tracing::info!(relay, relayed = id, outcome, why, recipients, code, status, "some do not get the mail itself");
    }
}

/// There is no room for a mail, or for its copies.
pub(super) fn full(figures: &Figures) -> Refusal {
    Figures::add(&figures.full);
    no(452, "4.3.1", "Too many mails are on their way, try again later")
}

/// The fates in the order of the recipients. Each is asked in a task of its own, so that a panic is a fault; dropped, all of them end.
async fn ask_all(inner: &Arc<Inner>, mail: &Arc<Submitted>, recipients: &[String]) -> Result<Vec<Fate>, Fault> {
    let mut asking = JoinSet::new();
    for (number, recipient) in recipients.iter().cloned().enumerate() {
        let (inner, mail) = (inner.clone(), mail.clone());
        asking.spawn(async move {
            inner.sealer.look_up(&mail, &recipient).await;
            let turn = inner.seals.clone().acquire_owned().await;
            let fate = inner.sealer.seal(&mail, &recipient).await;
            drop(turn);
            (number, fate)
        });
    }
    let mut fates: Vec<Option<Fate>> = recipients.iter().map(|_| None).collect();
    while let Some(asked) = asking.join_next().await {
        let (number, fate) = asked.map_err(|_| Fault::temporary(FaultCode::Internal, "the sealer ended badly"))?;
        let fate = fate?;
        if let Fate::HandOn { copy, .. } | Fate::Replace { copy, .. } = &fate
            && copy.is_empty()
        {
            return Err(Fault::temporary(FaultCode::Internal, "the sealer made an empty copy"));
        }
        fates[number] = Some(fate);
    }
    let missing = || Fault::temporary(FaultCode::Internal, "the sealer left a recipient out");
    fates.into_iter().collect::<Option<Vec<_>>>().ok_or_else(missing)
}
