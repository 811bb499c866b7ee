//! A round through a folder of an IMAP account: only what came since the last one is listed.

use super::notes::Outcome;
use super::round::Round;
use super::taking::{Done, Doubt, Ended, Unknown, is_before};
use super::{Folder, Start};
use crate::crash_point::crash_point;
use courier::fetch::{Imap, Offer, Place, Settling};
use policy::Fault;
use std::collections::HashSet;
use std::time::Duration;
use store::{Cursor, Renamed};

/// Looks into the folder, and has it watched afterwards where that is wanted.
pub(super) async fn round(round: &Round<'_>, folder: &Folder) -> Result<Ended, Fault> {
    let taking = &round.taking;
    let mut source = Imap::open(&taking.fetching.account, &folder.name).await?;
    let place = source.place();
    let cursor = match taking.shared.store.cursor(taking.of).await? {
        Some(cursor) if fits(&cursor, place) => cursor,
        Some(cursor) => renamed(round, &mut source, cursor).await?,
        None => opened(round, &mut source).await?,
    };
    let has_nothing_new = place.uid_next == Some(cursor.uid_next) && taking.fetching.keep.is_none();
    let (ended, next) = match has_nothing_new {
        true => {
            round.settle(source, Settling::default()).await?;
            (Ended { came: 0, all_seen: true }, cursor)
        }
        false => look(round, folder, source, cursor).await?,
    };
    if next != cursor {
        taking.shared.store.move_cursor(&round.held.lease, taking.of, &next).await?;
        crash_point("fetch_cursor_moved");
    }
    if folder.watched {
        taking.shared.watches.watch(taking.shared, taking.of, taking.fetching, folder, next.uid_next);
    }
    Ok(ended)
}

/// Whether the cursor's numbers are those of the server. One that counts backwards names its mails anew, whatever it says
/// of its numbers.
fn fits(cursor: &Cursor, place: Place) -> bool {
    cursor.uid_validity == place.uid_validity && place.uid_next.is_none_or(|next| next >= cursor.uid_next)
}

/// The UID that no mail in the folder has, nor a higher one.
async fn end(source: &mut Imap) -> Result<u32, Fault> {
    match source.place().uid_next {
        Some(next) => Ok(next),
        None => Ok(source.list(1).await?.last().map_or(1, |last| last.number.saturating_add(1))),
    }
}

/// The mailbox is opened for the first time. How many mails lie there costs nothing: they are left behind by one number.
async fn opened(round: &Round<'_>, source: &mut Imap) -> Result<Cursor, Fault> {
    let taking = &round.taking;
    let (uid_floor, left_before) = match taking.fetching.start {
        Start::Now => (end(source).await?, Some(round.held.now())),
        Start::Everything => (1, None),
    };
    let uid_validity = source.place().uid_validity;
    let cursor = Cursor { uid_validity, uid_floor, uid_next: uid_floor, left_before, renamed: None };
    taking.shared.store.move_cursor(&round.held.lease, taking.of, &cursor).await?;
    let left_behind = if left_before.is_some() { source.place().mails } else { 0 };
    tracing::info!(mailbox = taking.of.mailbox, left_behind, "a mailbox is opened for the first time");
    Ok(cursor)
}

/// The server gave all mails new numbers (UIDVALIDITY), so all are looked at again and known by what they are.
async fn renamed(round: &Round<'_>, source: &mut Imap, before: Cursor) -> Result<Cursor, Fault> {
    let taking = &round.taking;
    let renamed = Some(Renamed { uid_below: end(source).await?, at: round.held.now() });
    let uid_validity = source.place().uid_validity;
    let cursor = Cursor { uid_validity, uid_floor: 1, uid_next: 1, left_before: before.left_before, renamed };
    taking.shared.store.move_cursor(&round.held.lease, taking.of, &cursor).await?;
    tracing::warn!(
        mailbox = taking.of.mailbox,
        "the server names all mails of a mailbox anew; those that were taken in before are known by their bytes"
    );
    crash_point("fetch_renamed");
    Ok(cursor)
}

