//! Asks a site about each project that mail goes to: is it there, what may we do in it, has it what the profiles write.

use super::site_check::{ask, profiles_of};
use crate::command::fault_in_words;
use crate::settings::Settings;
use engine::speak::Speaker;
use policy::field::{self, FIELDS_MAX, FieldMeta};
use policy::profile::nearest;
use policy::{Aim, Fault, FaultCode, Refusing};
use std::collections::{BTreeMap, BTreeSet};
use tracker::{Answer, Dialect, Named, Operation};

/// Without these no mail reaches an issue.
const NEEDED: [&str; 4] = ["BROWSE_PROJECTS", "CREATE_ISSUES", "ADD_COMMENTS", "CREATE_ATTACHMENTS"];

/// What else is used where a profile asks for it, and for what.
const USED: [(&str, &str); 11] = [
    ("EDIT_ISSUES", "writing fields of an issue that exists"),
    ("TRANSITION_ISSUES", "workflow"),
    ("LINK_ISSUES", "links"),
    ("MANAGE_WATCHERS", "watchers"),
    ("MODIFY_REPORTER", "the sender as reporter"),
    ("ASSIGN_ISSUES", "assignees"),
    ("SET_ISSUE_SECURITY", "security levels"),
    ("SCHEDULE_ISSUES", "due dates"),
    ("USER_PICKER", "finding people by address"),
    ("SERVICEDESK_AGENT", "internal comments, participants and customers"),
    ("ADMINISTER_PROJECTS", "asking what senders may do, rights_of"),
];

/// The most pages that one list is read from, the most issue types of one project whose fields are read, and the most
/// projects that are looked at.
const PAGES_MAX: usize = 10;
const TYPES_MAX: usize = 20;
pub const PROJECTS_MAX: usize = 200;
/// How many issue types a complaint names, and how many complaints are told of one project.
const NAMED_MAX: usize = 20;
const COMPLAINTS_MAX: usize = 20;

/// What a profile of this name wants in a project.
struct Wanted {
    profile: String,
    aim: Aim,
}

impl Wanted {
    fn by(&self) -> String {
        format!("profile {:?}, {}", self.profile, self.aim.place)
    }
}

/// Looks at every project that the profiles of the site's mailboxes name, each by itself.
pub(super) async fn look(
    speaker: &Speaker,
    settings: &Settings,
    site: &str,
    dialect: Dialect,
) -> Vec<(String, Result<String, String>)> {
    let mut by_project: BTreeMap<String, Vec<Wanted>> = BTreeMap::new();
    let mut refused: BTreeMap<String, Vec<(String, Refusing)>> = BTreeMap::new();
    for project in super::projects_of(settings, site) {
        by_project.entry(project).or_default();
    }
    for profile in profiles_of(settings, site) {
        for refusing in profile.refusing() {
            refused.entry(refusing.project.clone()).or_default().push((profile.name.clone(), refusing));
        }
        for aim in profile.aims() {
            let wanted = Wanted { profile: profile.name.clone(), aim };
            by_project.entry(wanted.aim.project.clone()).or_default().push(wanted);
        }
    }
    let mut found = Vec::new();
    let left = by_project.len().saturating_sub(PROJECTS_MAX);
    for (project, wanted) in by_project.into_iter().take(PROJECTS_MAX) {
        let refusing = refused.remove(&project).unwrap_or_default();
        let looker = Looker { speaker, dialect, project: &project, wanted, refusing };
        let verdict = looker.verdict().await;
        found.push((project, verdict));
    }
    if left > 0 {
        found.push((format!("{left} more"), Ok(format!("only the first {PROJECTS_MAX} are looked at"))));
    }
    found
}

struct Looker<'a> {
    speaker: &'a Speaker,
    dialect: Dialect,
    project: &'a str,
    wanted: Vec<Wanted>,
    /// When comments are refused, each with the profile that says so.
    refusing: Vec<(String, Refusing)>,
}

