//! One that somebody looked at and has sent: it may be days old, so it is asked once more who may get it. The letters leave as they were looked
//! at, and whoever may not get his falls away.

use super::{Decided, Deciding, Found, Settled, note};
use crate::crash_point::crash_point;
use crate::stop::Stop;
use policy::notify::{LookedAt, Written};
use policy::{Mappings, Notification, Notified, StepKey};
use std::sync::atomic::Ordering;
use store::{WrittenDecision, WrittenState};

/// What the story says of each letter that is left of a look.
const AS_LOOKED_AT: &str = "Is it made anew? no, somebody looked at it: what was looked at leaves";
/// Why nobody gets the letter of somebody whom the decision names.
const NO_DRAFT: &str = "his letter was made for somebody else at this address, or is not kept any more";

impl Deciding<'_> {
    pub(super) async fn send(&self, mappings: &Mappings, found: Found) -> Result<(), Stop> {
        let Deciding { shared, held, site, line } = *self;
        let drafts = shared.store.drafts_of_written(&line.id).await?;
        let before = Decided::kept(line).unwrap_or_default();
        let Found { written, notified, issue, contents } = found;
        let notified = notified.map(|now| self.of_drafts(&drafts, &written, only_looked_at(&written, now, &before)));
        let found = Found { written, notified, issue, contents };
        let Some(Settled { written, mut notified, issue, .. }) = self.settled(found).await? else { return Ok(()) };
        notified.trace.push(AS_LOOKED_AT.to_owned());
        let leave: Vec<StepKey> = notified.notifications.iter().map(|one| self.key(one)).collect();
        let number = leave.len();
        let decided = self.decided(mappings, &written, notified, &issue, before.stayed).await?;
        let ends = decided.note.is_none();
        let (state, letters) = (WrittenState::Posted, Vec::new());
        let decision =
            WrittenDecision { state, issue_id: Some(&written.issue_id), told: &decided, letters, anew: None, ends };
        if !shared.store.write_approved(&held.lease, decision, leave).await? {
            tracing::info!(job = held.lease.job, "a written letter was dropped before it was sent");
            return Ok(());
        }
        crash_point("written_written_down");
        shared.metrics.letters_posted.fetch_add(number as u64, Ordering::Relaxed);
        tracing::info!(job = held.lease.job, mails = number, "a written letter is sent that was looked at");
        match ends {
            true => Ok(()),
            false => note::note(shared, held, site, &written.issue_id, decided.note).await,
        }
    }

    /// Those alone of whom a letter is there.
    fn of_drafts(&self, drafts: &[StepKey], written: &Written, notified: Notified) -> Notified {
        let Notified { notifications, left_out, unjudged, trace } = notified;
        let (there, missing): (Vec<_>, Vec<_>) =
            notifications.into_iter().partition(|one| drafts.contains(&self.key(one)));
        let missing = missing.into_iter().map(|one| written.left_out(one.recipient.address, NO_DRAFT.to_owned()));
        Notified { notifications: there, left_out: left_out.into_iter().chain(missing).collect(), unjudged, trace }
    }

    /// By which its letter is known.
    fn key(&self, notification: &Notification) -> StepKey {
        StepKey(format!("{}/{}", self.site.name, notification.key.0))
    }
}

fn only_looked_at(written: &Written, notified: Notified, before: &Decided) -> Notified {
    let looked_at: Vec<LookedAt<'_>> = before
        .recipients
        .iter()
        .map(|one| LookedAt { address: &one.to, stranger: one.stranger, outsider: one.outsider || one.stranger })
        .collect();
    written.only_looked_at(notified, &looked_at)
}
