//! What a site's tracker says of itself and seldom changes: fields, link types, service desks; asked again when it is old or
//! proved wrong.

use super::{Site, misunderstood};
use policy::field::{self, FIELDS_MAX};
use policy::{Fault, FaultCode, FieldKind, FieldMeta, RequestType, ServiceDesk};
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tracker::{Answer, LinkType, Named, Operation};

/// The most entries of one kind that are remembered; a site with more projects than that is asked more often.
const ENTRIES_MAX: usize = 1000;

/// The most pages that one list is read from.
const PAGES_MAX: usize = 40;

/// What was told lately, by what was asked.
pub(crate) struct Told<K, V> {
    age_max: Duration,
    entries: Mutex<HashMap<K, (Instant, Arc<V>)>>,
}

impl<K: Eq + Hash, V> Told<K, V> {
    pub(crate) fn new(age_max: Duration) -> Told<K, V> {
        Told { age_max, entries: Mutex::default() }
    }

    fn get(&self, key: &K) -> Option<Arc<V>> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).filter(|(at, _)| at.elapsed() < self.age_max).map(|(_, value)| value.clone())
    }

    fn put(&self, key: K, value: V) -> Arc<V> {
        let value = Arc::new(value);
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= ENTRIES_MAX {
            entries.clear();
        }
        entries.insert(key, (Instant::now(), value.clone()));
        value
    }

    fn forget(&self, is_it: impl Fn(&K) -> bool) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).retain(|key, _| !is_it(key));
    }
}

/// All that is remembered of one site.
pub(crate) struct Known {
    /// By project and issue type in lower case.
    create_fields: Told<(String, String), Vec<FieldMeta>>,
    all_fields: Told<(), Vec<FieldMeta>>,
    link_types: Told<(), Vec<LinkType>>,
    /// By project in lower case.
    desks: Told<String, Option<ServiceDesk>>,
    upload_max: Told<(), u64>,
}

impl Known {
    pub(crate) fn new(age_max: Duration) -> Known {
        Known {
            create_fields: Told::new(age_max),
            all_fields: Told::new(age_max),
            link_types: Told::new(age_max),
            desks: Told::new(age_max),
            upload_max: Told::new(age_max),
        }
    }
}

