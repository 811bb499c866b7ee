//! Where the trace of a lost create is looked for: what our account made, and the keys after the highest one known.
//!
//! Many creates of one project are in doubt at the same time when a tracker fails, so one look serves all that asked
//! for it before it began; without that a thousand lost answers would cost a million rows.

use crate::settings::Settings;
use crate::site::{Site, misunderstood};
use policy::{Fault, FaultCode, FaultKind, StepKey};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use store::Micros;
use tracker::{Answer, Created, Operation};

/// The keys after the highest one are fetched in batches of so many.
const KEYS_PER_BATCH: u32 = 100;
/// The same where each key is a request of its own. A batch without any issue ends the look, so it has to be longer than
/// any run of deleted issues is likely to be.
const SINGLE_KEYS_PER_BATCH: u32 = 20;
/// The most markers that one look reads one by one, where lists do not tell them.
const SINGLE_MARKERS_MAX: usize = 1000;

/// What carried a marker, by marker.
type Found = Arc<HashMap<StepKey, Created>>;

/// What is known of the projects of one site.
#[derive(Default)]
pub(crate) struct Traces {
    projects: Mutex<HashMap<String, Arc<Project>>>,
}

/// What is known of one project; the locks make looks wait for each other.
#[derive(Default)]
struct Project {
    highest: tokio::sync::Mutex<Option<Highest>>,
    created: tokio::sync::Mutex<Option<CreatedLook>>,
    keys: tokio::sync::Mutex<Option<KeysLook>>,
}

struct Highest {
    key: String,
    number: u64,
    seen: Instant,
}

struct CreatedLook {
    began: Instant,
    since: Micros,
    found: Found,
}

struct KeysLook {
    began: Instant,
    after: u64,
    found: Found,
}

/// The time of an attempt and of the look for it, by the database's clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) attempt: Micros,
    pub(crate) now: Micros,
}

