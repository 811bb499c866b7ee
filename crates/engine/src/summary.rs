//! The `Summary` job: sends a summary when its time has come, and again whenever it comes.
//!
//! Up to when it was seen to is written down together with the decision and its letters, under the job's lease: however many processes there are
//! and wherever one is stopped, each time is done once. Of several that were missed the last is done.

mod letters;

use crate::crash_point::crash_point;
use crate::decide_job::beside_the_workers;
use crate::deliver::nowhere;
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::notice::inquiry::Inquiry;
use crate::site::Site;
use crate::stop::Stop;
use policy::cron::Cron;
use policy::notify::summary::{self, Occasion, ROUNDS_MAX, Summed, WithoutLetter};
use policy::outbound::Summary;
use policy::{Mappings, StepKey, notify};
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::{Micros, SummaryMark};

/// How soon a job is looked at again whose summary stands in the settings of another process, or of none.
const UNKNOWN_AGAIN: Duration = Duration::from_secs(60);
/// A time that was missed for longer is passed over.
const MISSED_MAX: Micros = 7 * 86_400 * 1_000_000;
/// Of more people who are left out, and of more questions, the story tells how many they are.
const TOLD_MAX: usize = 1000;

/// The outcomes' words.
const LETTERS: &str = "letters";
const IGNORED: &str = "ignored";
const TRIED: &str = "tried";

/// Sends what is due; the job comes again, whatever happens.
pub(crate) async fn summary(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let found = shared.site(&held.lease.site).ok().and_then(|site| {
        let mappings = site.mappings.clone()?;
        let summary = mappings.summaries().iter().find(|summary| summary.id() == held.lease.subject)?.clone();
        let cron = summary.cron()?.clone();
        Some((site, mappings, summary, cron))
    });
    let Some((site, mappings, summary, cron)) = found else {
        return Ok(shared.store.fetch_again(&held.lease, held.after(UNKNOWN_AGAIN)).await?);
    };
    let now = held.now();
    let mark = shared.store.summary_mark(&held.lease).await?;
    let Due { mark, run } = due(&cron, summary.enabled, mark, now);
    let again = again(&cron, summary.enabled, mark, run.as_ref(), now);
    let Some(run) = run else {
        return Ok(shared.store.summary_waits(&held.lease, mark, again).await?);
    };
    if !run.is_try
        && let Some(fault) = shared.spent(&site.name).await?
    {
        return Err(shared.aside(held, fault));
    }
    // The tracker is not asked for letters that could not leave.
    if !run.is_try && site.way(&summary::way_out(&summary, &mappings)).is_none() {
        return Err(nowhere(&site).into());
    }
    let about = Arc::new(summary);
    let summed = decide(shared, &site, &about, &mappings, run.occasion).await?;
    let id = shared.store.begin_notice(&held.lease).await?;
    let making = letters::Making { shared, held, site: &site, notice: &id };
    let letters = if run.is_try { Vec::new() } else { making.letters(&summed.letters).await? };
    let number = summed.letters.len();
    let outcome = match number {
        _ if run.is_try => TRIED,
        0 => IGNORED,
        _ => LETTERS,
    };
    let written = Written::of(&summed, &run, &about, mappings.version, outcome);
    crash_point("summary_decided");
    shared.store.write_summary(&held.lease, (&id, outcome), &written, letters, (mark, again)).await?;
    crash_point("summary_written_down");
    if !run.is_try {
        Metrics::add(&shared.metrics.summaries);
        shared.metrics.letters_posted.fetch_add(number as u64, Ordering::Relaxed);
    }
    tracing::info!(job = held.lease.job, outcome, "decided about a summary");
    Ok(())
}

/// What is to be done now, and how far the summary is seen to then.
struct Due {
    mark: SummaryMark,
    run: Option<Run>,
}

struct Run {
    occasion: Occasion,
    is_try: bool,
    /// Times before it came and were missed.
    missed: bool,
}

