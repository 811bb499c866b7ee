//! Whom a mapping means: the people of its audience, each with why.

use super::facts::{Audience, IssueNow, PEOPLE_MAX, Whom};
use super::inquiry::Inquiry;
use super::scene;
use crate::decide::{Trace, is_plain_address};
use crate::expression::{Expression, Value};
use crate::outbound::Held;
use std::collections::{HashMap, HashSet};

/// Somebody whom the mapping means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) whom: Whom,
    /// Why, each as what is said of him: `watches it`.
    pub(super) because: Vec<String>,
}

/// The audience of a letter, in the order of the settings; and who is too many.
#[derive(Debug, Default)]
pub(super) struct Meant {
    pub(super) candidates: Vec<Candidate>,
    pub(super) too_many: Vec<(Whom, String)>,
    /// Where each stands among the candidates.
    at: HashMap<Whom, usize>,
}

/// One part of an audience: the kind that its bound counts, what is said of its people, and how they are found.
struct Part<'h> {
    kind: &'static str,
    because: String,
    source: Source<'h>,
}

enum Source<'h> {
    Asked(Audience),
    Named(Vec<Whom>),
    Expression(&'h Expression),
}

/// Everybody whom these values mean for this issue.
pub(super) fn meant(issue_id: &str, issue: &IssueNow, held: &Held, inquiry: &mut Inquiry, trace: &mut Trace) -> Meant {
    let mut meant = Meant::default();
    let mut of_kind: (&str, HashSet<Whom>) = ("", HashSet::new());
    for part in parts(issue, held) {
        if of_kind.0 != part.kind {
            of_kind = (part.kind, HashSet::new());
        }
        let question = format!("Who {}?", part.because);
        let people = match found(&part.source, issue_id, issue, inquiry) {
            Ok(people) => people,
            Err(why) => {
                trace.note(&question, why, "nobody of them is told");
                continue;
            }
        };
        if !matches!(part.source, Source::Named(_)) {
            let decided = match people.len() > PEOPLE_MAX {
                true => "each of the first 10,000 is looked at",
                false => "each of them is looked at",
            };
            trace.note(&question, format!("{} found", people.len()), decided);
        }
        for whom in people.into_iter().take(PEOPLE_MAX) {
            let counted = &mut of_kind.1;
            if !counted.contains(&whom) && counted.len() >= held.audience_max as usize {
                let why = format!("{} may have {} people (audience_max)", part.kind, held.audience_max);
                meant.too_many.push((whom, why));
                continue;
            }
            counted.insert(whom.clone());
            meant.add(whom, &part.because);
        }
    }
    let Meant { too_many, at, .. } = &mut meant;
    too_many.retain(|(whom, _)| !at.contains_key(whom));
    meant
}

impl Meant {
    fn add(&mut self, whom: Whom, because: &str) {
        let at = *self.at.entry(whom.clone()).or_insert(self.candidates.len());
        match self.candidates.get_mut(at) {
            Some(known) if known.because.iter().any(|one| one == because) => {}
            Some(known) => known.because.push(because.to_owned()),
            None => self.candidates.push(Candidate { whom, because: vec![because.to_owned()] }),
        }
    }
}

fn found(source: &Source, issue_id: &str, issue: &IssueNow, inquiry: &mut Inquiry) -> Result<Vec<Whom>, String> {
    match source {
        Source::Asked(audience) => inquiry.who(issue_id, audience).map(<[Whom]>::to_vec),
        Source::Named(people) => Ok(people.clone()),
        Source::Expression(expression) => match expression.evaluate(&scene::of_issue(issue))? {
            Value::List(entries, _) => entries.iter().map(somebody).collect(),
            other => Err(format!("it yields {}, not a list", other.kind())),
        },
    }
}

fn somebody(value: &Value) -> Result<Whom, String> {
    match value {
        Value::Text(text) if text.contains('@') && is_plain_address(text) => Ok(Whom::Address(text.to_string())),
        Value::Text(text) => Ok(Whom::Account(text.to_string())),
        other => Err(format!("its list holds {}, not only texts", other.kind())),
    }
}

/// The parts, those of one kind side by side.
fn parts<'h>(issue: &IssueNow, held: &'h Held) -> Vec<Part<'h>> {
    let account = |id: &Option<String>| Source::Named(id.iter().cloned().map(Whom::Account).collect());
    let mut parts = Vec::new();
    for word in &held.audience {
        let (kind, because, source) = match word.as_str() {
            "reporter" => ("reporter", "reports it", account(&issue.reporter)),
            "assignee" => ("assignee", "works on it", account(&issue.assignee)),
            "watchers" => ("watchers", "watches it", Source::Asked(Audience::Watchers)),
            "request_participants" => {
                ("request_participants", "takes part in the request", Source::Asked(Audience::RequestParticipants))
            }
            "organisations" => {
                ("organisations", "is of an organisation it is shared with", Source::Asked(Audience::Organisations))
            }
            "approvers" => ("approvers", "is asked to approve it", Source::Asked(Audience::Approvers)),
            "project_lead" => ("project_lead", "leads its project", Source::Asked(Audience::ProjectLead)),
            "component_leads" => {
                ("component_leads", "leads one of its components", Source::Asked(Audience::ComponentLeads))
            }
            _ => ("mail_people", "takes part in it by mail", Source::Asked(Audience::MailPeople)),
        };
        parts.push(Part { kind, because: because.to_owned(), source });
    }
    let mut named =
        |kind: &'static str, names: &[String], audience: fn(String) -> Audience, said: fn(&str) -> String| {
            let asked =
                |name: &String| Part { kind, because: said(name), source: Source::Asked(audience(name.clone())) };
            parts.extend(names.iter().map(asked));
        };
    named("roles", &held.roles, Audience::Role, |name| format!("has the role {name:?}"));
    named("groups", &held.groups, Audience::Group, |name| format!("is in the group {name:?}"));
    named("user_fields", &held.user_fields, Audience::UserField, |name| format!("stands in the field {name:?}"));
    named("group_fields", &held.group_fields, Audience::GroupField, |name| {
        format!("is in a group of the field {name:?}")
    });
    named("address_fields", &held.address_fields, Audience::AddressField, |name| {
        format!("stands in the field {name:?}")
    });
    let listed = |names: &[String], whom: fn(String) -> Whom| Source::Named(names.iter().cloned().map(whom).collect());
    let said = "is named by the mapping".to_owned();
    parts.push(Part { kind: "accounts", because: said.clone(), source: listed(&held.accounts, Whom::Account) });
    parts.push(Part { kind: "addresses", because: said, source: listed(&held.addresses, Whom::Address) });
    if let Some(expression) = &held.also {
        let because = "is found by `also`".to_owned();
        parts.push(Part { kind: "also", because, source: Source::Expression(expression) });
    }
    parts
}