impl Looker<'_> {
    async fn verdict(&self) -> Result<String, String> {
        let allowed = self.permissions().await?;
        let mut complaints = self.complaints().await.map_err(|fault| self.told(&fault))?;
        complaints.extend(self.complaints_of_refusing().await.map_err(|fault| self.told(&fault))?);
        if complaints.is_empty() {
            return Ok(allowed);
        }
        let more = complaints.len().saturating_sub(COMPLAINTS_MAX);
        let told = complaints.into_iter().take(COMPLAINTS_MAX).collect::<Vec<_>>().join("; ");
        Err(if more == 0 { told } else { format!("{told}; and {more} more") })
    }

    async fn permissions(&self) -> Result<String, String> {
        let operation = Operation::ReadPermissions { project: self.project.to_owned() };
        let lacks = match ask(self.speaker, self.dialect, &operation).await {
            Ok(Answer::Permissions { lacks, .. }) => lacks,
            Ok(_) => return Err("the answer about permissions is none".to_owned()),
            Err(fault) => return Err(self.told(&fault)),
        };
        let missing: Vec<&str> = NEEDED.into_iter().filter(|key| lacks.iter().any(|lack| lack == key)).collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            return Err(format!("the account lacks {missing}; give them in the project's permission scheme"));
        }
        let unused = USED.iter().filter(|(key, _)| lacks.iter().any(|lack| lack == key));
        let unused: Vec<String> = unused.map(|(key, what)| format!("{key} ({what})")).collect();
        match unused.is_empty() {
            true => Ok("all permissions are there".to_owned()),
            false => Ok(format!("what every mail needs is there; not there: {}", unused.join(", "))),
        }
    }

    /// The site has answered already, so a project that it knows nothing of is not there or not for us.
    fn told(&self, fault: &Fault) -> String {
        let is_missing = fault.code == FaultCode::TrackerRefused && fault.detail.contains(": HTTP 404");
        if !is_missing && fault.code != FaultCode::TrackerGone {
            return fault_in_words(fault);
        }
        let by: Vec<String> = self.wanted.iter().take(3).map(Wanted::by).collect();
        let by = if by.is_empty() { String::new() } else { format!(" ({})", by.join("; ")) };
        format!(
            "it is not there, or the account may not see it{by}; correct the key in the profile, or let the account browse the \
             project"
        )
    }

    /// What the project lacks of what the profiles want, each once with the first place that wants it.
    async fn complaints(&self) -> Result<Vec<String>, Fault> {
        let mut complaints = Vec::new();
        let mut said = BTreeSet::new();
        let mut fields_of: BTreeMap<String, Vec<FieldMeta>> = BTreeMap::new();
        let types = if self.wanted.is_empty() { Vec::new() } else { self.types().await? };
        for wanted in &self.wanted {
            let name = wanted.aim.issue_type.trim();
            let named = types.iter().find(|one| one.name.to_lowercase() == name.to_lowercase() || one.id == name);
            let Some(named) = named else {
                if said.insert(format!("type {}", name.to_lowercase())) {
                    complaints.push(no_type(wanted, &types));
                }
                continue;
            };
            if !fields_of.contains_key(&named.id) && fields_of.len() < TYPES_MAX && !wanted.aim.fields.is_empty() {
                fields_of.insert(named.id.clone(), self.fields(&named.id).await?);
            }
            let Some(metas) = fields_of.get(&named.id) else { continue };
            let wrong = wanted.aim.fields.iter().filter_map(|(field, words)| misfit(metas, field, words.as_deref()));
            let wrong = wrong.filter(|why| said.insert(format!("{why} {}", named.id)));
            complaints.extend(wrong.map(|why| format!("{why}, for {:?} ({})", named.name, wanted.by())));
        }
        Ok(complaints)
    }

    /// Searches that the tracker does not answer, and lists of statuses of which it has none: nothing would be refused by them.
    async fn complaints_of_refusing(&self) -> Result<Vec<String>, Fault> {
        let mut complaints = Vec::new();
        let mut known = None;
        for (profile, Refusing { place, search, statuses, .. }) in &self.refusing {
            let by = format!("profile {profile:?}, {place}");
            let (project, search) = (self.project.to_owned(), search.clone());
            if !search.is_empty() {
                let asked = Operation::TrySearch { project: project.clone(), search };
                match ask(self.speaker, self.dialect, &asked).await {
                    Err(fault) if fault.code == FaultCode::TrackerRefused => {
                        let why = fault_in_words(&fault);
                        complaints.push(format!("reject_search ({by}) is not answered, so it refuses nothing: {why}"));
                    }
                    answer => drop(answer?),
                }
            }
            if !statuses.is_empty() {
                if known.is_none() {
                    known = Some(self.statuses(project).await?);
                }
                complaints.extend(no_status(statuses, known.as_deref().unwrap_or_default(), &by));
            }
        }
        Ok(complaints)
    }

    async fn statuses(&self, project: String) -> Result<Vec<String>, Fault> {
        match ask(self.speaker, self.dialect, &Operation::ReadStatuses { project }).await? {
            Answer::Names(names) => Ok(names),
            _ => Ok(Vec::new()),
        }
    }

    /// The issue types that the account may create.
    async fn types(&self) -> Result<Vec<Named>, Fault> {
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            let operation = Operation::ReadIssueTypes { project: self.project.to_owned(), start_at: all.len() as u64 };
            let Answer::Page { items, all: last } = ask(self.speaker, self.dialect, &operation).await? else { break };
            all.extend(items);
            if last {
                break;
            }
        }
        Ok(all)
    }

    async fn fields(&self, issue_type_id: &str) -> Result<Vec<FieldMeta>, Fault> {
        let mut all = Vec::new();
        for _ in 0..PAGES_MAX {
            let operation = Operation::ReadCreateFields {
                project: self.project.to_owned(),
                issue_type_id: issue_type_id.to_owned(),
                start_at: all.len() as u64,
            };
            let Answer::Fields { fields, all: last } = ask(self.speaker, self.dialect, &operation).await? else {
                break;
            };
            all.extend(fields);
            if last || all.len() >= FIELDS_MAX {
                break;
            }
        }
        Ok(all)
    }
}

