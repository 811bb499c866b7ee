//! The `Deliver` job: sends the letters that a plan names, each once.

mod cleared;
pub mod graph;
pub(crate) mod hand_over;
pub(crate) mod letter;
pub(crate) mod message;
mod nature;
pub(crate) mod once;
pub(crate) mod sent;
pub(crate) mod shelf;

use crate::gateway::Shared;
use crate::held::Held;
use crate::letter_id;
use crate::set_link;
use crate::site::Site;
use crate::stop::Stop;
use crate::tokens::TokensOfOutgoing;
use crate::upload;
use courier::{dkim, submit};
use graph::GraphServer;
use hand_over::{Content, hand_over};
use mail::compose::Composed;
use mail::{Address, Envelope};
use once::{Ends, Handed, Parcel, is_about_the_sender, once};
use policy::meter::Metered;
use policy::set_link::LinkPlace;
use policy::{Fault, FaultCode, Letter, LetterWhen, StepKey};
use sent::Sent;
use shelf::{Limits, Shelf, Turn};
use std::sync::Arc;
use store::{ContentReader, Micros};

/// Where a site's letters leave, and in whose name.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// `None` at a dead end, unless there is another way: nothing leaves, and letters are kept where an administrator can look at them
    /// (PRIV-30).
    pub target: Option<submit::Target>,
    /// For an account that is opened with tokens.
    pub tokens: Option<TokensOfOutgoing>,
    /// In place of `target`, where letters leave by Microsoft Graph.
    pub graph: Option<GraphServer>,
    pub from: Address,
    shelf: Arc<Shelf>,
}

impl Outgoing {
    /// A way out with connections of its own.
    pub fn new(target: Option<submit::Target>, tokens: Option<TokensOfOutgoing>, from: Address) -> Outgoing {
        Outgoing { target, tokens, graph: None, from, shelf: Arc::new(Shelf::new(Limits::default())) }
    }

    /// A way out by this mailbox.
    pub fn by_graph(server: GraphServer, tokens: TokensOfOutgoing, from: Address) -> Outgoing {
        Outgoing { graph: Some(server), ..Outgoing::new(None, Some(tokens), from) }
    }

    /// Whether nothing leaves by it.
    pub(crate) fn is_dead_end(&self) -> bool {
        self.target.is_none() && self.graph.is_none()
    }

    /// How many bytes the files of a letter may have in all.
    pub(crate) fn files_bytes_max(&self) -> u64 {
        if self.graph.is_some() { graph::FILES_BYTES_MAX } else { u64::MAX }
    }

    /// The same, with the connections of this shelf.
    pub fn with_shelf(self, shelf: Arc<Shelf>) -> Outgoing {
        Outgoing { shelf, ..self }
    }

    /// Ends the connections that are kept.
    pub(crate) async fn clear(&self) {
        self.shelf.clear().await;
    }
}

/// A letter that is about to be sent.
struct Sending<'a> {
    key: &'a StepKey,
    shared: &'a Shared,
    held: &'a Held,
    site: &'a Site,
    outgoing: &'a Outgoing,
    letter: &'a Letter,
    message_id: &'a str,
    posted_at: Micros,
}

