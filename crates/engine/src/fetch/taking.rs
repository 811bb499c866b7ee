//! Mails of one round on their way into the store: asked for one after the other, durable together.

use super::Fetching;
use super::notes::{Notes, Outcome};
use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::metrics::Metrics;
use crate::take_in::{TakingIn, Whole, is_full};
use courier::fetch::{Basket, MailSource, Offer};
use jiff::Timestamp;
use mail::Envelope;
use policy::{Fault, FaultCode};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Bearer, Fetched, Handle, Micros, Renaming, Taken};
use tokio::task::JoinSet;

/// Mails that one round takes in; the next one follows at once. It bounds how long a POP3 server keeps the mailbox locked,
/// and how much is fetched before anything is deleted.
pub(super) const ROUND_MAILS_MAX: usize = 2_000;
/// A round begins no further mail after this long, for the same reasons.
const ROUND_MAX: Duration = Duration::from_secs(5 * 60);
/// Mails that become durable while the next ones are fetched: they share the flushes of the disk.
const PENDING_MAX: usize = 128;

/// A mail that is not known by its name, or whose name may be another one's by now.
#[derive(Debug, Clone)]
pub(super) struct Unknown {
    pub(super) offer: Offer,
    /// As the store knows it.
    pub(super) handle: String,
    /// It may be known under a former name.
    pub(super) doubt: Option<Doubt>,
    /// The name is known, and whose it is has to be seen: since when the mailbox is open, so that what was left behind is told from what
    /// came later.
    pub(super) named_since: Option<Micros>,
}

/// The server names its mails anew.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doubt {
    pub(super) uid_validity: u32,
    pub(super) renamed_at: Micros,
    /// Mails that came before and were never taken in were left behind.
    pub(super) left_before: Option<Micros>,
    /// The server lost the times at which they came, so that what a mail says of itself has to do.
    pub(super) times_are_lost: bool,
}

/// What came of a round that did not fail.
pub(super) struct Ended {
    pub(super) came: usize,
    /// Everything that lay there was looked at, and what could be had was.
    pub(super) all_seen: bool,
}

/// Mails of a round that need not be looked at again.
#[derive(Default)]
pub(super) struct Done {
    /// What was taken in; with it may be done what the settings say.
    pub(super) durable: Vec<Offer>,
    /// What was left behind, and stays as it is.
    pub(super) left_behind: Vec<Offer>,
    /// What somebody took away before it could be had.
    pub(super) gone: Vec<Offer>,
}

/// What came of asking for one mail.
enum Asked {
    Whole(Whole),
    /// It is known under a former name.
    Known,
    /// It was left behind under a former name.
    LeftBehind,
    /// Somebody took it away before it could be had.
    Gone,
    /// It could not be had; the connection is still of use.
    Refused,
    /// It could not be had, and nothing more can be asked over this connection.
    Broken(Fault),
}

/// One round's part that takes mails in.
pub(super) struct Taking<'r> {
    pub(super) shared: &'r Arc<Shared>,
    pub(super) fetching: &'r Fetching,
    pub(super) of: &'r Fetched,
    pub(super) began: Instant,
    /// Mails that this round takes in: fewer than others where the capacity plan leaves no room for more.
    pub(super) mails_max: usize,
    pub(super) notes: &'r Notes,
}

