//! One pass through what was touched on a site since the last one.

use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::site::{Site, misunderstood};
use futures_util::future::join_all;
use policy::event::Event;
use policy::{Fault, FaultCode, FaultKind};
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Instant;
use store::{HistoryMark, Listing, Via};
use tracker::{Answer, HistoryList, Operation, Touched};

const MINUTE_MS: i64 = 60_000;
/// The search may show an issue so late; each pass looks back by as much.
const OVERLAP_MS: i64 = 10 * MINUTE_MS;
/// An issue that is found is told of with everything of so long before, in case that the search has not shown it then.
const LOOK_BACK_MS: i64 = 24 * 60 * MINUTE_MS;
/// What happened longer ago is not told any more, when nothing was read for so long.
const GAP_MAX_MS: i64 = 7 * 24 * 60 * MINUTE_MS;
/// An issue that was read so long after it was touched need not be read again: what is read may come from a copy that lags.
const SETTLED_AFTER_MS: i64 = MINUTE_MS;
/// Issues that are remembered as settled; of more the least recently touched are read again.
const SETTLED_MAX: usize = 20_000;
/// Issues that are read at the same time.
const AT_ONCE: usize = 4;
/// Pages of one list of one issue; Jira keeps 5,000 comments of an issue at most.
const LIST_PAGES_MAX: u32 = 200;
/// Issues that could not be read in one pass; after so many it is the site that is out of order.
const FAILURES_MAX: u32 = 5;

/// Whether it may be this issue alone that cannot be read.
fn is_of_the_issue(fault: &Fault) -> bool {
    fault.kind == FaultKind::Permanent || fault.code == FaultCode::TrackerUnclear
}

/// What a pass came to.
pub(super) struct Ended {
    pub(super) mark: HistoryMark,
    /// There is more, and it can be had.
    pub(super) goes_on: bool,
    pub(super) new: u32,
}

/// A pass that goes on.
pub(super) struct Pass<'p> {
    shared: &'p Shared,
    held: &'p Held,
    site: &'p Site,
    began: Instant,
    /// The tracker's time when it began.
    began_ms: i64,
    mark: HistoryMark,
    /// What is told happened then or later.
    told_since_ms: i64,
    /// Issues of which everything up to then is taken in.
    settled: HashMap<String, i64>,
    /// The same, for this pass alone.
    seen: HashMap<String, i64>,
    /// Those on which something was read.
    pages: u32,
    failed: u32,
    new: u32,
}