impl Site {
    /// The fields that a new issue of this type can be given. Permanent `TrackerRefused` when the project has no such type.
    pub(crate) async fn create_fields(&self, project: &str, issue_type: &str) -> Result<Arc<Vec<FieldMeta>>, Fault> {
        let key = (project.to_lowercase(), issue_type.to_lowercase());
        if let Some(known) = self.known.create_fields.get(&key) {
            return Ok(known);
        }
        let types = self.pages(|start_at| Operation::ReadIssueTypes { project: project.to_owned(), start_at }).await?;
        let named = types.iter().find(|one| one.name.to_lowercase() == key.1 || one.id == issue_type);
        let Some(named) = named else {
            // The type may be a sender's wish: it stands in no log.
            let detail = format!("none of {} issue types that the account may create is the wished one", types.len());
            let public = format!("{project} has no issue type {issue_type:?} that the account may create.");
            return Err(Fault::permanent(FaultCode::TrackerRefused, detail).with_public(public));
        };
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            let (project, issue_type_id) = (project.to_owned(), named.id.clone());
            let operation = Operation::ReadCreateFields { project, issue_type_id, start_at: all.len() as u64 };
            let (fields, last) = match self.read(&operation).await? {
                Answer::Fields { fields, all } => (fields, all),
                other => return Err(misunderstood(&other)),
            };
            all.extend(fields);
            if last || all.len() >= FIELDS_MAX {
                break;
            }
        }
        all.truncate(FIELDS_MAX);
        Ok(self.known.create_fields.put(key, all))
    }

    /// What was said of the fields of this project was wrong: the tracker has refused one.
    pub(crate) fn fields_have_changed(&self, project: &str) {
        let project = project.to_lowercase();
        self.known.create_fields.forget(|(known, _)| *known == project);
        self.known.all_fields.forget(|()| true);
    }

    /// The fields of one issue that can be written now; never remembered, because its status decides.
    pub(crate) async fn edit_fields(&self, issue_id: &str) -> Result<Vec<FieldMeta>, Fault> {
        match self.read(&Operation::ReadEditFields { issue_id: issue_id.to_owned() }).await? {
            Answer::Fields { mut fields, .. } => {
                fields.truncate(FIELDS_MAX);
                Ok(fields)
            }
            other => Err(misunderstood(&other)),
        }
    }

    /// A field of the site by name or id; the reason in words when it cannot be told which.
    pub(crate) async fn field(&self, named: &str) -> Result<Result<FieldMeta, String>, Fault> {
        Ok(field::find(self.all_fields().await?.as_ref(), named).cloned())
    }

    /// The fields of the site that hold this.
    pub(crate) async fn fields_of_kind(&self, kind: &FieldKind) -> Result<Vec<FieldMeta>, Fault> {
        Ok(self.all_fields().await?.iter().filter(|field| field.kind == *kind).cloned().collect())
    }

    async fn all_fields(&self) -> Result<Arc<Vec<FieldMeta>>, Fault> {
        if let Some(known) = self.known.all_fields.get(&()) {
            return Ok(known);
        }
        match self.read(&Operation::ReadAllFields).await? {
            Answer::Fields { fields, .. } => Ok(self.known.all_fields.put((), fields)),
            other => Err(misunderstood(&other)),
        }
    }

    pub(crate) async fn link_types(&self) -> Result<Arc<Vec<LinkType>>, Fault> {
        if let Some(known) = self.known.link_types.get(&()) {
            return Ok(known);
        }
        match self.read(&Operation::ReadLinkTypes).await? {
            Answer::LinkTypes(types) => Ok(self.known.link_types.put((), types)),
            other => Err(misunderstood(&other)),
        }
    }

    /// The service desk of a project, with its request types and organisations; `None` when it has none.
    pub(crate) async fn service_desk(&self, project: &str) -> Result<Arc<Option<ServiceDesk>>, Fault> {
        let key = project.to_lowercase();
        if let Some(known) = self.known.desks.get(&key) {
            return Ok(known);
        }
        let desks = match self.pages(|start_at| Operation::ReadServiceDesks { start_at }).await {
            Ok(desks) => desks,
            // A Jira without service management does not know the address.
            Err(fault) if fault.code == FaultCode::TrackerRefused => Vec::new(),
            Err(fault) => return Err(fault),
        };
        let Some(desk) = desks.into_iter().find(|desk| desk.of.to_lowercase() == key) else {
            return Ok(self.known.desks.put(key, None));
        };
        let id = desk.id.clone();
        let types = self.pages(|start_at| Operation::ReadRequestTypes { desk_id: id.clone(), start_at }).await?;
        let organisations =
            self.pages(|start_at| Operation::ReadOrganisations { desk_id: id.clone(), start_at }).await?;
        let request_type = |one: Named| RequestType { id: one.id, name: one.name, issue_type_id: one.of };
        let desk = ServiceDesk {
            id: desk.id,
            request_types: types.into_iter().map(request_type).collect(),
            organisations: organisations.into_iter().map(|one| (one.id, one.name)).collect(),
        };
        Ok(self.known.desks.put(key, Some(desk)))
    }

    /// The largest file that the tracker takes, in bytes; 0 where it takes none.
    pub(crate) async fn upload_max(&self) -> Result<u64, Fault> {
        if let Some(known) = self.known.upload_max.get(&()) {
            return Ok(*known);
        }
        match self.read(&Operation::ReadUploadMax).await? {
            Answer::UploadMax(most) => Ok(*self.known.upload_max.put((), most)),
            other => Err(misunderstood(&other)),
        }
    }

    /// What was said of it was wrong: a smaller file was refused for its size.
    pub(crate) fn upload_max_has_changed(&self) {
        self.known.upload_max.forget(|()| true);
    }

    /// All items of a list that comes in pages.
    async fn pages(&self, page: impl Fn(u64) -> Operation) -> Result<Vec<Named>, Fault> {
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            match self.read(&page(all.len() as u64)).await? {
                Answer::Page { items, all: last } => {
                    all.extend(items);
                    if last {
                        break;
                    }
                }
                other => return Err(misunderstood(&other)),
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_told_is_forgotten_in_time_and_on_demand() {
        let told = Told::new(Duration::from_secs(60));
        told.put("a", 1);
        assert_eq!(told.get(&"a").as_deref(), Some(&1));
        told.forget(|key| *key == "a");
        assert!(told.get(&"a").is_none());
        let old = Told::new(Duration::ZERO);
        old.put("a", 1);
        assert!(old.get(&"a").is_none());
        for n in 0..=ENTRIES_MAX {
            told.put(Box::leak(n.to_string().into_boxed_str()), 1);
        }
        assert!(told.entries.lock().is_ok_and(|entries| entries.len() <= ENTRIES_MAX));
    }
}
