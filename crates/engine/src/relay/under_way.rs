//! Which mails are on their way to whom: a client that asks again while the next hop still thinks doubles nothing.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// A mail and one of its recipients.
type Way = ([u8; 32], String);

#[derive(Default)]
pub(super) struct UnderWay {
    ways: Mutex<HashSet<Way>>,
    ended: Notify,
}

/// These are on their way; no more when dropped.
pub(super) struct Going {
    all: Arc<UnderWay>,
    ways: Vec<Way>,
}

impl UnderWay {
    /// Waits until none of these is on its way, and sets out with all of them; `None` when that takes too long. Nobody waits who has set
    /// out with some, so nobody waits for ever.
    pub(super) async fn set_out(
        self: &Arc<Self>,
        digest: [u8; 32],
        recipients: &[String],
        deadline: Instant,
    ) -> Option<Going> {
        let ways: Vec<Way> = recipients.iter().map(|recipient| (digest, recipient.clone())).collect();
        loop {
            let ended = self.ended.notified();
            tokio::pin!(ended);
            // From here on an end is noticed, also one between the look and the wait.
            ended.as_mut().enable();
            if self.take(&ways) {
                return Some(Going { all: self.clone(), ways });
            }
            timeout_at(deadline, ended).await.ok()?;
        }
    }

    fn take(&self, ways: &[Way]) -> bool {
        let mut taken = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        if ways.iter().any(|way| taken.contains(way)) {
            return false;
        }
        taken.extend(ways.iter().cloned());
        true
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let mut taken = self.all.ways.lock().unwrap_or_else(PoisonError::into_inner);
        for way in &self.ways {
            taken.remove(way);
        }
        drop(taken);
        self.all.ended.notify_waiters();
    }
}
