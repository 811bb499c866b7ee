//! The `Notice` job: decides who is told of the events of one issue, when the first window of its events is over.
//!
//! The decision is written down together with the letters that come of it; each of them has a job of its own.

mod again;
mod audience;
mod came_sealed;
mod contents;
mod deleted;
mod directive;
mod files;
pub(crate) mod inquiry;
pub(crate) mod letters;
mod listing;
mod message;
mod preview;
pub(crate) mod returned;
pub(crate) mod written;

use crate::crash_point::crash_point;
use crate::decide_job::beside_the_workers;
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::site::Site;
use crate::stop::Stop;
use contents::Contents;
use deleted::EntryKnown;
use directive::Asked;
use inquiry::Inquiry;
use letters::Making;
use policy::event::{Event, EventKind};
use policy::meter::given_up_at;
use policy::notify::{IssueNow, LeftOut, Question, ROUNDS_MAX, Recipient, ToldBefore, Unjudged};
use policy::{Mappings, Notification, Notified, StepKey, Told, notify};
pub use preview::{Preview, Previewed, Previews};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

/// Of more people who are left out the story tells how many they are.
const LEFT_OUT_MAX: usize = 1000;

/// Of more mappings that could not be judged the reason tells how many they are; the trace has them all.
const UNJUDGED_SAID_MAX: usize = 5;

/// The outcome's word where somebody is told.
const LETTERS: &str = "letters";
/// The outcome's word where nobody is.
const IGNORED: &str = "ignored";

/// Decides about what is open and writes it down; the store begins another window where more came meanwhile.
pub(crate) async fn notice(shared: &Shared, held: &Held) -> Result<(), Stop> {
    needs_room(shared, held).await?;
    let id = shared.store.begin_notice(&held.lease).await?;
    let stored = shared.store.open_events(&held.lease).await?;
    let ids: Vec<String> = stored.iter().map(|stored| stored.id.clone()).collect();
    let site = shared.site(&held.lease.site)?;
    let told_before = again::told_before(shared, (&site.name, &held.lease.subject), &stored).await?;
    let were_told = !told_before.is_empty();
    let events: Arc<[Event]> = stored.into_iter().map(|stored| stored.event).collect();
    let Decided { mut notified, issue, contents, mut asked } = match &site.mappings {
        Some(mappings) => decide(shared, &site, &events, mappings, (&held.lease.subject, told_before)).await?,
        None => Decided::default(),
    };
    asked.tell(&mut notified);
    let letters = match &issue {
        Some(issue) => {
            let given = HashMap::new();
            let making = Making {
                shared,
                held,
                site: &site,
                notice: &id,
                issue,
                contents: &contents,
                given,
                stayed: Mutex::default(),
                cause: store::LetterCause::default(),
            };
            making.letters(&notified.notifications).await?
        }
        None => Vec::new(),
    };
    crash_point("notice_made");
    let number = notified.notifications.len();
    // Whoever was told before an event was decided about anew is still told of it.
    let outcome = if number == 0 && !were_told { IGNORED } else { LETTERS };
    let entries = deleted::entries_known(&events, &contents);
    let written = Written { entries: &entries, ..Written::of(&notified, outcome, site.mappings.as_deref()) };
    let Asked { letters: asked, counted, .. } = asked;
    let decided = store::Decided { events: &ids, outcome, notice: &written, letters, asked, counted };
    shared.store.write_decided(&held.lease, &id, decided).await?;
    crash_point("notice_written_down");
    Metrics::add(&shared.metrics.notices);
    shared.metrics.letters_posted.fetch_add(number as u64, Ordering::Relaxed);
    tracing::info!(job = held.lease.job, outcome, "decided about events");
    Ok(())
}

