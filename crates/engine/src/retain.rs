//! The job that looks after the kept files of a site: it asks the tracker what became of their issues, and deletes those whose time
//! is over. Leased like any other, so that of several nodes one does it.

use crate::facts::issue_facts;
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::site::Site;
use crate::stop::Stop;
use policy::{Fate, Fault, FaultKind, IssueFacts, Keeping, fate};
use std::collections::HashMap;
use store::{KeptLine, Micros};

/// Issues that one run asks for; the others are older at the next one and come first.
const ISSUES_MAX: usize = 2000;

/// Issues that could not be read in one run; after so many it is the site that is out of order, and the run is tried again.
const FAILURES_MAX: u32 = 5;

/// Looks at every file that is due; the store makes the job come again.
pub(crate) async fn retain(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let site = shared.site(&held.lease.site)?;
    let now = shared.store.now().await?;
    let every = Micros::try_from(shared.settings.files_every.as_micros()).unwrap_or(Micros::MAX);
    // One that was looked at since is left for the next run.
    let since = now.saturating_sub(every / 2);
    let mut asked: HashMap<String, Standing> = HashMap::new();
    let mut failed = 0;
    while asked.len() < ISSUES_MAX {
        let files = shared.store.files_to_look_at(&site.name, since).await?;
        if files.is_empty() {
            break;
        }
        for file in &files {
            held.still_ours()?;
            let issue_id = file.issue_id.clone().unwrap_or_default();
            let standing = match asked.get(&issue_id) {
                Some(known) => known,
                None => {
                    let found = match ask(&site, &issue_id).await {
                        // One issue that is out of order must not keep all that come after it from being looked at.
                        Err(fault) if failed < FAILURES_MAX => {
                            failed += 1;
                            let (code, file) = (fault.code, &file.id);
                            tracing::warn!(site = site.name, file, %code, detail = fault.logged(), "an issue with kept files could not be read");
                            Standing::Untold
                        }
                        found => found?,
                    };
                    asked.entry(issue_id).or_insert(found)
                }
            };
            settle(shared, file, standing, now).await?;
        }
    }
    Ok(shared.store.looked_at_files(&held.lease, every).await?)
}

/// What the tracker says of an issue.
enum Standing {
    Found(IssueFacts),
    Gone,
    /// It refuses to say; nothing is deleted for that.
    Untold,
}

async fn ask(site: &Site, issue_id: &str) -> Result<Standing, Fault> {
    match site.issue(issue_id).await {
        Ok(Some(view)) => Ok(Standing::Found(issue_facts(view))),
        Ok(None) => Ok(Standing::Gone),
        Err(fault) if fault.kind == FaultKind::Permanent => Ok(Standing::Untold),
        Err(fault) => Err(fault),
    }
}

async fn settle(shared: &Shared, file: &KeptLine, standing: &Standing, now: Micros) -> Result<(), Fault> {
    let issue = match standing {
        Standing::Found(issue) => Some(issue),
        Standing::Gone => None,
        Standing::Untold => return shared.store.looked_at_file(&file.id, file.over_since).await,
    };
    match fate(&keeping(shared, file), file.kept_at, file.over_since, issue, now) {
        Fate::Stays { over_since } => shared.store.looked_at_file(&file.id, over_since).await,
        Fate::Goes(why) => {
            if shared.store.delete_file(&file.id, why).await? {
                Metrics::add(&shared.metrics.files_deleted);
                tracing::info!(file = file.id, why, "a kept file was deleted");
            }
            Ok(())
        }
    }
}

/// What the profile of its mailbox says today; where that is gone, what holds by default.
fn keeping(shared: &Shared, file: &KeptLine) -> Keeping {
    match (shared.mailbox_of(&file.mailbox, &file.site), &file.about) {
        (Ok(mailbox), Some(about)) => mailbox.profile.keeping(&about.mapping, about.rule.as_deref()),
        _ => Keeping::default(),
    }
}