/// A summary that is new, or has other times than before, has nothing to catch up on; nor has one that is switched off.
fn due(cron: &Cron, enabled: bool, known: Option<SummaryMark>, now: Micros) -> Due {
    let asked = known.and_then(|mark| mark.asked_at);
    let tried = known.and_then(|mark| mark.tried_at);
    let fresh = SummaryMark { schedule: cron.number(), seen_to: now, asked_at: None, tried_at: None };
    let mark = match known {
        Some(mark) if enabled && mark.schedule == cron.number() => {
            SummaryMark { asked_at: None, tried_at: None, ..mark }
        }
        _ => fresh,
    };
    let run = |at: Micros, by_hand, is_try, missed| {
        Some(Run { occasion: Occasion { at_ms: at.div_euclid(1000), by_hand }, is_try, missed })
    };
    if let Some(at) = tried {
        return Due { mark: SummaryMark { tried_at: tried, ..mark }, run: run(at, true, true, false) };
    }
    if let Some(at) = asked {
        return Due { mark: SummaryMark { asked_at: asked, ..mark }, run: run(at, true, false, false) };
    }
    let Some(at) = cron.latest(mark.seen_to, now) else { return Due { mark, run: None } };
    let missed = cron.latest(mark.seen_to, at - 1).is_some();
    let mark = SummaryMark { seen_to: at, ..mark };
    if now.saturating_sub(at) > MISSED_MAX {
        return Due { mark, run: None };
    }
    Due { mark, run: run(at, false, false, missed) }
}

/// When the job comes again: at once where a time is still due beside what a person asked for.
fn again(cron: &Cron, enabled: bool, mark: SummaryMark, run: Option<&Run>, now: Micros) -> Micros {
    let by_hand = run.is_some_and(|run| run.occasion.by_hand);
    match enabled {
        true if by_hand && cron.latest(mark.seen_to, now).is_some() => now,
        true => cron.next_after(now).unwrap_or(Micros::MAX),
        false => Micros::MAX,
    }
}

/// Asks and finds out until nothing is open, and decides.
async fn decide(
    shared: &Shared,
    site: &Site,
    about: &Arc<Summary>,
    mappings: &Arc<Mappings>,
    occasion: Occasion,
) -> Result<Summed, Stop> {
    let inquiry = Inquiry::new(shared, site, &[], mappings);
    let mut inquiry = inquiry.listing_issues(summary::order(about), summary::issues_read(about));
    let facts = summary::first_facts(about, site.account_id().await?);
    let (of, rules) = (about.clone(), mappings.clone());
    let mut facts = inquiry.find_out_all(facts, ROUNDS_MAX, move |facts| summary::ask(&of, &rules, facts)).await?;
    inquiry.look_again_at_listed(&mut facts).await?;
    inquiry.look_whether_sealed(&mut facts).await?;
    let (of, rules) = (about.clone(), mappings.clone());
    beside_the_workers(move || summary::decide(&of, &rules, occasion, &facts)).await
}

/// The decision as it is kept for the story.
#[derive(Serialize)]
struct Written<'s> {
    outcome: &'static str,
    reason: String,
    summary: &'s str,
    /// When it was due, or asked for; in milliseconds since 1970.
    due_at_ms: i64,
    /// By which stored mappings it was decided.
    mappings_version: u32,
    notifications: Vec<WrittenLetter<'s>>,
    left_out: &'s [WithoutLetter],
    /// How many more were left out.
    left_out_further: usize,
    trace: &'s [String],
    trace_further: usize,
}

#[derive(Serialize)]
struct WrittenLetter<'s> {
    key: &'s StepKey,
    recipient: &'s notify::Recipient,
    /// The keys of the issues that it shows.
    issues: Vec<&'s str>,
    /// How many more there are.
    further: u32,
    reason: &'s str,
}