/// What to say where a project has none of these statuses.
fn no_status(wanted: &[String], there: &[String], by: &str) -> Option<String> {
    let is_there = |one: &String| there.iter().any(|status| status.to_lowercase() == one.trim().to_lowercase());
    if wanted.iter().any(is_there) {
        return None;
    }
    let names = wanted.iter().map(|one| format!("{one:?}")).collect::<Vec<_>>().join(", ");
    let has = there.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    Some(format!("there is no status {names}, so reject_status ({by}) refuses nothing; it has {has}"))
}

fn no_type(wanted: &Wanted, types: &[Named]) -> String {
    let names = || types.iter().map(|one| one.name.as_str());
    let near = nearest(&wanted.aim.issue_type, names());
    let near = near.map_or_else(String::new, |near| format!(", did you mean {near:?}"));
    let has = names().take(NAMED_MAX).collect::<Vec<_>>().join(", ");
    format!(
        "no issue type {:?} that the account may create ({}), so its mail would be given up{near}; it has {has}",
        wanted.aim.issue_type,
        wanted.by()
    )
}

/// Why a field would be left out of new issues; `None` when it is there and takes the words.
fn misfit(metas: &[FieldMeta], field: &str, words: Option<&str>) -> Option<String> {
    let meta = match field::find(metas, field) {
        Ok(meta) => meta,
        Err(why) => return Some(why),
    };
    // Whether a person has an account is another question.
    let words = words.filter(|words| field::accounts_named(meta, words).is_empty())?;
    field::read(meta, words, &[]).err()
}
