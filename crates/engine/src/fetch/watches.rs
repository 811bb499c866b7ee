//! Folders whose servers are waited on: when one tells of mail, the folder's job is due at once.

use super::{Fetching, Folder};
use crate::gateway::Shared;
use courier::fetch::Watch;
use policy::Fault;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::Fetched;
use tokio::task::AbortHandle;

/// A watch that ended sooner than this is not begun again for a while: some servers take one and end it at once.
const SHORT: Duration = Duration::from_secs(60);
const AGAIN_AFTER: Duration = Duration::from_secs(15 * 60);
/// A round that ran when the news came may not have seen it; the job is made due again so often, with such pauses.
const RINGS: u32 = 5;
const RING_PAUSE: Duration = Duration::from_secs(2);

/// The watches of this process. A watch costs a connection and a few dozen kilobytes, and no worker.
#[derive(Default)]
pub(crate) struct Watches {
    by_mailbox: Mutex<HashMap<String, State>>,
}

#[derive(Default)]
struct State {
    task: Option<AbortHandle>,
    /// The server promised to tell of mail.
    waits: bool,
    /// Not before this.
    again_at: Option<Instant>,
    /// The server told of mail, and no round has begun since.
    news: bool,
}

impl Watches {
    /// Watches the folder from now on, unless it is watched already or too many are. Nothing below `seen` is news.
    pub(crate) fn watch(&self, shared: &Arc<Shared>, of: &Fetched, fetching: &Fetching, folder: &Folder, seen: u32) {
        let max = shared.settings.watches_max as usize;
        let mut watches = self.lock();
        let running = watches.values().filter(|state| state.task.is_some()).count();
        let state = watches.entry(of.mailbox.clone()).or_default();
        let too_soon = state.again_at.is_some_and(|at| Instant::now() < at);
        if state.task.is_some() || too_soon || running >= max {
            return;
        }
        let (shared, of, account, folder) = (shared.clone(), of.clone(), fetching.account.clone(), folder.name.clone());
        let task = tokio::spawn(async move {
            let began = Instant::now();
            let ended = Box::pin(wait(&shared, &of, &account, &folder, seen)).await;
            if let Err(fault) = &ended {
                tracing::debug!(mailbox = of.mailbox, code = %fault.code, detail = fault.logged(), "a watch ended");
            }
            let was_short = began.elapsed() < SHORT;
            shared.watches.ended(&of.mailbox, ended.is_err() && was_short);
            if ended.is_err() && !was_short {
                // The round that follows begins another watch.
                let _ = ring(&shared, &of).await;
            }
        });
        state.task = Some(task.abort_handle());
    }

    pub(crate) fn round_begins(&self, mailbox: &str) {
        if let Some(state) = self.lock().get_mut(mailbox) {
            state.news = false;
        }
    }

    /// The pause after a round that would else be `pause`; `watched` where the server is waited on.
    pub(crate) fn pause(&self, mailbox: &str, pause: Duration, watched: Duration) -> Duration {
        match self.lock().get(mailbox) {
            Some(state) if state.news => Duration::ZERO,
            Some(state) if state.waits => pause.max(watched),
            _ => pause,
        }
    }

    /// How many servers are waited on.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().values().filter(|state| state.waits).count()
    }

    /// Ends all watches; rounds begin new ones.
    pub(crate) fn end_all(&self) {
        for (_, state) in self.lock().drain() {
            if let Some(task) = state.task {
                task.abort();
            }
        }
    }

    fn ended(&self, mailbox: &str, too_soon: bool) {
        let again_at = too_soon.then(|| Instant::now() + AGAIN_AFTER);
        if let Some(state) = self.lock().get_mut(mailbox) {
            *state = State { again_at, ..State::default() };
        }
    }

    fn set(&self, mailbox: &str, change: impl FnOnce(&mut State)) {
        if let Some(state) = self.lock().get_mut(mailbox) {
            change(state);
        }
    }

    fn has_news(&self, mailbox: &str) -> bool {
        self.lock().get(mailbox).is_some_and(|state| state.news)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, State>> {
        // Every use leaves the map whole; a poisoned lock holds a usable one.
        self.by_mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for ever; returns without a fault only where the server cannot tell of mail.
async fn wait(
    shared: &Shared,
    of: &Fetched,
    account: &courier::fetch::Account,
    folder: &str,
    seen: u32,
) -> Result<(), Fault> {
    let Some(mut watch) = Watch::open(account, folder).await? else {
        shared.watches.set(&of.mailbox, |state| state.again_at = Some(Instant::now() + AGAIN_AFTER));
        return Ok(());
    };
    // What came between the round and the watch is not told any more.
    if watch.place().uid_next.is_some_and(|next| next > seen) {
        news(shared, of).await?;
    }
    shared.watches.set(&of.mailbox, |state| state.waits = true);
    loop {
        watch.wait().await?;
        news(shared, of).await?;
    }
}

/// Has the folder looked into, until a round has begun.
async fn news(shared: &Shared, of: &Fetched) -> Result<(), Fault> {
    shared.watches.set(&of.mailbox, |state| state.news = true);
    for _ in 0..RINGS {
        ring(shared, of).await?;
        tokio::time::sleep(RING_PAUSE).await;
        if !shared.watches.has_news(&of.mailbox) {
            break;
        }
    }
    Ok(())
}

async fn ring(shared: &Shared, of: &Fetched) -> Result<(), Fault> {
    shared.store.ensure_fetch(&of.site, &of.mailbox).await?;
    shared.fetch_due.notify_one();
    Ok(())
}