impl Taking<'_> {
    /// Takes in what is new, in the server's order, and returns when it is durable: what came, and what is done with, or
    /// `None` when the connection is of no more use, so that nothing can be settled over it.
    pub(super) async fn take_in_all(
        &self,
        source: &mut impl MailSource,
        mut new: Vec<Unknown>,
    ) -> Result<(Ended, Option<Done>), Fault> {
        let (moods, mailbox) = (&self.shared.moods, &self.of.mailbox);
        new.retain(|mail| !self.leaves_alone(mail));
        // After a mail broke the connection while several were asked for, they are asked for singly, to know which one it is.
        if !moods.was_broken_by_one_of_several(mailbox) {
            // What comes after the round's end would come for nothing.
            let announced = new.iter().take(self.mails_max).map(|mail| mail.offer.clone());
            source.announce(&announced.collect::<Vec<_>>());
        }
        let mut pending = Pending::default();
        let mut all_seen = true;
        for mail in new {
            if self.is_over(pending.begun) {
                all_seen = false;
                break;
            }
            let whole = match self.ask_for(source, &mail).await? {
                Asked::Whole(whole) => whole,
                Asked::Known => {
                    self.notes.note(&mail.handle, Outcome::Known, &mail.offer, None);
                    pending.done.durable.push(mail.offer);
                    continue;
                }
                Asked::LeftBehind => {
                    self.notes.note(&mail.handle, Outcome::LeftBehind, &mail.offer, None);
                    pending.done.left_behind.push(mail.offer);
                    continue;
                }
                Asked::Gone => {
                    self.notes.note(&mail.handle, Outcome::Gone, &mail.offer, None);
                    pending.done.gone.push(mail.offer);
                    continue;
                }
                Asked::Refused => continue,
                Asked::Broken(fault) => {
                    pending.wait_until_fewer_than(1).await?;
                    // A mail that breaks the connection is left alone for now, so the next round gets past it.
                    let gets_on = pending.begun > 0 || fault.code == FaultCode::TooComplex;
                    let ended = Ended { came: pending.begun, all_seen: false };
                    return if gets_on { Ok((ended, None)) } else { Err(fault) };
                }
            };
            // A reply that were durable before its parent would not find its issue.
            pending.wait_until_fewer_than(if whole.refers() { 1 } else { PENDING_MAX }).await?;
            pending.begin(self.shared.clone(), whole, mail);
        }
        pending.wait_until_fewer_than(1).await?;
        if all_seen {
            moods.broken_by_one_of_several(mailbox, false);
        }
        Ok((Ended { came: pending.begun, all_seen }, Some(pending.done)))
    }

    /// Whether this mail could not be had lately, and waits.
    fn leaves_alone(&self, mail: &Unknown) -> bool {
        let is_avoided = self.shared.moods.avoids(&self.of.mailbox, &mail.handle, Instant::now());
        if is_avoided {
            self.notes.note(&mail.handle, Outcome::Waits, &mail.offer, None);
        }
        is_avoided
    }

    /// Whether a round that has taken in so many mails ends here.
    pub(super) fn is_over(&self, mails: usize) -> bool {
        let stops = is_full(self.shared) || self.shared.meter.is_spent(&self.of.site);
        mails >= self.mails_max || self.began.elapsed() > ROUND_MAX || stops
    }

    /// One mail into the store's care, not yet durable.
    ///
    /// # Errors
    /// Trouble of the store's: then the round ends and nothing is deleted.
    async fn ask_for(&self, source: &mut impl MailSource, unknown: &Unknown) -> Result<Asked, Fault> {
        let mail = TakingIn::begin(self.shared, &self.of.site, &self.of.mailbox).await?;
        let mut basket = IntoStore { shared: self.shared, mail };
        let fault = match source.fetch(&unknown.offer, &mut basket).await {
            Ok(size_bytes) => {
                self.shared.moods.need_not_be_had(&self.of.mailbox, &unknown.handle);
                let offer = Offer { size_bytes, ..unknown.offer.clone() };
                self.notes.note(&unknown.handle, Outcome::TakenIn, &offer, None);
                return self.whole(basket.mail, unknown).await;
            }
            Err(fault) => fault,
        };
        let by_the_server =
            [FaultCode::MailboxUnreachable, FaultCode::MailboxRefused, FaultCode::TooComplex].contains(&fault.code);
        if !by_the_server {
            return Err(fault);
        }
        if source.is_gone(&unknown.offer) {
            self.shared.moods.need_not_be_had(&self.of.mailbox, &unknown.handle);
            return Ok(Asked::Gone);
        }
        let (metrics, mailbox, size_bytes) = (&self.shared.metrics, &self.of.mailbox, unknown.offer.size_bytes);
        metrics.fault(&fault);
        if fault.code == FaultCode::MailboxUnreachable && source.is_asked_for_several() {
            self.shared.moods.broken_by_one_of_several(mailbox, true);
            tracing::warn!(mailbox, code = %fault.code, detail = fault.logged(), "the connection to a mailbox broke");
            return Ok(Asked::Broken(fault));
        }
        self.notes.failed(&unknown.handle, &unknown.offer, &fault);
        Metrics::add(&metrics.not_fetched);
        self.shared.moods.could_not_be_had(mailbox, &unknown.handle, &fault, Instant::now());
        tracing::warn!(
            mailbox, size_bytes, code = %fault.code, detail = fault.logged(),
            "a mail could not be fetched; it stays there, the others go on"
        );
        let said_so_before = fault.code == FaultCode::TooComplex && size_bytes > self.fetching.account.mail_bytes_max;
        let goes_on = said_so_before || (fault.code == FaultCode::TooComplex && source.asks_singly());
        let refused = fault.code == FaultCode::MailboxRefused || goes_on;
        Ok(if refused { Asked::Refused } else { Asked::Broken(fault) })
    }

    /// A mail that has come whole; of one that the server names anew whether it is known.
    async fn whole(&self, mail: TakingIn, unknown: &Unknown) -> Result<Asked, Fault> {
        if let Some(opened_at) = unknown.named_since {
            return self.bearer_of_the_name(mail, &unknown.handle, opened_at).await;
        }
        let Some(doubt) = &unknown.doubt else { return Ok(Asked::Whole(mail.end(self.shared).await?)) };
        let sent_at = mail.sent_at();
        let whole = mail.end(self.shared).await?;
        let renaming = Renaming {
            handle: &unknown.handle,
            digest: &whole.digest,
            message_id: whole.message_id(),
            uid_validity: doubt.uid_validity,
            renamed_at: doubt.renamed_at,
        };
        if self.shared.store.recognise(self.of, &renaming).await? {
            Metrics::add(&self.shared.metrics.known_again);
            return Ok(Asked::Known);
        }
        if doubt.times_are_lost && doubt.was_left_behind(sent_at) {
            let mailbox = &self.of.mailbox;
            tracing::warn!(
                mailbox,
                "a mail that the server names anew counts as old by its date; it stays where it is"
            );
            return Ok(Asked::LeftBehind);
        }
        Ok(Asked::Whole(whole))
    }

    /// A mail that has come whole under a name that is known. When it is another one, the name is given up first: should the process
    /// end before the mail is durable, it is not known by any.
    async fn bearer_of_the_name(&self, mail: TakingIn, handle: &str, opened_at: Micros) -> Result<Asked, Fault> {
        let sent_at = mail.sent_at();
        let whole = mail.end(self.shared).await?;
        let store = &self.shared.store;
        let from = match store.bearer(self.of, handle, &whole.digest, whole.message_id()).await? {
            Bearer::Same => return Ok(Asked::Known),
            Bearer::LeftBehind if sent_at.is_some_and(|time| is_before(time, opened_at)) => {
                return Ok(Asked::LeftBehind);
            }
            Bearer::LeftBehind => None,
            Bearer::Another { of } => of,
        };
        let mailbox = &self.of.mailbox;
        tracing::warn!(mailbox, "the server gave the name of a former mail to another one, which is taken in");
        store.release_name(self.of, handle, from.as_deref()).await?;
        crash_point("fetch_name_released");
        Ok(Asked::Whole(whole))
    }
}