/// Lists, takes in and settles; how far the folder is read then.
async fn look(round: &Round<'_>, folder: &Folder, mut source: Imap, cursor: Cursor) -> Result<(Ended, Cursor), Fault> {
    let taking = &round.taking;
    let offers = match cursor.renamed {
        Some(_) => source.list_with_times(1).await?,
        // What is kept for some days lies before what is new.
        None if taking.fetching.keep.is_some() => source.list(cursor.uid_floor).await?,
        None => source.list(cursor.uid_next).await?,
    };
    let times_are_lost = times_are_lost(&cursor, &offers);
    let handles = round.handles(&offers);
    let old = round.kept_for_long_enough(&offers, &handles).await?;
    let first_new = offers.partition_point(|offer| offer.number < cursor.uid_next);
    let (offers, handles) = (&offers[first_new..], &handles[first_new..]);
    let unknown: HashSet<usize> = taking.shared.store.unknown(taking.of, handles).await?.into_iter().collect();
    let mut new = Vec::new();
    let mut known = Vec::new();
    for (at, (offer, handle)) in offers.iter().zip(handles).enumerate() {
        let doubt = doubt(&cursor, offer, times_are_lost);
        if !unknown.contains(&at) {
            taking.notes.note(handle, Outcome::Known, offer, None);
            known.push(offer.clone());
        } else if !doubt.is_some_and(|doubt| doubt.was_left_behind(offer.arrived_at)) {
            new.push(Unknown { offer: offer.clone(), handle: handle.clone(), doubt, named_since: None });
        }
    }
    let all: Vec<u32> = new.iter().map(|mail| mail.offer.number).collect();
    let place = source.place();
    let (ended, done) = taking.take_in_all(&mut source, new).await?;
    let Some(done) = done else { return Ok((ended, cursor)) };
    let next = next_cursor(cursor, place, offers, &all, &done);
    // What is known already may not have been settled, because the process ended before it could be.
    known.extend(done.durable);
    settle(round, folder, source, &known, old).await?;
    Ok((ended, next))
}

/// Mails were left behind, and the server says of none that it came before: it was moved without the times.
fn times_are_lost(cursor: &Cursor, offers: &[Offer]) -> bool {
    let is_old =
        |offer: &Offer| offer.arrived_at.zip(cursor.left_before).is_some_and(|(time, opened)| is_before(time, opened));
    cursor.renamed.is_some() && cursor.left_before.is_some() && !offers.iter().any(is_old)
}

fn doubt(cursor: &Cursor, offer: &Offer, times_are_lost: bool) -> Option<Doubt> {
    let renamed = cursor.renamed.filter(|renamed| offer.number < renamed.uid_below)?;
    let Cursor { uid_validity, left_before, .. } = *cursor;
    Some(Doubt { uid_validity, renamed_at: renamed.at, left_before, times_are_lost })
}

/// Up to the first mail that is still to be had; past the last one when there is none.
fn next_cursor(cursor: Cursor, place: Place, offers: &[Offer], new: &[u32], done: &Done) -> Cursor {
    let done: HashSet<u32> = done.durable.iter().chain(&done.left_behind).map(|offer| offer.number).collect();
    let past_all = offers.last().map_or(1, |last| last.number.saturating_add(1)).max(place.uid_next.unwrap_or(1));
    let missing = new.iter().find(|uid| !done.contains(uid)).copied();
    let uid_next = missing.unwrap_or(past_all).max(cursor.uid_next);
    let renamed = cursor.renamed.filter(|renamed| uid_next < renamed.uid_below);
    Cursor { uid_next, renamed, ..cursor }
}

