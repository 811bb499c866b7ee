//! One round through a fetched mailbox, as a leased job: of several nodes one looks into it.

use super::notes::Notes;
use super::taking::{Ended, ROUND_MAILS_MAX, Taking};
use super::{Fetching, Moods, Protocol, Secret, folder, graph, pop3};
use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::held::Held;
use crate::meter::FETCH_AGAIN;
use crate::metrics::Metrics;
use crate::stop::Stop;
use courier::fetch::{MailSource, Offer, Settling};
use policy::{Fault, FaultCode};
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use store::{Fetched, GrantOf, Micros};

/// How soon a job is looked at again whose mailbox only the settings of another process name.
const UNKNOWN_AGAIN: Duration = Duration::from_secs(60);

/// Looks into the job's mailbox; the job comes again, whatever happens.
pub(crate) async fn fetch(shared: &Arc<Shared>, held: &Held) -> Result<(), Stop> {
    let name = &held.lease.subject;
    let found = shared.mailbox_of(name, &held.lease.site).ok();
    let Some(fetching) = found.and_then(|mailbox| mailbox.fetching) else {
        return Ok(shared.store.fetch_again(&held.lease, held.after(UNKNOWN_AGAIN)).await?);
    };
    let of = Fetched { site: held.lease.site.clone(), mailbox: name.clone(), account: fetching.account_text() };
    let poll = fetching.poll;
    let notes = Notes::begin(shared, &of).await?;
    if let Some(spent) = shared.spent(&of.site).await? {
        // Its mail stays where it is.
        notes.end(shared, &of, Some(&spent), false).await?;
        return Ok(shared.store.fetch_again(&held.lease, held.after(FETCH_AGAIN.min(poll))).await?);
    }
    let ended = look(shared, held, fetching, &of, &notes).await;
    // More of it waits there and can be had.
    let goes_on = ended.as_ref().is_ok_and(|ended| ended.came > 0 && !ended.all_seen);
    if let Err(fault) = notes.end(shared, &of, ended.as_ref().err(), goes_on).await {
        // Whoever waits for it asks again; the round is what it is.
        tracing::warn!(mailbox = name, code = %fault.code, detail = fault.logged(), "a report on a round could not be written");
    }
    let Ended { came, all_seen } = ended?;
    Metrics::add(&shared.metrics.fetch_rounds);
    let pause = shared.moods.pause(name, came > 0, poll);
    let watched = shared.settings.watched_every;
    let pause = if goes_on { Duration::ZERO } else { shared.watches.pause(name, pause, watched) };
    if came > 0 {
        tracing::info!(mailbox = name, mails = came, "mail was fetched");
    }
    if all_seen {
        shared.store.fetched(&held.lease, &of, held.after(pause)).await?;
    } else {
        shared.store.fetched_some(&held.lease, &of, held.after(pause)).await?;
    }
    if pause.is_zero() {
        shared.fetch_due.notify_one();
    }
    Ok(())
}

/// Opens the mailbox and goes through it.
async fn look(
    shared: &Arc<Shared>,
    held: &Held,
    mut fetching: Fetching,
    of: &Fetched,
    notes: &Notes,
) -> Result<Ended, Fault> {
    let name = &of.mailbox;
    let grant = GrantOf::mailbox(&of.site, name);
    let mut used = None;
    if let Some(authorization) = &fetching.authorization {
        let pass = shared.tokens.pass(&grant, authorization).await;
        shared.moods.went(name, pass.is_ok());
        let pass = pass?;
        fetching.account.secret = Secret::Token(pass.access.clone());
        used = Some(pass);
    }
    let mails_max = ROUND_MAILS_MAX.min(shared.meter.messages_left(&of.site));
    let taking = Taking { shared, fetching: &fetching, of, began: Instant::now(), mails_max, notes };
    let round = Round { taking, held };
    shared.watches.round_begins(name);
    let ended = match &fetching.protocol {
        Protocol::Pop3 => pop3::round(&round).await,
        Protocol::Imap(folder) => folder::round(&round, folder).await,
        Protocol::Graph(graph) => graph::round(&round, graph).await,
    };
    shared.moods.went(name, ended.is_ok());
    let refused = [FaultCode::MailboxRefused, FaultCode::SignInNeeded];
    if let Some(pass) = used.filter(|_| ended.as_ref().is_err_and(|fault| refused.contains(&fault.code))) {
        // A token may be taken back before its time.
        shared.tokens.forget(&grant, &pass).await;
    }
    ended
}

