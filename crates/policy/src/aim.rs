//! What a profile wants of a tracker: in which projects it makes issues, of which type, and what it writes into which fields.

use crate::Profile;
use crate::profile::{Mapping, Mode};

/// Stands where a mail would fill a text in.
const FROM_THE_MAIL: char = '\u{1}';

/// New issues of one type in one project, so that it can be seen whether the tracker has what they need before mail comes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aim {
    pub project: String,
    pub issue_type: String,
    /// Where the profile says so: `[default]`, `mapping "it"`, `rule "outage"`, `projects.keys`.
    pub place: String,
    /// Each field by name or id, with the words for it; `None` where only a mail or a day gives them.
    pub fields: Vec<(String, Option<String>)>,
}

impl Profile {
    /// What it makes at each place, once, at the first place that says it.
    pub fn aims(&self) -> Vec<Aim> {
        let mut aims: Vec<Aim> = Vec::new();
        for (place, mapping) in self.places().filter(|(_, mapping)| mapping.mode != Mode::Comment) {
            let fields = fields(&mapping);
            let Mapping { project, issue_type, .. } = mapping;
            let aim = Aim { project, issue_type, place, fields };
            if !aim.project.is_empty() && !aims.iter().any(|known| known.is_the_same(&aim)) {
                aims.push(aim);
            }
        }
        aims
    }
}

/// When comments on issues of a project are refused, so that it can be seen whether the tracker knows what that means: a search that it
/// does not answer refuses nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusing {
    pub project: String,
    /// As in [`Aim`].
    pub place: String,
    /// In the tracker's own language; empty for none.
    pub search: String,
    pub statuses: Vec<String>,
}

impl Profile {
    /// What it refuses at each place, once, at the first place that says it.
    pub fn refusing(&self) -> Vec<Refusing> {
        let mut all: Vec<Refusing> = Vec::new();
        for (place, Mapping { project, reject_search, reject_status, .. }) in self.places() {
            let one = Refusing { project, place, search: reject_search.trim().to_owned(), statuses: reject_status };
            let is_known = |known: &Refusing| {
                (&known.project, &known.search, &known.statuses) == (&one.project, &one.search, &one.statuses)
            };
            let says_something = !one.search.is_empty() || !one.statuses.is_empty();
            if says_something && !one.project.is_empty() && !all.iter().any(is_known) {
                all.push(one);
            }
        }
        all
    }
}

impl Aim {
    /// Whatever the place.
    fn is_the_same(&self, other: &Aim) -> bool {
        (&self.project, &self.issue_type, &self.fields) == (&other.project, &other.issue_type, &other.fields)
    }
}

fn fields(mapping: &Mapping) -> Vec<(String, Option<String>)> {
    let plain = [
        ("priority", mapping.priority.clone()),
        ("labels", mapping.labels.join(", ")),
        ("components", mapping.components.join(", ")),
        ("security", mapping.security_level.clone()),
    ];
    let plain = plain.into_iter().filter(|(_, words)| !words.is_empty());
    let due = Some(("duedate".to_owned(), None)).filter(|_| !mapping.due.is_empty());
    let texts = mapping.fields.0.iter().map(|(field, text)| {
        let words = text.filled(|_| FROM_THE_MAIL.to_string());
        (field.clone(), Some(words).filter(|words| !words.contains(FROM_THE_MAIL)))
    });
    let Mapping { to_field, cc_field, sender_address_field, sender_name_field, participants_field, .. } = mapping;
    let people = [to_field, cc_field, sender_address_field, sender_name_field, participants_field];
    let people = people.into_iter().filter(|field| !field.is_empty()).map(|field| (field.clone(), None));
    plain.map(|(field, words)| (field.to_owned(), Some(words))).chain(due).chain(texts).chain(people).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_refused_is_told_with_the_project_that_it_is_refused_in() {
        let text = "[default]\nproject = \"HELP\"\nreject_status = [\"Closed\"]\n\
            [[mapping]]\nname = \"it\"\nproject = \"IT\"\nreject_search = \"labels = old\"\n\
            [[rule]]\nname = \"same\"\nsubject = [\"*up*\"]\nissue_type = \"Bug\"\n";
        let told = Profile::from_toml("a", text, "a.toml").unwrap().refusing();
        let told: Vec<_> =
            told.iter().map(|one| (&*one.project, &*one.place, &*one.search, one.statuses.len())).collect();
        assert_eq!(told, [("HELP", "[default]", "", 1), ("IT", "mapping \"it\"", "labels = old", 1)]);
    }

    #[test]
    fn each_place_that_makes_issues_says_what_it_needs() {
        let text = "[default]\nproject = \"HELP\"\nissue_type = \"Task\"\npriority = \"High\"\n\
            [[mapping]]\nname = \"it\"\nproject = \"IT\"\ndue = \"+2d\"\n\
            to_field = \"Colleagues\"\ncc_field = \"Readers\"\nsender_address_field = \"Address\"\n\
            sender_name_field = \"Name\"\nparticipants_field = \"Others\"\n[mapping.fields]\nImpact = \"low\"\nFrom = \"{{sender.name}}\"\n\
            [[mapping]]\nname = \"talk\"\nproject = \"TALK\"\nmode = \"comment\"\n\
            [[rule]]\nname = \"outage\"\nsubject = [\"*down*\"]\nissue_type = \"Incident\"\n\
            [[rule]]\nname = \"same\"\nsubject = [\"*up*\"]\nsubject_keys = false\n\
            [[rule]]\nname = \"spam\"\nsubject = [\"*win*\"]\noutcome = \"ignore\"\n";
        let aims = Profile::from_toml("a", text, "a.toml").unwrap().aims();
        let told: Vec<_> = aims.iter().map(|aim| (&*aim.project, &*aim.issue_type, &*aim.place)).collect();
        let wanted =
            [("HELP", "Task", "[default]"), ("IT", "Task", "mapping \"it\""), ("HELP", "Incident", "rule \"outage\"")];
        assert_eq!(told, wanted);
        let field = |name: &str, words: Option<&str>| (name.to_owned(), words.map(str::to_owned));
        let wanted = [
            field("priority", Some("High")),
            field("duedate", None),
            field("From", None),
            field("Impact", Some("low")),
            field("Colleagues", None),
            field("Readers", None),
            field("Address", None),
            field("Name", None),
            field("Others", None),
        ];
        assert_eq!(aims[1].fields.len(), wanted.len());
        assert!(wanted.iter().all(|one| aims[1].fields.contains(one)), "{:?}", aims[1].fields);
    }
}
