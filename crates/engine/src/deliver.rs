//! The `Deliver` job: sends the letters that a plan names, each once.

pub(crate) mod letter;
pub(crate) mod once;
mod original;

use crate::gateway::Shared;
use crate::held::Held;
use crate::set_link;
use crate::site::Site;
use crate::stop::Stop;
use crate::tokens::TokensOfOutgoing;
use crate::upload;
use courier::submit::{self, Connection, Shape};
use mail::compose::Composed;
use mail::{Address, Envelope};
use once::{Parcel, of_post, once};
use policy::meter::Metered;
use policy::reply_token;
use policy::set_link::LinkPlace;
use policy::{Fault, FaultCode, FaultKind, Letter, LetterWhen, StepKey};
use store::Micros;

/// Where a site's letters leave, and in whose name.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// `None` at a dead end: nothing leaves, and letters are kept where an administrator can look at them (PRIV-30).
    pub target: Option<submit::Target>,
    /// For an account that is opened with tokens.
    pub tokens: Option<TokensOfOutgoing>,
    pub from: Address,
}

/// A letter that is about to be sent.
struct Sending<'a> {
    key: &'a StepKey,
    shared: &'a Shared,
    held: &'a Held,
    outgoing: &'a Outgoing,
    letter: &'a Letter,
    message_id: &'a str,
    posted_at: Micros,
}

/// Delivers all letters of the job's plan that are posted; one that has to wait keeps no other back. A refused notice is
/// recorded and that is all; a mail that could not be handed on is given up for a person to see.
pub(crate) async fn deliver(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let site = shared.site(&held.lease.site)?;
    let (mut failed, mut later, mut doubtful) = (None, None, None);
    for (letter, key, posted_at) in shared.store.posted_letters(&held.lease).await? {
        let fault = match one(shared, held, &site, &letter, &key, posted_at).await {
            Err(Stop::Retry(fault)) => {
                later = later.or(Some(fault));
                continue;
            }
            Err(Stop::Hold(fault)) => {
                doubtful = doubtful.or(Some(fault));
                continue;
            }
            other => other?,
        };
        let matters = |fault: &Fault| letter.kind.carries_the_mail() || fault.code == FaultCode::SettingsWrong;
        failed = failed.or(fault.filter(matters));
    }
    // First what goes on by itself, so that a person is asked about all the rest at once.
    match (later, doubtful, failed) {
        (Some(fault), _, _) => Err(Stop::Retry(fault)),
        (None, Some(fault), _) => Err(Stop::Hold(fault)),
        (None, None, Some(fault)) => Err(Stop::GiveUp(fault)),
        (None, None, None) => Ok(shared.store.complete(&held.lease).await?),
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
        outgoing: site.outgoing.as_ref(),
        nowhere: nowhere(site),
    };
    let send = async |outgoing, target, message_id: String| {
        let sending = Sending { key, shared, held, outgoing, letter, message_id: &message_id, posted_at };
        sending.send(target).await
    };
    once(shared, held, parcel, send).await
}

impl Outgoing {
    /// A connection that takes letters. What the server refuses here is us and no letter, so each fault is temporary: a password that
    /// is wrong for an hour costs no letter.
    pub(crate) async fn open(&self, target: &submit::Target) -> Result<Connection, Fault> {
        let temporary = |fault| Fault { kind: FaultKind::Temporary, ..of_post(fault) };
        let Some(tokens) = &self.tokens else { return Connection::open(target).await.map_err(temporary) };
        let (target, pass) = tokens.opened(target).await?;
        let opened = Connection::open(&target).await;
        if opened.as_ref().is_err_and(|fault| fault.kind == FaultKind::Permanent) {
            tokens.forget(&pass).await;
        }
        opened.map_err(temporary)
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

    /// How many bytes were handed over.
    async fn send(&self, target: &submit::Target) -> Result<u64, Fault> {
        let letter = self.letter;
        let text = match letter.links.is_empty() {
            true => letter.text.clone(),
            false => {
                set_link::text_of(self.shared, &self.held.lease.site, self.place()?, letter, self.posted_at).await?
            }
        };
        let text = upload::with_link(self.shared, self.held, letter, text, self.posted_at).await?;
        let with_original = letter.kind.has_the_original();
        let composed = composed(&mail::compose::Letter {
            from: &self.outgoing.from,
            to: &letter.to,
            subject: &letter.subject,
            text: &text,
            message_id: self.message_id,
            date_s: self.posted_at.div_euclid(1_000_000),
            answers: letter.answers.as_deref(),
            with_original,
        });
        // Nobody is told when an automatic letter cannot be delivered, lest two machines write to each other (RFC 3834).
        let envelope = Envelope { mail_from: None, rcpt_to: vec![letter.to.clone()], ..Envelope::default() };
        let mut connection = self.outgoing.open(target).await?;
        let mut bytes = (composed.before.len() + composed.after.len()) as u64;
        // Asked as late as can be: a process that was stopped while it connected has lost its lease (FAULT-30).
        self.held.still_ours()?;
        let sent = if with_original {
            let store = &self.shared.store;
            let message = &self.held.lease.subject;
            let no_message = || Fault::permanent(FaultCode::StoreCorrupt, "a letter without its message");
            let size_bytes = store.message(message).await?.ok_or_else(no_message)?.size_bytes;
            bytes += size_bytes;
            // Whether the original is ASCII is not known without reading it twice; 8BITMIME is asked for where it is offered.
            let shape = Shape { size_bytes: bytes, is_ascii: false };
            let (pieces, pouring) = original::pour(store.raw(message).await?, composed);
            let (poured, sent) = tokio::join!(pouring, connection.send_pieces(&envelope, shape, pieces));
            match (poured, sent) {
                (Err(fault), Err(sent)) if sent.kind != FaultKind::Permanent => Err(fault),
                (_, sent) => sent,
            }
        } else {
            connection.send(&envelope, &composed.before).await
        };
        sent.map_err(of_post)?;
        connection.quit().await;
        Ok(bytes)
    }
}

/// The bytes of a letter. Letters about mail and bulletins are written here, and nothing else is.
pub(crate) fn composed(letter: &mail::compose::Letter<'_>) -> Composed {
    mail::compose::letter(letter)
}

/// Signed, so that it is known for ours when it comes back; of no issue, so it grants nothing.
pub(crate) async fn message_id(shared: &Shared, site: &Site, letter: &StepKey) -> Result<String, Fault> {
    const NO_ISSUE: &str = "0";
    let keys = shared.reply_keys(&site.name).await?;
    let number = policy::letter_number(letter).to_string();
    let token = keys.first().and_then(|key| reply_token::sign(key, &site.name, NO_ISSUE, &number));
    let token = token.ok_or_else(|| Fault::permanent(FaultCode::KeyUnavailable, "no key signs this site's letters"))?;
    let from = site.outgoing.as_ref().map_or("", |outgoing| outgoing.from.address.as_str());
    let domain = from.rsplit('@').next().filter(|domain| !domain.is_empty()).unwrap_or("localhost");
    Ok(format!("{token}@{domain}"))
}

pub(crate) fn nowhere(site: &Site) -> Fault {
    let name = &site.name;
    Fault::permanent(FaultCode::SettingsWrong, "the site has no outgoing mail server").with_public(format!(
        "The site `{name}` has no outgoing mail server; name one with `outgoing` on the site, then wake the work."
    ))
}