impl<'s> Written<'s> {
    fn of(summed: &'s Summed, run: &Run, about: &'s Summary, version: u32, outcome: &'static str) -> Written<'s> {
        let (left_out, left_out_further) = bounded(&summed.left_out);
        let (trace, trace_further) = bounded(&summed.trace);
        let letters = summed.letters.iter().map(|letter| WrittenLetter {
            key: &letter.key,
            recipient: &letter.recipient,
            issues: letter.issues.iter().map(|issue| issue.now.key.as_str()).collect(),
            further: letter.further,
            reason: &letter.reason,
        });
        Written {
            outcome,
            reason: reason(summed, run),
            summary: &about.name,
            due_at_ms: run.occasion.at_ms,
            mappings_version: version,
            notifications: letters.collect(),
            left_out,
            left_out_further,
            trace,
            trace_further,
        }
    }
}

fn bounded<T>(all: &[T]) -> (&[T], usize) {
    let (told, further) = all.split_at(all.len().min(TOLD_MAX));
    (told, further.len())
}

/// The decision in one sentence.
fn reason(summed: &Summed, run: &Run) -> String {
    let when = match run {
        Run { is_try: true, .. } => "a person tried it, and nothing is sent",
        Run { occasion: Occasion { by_hand: true, .. }, .. } => "a person had it sent",
        Run { missed: true, .. } => {
            "it was due, and so it was before, which was missed: it is sent once for all of that"
        }
        Run { .. } => "it was due",
    };
    match (summed.letters.len(), summed.left_out.len()) {
        (0, 0) => format!("{when}; nobody is meant: no group, role or list of it has anybody"),
        (0, out) => format!("{when}; nobody gets it: each of {out} who were considered is left out"),
        (letters, out) => format!("{when}; {letters} get it, {out} are left out"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HOUR: Micros = 3_600_000_000;
    const DAY: Micros = 24 * HOUR;
    /// 27 November 2026, 08:00 UTC.
    const EIGHT: Micros = 1_795_766_400_000_000;

    fn cron() -> Cron {
        Cron::read("0 8 * * *", "UTC").unwrap()
    }

    fn mark(seen_to: Micros) -> SummaryMark {
        SummaryMark { schedule: cron().number(), seen_to, asked_at: None, tried_at: None }
    }

    fn at(due: &Due) -> Option<Micros> {
        due.run.as_ref().map(|run| run.occasion.at_ms * 1000)
    }

    #[test]
    fn each_time_is_done_once_and_of_those_that_were_missed_the_last() {
        let on_time = due(&cron(), true, Some(mark(EIGHT - DAY)), EIGHT + 1);
        assert_eq!((at(&on_time), on_time.mark.seen_to), (Some(EIGHT), EIGHT));
        assert!(!on_time.run.unwrap().missed);
        let done = due(&cron(), true, Some(on_time.mark), EIGHT + 2);
        assert_eq!((at(&done), done.mark.seen_to), (None, EIGHT), "it was done");
        let late = due(&cron(), true, Some(mark(EIGHT - 4 * DAY)), EIGHT + HOUR);
        assert_eq!((at(&late), late.mark.seen_to), (Some(EIGHT), EIGHT));
        assert!(reason(&Summed::default(), &late.run.unwrap()).contains("missed"));
        let week = Cron::read("0 8 20 11 *", "UTC").unwrap();
        let known = SummaryMark { schedule: week.number(), ..mark(EIGHT - 30 * DAY) };
        let passed = due(&week, true, Some(known), EIGHT + 1);
        assert_eq!((at(&passed), passed.mark.seen_to), (None, EIGHT - 7 * DAY), "that is too long ago");
    }

    #[test]
    fn what_is_new_or_otherwise_or_off_has_nothing_to_catch_up_on() {
        let other = SummaryMark { schedule: 1, ..mark(EIGHT - 3 * DAY) };
        for (enabled, known) in [(true, None), (true, Some(other)), (false, Some(mark(EIGHT - 3 * DAY)))] {
            let now = EIGHT + HOUR;
            let due = due(&cron(), enabled, known, now);
            assert_eq!((at(&due), due.mark), (None, mark(now)));
        }
    }

    #[test]
    fn what_a_person_asks_for_comes_beside_the_times() {
        let asked = SummaryMark { asked_at: Some(EIGHT - 5), ..mark(EIGHT - DAY) };
        let sent = due(&cron(), true, Some(asked), EIGHT + 1);
        assert_eq!(
            (sent.mark.seen_to, sent.mark.asked_at),
            (EIGHT - DAY, Some(EIGHT - 5)),
            "the time itself is still due"
        );
        let next = |enabled| again(&cron(), enabled, sent.mark, sent.run.as_ref(), EIGHT + 1);
        assert_eq!((next(true), next(false)), (EIGHT + 1, Micros::MAX), "the job goes on at once with the time itself");
        let on_time = due(&cron(), true, Some(mark(EIGHT - DAY)), EIGHT + 1);
        assert_eq!(again(&cron(), true, on_time.mark, on_time.run.as_ref(), EIGHT + 1), EIGHT + DAY);
        assert!(sent.run.as_ref().is_some_and(|run| run.occasion.by_hand && !run.is_try));
        let both = SummaryMark { tried_at: Some(EIGHT - 4), ..asked };
        let tried = due(&cron(), false, Some(both), EIGHT + 1);
        assert_eq!((tried.mark.asked_at, tried.mark.tried_at), (None, Some(EIGHT - 4)), "one at a time");
        assert!(tried.run.is_some_and(|run| run.is_try));
    }
}
