//! What is left to tell of the events of a merge window, once it is known what became of their issue and its comments.

use super::facts::{Entry, IssueNow, SeenBy};
use super::inquiry::{Inquiry, few};
use crate::decide::Trace;
use crate::event::{Event, EventKind, Last};
use std::cell::OnceCell;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

/// An event that is to be told, and who may see what it is about.
pub(super) struct Settled<'e, 'f> {
    pub(super) event: &'e Arc<Event>,
    /// Of an event about a comment or an entry of work: which, and who may see it.
    pub(super) about: Option<(Entry, &'e str, &'f SeenBy)>,
    /// As all outsiders see it, once one of them is looked at; an error when nothing is left for them.
    pub(super) for_outsiders: OnceCell<Result<Arc<Event>, String>>,
}

impl Settled<'_, '_> {
    /// Whether it is about something that not everybody sees who sees the issue.
    pub(super) fn is_for_few(&self) -> bool {
        matches!(self.about, Some((_, _, SeenBy::Few(_))))
    }
}

/// The events of one issue as they happened, each deed once; shared from here on by all who are told of them.
pub(super) fn in_order(events: &[Event], issue_id: &str) -> Vec<Arc<Event>> {
    let mut deeds = HashSet::new();
    let mut ordered: Vec<&Event> = events.iter().filter(|event| event.issue_id == issue_id).collect();
    // At one instant an issue is there before anything happens to it, and everything happens before it is gone.
    let rank = |event: &Event| match event.kind {
        EventKind::Created => 0,
        EventKind::Deleted => 2,
        _ => 1,
    };
    // Of one deed that was told of twice the fuller account stands.
    ordered.sort_by_cached_key(|event| (event.at_ms, rank(event), event.deed(), Reverse(event.changes.len())));
    ordered.retain(|event| deeds.insert(event.deed()));
    ordered.into_iter().cloned().map(Arc::new).collect()
}

/// Of the events that a mapping wants, those of what still is as they say; the trace names the others.
pub(super) fn standing<'e, 'f>(
    wanted: &[&'e Arc<Event>],
    issue: &IssueNow,
    inquiry: &mut Inquiry<'f>,
    trace: &mut Trace,
) -> Vec<Settled<'e, 'f>> {
    let mut settled = Vec::new();
    for &event in wanted {
        let judged = match (issue.gone, event.kind) {
            (true, EventKind::Deleted) => Ok(None),
            (true, _) => Err("the issue is gone".to_owned()),
            (false, EventKind::Deleted) => Err("the issue is still there".to_owned()),
            (false, _) => about(event, inquiry),
        };
        match judged {
            Ok(about) => {
                if let Some((entry, id, SeenBy::Few(visibility))) = about {
                    let question = format!("Who may see {} {id}?", entry.words());
                    trace.note(&question, few(visibility), "the tracker is asked for each account");
                }
                settled.push(Settled { event, about, for_outsiders: OnceCell::new() });
            }
            Err(why) => untold(event, &why, trace),
        }
    }
    settled
}

/// The same without those that another event tells already; `all` are those of the whole window.
pub(super) fn without_superseded<'e, 'f>(
    settled: Vec<Settled<'e, 'f>>,
    all: &[Arc<Event>],
    trace: &mut Trace,
) -> Vec<Settled<'e, 'f>> {
    let events: Vec<&Arc<Event>> = settled.iter().map(|settled| settled.event).collect();
    let mut left = Vec::new();
    for (at, settled) in settled.into_iter().enumerate() {
        let earlier = events.get(..at).unwrap_or_default();
        let later = events.get(at + 1..).unwrap_or_default();
        match superseded(settled.event, earlier, later, all) {
            Some(why) => untold(settled.event, why, trace),
            None => left.push(settled),
        }
    }
    left
}

pub(super) fn untold(event: &Event, why: &str, trace: &mut Trace) {
    trace.note(&format!("Is {} still to be told?", named(event)), format!("no, {why}"), "nobody is told");
}

/// The event, as a trace names it.
pub(super) fn named(event: &Event) -> String {
    event.part.as_ref().map_or_else(|| event.kind.word().to_owned(), |part| format!("{} {part}", event.kind.word()))
}

/// Why another event of the window tells it already. What one person wrote and another changed is told twice, because the first is told
/// of the second alone.
fn superseded(
    event: &Event,
    earlier: &[&Arc<Event>],
    later: &[&Arc<Event>],
    all: &[Arc<Event>],
) -> Option<&'static str> {
    let same = |other: &Event| other.part == event.part && entry_of(other.kind) == entry_of(event.kind);
    let his_own = |events: &[&Arc<Event>], kind: EventKind| {
        events.iter().any(|other| same(other) && other.kind == kind && actor_of(other) == actor_of(event))
    };
    let anybodys = |kind: EventKind| all.iter().any(|other| same(other) && other.kind == kind);
    match event.kind {
        EventKind::CommentEdited if his_own(earlier, EventKind::Commented) => {
            Some("the comment itself is told as it is now")
        }
        EventKind::WorkEdited if his_own(earlier, EventKind::Worked) => Some("the work itself is told as it is now"),
        EventKind::CommentEdited | EventKind::WorkEdited if his_own(later, event.kind) => Some("it was changed again"),
        EventKind::CommentDeleted if anybodys(EventKind::Commented) => Some("it came and went within the window"),
        EventKind::WorkDeleted if anybodys(EventKind::Worked) => Some("it came and went within the window"),
        _ => None,
    }
}

fn actor_of(event: &Event) -> Option<&str> {
    event.actor.as_ref().map(|actor| actor.id.as_str())
}

/// What the event is about, if it is a comment or an entry of work; an error when that is gone, still there, or unknown.
fn about<'e, 'f>(event: &'e Event, inquiry: &mut Inquiry<'f>) -> Result<Option<(Entry, &'e str, &'f SeenBy)>, String> {
    let Some(entry) = entry_of(event.kind) else { return Ok(None) };
    let id = event.part.as_deref().ok_or("nothing says which one it was")?;
    let now = inquiry.entry(&event.issue_id, entry, id)?;
    let tells_of_its_end = matches!(event.kind, EventKind::CommentDeleted | EventKind::WorkDeleted);
    match (now.gone, tells_of_its_end) {
        (true, false) => Err("it is deleted by now".to_owned()),
        (false, true) => Err("it is still there".to_owned()),
        // Whatever was known of it before.
        (true, true) if event.last == Some(Last::ForFew) => {
            Err("it was for few when it was deleted, and nobody can be asked who they are".to_owned())
        }
        _ => Ok(Some((entry, id, &now.seen_by))),
    }
}

/// What events of this kind are about, beside their issue.
pub(super) fn entry_of(kind: EventKind) -> Option<Entry> {
    match kind {
        EventKind::Commented
        | EventKind::CommentEdited
        | EventKind::CommentDeleted
        | EventKind::Written
        | EventKind::Returned => Some(Entry::Comment),
        EventKind::Worked | EventKind::WorkEdited | EventKind::WorkDeleted => Some(Entry::Work),
        EventKind::Created | EventKind::Updated | EventKind::Deleted => None,
    }
}
