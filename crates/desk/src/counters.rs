//! Counts what the desk has made, so that a test need not ask the interface that it tests.

use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};

/// What has been made and done since the desk was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests to the REST interface, refused ones included.
    pub requests: u64,
    pub issues_created: u64,
    pub comments_created: u64,
    pub attachments_created: u64,
    pub transitions_made: u64,
    /// Webhooks answered with 2xx.
    pub webhooks_delivered: u64,
    /// Webhooks given up, or dropped because too many were waiting.
    pub webhooks_failed: u64,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) issues_created: AtomicU64,
    pub(crate) comments_created: AtomicU64,
    pub(crate) attachments_created: AtomicU64,
    pub(crate) transitions_made: AtomicU64,
}

impl Counters {
    /// The counts, with those that the sender of webhooks keeps.
    pub(crate) fn read(&self, sender: &crate::webhooks::Sender) -> Counts {
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            requests: value(&self.requests),
            issues_created: value(&self.issues_created),
            comments_created: value(&self.comments_created),
            attachments_created: value(&self.attachments_created),
            transitions_made: value(&self.transitions_made),
            webhooks_delivered: value(&sender.delivered),
            webhooks_failed: value(&sender.failed),
        }
    }
}

/// Adds one.
pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
