//! One round through a fetched mailbox, as a leased job: of several nodes one looks into it.

use super::{Fetching, Moods, Start};
use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::stop::Stop;
use crate::take_in::{TakingIn, Whole, is_full};
use courier::fetch::{Basket, MailSource, Offer, Pop3};
use mail::Envelope;
use policy::{Fault, FaultCode};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use store::{Fetched, Handle, Micros, Taken};
use tokio::task::JoinSet;

/// Mails that one round takes in; the next one follows at once. It bounds how long a POP3 server keeps the mailbox locked,
/// and how much is fetched before anything is deleted.
const ROUND_MAILS_MAX: usize = 2_000;
/// A round begins no further mail after this long, for the same reasons.
const ROUND_MAX: Duration = Duration::from_secs(5 * 60);
/// Mails that become durable while the next ones are fetched: they share the flushes of the disk.
const PENDING_MAX: usize = 32;
/// How soon a job is looked at again whose mailbox only the settings of another process name.
const UNKNOWN_AGAIN: Duration = Duration::from_secs(60);

/// Looks into the job's mailbox; the job comes again, whatever happens.
pub(crate) async fn fetch(shared: &Arc<Shared>, held: &Held) -> Result<(), Stop> {
    let name = &held.lease.subject;
    let found = shared.mailbox(name).ok().filter(|mailbox| mailbox.site == held.lease.site);
    let Some(fetching) = found.and_then(|mailbox| mailbox.fetching) else {
        return Ok(shared.store.fetch_again(&held.lease, after(held, UNKNOWN_AGAIN)).await?);
    };
    let of = Fetched { site: held.lease.site.clone(), mailbox: name.clone(), account: fetching.account_text() };
    let round = Round { shared, held, fetching: &fetching, of, began: Instant::now() };
    let ended = round.go().await;
    shared.moods.went(name, ended.is_ok());
    let Ended { came, all_seen } = ended?;
    let pause = shared.moods.pause(name, came > 0, fetching.poll);
    // More of it waits there and can be had.
    let pause = if came > 0 && !all_seen { Duration::ZERO } else { pause };
    if came > 0 {
        tracing::info!(mailbox = name, mails = came, "mail was fetched");
    }
    if all_seen {
        Ok(shared.store.fetched(&held.lease, &round.of, after(held, pause)).await?)
    } else {
        Ok(shared.store.fetch_again(&held.lease, after(held, pause)).await?)
    }
}

/// How long to wait after a round failed.
pub(crate) fn pause_after_failure(shared: &Shared, held: &Held) -> Duration {
    let fetching = shared.mailbox(&held.lease.subject).ok().and_then(|mailbox| mailbox.fetching);
    Moods::pause_after_failure(held.lease.tries, fetching.map_or(UNKNOWN_AGAIN, |fetching| fetching.poll))
}

fn after(held: &Held, pause: Duration) -> Micros {
    held.now().saturating_add(i64::try_from(pause.as_micros()).unwrap_or(Micros::MAX))
}

struct Round<'r> {
    shared: &'r Arc<Shared>,
    held: &'r Held,
    fetching: &'r Fetching,
    of: Fetched,
    began: Instant,
}

/// What came of a round that did not fail.
struct Ended {
    came: usize,
    /// Everything that lay there was looked at, and what could be had was.
    all_seen: bool,
}

/// What came of asking for one mail.
enum Asked {
    Whole(Whole),
    /// It could not be had; the connection is still of use.
    Refused,
    /// It could not be had, and nothing more can be asked over this connection.
    Broken(Fault),
}

