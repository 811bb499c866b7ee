//! What is gone: who may be told that it is, from what its deletion says, from what was decided before, and from the project as it is now.

use super::contents::Contents;
use super::inquiry::Inquiry;
use crate::facts::told::{may, not_so};
use mail::normalised;
use policy::event::{Event, EventKind, Last};
use policy::notify::{Audience, Entry, Facts, IssueNow};
use policy::{Act, Fault, Told};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use tracker::{Answer, Operation};

/// Holders of the permission to see issues that are the same for all issues of a project. What is granted to any other, such as whoever reports
/// an issue, a project has for everybody and an issue for few.
const OF_PROJECTS: [&str; 6] = ["anyone", "applicationRole", "group", "projectLead", "projectRole", "user"];
/// Customers of service management, on their portal alone; the tracker never takes an account for one.
const ON_A_PORTAL: &str = "sd.customer.portal.only";

/// Who could see a comment or an entry of work when it was decided about its issue, as the decision keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct EntryKnown {
    entry: Entry,
    id: String,
    /// `false`, too, where nobody said so.
    for_everybody: bool,
}

/// An issue that is gone, as the last event of its deletion tells of it; where there is none, with the key that it had.
pub(super) fn issue(events: &[Event]) -> IssueNow {
    let last =
        events.iter().rev().filter(|event| event.kind == EventKind::Deleted).find_map(|event| match &event.last {
            Some(Last::Issue(issue)) => Some(IssueNow { gone: true, ..(**issue).clone() }),
            _ => None,
        });
    let key = || events.iter().rev().find_map(|event| event.issue_key.clone()).unwrap_or_default();
    last.unwrap_or_else(|| nothing_but(key()))
}

fn nothing_but(key: String) -> IssueNow {
    IssueNow {
        project: key.rsplit_once('-').map(|(project, _)| project.to_owned()).unwrap_or_default(),
        key,
        gone: true,
        security: Told::Untold("the issue is gone".to_owned()),
        reporter: None,
        assignee: None,
        summary: String::new(),
        issue_type: String::new(),
        status: String::new(),
        status_category: String::new(),
        priority: String::new(),
        labels: Vec::new(),
        components: Vec::new(),
    }
}

/// Whether the tracker still tells who belongs to this part of an audience when the issue is gone.
pub(super) fn can_be_asked(audience: &Audience) -> bool {
    matches!(audience, Audience::ProjectLead | Audience::ComponentLeads | Audience::Role(_) | Audience::Group(_))
}

/// What is kept of a decision about these events: of each comment and entry of work whether everybody could see it who sees the issue.
pub(super) fn entries_known(events: &[Event], contents: &Contents) -> Vec<EntryKnown> {
    let mut seen = HashSet::new();
    let about = events.iter().filter_map(|event| {
        let entry = match event.kind {
            EventKind::Commented | EventKind::CommentEdited | EventKind::CommentDeleted => Entry::Comment,
            EventKind::Worked | EventKind::WorkEdited | EventKind::WorkDeleted => Entry::Work,
            EventKind::Created | EventKind::Updated | EventKind::Deleted | EventKind::Written | EventKind::Returned => {
                return None;
            }
        };
        let id = event.part.clone()?;
        let known = contents.entries.get(&(entry, id.clone()));
        Some(EntryKnown { entry, id, for_everybody: known.is_some_and(|said| said.seen_by.is_empty()) })
    });
    let earlier = contents.earlier.iter().map(|one| EntryKnown {
        entry: Entry::Comment,
        id: one.id.clone(),
        for_everybody: one.entry.seen_by.is_empty(),
    });
    about.chain(earlier).filter(|known| seen.insert((known.entry, known.id.clone()))).collect()
}