/// How long to wait after a round failed.
pub(crate) fn pause_after_failure(shared: &Shared, held: &Held) -> Duration {
    let fetching = shared.mailbox(&held.lease.subject).ok().and_then(|mailbox| mailbox.fetching);
    Moods::pause_after_failure(held.lease.tries, fetching.map_or(UNKNOWN_AGAIN, |fetching| fetching.poll))
}

/// A round that goes on.
pub(super) struct Round<'r> {
    pub(super) taking: Taking<'r>,
    pub(super) held: &'r Held,
}

impl Round<'_> {
    /// The mails' handles as the store knows them. The account stands in each, because two servers may give different mails
    /// the same name.
    pub(super) fn handles(&self, offers: &[Offer]) -> Vec<String> {
        let account = &self.taking.of.account;
        offers.iter().map(|offer| format!("{account}\n{}", offer.handle)).collect()
    }

    /// The mails among these that may be deleted; none while the mailbox is only looked at.
    pub(super) async fn may_go(&self, offers: &[Offer], handles: &[String]) -> Result<Vec<Offer>, Fault> {
        match self.taking.shared.is_shadow(&self.taking.of.mailbox) {
            true => Ok(Vec::new()),
            false => self.kept_for_long_enough(offers, handles).await,
        }
    }

    /// The mails among these whose days on the server are over.
    pub(super) async fn kept_for_long_enough(&self, offers: &[Offer], handles: &[String]) -> Result<Vec<Offer>, Fault> {
        let Some(time) = self.kept_until() else { return Ok(Vec::new()) };
        let places = self.taking.shared.store.taken_in_by(self.taking.of, handles, time).await?;
        Ok(places.into_iter().map(|at| offers[at].clone()).collect())
    }

    /// Mails that were taken in by this time have been kept on the server for long enough; `None` keeps all.
    fn kept_until(&self) -> Option<Micros> {
        let keep = self.taking.fetching.keep?;
        // Whatever the clocks say, what was taken in may go at once.
        let latest = if keep.is_zero() { Micros::MAX } else { self.held.now() };
        Some(latest.saturating_sub(i64::try_from(keep.as_micros()).unwrap_or(Micros::MAX)))
    }

    /// Does on the server what is to be done with what is durable here. A server that does not part in peace is none of our
    /// business.
    pub(super) async fn settle(&self, source: impl MailSource, settling: Settling<'_>) -> Result<(), Fault> {
        crash_point("fetch_before_settle");
        self.held.still_ours()?;
        // Another mail handler works on the mailbox: what we only look at stays as it is.
        let shadow = self.taking.shared.is_shadow(&self.taking.of.mailbox);
        let asked = if shadow { Settling::default() } else { settling };
        let acted_on = self.acted_on(&asked).await?;
        let [delete, mark_seen, moved] = [asked.delete, asked.mark_seen, asked.moved]
            .map(|offers| offers.iter().filter(|offer| acted_on.contains(&offer.handle)).cloned().collect::<Vec<_>>());
        let settling = Settling { delete: &delete, mark_seen: &mark_seen, moved: &moved, ..asked };
        let nothing = [settling.delete, settling.mark_seen, settling.moved].iter().all(|offers| offers.is_empty());
        match self.held.while_ours(source.settle(settling)).await {
            Err(fault) if !nothing => return Err(fault),
            _ => {}
        }
        self.taking.notes.settled(&settling);
        let metrics = &self.taking.shared.metrics;
        metrics.deleted.fetch_add(settling.delete.len() as u64, Ordering::Relaxed);
        metrics.moved.fetch_add(settling.moved.len() as u64, Ordering::Relaxed);
        crash_point("fetch_settled");
        Ok(())
    }

    /// The servers' names of those among these mails that were not taken in only to be looked at. What came in shadow stays as it is for
    /// ever, though the mailbox is live by now.
    async fn acted_on(&self, settling: &Settling<'_>) -> Result<HashSet<String>, Fault> {
        let offers = [settling.delete, settling.mark_seen, settling.moved].concat();
        if offers.is_empty() {
            return Ok(HashSet::new());
        }
        let Taking { shared, of, .. } = self.taking;
        let places = shared.store.taken_in_by(of, &self.handles(&offers), Micros::MAX).await?;
        Ok(places.into_iter().map(|at| offers[at].handle.clone()).collect())
    }
}
