//! What a file of mappings asks of the tracker by words that an administrator wrote: nobody but the tracker knows whether they are right.

use super::{Held, Mappings};
use crate::notify::WrittenBy;
use std::collections::BTreeSet;

/// The words of one mapping, one summary or of `[written]`, as far as they are switched on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Such as `mapping "support"`.
    pub by: String,
    /// Empty for none.
    pub search: String,
    /// Of what a summary lists; empty for the search's own.
    pub order: String,
    /// Keys; empty for all.
    pub projects: Vec<String>,
    pub roles: BTreeSet<String>,
    pub groups: BTreeSet<String>,
    /// Whether people are told who take part by mail.
    pub mail_people: bool,
}

impl Mappings {
    /// What is asked, in the order of the file.
    pub fn asked(&self) -> Vec<Asked> {
        let of_mappings = self.mappings.iter().filter(|mapping| mapping.enabled).map(|mapping| {
            let tables = self.project_keys().chain([""]).filter(|key| key.is_empty() || mapping.is_about(key));
            let keys: Vec<&str> = match mapping.projects.is_empty() {
                true => tables.collect(),
                false => mapping.projects.iter().map(String::as_str).collect(),
            };
            let held: Vec<Held> = keys.into_iter().map(|key| self.held(mapping, key)).collect();
            let projects = mapping.projects.clone();
            Asked { projects, ..of(format!("mapping {:?}", mapping.name), (&mapping.jql, ""), &held) }
        });
        let of_summaries = self.summaries.iter().filter(|summary| summary.enabled).map(|summary| {
            let words = (summary.jql.as_str(), summary.order.as_str());
            let projects = summary.projects.clone();
            let held = [self.held_by_summary(summary)];
            // Who gets it is said by itself alone, so the audience of others is not its own.
            Asked { projects, mail_people: false, ..of(format!("summary {:?}", summary.name), words, &held) }
        });
        let rules = &self.written;
        let of_written = rules.allows(WrittenBy::Comment).then(|| Asked {
            projects: rules.projects.clone(),
            roles: rules.roles.iter().cloned().collect(),
            groups: rules.groups.iter().cloned().collect(),
            ..of("[written]".to_owned(), ("", ""), &[])
        });
        of_mappings.chain(of_summaries).chain(of_written).collect()
    }

    /// The name of each mapping and summary, also of those that are switched off.
    pub fn told_by(&self) -> impl Iterator<Item = &str> {
        let of_summaries = self.summaries.iter().map(|summary| summary.name.as_str());
        self.mappings.iter().map(|mapping| mapping.name.as_str()).chain(of_summaries)
    }
}

fn of(by: String, (search, order): (&str, &str), held: &[Held]) -> Asked {
    let all = |names: fn(&Held) -> &Vec<String>| held.iter().flat_map(names).cloned().collect();
    Asked {
        by,
        search: search.trim().to_owned(),
        order: order.to_owned(),
        projects: Vec::new(),
        roles: all(|held| &held.roles),
        groups: all(|held| &held.groups),
        mail_people: held.iter().any(|held| held.audience.iter().any(|word| word == "mail_people")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_asked_is_that_of_each_level_and_of_nothing_that_is_switched_off() {
        let text = "[default]\naudience = [\"reporter\", \"mail_people\"]\n[[project]]\nkey = \"HR\"\ngroups = [\"people\"]\n\
            [[mapping]]\nname = \"all\"\nevents = [\"commented\"]\njql = \"labels = vip\"\n\
            [[mapping]]\nname = \"help\"\nprojects = [\"HELP\"]\nevents = [\"commented\"]\naudience = []\nroles = [\"Developers\"]\n\
            [[mapping]]\nname = \"off\"\nenabled = false\nevents = [\"commented\"]\njql = \"nonsense\"\n\
            [[summary]]\nname = \"open\"\nat = \"0 8 * * *\"\njql = \"project = HR\"\norder = \"key ASC\"\ngroups = [\"leads\"]\n\
            [written]\nby = [\"comments\"]\nroles = [\"Agents\"]\n";
        let mappings = Mappings::from_toml(text, "m.toml").unwrap();
        let asked = mappings.asked();
        let by: Vec<&str> = asked.iter().map(|one| one.by.as_str()).collect();
        assert_eq!(by, ["mapping \"all\"", "mapping \"help\"", "summary \"open\"", "[written]"]);
        let names = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(" ");
        let (all, help, open, written) = (&asked[0], &asked[1], &asked[2], &asked[3]);
        assert_eq!(
            (all.search.as_str(), names(&all.groups).as_str(), all.mail_people),
            ("labels = vip", "people", true)
        );
        assert_eq!((names(&help.roles).as_str(), names(&help.groups).as_str()), ("Developers", ""));
        assert!(!help.mail_people && help.projects == ["HELP"] && help.search.is_empty());
        assert_eq!((open.search.as_str(), open.order.as_str(), open.mail_people), ("project = HR", "key ASC", false));
        assert_eq!((names(&open.groups).as_str(), names(&written.roles).as_str()), ("leads", "Agents"));
        assert_eq!(mappings.told_by().collect::<Vec<_>>(), ["all", "help", "off", "open"]);
    }
}