/// Delivers all letters of the job's plan that are posted; one that has to wait keeps no other back. A refused notice is
/// recorded and that is all; a mail that could not be handed on is given up for a person to see.
pub(crate) async fn deliver(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let site = shared.site(&held.lease.site)?;
    let (mut failed, mut later, mut unsealed, mut doubtful) = (None, None, None, None);
    for (letter, key, posted_at) in shared.store.posted_letters(&held.lease).await? {
        let fault = match one(shared, held, &site, &letter, &key, posted_at).await {
            Err(Stop::Retry(fault)) => {
                later = later.or(Some(fault));
                continue;
            }
            Err(Stop::Wait(fault, pause)) if fault.code == FaultCode::SealingHeld => {
                unsealed = unsealed.or(Some((fault, pause)));
                continue;
            }
            Err(Stop::Hold(fault)) => {
                doubtful = doubtful.or(Some(fault));
                continue;
            }
            other => other?,
        };
        // No letter at all leaves when its sender is refused.
        let matters = |fault: &Fault| {
            letter.kind.carries_the_mail() || fault.code == FaultCode::SettingsWrong || is_about_the_sender(fault)
        };
        failed = failed.or(fault.filter(matters));
    }
    // First what goes on by itself, so that a person is asked about all the rest at once.
    match (later, unsealed, doubtful, failed) {
        (Some(fault), ..) => Err(Stop::Retry(fault)),
        (None, Some((fault, pause)), ..) => Err(Stop::Wait(fault, pause)),
        (None, None, Some(fault), _) => Err(Stop::Hold(fault)),
        (None, None, None, Some(fault)) => Err(Stop::GiveUp(fault)),
        (None, None, None, None) => Ok(shared.store.complete(&held.lease).await?),
    }
}

/// Posts what is told of a mail when the work on it stops before it is done.
pub(crate) async fn tell_of_stop(shared: &Shared, held: &Held) -> Result<(), Fault> {
    let plan = shared.store.plan(&held.lease.subject).await?;
    match plan.filter(|plan| plan.letters.iter().any(|letter| letter.when == LetterWhen::Stopped)) {
        Some(plan) => shared.store.post_letters(&held.lease, &plan, LetterWhen::Stopped).await,
        None => Ok(()),
    }
}

/// Sends one letter unless that was done; the fault of one that failed for good.
async fn one(
    shared: &Shared,
    held: &Held,
    site: &Site,
    letter: &Letter,
    key: &StepKey,
    posted_at: Micros,
) -> Result<Option<Fault>, Stop> {
    let message_id = message_id(shared, site, key).await?;
    let parcel = Parcel {
        key,
        metered: Metered::of_letter(letter.kind),
        kind: letter.kind.word(),
        receipt_id: message_id.clone(),
        message_id,
        to: &letter.to,
        outgoing: site.outgoing.as_ref(),
        nowhere: nowhere(site),
        ends: Ends::Parcel,
        has_other_form: false,
    };
    let send = async |outgoing, turn: Turn<'_>, message_id: String| {
        let sending = Sending { key, shared, held, site, outgoing, letter, message_id: &message_id, posted_at };
        sending.send(&turn).await
    };
    match once(shared, held, parcel, send).await? {
        Handed::Now | Handed::Before => Ok(None),
        Handed::Failed(fault) | Handed::TooLarge(fault) => Ok(Some(fault)),
    }
}

