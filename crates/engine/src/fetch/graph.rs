//! A round through a folder of Microsoft Graph: the server tells what changed, and names each mail for ever.

mod source;

pub(crate) use source::MailServices;
pub use source::look;

use super::notes::Outcome;
use super::round::Round;
use super::taking::{Done, Doubt, Ended, Unknown, is_before};
use super::{Folder, Start};
use crate::crash_point::crash_point;
use courier::fetch::graph::{Listed, Next, Page};
use courier::fetch::{Offer, Settling};
use jiff::Timestamp;
use policy::{Fault, FaultCode};
use source::{Opened, Place, Source};
use std::collections::HashSet;
use std::time::{Duration, Instant};
use store::{Bookmark, Micros, Stage};

/// Mails that could not be had and are remembered; with more of them the place in the list is not moved on.
const OWED_MAX: usize = 1_000;
/// Mails of one folder that are looked at for those whose days are over.
const OLD_MAILS_MAX: usize = 1_000_000;
/// Pause between two looks for mails whose days on the server are over.
const CLEAN_EVERY: Duration = Duration::from_secs(3600);
/// Clocks of several processes differ: what was taken in so shortly before the place was moved counts as not settled.
const CLOCKS_DIFFER: Micros = 60 * 1_000_000;

/// A folder of a mailbox, and how its server behaves.
#[derive(Debug, Clone)]
pub struct Graph {
    pub folder: Folder,
    /// The server tells what changed (delta queries). Elsewhere all of the folder is listed in each round.
    pub tells_changes: bool,
    /// The server may be at a private address.
    pub allow_private: bool,
}

/// Looks into the folder.
pub(super) async fn round(round: &Round<'_>, settings: &Graph) -> Result<Ended, Fault> {
    let taking = &round.taking;
    let opened = Opened::by(taking.shared, taking.fetching, settings)?;
    let found = taking.shared.store.bookmark(taking.of).await?;
    let is_new = found.is_none();
    let bookmark = found.unwrap_or_else(|| opening(round));
    let mut walk = Walk { round, settings, opened, bookmark, is_new, came: 0 };
    let all_seen = walk.through().await?;
    let owed_seen = all_seen && walk.ask_for_owed().await?;
    walk.clean().await?;
    Ok(Ended { came: walk.came, all_seen: owed_seen })
}

/// The bookmark of a mailbox that is opened for the first time. It is not durable before the first answer has come, because
/// the server's clock says which mails came before.
fn opening(round: &Round<'_>) -> Bookmark {
    let left_before = match round.taking.fetching.start {
        Start::Now => Some(round.held.now()),
        Start::Everything => None,
    };
    Bookmark { place: None, stage: Stage::Opening, left_before, owed: Vec::new(), forgotten: 0, moved_at: now() }
}

fn now() -> Micros {
    Timestamp::now().as_microsecond()
}

/// A round on its way through a list.
struct Walk<'r> {
    round: &'r Round<'r>,
    settings: &'r Graph,
    opened: Opened,
    bookmark: Bookmark,
    /// Nothing of it is durable yet.
    is_new: bool,
    came: usize,
}

/// What came of a page past which the place may be moved.
struct Taken {
    owed: Vec<String>,
    /// Something was done with its mails.
    anything: bool,
}

/// The mails of a page, by what is to be done with them.
#[derive(Default)]
struct Sorted {
    new: Vec<Unknown>,
    /// They are known and may not be settled yet.
    known: Vec<Offer>,
    left_behind: Vec<String>,
}