impl Site {
    /// A key of the project such that every issue created from now on has a later one; `None` when we may not search there.
    ///
    /// Any key seen before the attempt is such a key, so our own receipts serve and search may lag behind: the worse
    /// the bound, the more keys a later look has to fetch, and nothing else.
    pub(crate) async fn highest_key(&self, project: &str, settings: &Settings) -> Result<Option<String>, Fault> {
        let known = self.traces.project(project);
        let mut highest = known.highest.lock().await;
        if let Some(highest) = highest.as_ref()
            && highest.seen.elapsed() < settings.highest_key_age_max
        {
            return Ok(Some(highest.key.clone()));
        }
        let seen = Instant::now();
        let key = match self.read(&Operation::HighestKey { project: project.to_owned() }).await {
            Ok(Answer::HighestKey(key)) => key.unwrap_or_else(|| format!("{project}-0")),
            Ok(other) => return Err(misunderstood(&other)),
            Err(fault) if fault.kind == FaultKind::Permanent => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let Some(number) = number_of(&key) else { return Ok(None) };
        if highest.as_ref().is_none_or(|known| known.number <= number) {
            *highest = Some(Highest { key, number, seen });
        } else if let Some(known) = highest.as_mut() {
            // Search lags behind our own receipts.
            known.seen = seen;
        }
        Ok(highest.as_ref().map(|known| known.key.clone()))
    }

    /// The same when it is known already and not too old.
    pub(crate) async fn known_highest_key(&self, project: &str, settings: &Settings) -> Option<String> {
        let known = self.traces.project(project);
        let highest = known.highest.lock().await;
        highest
            .as_ref()
            .filter(|highest| highest.seen.elapsed() < settings.highest_key_age_max)
            .map(|it| it.key.clone())
    }

    /// Remembers the key of an issue that exists.
    pub(crate) async fn key_exists(&self, project: &str, key: &str) {
        let Some(number) = number_of(key).filter(|_| key.starts_with(&format!("{project}-"))) else { return };
        let known = self.traces.project(project);
        let mut highest = known.highest.lock().await;
        if highest.as_ref().is_none_or(|known| known.number <= number) {
            *highest = Some(Highest { key: key.to_owned(), number, seen: Instant::now() });
        }
    }

    /// What the last finished looks found for this marker, without asking.
    pub(crate) async fn found_lately(&self, project: &str, marker: &StepKey) -> Option<Created> {
        let known = self.traces.project(project);
        // A look that is under way right now is waited for by the caller's own look, not here.
        let created = known.created.try_lock().ok().and_then(|look| look.as_ref()?.found.get(marker).cloned());
        let keys = || known.keys.try_lock().ok().and_then(|look| look.as_ref()?.found.get(marker).cloned());
        created.or_else(keys)
    }

    /// What our account made in the project since the attempt, by marker, as search shows it. Complete, or a fault.
    pub(crate) async fn look_for_created(
        &self,
        project: &str,
        window: Window,
        settings: &Settings,
    ) -> Result<Found, Fault> {
        let asked = Instant::now();
        let known = self.traces.project(project);
        let mut last = known.created.lock().await;
        if let Some(look) = last.as_ref()
            && look.began >= asked
            && look.since <= window.attempt
        {
            return Ok(look.found.clone());
        }
        let began = Instant::now();
        let found = Arc::new(self.read_created(project, window, settings).await?);
        *last = Some(CreatedLook { began, since: window.attempt, found: found.clone() });
        Ok(found)
    }

    /// The issues with keys after `highest`, by marker: all of them, or a fault. These reads do not lag as search does.
    pub(crate) async fn look_at_keys_after(
        &self,
        project: &str,
        highest: &str,
        settings: &Settings,
    ) -> Result<Found, Fault> {
        let asked = Instant::now();
        let after = number_of(highest).ok_or_else(|| incomplete("the highest key before the attempt is not known"))?;
        let known = self.traces.project(project);
        let mut last = known.keys.lock().await;
        if let Some(look) = last.as_ref()
            && look.began >= asked
            && look.after <= after
        {
            return Ok(look.found.clone());
        }
        let began = Instant::now();
        let prefix = highest.rsplit_once('-').map_or(project, |(prefix, _)| prefix);
        let found = Arc::new(self.fetch_keys_after(project, prefix, after, settings).await?);
        *last = Some(KeysLook { began, after, found: found.clone() });
        Ok(found)
    }

    async fn read_created(
        &self,
        project: &str,
        window: Window,
        settings: &Settings,
    ) -> Result<HashMap<StepKey, Created>, Fault> {
        let account_id = self.account_id().await?.to_owned();
        let mut found = HashMap::new();
        let mut page_token = None;
        for _ in 0..settings.look_pages_max {
            let operation = Operation::FindCreated {
                project: project.to_owned(),
                account_id: account_id.clone(),
                since_minutes: minutes_since(window),
                page_token,
            };
            let (items, next_page) = items_of(self.read(&operation).await?)?;
            let items = if self.dialect().lists_tell_markers() { items } else { self.with_markers(items).await? };
            collect(&mut found, items);
            match next_page {
                Some(token) => page_token = Some(token),
                None => return Ok(found),
            }
        }
        Err(incomplete("there were more pages than one look may read"))
    }

    /// The same issues with their markers, each read by itself: what is gone meanwhile is left out.
    async fn with_markers(&self, items: Vec<Created>) -> Result<Vec<Created>, Fault> {
        if items.len() > SINGLE_MARKERS_MAX {
            return Err(incomplete("there were more issues than one look may read one by one"));
        }
        let mut marked = Vec::with_capacity(items.len());
        for item in items {
            marked.extend(items_of(self.read(&Operation::ReadIssueMarker { issue_id: item.id }).await?)?.0);
        }
        Ok(marked)
    }

    /// The issues with these keys, in as many requests as the tracker needs.
    async fn fetch_keys(&self, keys: &[String]) -> Result<Vec<Created>, Fault> {
        let mut found = Vec::new();
        for keys in keys.chunks(self.dialect().keys_per_fetch_max().max(1)) {
            found.extend(items_of(self.read(&Operation::FetchKeys { keys: keys.to_vec() }).await?)?.0);
        }
        Ok(found)
    }

    async fn fetch_keys_after(
        &self,
        project: &str,
        prefix: &str,
        after: u64,
        settings: &Settings,
    ) -> Result<HashMap<StepKey, Created>, Fault> {
        let current = match self.read(&Operation::HighestKey { project: project.to_owned() }).await? {
            Answer::HighestKey(key) => key.as_deref().and_then(number_of).unwrap_or(0),
            other => return Err(misunderstood(&other)),
        };
        let mut found = HashMap::new();
        let mut from = after;
        let batch = match self.dialect().keys_per_fetch_max() {
            1 => SINGLE_KEYS_PER_BATCH,
            _ => KEYS_PER_BATCH,
        };
        for _ in 0..settings.key_batches_max {
            let keys = tracker::keys_after(&format!("{prefix}-{from}"), batch);
            let items = self.fetch_keys(&keys).await?;
            // Deleted issues leave gaps, so only a whole batch without any, past the highest key, is the end.
            if items.is_empty() && from >= current {
                return Ok(found);
            }
            collect(&mut found, items);
            from += u64::from(batch);
        }
        Err(incomplete("there were more keys than one look may fetch"))
    }
}

impl Traces {
    fn project(&self, name: &str) -> Arc<Project> {
        let mut projects = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
        projects.entry(name.to_owned()).or_default().clone()
    }
}

fn collect(found: &mut HashMap<StepKey, Created>, items: Vec<Created>) {
    found.extend(items.into_iter().filter_map(|item| item.marker.clone().map(|marker| (marker, item))));
}

fn items_of(answer: Answer) -> Result<(Vec<Created>, Option<String>), Fault> {
    match answer {
        Answer::Found { items, next_page } => Ok((items, next_page)),
        other => Err(misunderstood(&other)),
    }
}

/// A look that did not see everything; the effect is held for a person.
fn incomplete(detail: &str) -> Fault {
    Fault::permanent(FaultCode::InDoubt, detail)
}

/// `DEMO-12` is 12.
fn number_of(key: &str) -> Option<u64> {
    key.rsplit_once('-')?.1.parse().ok()
}

/// Rounded up, and two more: search counts in whole minutes by a clock that is not ours.
fn minutes_since(window: Window) -> u64 {
    let micros = u64::try_from(window.now.saturating_sub(window.attempt)).unwrap_or(0);
    micros.div_ceil(60_000_000) + 2
}

#[cfg(test)]
mod tests;