/// Events wait while the capacity plan of their site leaves no room, for as long as it says; then a person has to say that they are told
/// all the same.
async fn needs_room(shared: &Shared, held: &Held) -> Result<(), Stop> {
    // Where nobody is told of anything nothing is used.
    let site = shared.site(&held.lease.site)?;
    let Some(fault) = shared.spent(&site.name).await?.filter(|_| site.mappings.is_some()) else { return Ok(()) };
    let days = shared.meter.hold_days(&site.name);
    let open = shared.store.open_since(&held.lease).await?;
    // Of an issue on which something happens all the time the oldest event would be erased before anybody is asked.
    if open.is_none_or(|(oldest, newest)| held.now() < given_up_at(days, oldest, newest)) {
        return Err(shared.aside(held, fault));
    }
    let public = format!("{} The events waited {days} days for it; try again to have them told.", fault.public);
    Err(Stop::GiveUp(fault.with_public(public)))
}

/// What was decided about the events of one issue, and what its letters can say.
#[derive(Default)]
struct Decided {
    notified: Notified,
    /// `None` where nobody knows it; then nobody is told.
    issue: Option<IssueNow>,
    contents: Contents,
    /// The letters that comments among the events ask for.
    asked: Asked,
}

/// Asks and finds out until nothing is open, and decides.
async fn decide(
    shared: &Shared,
    site: &Site,
    events: &Arc<[Event]>,
    mappings: &Arc<Mappings>,
    (issue_id, told): (&str, Vec<ToldBefore>),
) -> Result<Decided, Stop> {
    let mut inquiry = Inquiry::new(shared, site, events, mappings);
    let mut facts = notify::Facts { gateway: site.account_id().await?.to_owned(), told, ..notify::Facts::default() };
    let mut asked = Asked::before(shared, site, events).await?;
    if mappings.comments_write() && events.iter().any(|event| event.kind == EventKind::Commented) {
        // A comment may ask for a letter where no mapping tells of it, and whoever gets that is not told of the comment as well.
        inquiry.find_out(Question::Issue { issue_id: issue_id.to_owned() }, &mut facts).await?;
        directive::ask(&mut inquiry, issue_id, &mut facts, &mut asked).await?;
        asked.count_on(shared, site, mappings).await?;
    }
    facts.had = asked.goes_to();
    let (about, rules) = (events.clone(), mappings.clone());
    let mut facts = inquiry.find_out_all(facts, ROUNDS_MAX, move |facts| notify::ask(&about, &rules, facts)).await?;
    inquiry.look_again(issue_id, &mut facts).await?;
    inquiry.look_whether_sealed(&mut facts).await?;
    let (about, rules) = (events.clone(), mappings.clone());
    let (notified, facts) = beside_the_workers(move || (notify::notify(&about, &rules, &facts), facts)).await?;
    let issue = facts.issues.into_iter().find(|(id, _)| id == issue_id).and_then(|(_, told)| match told {
        Told::Known(issue) => Some(issue),
        Told::Untold(_) => None,
    });
    let project = issue.as_ref().map(|issue| issue.project.as_str()).unwrap_or_default();
    let mut contents = inquiry.contents;
    if mappings.written_by_comments(project).is_some() {
        contents.leave_out_directives(&site.browse_base);
    }
    Ok(Decided { notified, issue, contents, asked })
}

/// The decision as it is kept for the story: what a letter would tell is read in the events themselves.
#[derive(Serialize)]
struct Written<'n> {
    outcome: &'static str,
    reason: String,
    /// Of the stored mappings by which it was decided; 0 where there are none.
    mappings_version: u32,
    notifications: Vec<WrittenNotification<'n>>,
    left_out: &'n [LeftOut],
    /// How many more were left out.
    left_out_further: usize,
    trace: &'n [String],
    /// So that it is known when one of them is deleted.
    entries: &'n [EntryKnown],
}

#[derive(Serialize)]
struct WrittenNotification<'n> {
    key: &'n StepKey,
    mapping: &'n str,
    recipient: &'n Recipient,
    event_keys: &'n [StepKey],
    reason: &'n str,
    untold: &'n [String],
}

