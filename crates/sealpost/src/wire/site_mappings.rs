//! Whether the tracker answers what the mappings of a site ask of it: a search that is refused, or a role or group that is not there,
//! tells nobody, and only the trace of each event would say so.

use super::site_check::{ask, profiles_of, projects_of};
use crate::command::fault_in_words;
use crate::settings::{Settings, Site};
use engine::speak::Speaker;
use policy::outbound::Asked;
use policy::{Fault, FaultCode, Mappings};
use std::collections::{BTreeMap, BTreeSet};
use tracker::{Answer, Operation};

/// How many things of the mappings are asked for at most.
pub fn questions_of(site: &Site) -> usize {
    asked(site).iter().map(|one| usize::from(!one.search.is_empty()) + one.roles.len() + one.groups.len()).sum()
}

fn asked(site: &Site) -> Vec<Asked> {
    let mappings = site.mappings.as_deref().and_then(|text| Mappings::from_toml(text, "").ok());
    mappings.map(|mappings| mappings.asked()).unwrap_or_default()
}

/// Asks for each of them; `None` where the site has no mappings.
pub(super) async fn look(speaker: &Speaker, settings: &Settings, site: &Site) -> Option<Result<String, String>> {
    site.mappings.as_ref()?;
    let asked = asked(site);
    let mut complaints = Vec::new();
    complaints.extend(nobody_by_mail(settings, site, &asked));
    let looking = Looking { speaker, settings, site };
    for found in [looking.searches(&asked).await, looking.roles(&asked).await, looking.groups(&asked).await] {
        match found {
            Ok(some) => complaints.extend(some),
            Err(fault) => complaints.push(fault_in_words(&fault)),
        }
    }
    Some(match complaints.is_empty() {
        true => Ok("every search is answered, and every role and group is there".to_owned()),
        false => Err(complaints.join("; ")),
    })
}

/// Those who are told of people by mail, while nobody knows their addresses.
fn nobody_by_mail(settings: &Settings, site: &Site, asked: &[Asked]) -> Option<String> {
    let by: Vec<&str> = asked.iter().filter(|one| one.mail_people).map(|one| one.by.as_str()).collect();
    let profiles = profiles_of(settings, &site.name);
    if by.is_empty() || profiles.iter().any(|profile| !profile.people_fields().is_empty()) {
        return None;
    }
    let name = &site.name;
    Some(format!(
        "mail_people ({}) reaches nobody, because no profile of a mailbox of this site keeps their addresses in a field; set \
         sender_address_field in one, such as \"Mail sender address\", and `sealpost site fields {name} --create` makes the field",
        by.join(", ")
    ))
}

struct Looking<'l> {
    speaker: &'l Speaker,
    settings: &'l Settings,
    site: &'l Site,
}

impl Looking<'_> {
    /// The tracker's own word against it, if it has one.
    async fn refusal(&self, operation: &Operation) -> Result<Option<Fault>, Fault> {
        use FaultCode::{TrackerGone, TrackerRefused, TrackerUnauthorised};
        match ask(self.speaker, self.site.dialect, operation).await {
            Ok(_) => Ok(None),
            Err(fault) if [TrackerGone, TrackerRefused, TrackerUnauthorised].contains(&fault.code) => Ok(Some(fault)),
            Err(fault) => Err(fault),
        }
    }

    async fn searches(&self, asked: &[Asked]) -> Result<Vec<String>, Fault> {
        let mut complaints = Vec::new();
        for Asked { by, search, order, .. } in asked.iter().filter(|one| !one.search.is_empty()) {
            let operation = Operation::ListIssues { search: search.clone(), order: order.clone(), most: 1 };
            if let Some(fault) = self.refusal(&operation).await? {
                let why = fault_in_words(&fault);
                complaints.push(format!("jql of {by} is not answered, so nobody is told by it: {why}"));
            }
        }
        Ok(complaints)
    }

    /// Where a mapping names no project, its roles are looked for in one of those that mail goes to: trackers have the same in each.
    async fn roles(&self, asked: &[Asked]) -> Result<Vec<String>, Fault> {
        let own = projects_of(self.settings, &self.site.name);
        let mut known: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
        let mut complaints = Vec::new();
        for one in asked.iter().filter(|one| !one.roles.is_empty()) {
            let projects = if one.projects.is_empty() { own.get(..1).unwrap_or_default() } else { &one.projects };
            for project in projects {
                if !known.contains_key(project.as_str()) {
                    known.insert(project, self.roles_of(project).await?);
                }
                let there = &known[project.as_str()];
                let missing = one.roles.iter().filter(|role| !there.contains(*role));
                complaints
                    .extend(missing.map(|role| format!("{project} has no role {role:?}, which {} names", one.by)));
            }
        }
        Ok(complaints)
    }

    async fn roles_of(&self, project: &str) -> Result<BTreeSet<String>, Fault> {
        let operation = Operation::ReadRoles { project: project.to_owned() };
        match ask(self.speaker, self.site.dialect, &operation).await? {
            Answer::Page { items, .. } => Ok(items.into_iter().map(|role| role.name).collect()),
            _ => Ok(BTreeSet::new()),
        }
    }

    async fn groups(&self, asked: &[Asked]) -> Result<Vec<String>, Fault> {
        let mut named: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for one in asked {
            one.groups.iter().for_each(|group| named.entry(group).or_default().push(&one.by));
        }
        let mut complaints = Vec::new();
        for (group, by) in named {
            let operation = Operation::ReadMembers { group: group.to_owned(), start_at: 0 };
            if let Some(fault) = self.refusal(&operation).await? {
                let (by, why) = (by.join(", "), fault_in_words(&fault));
                complaints.push(format!("the people of the group {group:?}, which {by} names, cannot be had: {why}"));
            }
        }
        Ok(complaints)
    }
}