impl Walk<'_> {
    /// Through all pages from the bookmark on; whether the end was reached and everything there was looked at.
    async fn through(&mut self) -> Result<bool, Fault> {
        let mut was_lost = false;
        loop {
            let (path, is_beginning) = match &self.bookmark.place {
                Some(place) => (place.clone(), false),
                None => (self.opened.beginning(self.settings.tells_changes).await?, true),
            };
            let page = match self.opened.page(&path, !is_beginning).await? {
                Place::Page(page, at) => {
                    if is_beginning {
                        self.begins(at).await?;
                    }
                    page
                }
                Place::Lost if was_lost => {
                    let text = "the server forgets again and again how far a mailbox was read";
                    return Err(Fault::temporary(FaultCode::MailboxUnreachable, text));
                }
                Place::Lost => {
                    was_lost = true;
                    self.begin_again().await?;
                    continue;
                }
            };
            if page.nameless > 0 {
                let (mailbox, mails) = (&self.round.taking.of.mailbox, page.nameless);
                tracing::warn!(mailbox, mails, "mails whose names cannot be remembered are passed over");
            }
            let Some(taken) = self.take_in(&page).await? else { return Ok(false) };
            let was_all = !matches!(page.next, Next::Page(_));
            let leads_back = matches!(&page.next, Next::Page(next) if *next == path);
            if leads_back {
                return Err(Fault::temporary(FaultCode::MailboxUnreachable, "a list of mails leads back to itself"));
            }
            self.move_on(page.next, taken).await?;
            if was_all {
                return Ok(true);
            }
            if self.round.taking.is_over(self.came) {
                return Ok(false);
            }
        }
    }

    /// The first answer has come: the time on it decides what lay there before.
    async fn begins(&mut self, at: Option<Timestamp>) -> Result<(), Fault> {
        if !self.is_new {
            return Ok(());
        }
        self.is_new = false;
        let by_the_server = at.map(Timestamp::as_microsecond);
        self.bookmark.left_before = self.bookmark.left_before.map(|ours| by_the_server.unwrap_or(ours));
        self.save().await?;
        tracing::info!(mailbox = self.round.taking.of.mailbox, "a mailbox is opened for the first time");
        Ok(())
    }

    /// The server forgot the place, so all mails are looked at again; most are known by their names.
    async fn begin_again(&mut self) -> Result<(), Fault> {
        if self.bookmark.stage != Stage::Opening {
            self.bookmark.stage = Stage::Again(now());
        }
        self.bookmark.place = None;
        self.bookmark.forgotten = self.bookmark.forgotten.wrapping_add(1);
        self.save().await?;
        let mailbox = &self.round.taking.of.mailbox;
        tracing::warn!(mailbox, "the server forgot how far a mailbox was read; each of its mails is looked at again");
        crash_point("fetch_renamed");
        Ok(())
    }

    /// Takes in what is new of a page and settles; `None` when the place may not be moved past it.
    async fn take_in(&mut self, page: &Page) -> Result<Option<Taken>, Fault> {
        let taking = &self.round.taking;
        let Sorted { new, known, left_behind } = self.sorted(page).await?;
        if !left_behind.is_empty() {
            let lease = &self.round.held.lease;
            taking.shared.store.leave_behind(lease, taking.of, &left_behind).await?;
        }
        let all: Vec<String> = new.iter().map(|mail| mail.offer.handle.clone()).collect();
        let mut source = Source::of(self.opened.clone());
        let (ended, done) = taking.take_in_all(&mut source, new).await?;
        self.came += ended.came;
        let Some(done) = done else { return Ok(None) };
        let anything = !known.is_empty() || !done.durable.is_empty();
        let missing = missing(&all, &done);
        let read: HashSet<&str> = page.mails.iter().filter(|mail| mail.is_read).map(|mail| mail.id.as_str()).collect();
        self.settle(&done, known, &read).await?;
        if !ended.all_seen {
            return Ok(None);
        }
        let mut owed = self.bookmark.owed.clone();
        owed.extend(missing.into_iter().filter(|id| !self.bookmark.owed.contains(id)));
        if owed.len() > OWED_MAX {
            let mailbox = &taking.of.mailbox;
            tracing::warn!(mailbox, "too many mails cannot be had; the mailbox is read from here on again and again");
            return Ok(None);
        }
        Ok(Some(Taken { owed, anything }))
    }

    async fn sorted(&self, page: &Page) -> Result<Sorted, Fault> {
        let taking = &self.round.taking;
        let offers = offers(&page.mails);
        let handles = self.round.handles(&offers);
        let unknown: HashSet<usize> = taking.shared.store.unknown(taking.of, &handles).await?.into_iter().collect();
        let names_are_lost = unknown.len() == offers.len();
        let settled = self.settled(&offers, &handles, &unknown).await?;
        let mut sorted = Sorted::default();
        for (at, (offer, handle)) in offers.into_iter().zip(handles).enumerate() {
            if !unknown.contains(&at) {
                taking.notes.note(&handle, Outcome::Known, &offer, None);
                if !settled.contains(&at) {
                    sorted.known.push(offer);
                }
                continue;
            }
            let doubt = self.doubt(names_are_lost);
            if self.was_left_behind(&offer, doubt) {
                taking.notes.note(&handle, Outcome::LeftBehind, &offer, None);
                sorted.left_behind.push(handle);
            } else {
                sorted.new.push(Unknown { offer, handle, doubt, named_since: None });
            }
        }
        Ok(sorted)
    }

    /// The known ones among these that were settled with the page on which they stood first, or never are.
    async fn settled(
        &self,
        offers: &[Offer],
        handles: &[String],
        unknown: &HashSet<usize>,
    ) -> Result<HashSet<usize>, Fault> {
        if unknown.len() == offers.len() {
            return Ok(HashSet::new());
        }
        let taking = &self.round.taking;
        let before = self.bookmark.moved_at.saturating_sub(CLOCKS_DIFFER);
        let long_ago = taking.shared.store.taken_in_by(taking.of, handles, before).await?;
        let ever: HashSet<usize> =
            taking.shared.store.taken_in_by(taking.of, handles, Micros::MAX).await?.into_iter().collect();
        // What was left behind stays as it is.
        Ok(long_ago.into_iter().chain((0..offers.len()).filter(|at| !ever.contains(at))).collect())
    }

    /// After the server forgot the place, mails may be known under other names: where none of a page is known, because the
    /// mailbox was moved, mails from before the opening count as left behind. Where some are known, others may still be those that a
    /// process which died had not recognised yet.
    fn doubt(&self, names_are_lost: bool) -> Option<Doubt> {
        let Stage::Again(renamed_at) = self.bookmark.stage else { return None };
        let left_before = self.bookmark.left_before.filter(|_| names_are_lost);
        Some(Doubt { uid_validity: self.bookmark.forgotten, renamed_at, left_before, times_are_lost: false })
    }

    fn was_left_behind(&self, offer: &Offer, doubt: Option<Doubt>) -> bool {
        match (doubt, self.bookmark.stage) {
            (Some(doubt), _) => doubt.was_left_behind(offer.arrived_at),
            (None, Stage::Opening) => {
                offer.arrived_at.zip(self.bookmark.left_before).is_some_and(|(time, opened)| is_before(time, opened))
            }
            (None, _) => false,
        }
    }

    /// Mails that could not be had before; whether all that could be had now were.
    async fn ask_for_owed(&mut self) -> Result<bool, Fault> {
        let taking = &self.round.taking;
        if self.bookmark.owed.is_empty() {
            return Ok(true);
        }
        let listed = |id: &String| Listed { id: id.clone(), received_at: None, is_read: false };
        let offers = offers(&self.bookmark.owed.iter().map(listed).collect::<Vec<_>>());
        let handles = self.round.handles(&offers);
        let unknown = taking.shared.store.unknown(taking.of, &handles).await?;
        let known: Vec<Offer> =
            (0..offers.len()).filter(|at| unknown.binary_search(at).is_err()).map(|at| offers[at].clone()).collect();
        let owing = |at: usize| {
            let (offer, handle) = (offers[at].clone(), handles[at].clone());
            Unknown { offer, handle, doubt: None, named_since: None }
        };
        let new: Vec<Unknown> = unknown.into_iter().map(owing).collect();
        let all: Vec<String> = new.iter().map(|mail| mail.offer.handle.clone()).collect();
        let mut source = Source::of(self.opened.clone());
        let (ended, done) = taking.take_in_all(&mut source, new).await?;
        self.came += ended.came;
        let Some(done) = done else { return Ok(false) };
        let owed = missing(&all, &done);
        self.settle(&done, known, &HashSet::new()).await?;
        if owed.len() != self.bookmark.owed.len() {
            self.bookmark.owed = owed;
            self.save().await?;
        }
        Ok(ended.all_seen)
    }

    /// Does with what is durable here what the settings say. What is read there already needs no mark.
    async fn settle(&self, done: &Done, mut taken: Vec<Offer>, read: &HashSet<&str>) -> Result<(), Fault> {
        taken.extend(done.durable.iter().cloned());
        let folder = &self.settings.folder;
        let deletes = self.round.taking.fetching.keep == Some(Duration::ZERO) && folder.move_to.is_none();
        let unread = taken.iter().filter(|offer| folder.mark_seen && !deletes && !read.contains(offer.handle.as_str()));
        let unread: Vec<Offer> = unread.cloned().collect();
        let mut settling = Settling { mark_seen: &unread, ..Settling::default() };
        if let Some(name) = &folder.move_to {
            settling = Settling { move_to: Some(name), moved: &taken, ..settling };
        } else if deletes {
            settling.delete = &taken;
        }
        self.round.settle(Source::of(self.opened.clone()), settling).await
    }

    /// Deletes mails whose days on the server are over. The server is asked for them now and then only.
    async fn clean(&self) -> Result<(), Fault> {
        let taking = &self.round.taking;
        let Some(keep) = taking.fetching.keep.filter(|keep| !keep.is_zero()) else { return Ok(()) };
        if !taking.shared.moods.is_cleaning_due(&taking.of.mailbox, Instant::now(), CLEAN_EVERY) {
            return Ok(());
        }
        let micros = i64::try_from(keep.as_micros()).unwrap_or(Micros::MAX);
        let Ok(time) = Timestamp::from_microsecond(now().saturating_sub(micros)) else { return Ok(()) };
        // Nothing was taken in before it came.
        let mails = self.opened.mails_before(&time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), OLD_MAILS_MAX).await?;
        let offers = offers(&mails);
        let old = self.round.kept_for_long_enough(&offers, &self.round.handles(&offers)).await?;
        let settling = Settling { delete: &old, ..Settling::default() };
        self.round.settle(Source::of(self.opened.clone()), settling).await
    }

    async fn move_on(&mut self, next: Next, taken: Taken) -> Result<(), Fault> {
        let before = self.bookmark.clone();
        self.bookmark.owed = taken.owed;
        match next {
            Next::Page(path) => self.bookmark.place = Some(path),
            Next::Changes(path) => {
                self.bookmark.place = Some(path);
                self.bookmark.stage = Stage::Following;
            }
            Next::End => {
                self.bookmark.place = None;
                self.bookmark.stage = Stage::Following;
            }
        }
        if taken.anything || before != self.bookmark {
            self.save().await?;
        }
        Ok(())
    }

    async fn save(&mut self) -> Result<(), Fault> {
        self.bookmark.moved_at = now();
        let taking = &self.round.taking;
        taking.shared.store.move_bookmark(&self.round.held.lease, taking.of, &self.bookmark).await?;
        crash_point("fetch_cursor_moved");
        Ok(())
    }
}

fn offers(mails: &[Listed]) -> Vec<Offer> {
    let offer =
        |mail: &Listed| Offer { number: 0, handle: mail.id.clone(), size_bytes: 0, arrived_at: mail.received_at };
    mails.iter().map(offer).collect()
}

/// The names of those mails that are still to be had.
fn missing(all: &[String], done: &Done) -> Vec<String> {
    let done: HashSet<&str> =
        done.durable.iter().chain(&done.left_behind).chain(&done.gone).map(|offer| offer.handle.as_str()).collect();
    all.iter().filter(|id| !done.contains(id.as_str())).cloned().collect()
}