/// `taken` was taken in since the cursor moved last, `old` has been kept on the server for long enough.
async fn settle(
    round: &Round<'_>,
    folder: &Folder,
    source: Imap,
    taken: &[Offer],
    mut old: Vec<Offer>,
) -> Result<(), Fault> {
    let deletes_at_once = round.taking.fetching.keep == Some(Duration::ZERO);
    let mut settling = Settling::default();
    if let Some(name) = &folder.move_to {
        settling = Settling { move_to: Some(name), moved: taken, ..settling };
    } else if deletes_at_once {
        old.extend_from_slice(taken);
        old.sort_by_key(|offer| offer.number);
        old.dedup_by_key(|offer| offer.number);
    }
    if folder.mark_seen && !deletes_at_once {
        settling.mark_seen = taken;
    }
    settling.delete = &old;
    round.settle(source, settling).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(uids: &[u32]) -> Vec<Offer> {
        let offer = |uid: &u32| Offer { number: *uid, handle: String::new(), size_bytes: 1, arrived_at: None };
        uids.iter().map(offer).collect()
    }

    fn next(cursor: Cursor, uid_next: Option<u32>, listed: &[u32], new: &[u32], durable: &[u32]) -> Cursor {
        let place = Place { uid_validity: 1, uid_next, mails: 9 };
        let done = Done { durable: offers(durable), ..Done::default() };
        next_cursor(cursor, place, &offers(listed), new, &done)
    }

    const CURSOR: Cursor = Cursor { uid_validity: 1, uid_floor: 3, uid_next: 5, left_before: None, renamed: None };

    #[test]
    fn the_cursor_stays_before_the_first_mail_that_is_still_to_be_had() {
        assert_eq!(next(CURSOR, Some(9), &[5, 6, 7], &[5, 6, 7], &[5, 7]).uid_next, 6);
        assert_eq!(next(CURSOR, Some(9), &[5, 6, 7], &[6], &[6]).uid_next, 9);
        assert_eq!(next(CURSOR, None, &[5, 6, 7], &[6], &[6]).uid_next, 8);
        assert_eq!(next(CURSOR, Some(7), &[], &[], &[]).uid_next, 7);
        assert_eq!(next(CURSOR, None, &[], &[], &[]).uid_next, 5);
        assert_eq!(next(CURSOR, Some(6), &[5, u32::MAX], &[5], &[5]).uid_next, u32::MAX);
    }

    #[test]
    fn fault_24_dates_count_only_where_the_server_lost_its_times() {
        let old = jiff::Timestamp::from_second(4).ok();
        let with_a_time = vec![Offer { arrived_at: old, ..offers(&[1]).remove(0) }];
        let renamed = Cursor { left_before: Some(5_000_000), renamed: Some(Renamed { uid_below: 7, at: 9 }), ..CURSOR };
        assert!(times_are_lost(&renamed, &offers(&[1, 2])) && !times_are_lost(&renamed, &with_a_time));
        assert!(!times_are_lost(&Cursor { left_before: None, ..renamed }, &offers(&[1])), "nothing was left behind");
        assert!(!times_are_lost(&CURSOR, &offers(&[1])));
    }

    #[test]
    fn fault_24_new_names_are_in_doubt_until_all_are_known() {
        let renamed = Cursor { uid_next: 1, renamed: Some(Renamed { uid_below: 7, at: 0 }), ..CURSOR };
        let in_doubt = |uid: u32| doubt(&renamed, &offers(&[uid])[0], false).is_some();
        assert!(in_doubt(6) && !in_doubt(7));
        assert_eq!(next(renamed, Some(9), &[1, 6], &[1, 6], &[1]).renamed, renamed.renamed);
        assert_eq!(next(renamed, Some(9), &[1, 6], &[1, 6], &[1, 6]).renamed, None);
        assert!(!fits(&CURSOR, Place { uid_validity: 2, uid_next: None, mails: 0 }));
        assert!(!fits(&CURSOR, Place { uid_validity: 1, uid_next: Some(4), mails: 0 }));
        assert!(fits(&CURSOR, Place { uid_validity: 1, uid_next: Some(5), mails: 0 }));
    }
}