impl Doubt {
    /// Whether a mail with this time counts as left behind when the mailbox was opened.
    pub(super) fn was_left_behind(&self, time: Option<Timestamp>) -> bool {
        time.zip(self.left_before).is_some_and(|(time, opened)| is_before(time, opened))
    }
}

/// Servers tell whole seconds; a mail of the very second of the opening counts as later, so that none is lost.
pub(super) fn is_before(time: Timestamp, opened: Micros) -> bool {
    time.as_second() < opened.div_euclid(1_000_000)
}

/// Where the bytes of a fetched mail go.
struct IntoStore<'r> {
    shared: &'r Shared,
    mail: TakingIn,
}

impl Basket for IntoStore<'_> {
    async fn put(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.mail.write(self.shared, bytes).await
    }
}

/// Mails that are becoming durable. Dropping it breaks them off: they are known again, or fetched again.
#[derive(Default)]
struct Pending {
    tasks: JoinSet<Result<Offer, Fault>>,
    begun: usize,
    done: Done,
}

impl Pending {
    fn begin(&mut self, shared: Arc<Shared>, whole: Whole, mail: Unknown) {
        self.begun += 1;
        self.tasks.spawn(async move {
            // A mail from a mailbox has no envelope any more, and nobody stands for who handed it over.
            if let Taken::New { .. } = whole.take_in(&shared, Envelope::default(), Handle::Lasting(mail.handle)).await?
            {
                Metrics::add(&shared.metrics.fetched);
            }
            Ok(mail.offer)
        });
    }

    /// # Errors
    /// When one of them did not become durable.
    async fn wait_until_fewer_than(&mut self, max: usize) -> Result<(), Fault> {
        while self.tasks.len() >= max {
            match self.tasks.join_next().await {
                Some(Ok(offer)) => self.done.durable.push(offer?),
                Some(Err(_)) => return Err(Fault::temporary(FaultCode::Internal, "taking a mail in panicked")),
                None => break,
            }
        }
        Ok(())
    }
}