impl Sending<'_> {
    /// Where the letter's links stand.
    fn place(&self) -> Result<LinkPlace, Fault> {
        let revision = || self.key.0.rsplit('/').nth(1)?.parse().ok();
        let revision =
            revision().ok_or_else(|| Fault::permanent(FaultCode::Internal, "a letter's key names no plan"))?;
        let message = self.held.lease.subject.clone();
        Ok(LinkPlace { message, revision, letter: self.letter.ordinal, number: 0 })
    }

    async fn send(&self, turn: &Turn<'_>) -> Result<Sent, Fault> {
        let letter = self.letter;
        let text = match letter.links.is_empty() {
            true => letter.text.clone(),
            false => {
                set_link::text_of(self.shared, &self.held.lease.site, self.place()?, letter, self.posted_at).await?
            }
        };
        let text = upload::with_link(self.shared, self.held, letter, text, self.posted_at).await?;
        let with_original = letter.kind.has_the_original();
        let date_s = self.posted_at.div_euclid(1_000_000);
        let mut composed = composed(&mail::compose::Letter {
            from: &self.outgoing.from,
            to: &letter.to,
            subject: &letter.subject,
            text: &text,
            message_id: self.message_id,
            date_s,
            answers: letter.answers.as_deref(),
            with_original,
        });
        // Nobody is told when an automatic letter cannot be delivered, lest two machines write to each other (RFC 3834).
        let envelope = Envelope { mail_from: None, rcpt_to: vec![letter.to.clone()], ..Envelope::default() };
        self.sign(&mut composed, date_s).await?;
        let stored = if with_original { Some(self.original().await?) } else { None };
        let is_ascii = stored.is_none() && composed.before.is_ascii();
        let nature = nature::of_mail(self.shared, self.site, &self.held.lease.subject, letter.kind).await?;
        hand_over(self.shared, (self.site, &nature), turn, self.held, &envelope, Content { composed, stored, is_ascii })
            .await
    }

    /// Puts our signatures before a letter whose domain is signed for. A mail that is handed on is read once for that, and once more to be
    /// sent: what is signed has to be known before its first octet leaves.
    async fn sign(&self, composed: &mut Composed, date_s: i64) -> Result<(), Fault> {
        let Some(signer) = self.site.signer(self.outgoing, &self.outgoing.from.address) else { return Ok(()) };
        let mut body = dkim::Body::default();
        body.push(dkim::body_of(&composed.before));
        if self.letter.kind.has_the_original() {
            let (mut original, _) = self.original().await?;
            while let Some(piece) = original.next().await? {
                body.push(&piece);
            }
        }
        body.push(&composed.after);
        let signatures = signer.signatures(&composed.before, body, date_s)?;
        composed.before.splice(0..0, signatures);
        Ok(())
    }

    /// The mail that is handed on, and its size.
    async fn original(&self) -> Result<(ContentReader, u64), Fault> {
        let (store, message) = (&self.shared.store, &self.held.lease.subject);
        let no_message = || Fault::permanent(FaultCode::StoreCorrupt, "a letter without its message");
        let size_bytes = store.message(message).await?.ok_or_else(no_message)?.size_bytes;
        Ok((store.raw(message).await?, size_bytes))
    }
}

/// The bytes of a letter. Letters about mail and bulletins are written here, and nothing else is.
pub(crate) fn composed(letter: &mail::compose::Letter<'_>) -> Composed {
    mail::compose::letter(letter)
}

/// Signed, so that it is known for ours when it comes back; of no issue, so it grants nothing.
pub(crate) async fn message_id(shared: &Shared, site: &Site, letter: &StepKey) -> Result<String, Fault> {
    const NO_ISSUE: &str = "0";
    let key = letter_id::key(shared, &site.name).await?;
    let token = letter_id::token(&key, &site.name, NO_ISSUE, policy::letter_number(letter))?;
    let domain = site.outgoing.as_ref().map_or(letter_id::NO_DOMAIN, |outgoing| letter_id::domain_of(&outgoing.from));
    Ok(format!("{token}@{domain}"))
}

pub(crate) fn nowhere(site: &Site) -> Fault {
    let name = &site.name;
    Fault::permanent(FaultCode::SettingsWrong, "the site has no outgoing mail server").with_public(format!(
        "The site `{name}` has no outgoing mail server; name one with `outgoing` on the site, then wake the work."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_fault_that_says_when_waits_until_then_and_counts_no_try() {
        let from = Address { name: None, address: "support@desk.example".into() };
        let way = Outgoing::new(None, None, from);
        let busy = || Fault::temporary(FaultCode::PostUnreachable, "status 429");
        let pause = Duration::from_secs(7);
        assert!(matches!(way.stop_of(busy().with_retry_after_s(7)), Stop::Wait(_, until) if until == pause));
        assert!(matches!(way.stop_of(busy()), Stop::Retry(_)));
        let halted = Fault::temporary(FaultCode::PostHalted, "").with_retry_after_s(7);
        assert!(matches!(way.stop_of(halted), Stop::Halted(..)), "it is the server's fault, and no letter's");
    }
}