impl<'n> Written<'n> {
    fn of(notified: &'n Notified, outcome: &'static str, mappings: Option<&Mappings>) -> Written<'n> {
        let shown = notified.left_out.len().min(LEFT_OUT_MAX);
        let (left_out, further) = notified.left_out.split_at(shown);
        Written {
            outcome,
            reason: match mappings {
                Some(_) => reason(notified),
                None => "the site has no mappings: nobody is told of anything".to_owned(),
            },
            mappings_version: mappings.map_or(0, |mappings| mappings.version),
            notifications: notified.notifications.iter().map(WrittenNotification::of).collect(),
            left_out,
            left_out_further: further.len(),
            trace: &notified.trace,
            entries: &[],
        }
    }
}

impl<'n> WrittenNotification<'n> {
    fn of(one: &'n Notification) -> WrittenNotification<'n> {
        let Notification { key, mapping, recipient, event_keys, reason, untold, .. } = one;
        WrittenNotification { key, mapping, recipient, event_keys, reason, untold }
    }
}

/// The decision in one sentence, with each mapping that could not be judged: wholly or, where nobody is told, in part.
fn reason(notified: &Notified) -> String {
    let (told, considered) = (notified.notifications.len(), notified.left_out.len());
    let is_said = |one: &&Unjudged| one.wholly || told == 0;
    let unjudged: Vec<&Unjudged> = notified.unjudged.iter().filter(is_said).collect();
    let decided = match (told, considered) {
        (0, 0) if unjudged.is_empty() => {
            "nobody is meant: no mapping tells of these events, or none has anybody to tell".to_owned()
        }
        (0, 0) => "nobody is told".to_owned(),
        (0, considered) => format!("nobody is told: each of {considered} who were considered is left out"),
        (told, considered) => format!("{told} to be told, {considered} left out"),
    };
    let mut said = vec![decided];
    said.extend(unjudged.iter().take(UNJUDGED_SAID_MAX).map(|one| {
        let Unjudged { mapping, question, why, .. } = one;
        format!("the mapping {mapping:?} could not be judged: {question} {why}")
    }));
    if unjudged.len() > UNJUDGED_SAID_MAX {
        said.push(format!("and so on, {} more", unjudged.len() - UNJUDGED_SAID_MAX));
    }
    said.join("; ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_crowd_that_is_left_out_is_counted() {
        let one = LeftOut { mapping: "m".into(), issue_id: "1".into(), whom: "x".into(), why: "y".into() };
        let notified = Notified { left_out: vec![one; LEFT_OUT_MAX + 7], ..Notified::default() };
        let mappings = Mappings::from_toml("", "m.toml").unwrap();
        let written = Written::of(&notified, IGNORED, Some(&mappings));
        assert_eq!((written.left_out.len(), written.left_out_further), (LEFT_OUT_MAX, 7));
        assert_eq!(written.reason, "nobody is told: each of 1007 who were considered is left out");
        assert!(reason(&Notified::default()).starts_with("nobody is meant"));
        assert!(Written::of(&notified, IGNORED, None).reason.starts_with("the site has no mappings"));
    }

    #[test]
    fn a_mapping_that_could_not_be_judged_is_named_and_not_said_to_be_silent() {
        let unjudged = |mapping: &str, wholly: bool| Unjudged {
            mapping: mapping.into(),
            issue_id: "1".into(),
            question: "Does it?".into(),
            why: "it was not told (400)".into(),
            wholly,
        };
        let mut notified = Notified { unjudged: vec![unjudged("vip", true)], ..Notified::default() };
        let said = "the mapping \"vip\" could not be judged: Does it? it was not told (400)";
        assert_eq!(reason(&notified), format!("nobody is told; {said}"));
        let one = LeftOut { mapping: "m".into(), issue_id: "1".into(), whom: "x".into(), why: "y".into() };
        notified.left_out.push(one);
        assert!(reason(&notified).ends_with(&format!("is left out; {said}")), "{}", reason(&notified));
        notified.unjudged.extend((0..UNJUDGED_SAID_MAX).map(|_| unjudged("group", false)));
        assert!(reason(&notified).ends_with("; and so on, 1 more"), "{}", reason(&notified));
    }
}
