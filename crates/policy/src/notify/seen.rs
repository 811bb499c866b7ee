//! Which events somebody may be told of, and what of each.

use super::facts::{Entry, SeenBy};
use super::inquiry::Inquiry;
use super::recipient::Reachable;
use super::settle::{Settled, named};
use crate::event::{Event, EventKind};
use crate::outbound::{Held, Mapping};
use std::sync::Arc;

/// What he may be told, in order; and why not of the rest, each reason once.
pub(super) fn for_recipient(
    one: &Reachable,
    settled: &[Settled],
    mapping: &Mapping,
    held: &Held,
    inquiry: &mut Inquiry,
) -> (Vec<Arc<Event>>, Vec<String>) {
    let mut events = Vec::new();
    let mut reasons: Vec<String> = Vec::new();
    for settled in settled {
        let told = not_had(one, settled.event, held, inquiry)
            .and_then(|()| may_see(one, settled, inquiry))
            .and_then(|()| as_he_sees_it(one, settled, mapping, held));
        match told {
            Ok(event) => events.push(event),
            Err(why) => {
                let why = format!("{}: {why}", named(settled.event));
                if !reasons.contains(&why) {
                    reasons.push(why);
                }
            }
        }
    }
    (events, reasons)
}

/// Why nothing is left for him when what he did himself and what he was told of is left out; `None` when something is. It is looked at before
/// the tracker is asked about him, since most of what happens is done by those who would be told of it.
pub(super) fn nothing_new(one: &Reachable, settled: &[Settled], held: &Held, inquiry: &mut Inquiry) -> Option<String> {
    let mut reasons: Vec<String> = Vec::new();
    for settled in settled {
        let why = not_had(one, settled.event, held, inquiry).err()?;
        reasons.push(format!("{}: {why}", named(settled.event)));
    }
    Some(reasons.join("; "))
}

/// An error when an earlier decision had him told of it, by whichever mapping, when it is his own doing, and when a letter that somebody wrote
/// on purpose goes to him of which this comment is the note, or the source.
fn not_had(one: &Reachable, event: &Event, held: &Held, inquiry: &mut Inquiry) -> Result<(), String> {
    if inquiry.was_told(&event.deed(), &one.number(), &one.normalised) {
        return Err("a letter about it was made for him before".to_owned());
    }
    not_his_own(one, event, held, inquiry)?;
    match !one.is_channel && inquiry.had(&event.deed(), &one.normalised) {
        true => Err("he gets the letter itself that was written on purpose".to_owned()),
        false => Ok(()),
    }
}

/// An error when he did it himself, in the tracker or by a mail that the gateway's account brought in; and when nobody knows whose mail
/// that was, because it may have been his.
fn not_his_own(one: &Reachable, event: &Event, held: &Held, inquiry: &mut Inquiry) -> Result<(), String> {
    // A channel does nothing itself.
    let Some(actor) = event.actor.as_ref().filter(|_| !one.is_channel) else { return Ok(()) };
    const OWN: &str = "it is his own doing";
    if one.account_id() == Some(&actor.id) && !held.own_actions {
        return Err(OWN.to_owned());
    }
    if inquiry.gateway().is_empty() || actor.id != inquiry.gateway() {
        return Ok(());
    }
    match inquiry.writer(&event.deed()) {
        // It was asked for all the same: by it is known, too, whose letter a comment notes.
        _ if held.own_actions => Ok(()),
        Ok(Some(writer)) if one.is(writer) => Err(format!("{OWN}, by mail")),
        Ok(_) => Ok(()),
        Err(why) => Err(format!("whether it is his own doing, by mail: {why}")),
    }
}

/// An error when it is about something that he may not see, or of which nobody says that he may.
fn may_see(one: &Reachable, settled: &Settled, inquiry: &mut Inquiry) -> Result<(), String> {
    let Some((entry, id, seen_by)) = settled.about else { return Ok(()) };
    if entry == Entry::Work && one.is_outsider() {
        return Err("work is not shown to customers and people without an account".to_owned());
    }
    let words = entry.words();
    match (seen_by, one.insider()) {
        (SeenBy::Everybody, _) => Ok(()),
        (SeenBy::Few(_), None) if one.is_channel => {
            Err(format!("the {words} is not for everybody, and nobody knows who reads a channel"))
        }
        (SeenBy::Few(_), None) => Err(format!("the {words} is not for everybody, and the address is no account's own")),
        (SeenBy::Few(_), Some(account)) => match inquiry.sees_entry(&settled.event.issue_id, entry, id, account) {
            Ok(true) => Ok(()),
            Ok(false) => Err(format!("the account may not see the {words}")),
            Err(why) => Err(format!("whether the account may see the {words}: {why}")),
        },
    }
}

/// The event without the changes that are not for him; an error when nothing is left that the mapping tells of.
fn as_he_sees_it(one: &Reachable, settled: &Settled, mapping: &Mapping, held: &Held) -> Result<Arc<Event>, String> {
    match one.is_outsider() {
        true => settled.for_outsiders.get_or_init(|| for_outsiders(settled.event, mapping, held)).clone(),
        false => Ok(Arc::clone(settled.event)),
    }
}

fn for_outsiders(event: &Event, mapping: &Mapping, held: &Held) -> Result<Arc<Event>, String> {
    let mut event = event.clone();
    let is_shown = |name: &str| held.outsider_fields.iter().any(|field| field.eq_ignore_ascii_case(name));
    event.changes.retain(|change| is_shown(&change.field) || is_shown(&change.name));
    if event.kind == EventKind::Updated && (event.changes.is_empty() || !mapping.tells_of(&event)) {
        const WHY: &str = "its changes are not shown to customers and people without an account (outsider_fields)";
        return Err(WHY.to_owned());
    }
    Ok(Arc::new(event))
}