impl Round<'_> {
    async fn go(&self) -> Result<Ended, Fault> {
        let mut source = Pop3::open(&self.fetching.account).await?;
        let offers = source.offers().await?;
        // The account stands in the handle, because two servers may give different mails the same name.
        let handles: Vec<String> =
            offers.iter().map(|offer| format!("{}\n{}", self.of.account, offer.handle)).collect();
        let store = &self.shared.store;
        if !store.was_opened(&self.of).await? {
            let left_behind = if self.fetching.start == Start::Now { handles.as_slice() } else { &[] };
            if store.open_mailbox(&self.of, left_behind).await? {
                let mailbox = &self.of.mailbox;
                tracing::info!(mailbox, left_behind = left_behind.len(), "a mailbox is opened for the first time");
            }
        }
        let mut delete: Vec<Offer> = match self.kept_until() {
            Some(time) => {
                store.taken_in_by(&self.of, &handles, time).await?.into_iter().map(|at| offers[at].clone()).collect()
            }
            None => Vec::new(),
        };
        let new = store.unknown(&self.of, &handles).await?;
        let new = new.into_iter().map(|at| (offers[at].clone(), handles[at].clone())).collect();
        let (ended, durable) = self.take_in_all(&mut source, new).await?;
        let Some(durable) = durable else { return Ok(ended) };
        if self.fetching.keep == Some(Duration::ZERO) {
            delete.extend(durable);
        }
        crash_point("fetch_before_settle");
        self.settle(source, &delete).await?;
        crash_point("fetch_settled");
        Ok(ended)
    }

    /// Takes in what is new, in the server's order, and returns when it is durable: what came, and the mails themselves, or
    /// `None` when the connection is of no more use, so that nothing can be settled over it.
    async fn take_in_all(
        &self,
        source: &mut Pop3,
        new: Vec<(Offer, String)>,
    ) -> Result<(Ended, Option<Vec<Offer>>), Fault> {
        let mut pending = Pending::default();
        let mut all_seen = true;
        for (offer, handle) in new {
            if self.is_over(pending.begun) {
                all_seen = false;
                break;
            }
            if self.shared.moods.avoids(&self.of.mailbox, &handle, Instant::now()) {
                continue;
            }
            let mail = match self.ask_for(source, &offer, &handle).await? {
                Asked::Whole(mail) => mail,
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
            pending.wait_until_fewer_than(if mail.refers() { 1 } else { PENDING_MAX }).await?;
            pending.begin(self.shared.clone(), mail, offer, handle);
        }
        pending.wait_until_fewer_than(1).await?;
        Ok((Ended { came: pending.begun, all_seen }, Some(pending.durable)))
    }

    fn is_over(&self, mails: usize) -> bool {
        mails >= ROUND_MAILS_MAX || self.began.elapsed() > ROUND_MAX || is_full(self.shared)
    }

    /// One mail into the store's care, not yet durable.
    ///
    /// # Errors
    /// Trouble of the store's: then the round ends and nothing is deleted.
    async fn ask_for(&self, source: &mut Pop3, offer: &Offer, handle: &str) -> Result<Asked, Fault> {
        let mail = TakingIn::begin(self.shared, &self.of.site, &self.of.mailbox).await?;
        let mut basket = IntoStore { shared: self.shared, mail };
        let fault = match source.fetch(offer, &mut basket).await {
            Ok(_) => return Ok(Asked::Whole(basket.mail.end(self.shared).await?)),
            Err(fault) => fault,
        };
        let by_the_server =
            [FaultCode::MailboxUnreachable, FaultCode::MailboxRefused, FaultCode::TooComplex].contains(&fault.code);
        if !by_the_server {
            return Err(fault);
        }
        let metrics = &self.shared.metrics;
        metrics.fault(&fault);
        Metrics::add(&metrics.not_fetched);
        self.shared.moods.could_not_be_had(&self.of.mailbox, handle, &fault, Instant::now());
        tracing::warn!(
            mailbox = self.of.mailbox, size_bytes = offer.size_bytes, code = %fault.code, detail = fault.detail,
            "a mail could not be fetched; it stays there, the others go on"
        );
        let said_so_before =
            fault.code == FaultCode::TooComplex && offer.size_bytes > self.fetching.account.mail_bytes_max;
        let refused = fault.code == FaultCode::MailboxRefused || said_so_before;
        Ok(if refused { Asked::Refused } else { Asked::Broken(fault) })
    }

    /// Mails that were taken in by this time have been kept on the server for long enough; `None` keeps all.
    fn kept_until(&self) -> Option<Micros> {
        let keep = self.fetching.keep?;
        // Whatever the clocks say, what was taken in may go at once.
        let latest = if keep.is_zero() { Micros::MAX } else { self.held.now() };
        Some(latest.saturating_sub(i64::try_from(keep.as_micros()).unwrap_or(Micros::MAX)))
    }

    /// Deletes on the server what is durable here. A server that does not part in peace is none of our business.
    async fn settle(&self, source: Pop3, delete: &[Offer]) -> Result<(), Fault> {
        self.held.still_ours()?;
        match self.held.while_ours(source.settle(delete)).await {
            Err(fault) if !delete.is_empty() => Err(fault),
            _ => {
                let deleted = u64::try_from(delete.len()).unwrap_or(u64::MAX);
                self.shared.metrics.deleted.fetch_add(deleted, Ordering::Relaxed);
                Ok(())
            }
        }
    }
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
    durable: Vec<Offer>,
}

impl Pending {
    fn begin(&mut self, shared: Arc<Shared>, mail: Whole, offer: Offer, handle: String) {
        self.begun += 1;
        self.tasks.spawn(async move {
            // A mail from a mailbox has no envelope any more, and nobody stands for who handed it over.
            if let Taken::New { .. } = mail.take_in(&shared, Envelope::default(), Handle::Lasting(handle)).await? {
                Metrics::add(&shared.metrics.fetched);
            }
            Ok(offer)
        });
    }

    /// # Errors
    /// When one of them did not become durable.
    async fn wait_until_fewer_than(&mut self, max: usize) -> Result<(), Fault> {
        while self.tasks.len() >= max {
            match self.tasks.join_next().await {
                Some(Ok(offer)) => self.durable.push(offer?),
                Some(Err(_)) => return Err(Fault::temporary(FaultCode::Internal, "taking a mail in panicked")),
                None => break,
            }
        }
        Ok(())
    }
}
