//! A round through a POP3 mailbox, whose names a server may give to other mails later (RFC 1939, section 7): whose they are is seen
//! by the bytes, before a mail is deleted and where the server says that it is longer or shorter than before.

use super::Start;
use super::notes::Outcome;
use super::round::Round;
use super::taking::{Done, Ended, ROUND_MAILS_MAX, Unknown};
use courier::fetch::{Offer, Pop3, Settling};
use policy::Fault;
use std::collections::HashSet;
use store::{Micros, Resized};

/// Lists everything, takes in what is new, and deletes what may go.
pub(super) async fn round(round: &Round<'_>) -> Result<Ended, Fault> {
    let taking = &round.taking;
    let (store, of) = (&taking.shared.store, taking.of);
    let mut source = Pop3::open(&taking.fetching.account).await?;
    let offers = first_of_each_name(source.offers().await?, &of.mailbox);
    let handles = round.handles(&offers);
    let opened_at = open(round, &handles).await?;
    let sizes: Vec<(String, u64)> = handles.iter().cloned().zip(offers.iter().map(|offer| offer.size_bytes)).collect();
    let Resized { unseen, other } = store.resized(of, &sizes).await?;
    let to_delete = round.may_go(&offers, &handles).await?;
    let suspected: HashSet<&str> =
        to_delete.iter().chain(other.iter().map(|at| &offers[*at])).map(|offer| offer.handle.as_str()).collect();
    let unknown: HashSet<usize> = store.unknown(of, &handles).await?.into_iter().collect();
    let mut settled = HashSet::new();
    let (mut asked, mut suspects) = (Vec::new(), Vec::new());
    for (at, (offer, handle)) in offers.iter().zip(&handles).enumerate() {
        let is_new = unknown.contains(&at);
        if !is_new {
            taking.notes.note(handle, Outcome::Known, offer, None);
        }
        if is_new || suspected.contains(offer.handle.as_str()) {
            let named_since = (!is_new).then_some(opened_at);
            let list = if is_new { &mut asked } else { &mut suspects };
            list.push(Unknown { offer: offer.clone(), handle: handle.clone(), doubt: None, named_since });
        } else {
            settled.insert(offer.handle.as_str());
        }
    }
    // What is read once more keeps no new mail waiting, however much it is.
    asked.extend(suspects.into_iter().take(ROUND_MAILS_MAX));
    let (ended, done) = taking.take_in_all(&mut source, asked).await?;
    let Some(Done { durable, left_behind, .. }) = done else { return Ok(ended) };
    settled.extend(durable.iter().chain(&left_behind).map(|offer| offer.handle.as_str()));
    let told_anew = unseen.into_iter().chain(other).filter(|at| settled.contains(offers[*at].handle.as_str()));
    let told_anew: Vec<(String, u64)> = told_anew.map(|at| sizes[at].clone()).collect();
    store.remember_sizes(of, &told_anew).await?;
    // Only what was read in this very session, and found to be what was taken in.
    let delete = round.may_go(&durable, &round.handles(&durable)).await?;
    round.settle(source, Settling { delete: &delete, ..Settling::default() }).await?;
    Ok(ended)
}

/// Opens the mailbox unless it is open; since when it is.
async fn open(round: &Round<'_>, handles: &[String]) -> Result<Micros, Fault> {
    let (of, store) = (round.taking.of, &round.taking.shared.store);
    if let Some(at) = store.opened_at(of).await? {
        return Ok(at);
    }
    let left_behind = if round.taking.fetching.start == Start::Now { handles } else { &[] };
    if store.open_mailbox(of, left_behind).await? {
        let mailbox = &of.mailbox;
        tracing::info!(mailbox, left_behind = left_behind.len(), "a mailbox is opened for the first time");
    }
    Ok(store.opened_at(of).await?.unwrap_or_else(|| round.held.now()))
}

/// Servers that make names of the bytes give one name to equal mails (RFC 1939, section 7). Of those one is looked at; when it is
/// gone, the next.
fn first_of_each_name(offers: Vec<Offer>, mailbox: &str) -> Vec<Offer> {
    let mut names = HashSet::new();
    let mails = offers.len();
    let firsts: Vec<Offer> = offers.into_iter().filter(|offer| names.insert(offer.handle.clone())).collect();
    if firsts.len() < mails {
        tracing::warn!(
            mailbox,
            mails = mails - firsts.len(),
            "mails with a name that another one has wait until that is gone"
        );
    }
    firsts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_13_of_mails_with_one_name_one_is_looked_at() {
        let offer = |number, name: &str| Offer { number, handle: name.into(), size_bytes: 1, arrived_at: None };
        let firsts = first_of_each_name(vec![offer(1, "a"), offer(2, "b"), offer(3, "a")], "desk");
        assert_eq!(firsts, [offer(1, "a"), offer(2, "b")]);
    }
}