impl Inquiry<'_> {
    /// Whether it is known that everybody could see the entry who sees the issue: the last decision that knows of it says so, and it was not
    /// changed since.
    pub(super) async fn was_for_everybody(&self, issue_id: &str, entry: Entry, id: &str) -> Result<bool, Fault> {
        let is_edit = |event: &Event| {
            matches!(
                (event.kind, entry),
                (EventKind::CommentEdited, Entry::Comment) | (EventKind::WorkEdited, Entry::Work)
            ) && event.part.as_deref() == Some(id)
        };
        if self.events.iter().any(is_edit) {
            return Ok(false);
        }
        let decided = self.shared.store.notices_of_issue(&self.site.name, issue_id).await?;
        let of = |notice: &serde_json::Value| {
            let entries = Vec::<EntryKnown>::deserialize(&notice["entries"]).unwrap_or_default();
            entries.into_iter().find(|known| known.entry == entry && known.id == id)
        };
        Ok(decided.iter().find_map(of).is_some_and(|known| known.for_everybody))
    }

    /// Whether the account might see an issue that is gone: it may see the project now, and was told of the issue before, or nothing but
    /// the project decided who sees its issues. Of guarded issues nobody is asked about at all.
    pub(super) async fn saw_issue(
        &mut self,
        issue_id: &str,
        issue: &IssueNow,
        account: &str,
        facts: &Facts,
    ) -> Result<Told<bool>, Fault> {
        let person = facts.people.iter().find(|(id, _)| id == account).and_then(|(_, person)| person.as_ref());
        // Customers see what they report on their portal, of which no list tells.
        if person.is_some_and(|person| person.is_customer) {
            let known = issue.reporter.as_deref() == Some(account);
            let why = || Told::Untold("the issue is gone, and the customer did not report it".to_owned());
            return Ok(if known { Told::Known(true) } else { why() });
        }
        let sees_project = may(self.site, account, &issue.project, Act::Browse).await?;
        if sees_project != Told::Known(true) {
            return Ok(sees_project);
        }
        if let Some(address) = person.and_then(|person| person.address.as_deref()) {
            let address = normalised(address);
            if self.shared.store.was_written_about(&self.site.name, issue_id, &address).await? {
                return Ok(Told::Known(true));
            }
        }
        Ok(match self.browsers(&issue.project).await? {
            Told::Known(holders) if holders.iter().all(|holder| decides_for(holder, issue, account)) => {
                Told::Known(true)
            }
            Told::Known(_) => Told::Untold(
                "the issue is gone, the project lets some people see some issues only, and no letter about it went to the account"
                    .to_owned(),
            ),
            Told::Untold(why) => Told::Untold(format!("to whom the project shows its issues: {why}")),
        })
    }

    async fn browsers(&mut self, project: &str) -> Result<Told<Vec<String>>, Fault> {
        Ok(match self.once(Operation::ReadBrowsers { project: project.to_owned() }).await? {
            Told::Known(answer) => match &*answer {
                Answer::Names(names) => Told::Known(names.clone()),
                other => return not_so(Told::Known(other.clone())),
            },
            Told::Untold(why) => Told::Untold(why),
        })
    }
}

/// Whether what is granted to such a holder says of this account that it could see this very issue, when it may see the project.
fn decides_for(holder: &str, issue: &IssueNow, account: &str) -> bool {
    let is = |one: &Option<String>| one.as_deref() == Some(account);
    match holder {
        "reporter" => is(&issue.reporter),
        "assignee" => is(&issue.assignee),
        other => OF_PROJECTS.contains(&other) || other == ON_A_PORTAL,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use policy::Visibility;
    use policy::notify::EntrySaid;

    fn event(kind: EventKind, part: Option<&str>, last: Option<Last>) -> Event {
        let (issue_id, issue_key, part) = ("10".to_owned(), Some("HELP-7".to_owned()), part.map(str::to_owned));
        Event { kind, issue_id, issue_key, at_ms: 1, actor: None, part, changes: vec![], last }
    }

    #[test]
    fn an_issue_that_is_gone_is_what_its_deletion_says_of_it() {
        let nothing = issue(&[event(EventKind::Commented, Some("7"), None)]);
        assert_eq!((nothing.key.as_str(), nothing.project.as_str(), nothing.gone), ("HELP-7", "HELP", true));
        assert!(matches!(nothing.security, Told::Untold(_)), "nothing is not taken for no level");
        // Whatever it says of itself, it is gone.
        let told = IssueNow { gone: false, security: Told::Known(None), ..nothing_but("NEW-1".to_owned()) };
        let deleted = event(EventKind::Deleted, None, Some(Last::Issue(Box::new(told))));
        let known = issue(&[deleted, event(EventKind::Commented, Some("7"), None)]);
        assert_eq!((known.key.as_str(), known.gone, known.security), ("NEW-1", true, Told::Known(None)));
    }

    #[test]
    fn a_right_in_the_project_says_nothing_where_issues_decide_for_themselves() {
        let issue =
            IssueNow { reporter: Some("ann".into()), assignee: Some("bob".into()), ..nothing_but("HELP-7".into()) };
        let decides = |holder: &str| ["ann", "bob", "eve"].map(|account| decides_for(holder, &issue, account));
        assert_eq!(decides("projectRole"), [true; 3]);
        assert_eq!(decides("reporter"), [true, false, false]);
        assert_eq!(decides("assignee"), [false, true, false]);
        for other in ["userCustomField", "groupCustomField", "something new", ""] {
            assert_eq!(decides(other), [false; 3], "{other}");
        }
    }

    #[test]
    fn a_decision_keeps_who_could_see_what_it_was_about() {
        let said = |seen_by: &[Visibility]| EntrySaid { seen_by: seen_by.to_vec(), ..EntrySaid::default() };
        let mut contents = Contents::default();
        contents.entries.insert((Entry::Comment, "1".into()), said(&[]));
        contents.entries.insert((Entry::Comment, "2".into()), said(&[Visibility::Internal]));
        let events = ["1", "2", "3"].map(|id| event(EventKind::Commented, Some(id), None));
        let known = entries_known(&events, &contents);
        let shown: Vec<_> = known.iter().map(|one| (one.id.as_str(), one.for_everybody)).collect();
        assert_eq!(shown, [("1", true), ("2", false), ("3", false)], "of the third nobody said it");
    }
}
