//! Whom a mapping means: the people of its audience, each with why.

use super::facts::{Audience, IssueNow, PEOPLE_MAX, Whom};
use super::inquiry::Inquiry;
use super::scene;
use crate::decide::{Trace, is_plain_address};
use crate::expression::{Expression, Value};
use crate::outbound::Held;
use crate::template::view::Reason;
use std::collections::{HashMap, HashSet};

/// Somebody whom the mapping means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) whom: Whom,
    /// Why; not empty.
    pub(super) because: Vec<Because>,
}

/// Why somebody is meant: what the story says of him, such as `watches it`, and what his letter says to him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Because {
    pub(super) said: String,
    pub(super) reason: Reason,
}

/// The audience of a letter, in the order of the settings; and who is too many.
#[derive(Debug, Default)]
pub(super) struct Meant {
    pub(super) candidates: Vec<Candidate>,
    pub(super) too_many: Vec<(Whom, String)>,
    /// Of which people it is not known who they are: the question, and why.
    pub(super) unfound: Vec<(String, String)>,
    /// Where each stands among the candidates.
    at: HashMap<Whom, usize>,
}

/// One part of an audience: the kind that its bound counts, what is said of its people, and how they are found.
struct Part<'h> {
    kind: &'static str,
    because: Because,
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
        let question = format!("Who {}?", part.because.said);
        let people = match found(&part.source, issue_id, issue, inquiry) {
            Ok(people) => people,
            Err(why) => {
                trace.note(&question, &why, "nobody of them is told");
                meant.unfound.push((question, why));
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
                // Each of many parts may have as many who are too many.
                if meant.too_many.len() < PEOPLE_MAX {
                    let why = format!("{} may have {} people (audience_max)", part.kind, held.audience_max);
                    meant.too_many.push((whom, why));
                }
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
    fn add(&mut self, whom: Whom, because: &Because) {
        let at = *self.at.entry(whom.clone()).or_insert(self.candidates.len());
        match self.candidates.get_mut(at) {
            Some(known) if known.because.contains(because) => {}
            Some(known) => known.because.push(because.clone()),
            None => self.candidates.push(Candidate { whom, because: vec![because.clone()] }),
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
    let mut parts: Vec<Part<'h>> = Vec::new();
    let mut part = |kind: &'static str, said: &str, reason: Reason, source: Source<'h>| {
        parts.push(Part { kind, because: Because { said: said.to_owned(), reason }, source });
    };
    for word in &held.audience {
        let (kind, said, reason, source) = of_word(word, issue);
        part(kind, said, reason, source);
    }
    let named = [
        ("roles", &held.roles, Named { audience: Audience::Role, said: "has the role", reason: Reason::Role }),
        ("groups", &held.groups, Named { audience: Audience::Group, said: "is in the group", reason: Reason::Group }),
        ("user_fields", &held.user_fields, Named::field(Audience::UserField, "stands in the field")),
        ("group_fields", &held.group_fields, Named::field(Audience::GroupField, "is in a group of the field")),
        ("address_fields", &held.address_fields, Named::field(Audience::AddressField, "stands in the field")),
    ];
    for (kind, names, named) in named {
        for name in names {
            let said = format!("{} {name:?}", named.said);
            part(kind, &said, (named.reason)(name.clone()), Source::Asked((named.audience)(name.clone())));
        }
    }
    let listed = |names: &[String], whom: fn(String) -> Whom| Source::Named(names.iter().cloned().map(whom).collect());
    let said = "is named by the mapping";
    part("accounts", said, Reason::Named, listed(&held.accounts, Whom::Account));
    part("addresses", said, Reason::Named, listed(&held.addresses, Whom::Address));
    if let Some(expression) = &held.also {
        part("also", "is found by `also`", Reason::Named, Source::Expression(expression));
    }
    parts
}

/// A part of an audience that the file names: how it is asked for, what is said of its people, and what is said to them.
struct Named {
    audience: fn(String) -> Audience,
    said: &'static str,
    reason: fn(String) -> Reason,
}

impl Named {
    fn field(audience: fn(String) -> Audience, said: &'static str) -> Named {
        Named { audience, said, reason: Reason::Field }
    }
}

fn of_word<'h>(word: &str, issue: &IssueNow) -> (&'static str, &'static str, Reason, Source<'h>) {
    let account = |id: &Option<String>| Source::Named(id.iter().cloned().map(Whom::Account).collect());
    let asked = Source::Asked;
    match word {
        "reporter" => ("reporter", "reports it", Reason::Reporter, account(&issue.reporter)),
        "assignee" => ("assignee", "works on it", Reason::Assignee, account(&issue.assignee)),
        "watchers" => ("watchers", "watches it", Reason::Watcher, asked(Audience::Watchers)),
        "request_participants" => {
            let said = "takes part in the request";
            ("request_participants", said, Reason::Participant, asked(Audience::RequestParticipants))
        }
        "organisations" => {
            let said = "is of an organisation it is shared with";
            ("organisations", said, Reason::Organisation, asked(Audience::Organisations))
        }
        "approvers" => ("approvers", "is asked to approve it", Reason::Approver, asked(Audience::Approvers)),
        "project_lead" => ("project_lead", "leads its project", Reason::ProjectLead, asked(Audience::ProjectLead)),
        "component_leads" => {
            ("component_leads", "leads one of its components", Reason::ComponentLead, asked(Audience::ComponentLeads))
        }
        _ => ("mail_people", "takes part in it by mail", Reason::Participant, asked(Audience::MailPeople)),
    }
}