impl<'p> Pass<'p> {
    /// At the first time nothing was there before.
    pub(super) async fn begin(
        shared: &'p Shared,
        held: &'p Held,
        site: &'p Site,
        mark: Option<HistoryMark>,
    ) -> Result<Pass<'p>, Fault> {
        let began_ms = match site.read(&Operation::ReadClock).await? {
            Answer::Clock(at_ms) => at_ms,
            other => return Err(misunderstood(&other)),
        };
        let from_now = || HistoryMark { began_ms, since_ms: began_ms, listing: None, settled: Vec::new() };
        let mut mark = mark.unwrap_or_else(from_now);
        let oldest_ms = began_ms.saturating_sub(GAP_MAX_MS);
        if mark.since_ms < oldest_ms {
            tracing::warn!(
                site = site.name,
                "the history was not read for more than a week; what is older is not told"
            );
            mark = HistoryMark { since_ms: oldest_ms, listing: None, settled: Vec::new(), ..mark };
        }
        let told_since_ms = mark.since_ms.saturating_sub(OVERLAP_MS + LOOK_BACK_MS).max(mark.began_ms).max(oldest_ms);
        let settled = std::mem::take(&mut mark.settled).into_iter().collect();
        let (began, seen) = (Instant::now(), HashMap::new());
        Ok(Pass {
            shared,
            held,
            site,
            began,
            began_ms,
            mark,
            told_since_ms,
            settled,
            seen,
            pages: 0,
            failed: 0,
            new: 0,
        })
    }

    /// Goes through the issues in the order in which they were touched. How far it came is durable after each page.
    pub(super) async fn run(mut self) -> Result<Ended, Fault> {
        let listing = match self.mark.listing {
            Some(listing) => listing,
            None => Listing { began_ms: self.began_ms, reached_ms: self.mark.since_ms.saturating_sub(OVERLAP_MS) },
        };
        let mut from_ms = listing.reached_ms;
        let mut page_token = None;
        // Pages of one search hang together by its words, so these stay.
        let mut since_minutes = self.minutes_since(from_ms);
        loop {
            self.held.still_ours()?;
            let (issues, next_page) = self.find(since_minutes, page_token).await?;
            let reached_ms = issues.iter().map(|one| one.updated_ms).fold(from_ms, i64::max);
            if let Some(reached_ms) = self.take_in(issues).await? {
                let reached_ms = reached_ms.max(from_ms);
                self.mark.listing = Some(Listing { reached_ms, ..listing });
                return Ok(self.end(reached_ms > listing.reached_ms));
            }
            let Some(next_page) = next_page else {
                self.mark = HistoryMark { since_ms: listing.began_ms, listing: None, ..self.mark };
                return Ok(self.end(false));
            };
            self.mark.listing = Some(Listing { reached_ms, ..listing });
            let settings = &self.shared.settings;
            if self.pages >= settings.history_pages_max || self.began.elapsed() >= settings.history_pass_max {
                return Ok(self.end(reached_ms > listing.reached_ms));
            }
            let mark = self.whole_mark();
            self.shared.store.move_history_mark(&self.held.lease, &mark).await?;
            crash_point("poll_page_done");
            // A new search from where this page ended passes over nothing that moves meanwhile; only what was touched within one
            // minute needs further pages.
            if reached_ms / MINUTE_MS > from_ms / MINUTE_MS {
                from_ms = reached_ms;
                (since_minutes, page_token) = (self.minutes_since(from_ms), None);
            } else {
                page_token = Some(next_page);
            }
        }
    }

    fn end(self, came_further: bool) -> Ended {
        Ended {
            mark: self.whole_mark(),
            goes_on: came_further || self.new > 0 && self.mark.listing.is_some(),
            new: self.new,
        }
    }

    /// The mark with what is settled and will be found again.
    fn whole_mark(&self) -> HistoryMark {
        let next_ms = match self.mark.listing {
            Some(listing) => listing.reached_ms.min(listing.began_ms.saturating_sub(OVERLAP_MS)),
            None => self.mark.since_ms.saturating_sub(OVERLAP_MS),
        };
        let again_ms = next_ms.saturating_sub(2 * MINUTE_MS);
        let found_again = self.settled.iter().filter(|(_, touched_ms)| **touched_ms >= again_ms);
        let mut settled: Vec<(String, i64)> = found_again.map(|(id, touched_ms)| (id.clone(), *touched_ms)).collect();
        settled.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        settled.truncate(SETTLED_MAX);
        HistoryMark { settled, ..self.mark.clone() }
    }

    /// The tracker's time by now.
    fn now_ms(&self) -> i64 {
        self.began_ms.saturating_add(i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX))
    }

    /// Rounded up, and one more: a search cuts off the seconds of its own time.
    fn minutes_since(&self, from_ms: i64) -> u64 {
        let past_ms = u64::try_from(self.now_ms().saturating_sub(from_ms)).unwrap_or(0);
        past_ms.div_ceil(MINUTE_MS.unsigned_abs()) + 1
    }

    async fn find(
        &self,
        since_minutes: u64,
        page_token: Option<String>,
    ) -> Result<(Vec<Touched>, Option<String>), Fault> {
        match self.site.read(&Operation::FindTouched { since_minutes, page_token }).await? {
            Answer::Touched { issues, next_page } => Ok((issues, next_page)),
            other => Err(misunderstood(&other)),
        }
    }

    /// Takes in what happened to these issues, but to those of which that is done. When the time is over: since when those were touched
    /// that are left.
    async fn take_in(&mut self, issues: Vec<Touched>) -> Result<Option<i64>, Fault> {
        let is_done =
            |one: &Touched| [&self.settled, &self.seen].iter().any(|known| known.get(&one.id) == Some(&one.updated_ms));
        let open: Vec<Touched> = issues.into_iter().filter(|one| !is_done(one)).collect();
        self.pages += u32::from(!open.is_empty());
        for (number, some) in open.chunks(AT_ONCE).enumerate() {
            self.held.still_ours()?;
            if self.began.elapsed() >= self.shared.settings.history_pass_max {
                return Ok(open[number * AT_ONCE..].iter().map(|one| one.updated_ms).min());
            }
            let read_at_ms = self.now_ms();
            let told = join_all(some.iter().map(|one| self.tell(one))).await;
            for (one, told) in some.iter().zip(told) {
                self.seen.insert(one.id.clone(), one.updated_ms);
                match told {
                    Ok(new) => {
                        self.new += new;
                        if read_at_ms.saturating_sub(one.updated_ms) >= SETTLED_AFTER_MS {
                            self.settled.insert(one.id.clone(), one.updated_ms);
                        }
                    }
                    // One issue that cannot be read must not keep all that come after it from being told. It is found again as long as
                    // passes look back.
                    Err(fault) if is_of_the_issue(&fault) && self.failed < FAILURES_MAX => {
                        self.failed += 1;
                        Metrics::add(&self.shared.metrics.history_unread);
                        let (site, issue, code) = (&self.site.name, &one.id, fault.code);
                        tracing::warn!(site, issue, %code, detail = fault.logged(), "what happened to an issue could not be read");
                    }
                    Err(fault) => return Err(fault),
                }
            }
        }
        Ok(None)
    }

    /// Takes in what happened to one issue, as far as it is not known; how much was new.
    async fn tell(&self, one: &Touched) -> Result<u32, Fault> {
        let mut events = match self.history(one).await {
            Ok(events) => events,
            // It was deleted meanwhile, or is hidden from us by now.
            Err(fault) if fault.code == FaultCode::TrackerGone => return Ok(0),
            Err(fault) => return Err(fault),
        };
        if one.created.at_ms >= self.told_since_ms {
            events.push(one.created.clone());
        }
        let mut events = self.shared.store.unknown_events(&self.site.name, events).await?;
        if events.is_empty() {
            return Ok(0);
        }
        if self.shared.backlog_of_events.load(Ordering::Relaxed) >= self.shared.settings.backlog_max {
            return Err(Fault::temporary(FaultCode::QueueFull, "work.queue_depth_max is reached by events"));
        }
        events.sort_by_key(|event| event.at_ms);
        let waiting: Vec<_> = events.iter().map(|event| (event, self.site.merge_window(event))).collect();
        let new = self.shared.store.take_in_events(&self.site.name, &waiting, b"", Via::History).await?;
        self.shared.metrics.history_events.fetch_add(u64::from(new), Ordering::Relaxed);
        self.shared.backlog_of_events.fetch_add(u64::from(new), Ordering::Relaxed);
        crash_point("poll_taken_in");
        Ok(new)
    }

    /// What happened to one issue: mostly one answer tells it, and of long lists the pages are read.
    async fn history(&self, one: &Touched) -> Result<Vec<Event>, Fault> {
        let operation = Operation::ReadHistory { issue_id: one.id.clone(), since_ms: self.told_since_ms };
        let (mut events, mut owed) = match self.site.read(&operation).await {
            Ok(Answer::History { events, owed }) => (events, owed),
            Ok(other) => return Err(misunderstood(&other)),
            // It may be too large for one answer.
            Err(fault) if fault.code == FaultCode::TrackerUnclear => {
                (Vec::new(), HistoryList::ALL.map(|list| (list, 0)).to_vec())
            }
            Err(fault) => return Err(fault),
        };
        let mut pages = 0;
        while let Some((list, start_at)) = owed.pop() {
            pages += 1;
            if pages > LIST_PAGES_MAX {
                return Err(Fault::permanent(FaultCode::TooComplex, "an issue whose history has no end"));
            }
            let operation = Operation::ReadHistoryPage {
                issue_id: one.id.clone(),
                issue_key: one.key.clone(),
                list,
                start_at,
                since_ms: self.told_since_ms,
            };
            match self.site.read(&operation).await {
                Ok(Answer::History { events: more, owed: next }) => {
                    events.extend(more);
                    owed.extend(next);
                }
                Ok(other) => return Err(misunderstood(&other)),
                // Where no time is tracked there is no work.
                Err(fault) if list == HistoryList::Work && fault.kind == FaultKind::Permanent => {}
                Err(fault) => return Err(fault),
            }
        }
        Ok(events)
    }
}
