//! What conditions of mappings can name, and what it is.

use super::facts::IssueNow;
use crate::Told;
use crate::event::{Change, Event};
use crate::expression::{Scene, Value};
use crate::outbound::words_of;

/// The scene of an issue, as the expression `also` sees it.
pub(super) fn of_issue(issue: &IssueNow) -> Scene {
    Scene(issue_values(issue))
}

/// The scene of one event; `internal` is whether it is about something that not everybody sees who sees the issue.
pub(super) fn of_event(issue: &IssueNow, event: &Event, internal: bool) -> Scene {
    let mut values = issue_values(issue);
    let actor = event.actor.as_ref();
    let side = |value: fn(&Change) -> &Option<String>| {
        let text = move |change: &Change| Value::text(value(change).as_deref().unwrap_or_default());
        Value::map(event.changes.iter().map(|change| (change.field.clone(), text(change))).collect())
    };
    values.extend([
        ("events", Value::list(words_of(event).into_iter().map(Value::text).collect())),
        ("actor", Value::text(actor.map_or("", |actor| &actor.id))),
        ("actor_name", Value::text(actor.map_or("", |actor| &actor.name))),
        ("changed", side(|change| &change.to)),
        ("was", side(|change| &change.from)),
        ("internal", Value::Truth(internal)),
    ]);
    Scene(values)
}

fn issue_values(issue: &IssueNow) -> Vec<(&'static str, Value)> {
    let list = |texts: &[String]| Value::list(texts.iter().map(|text| Value::text(text)).collect());
    let security = match &issue.security {
        Told::Known(level) => level.as_deref().unwrap_or_default(),
        Told::Untold(_) => "",
    };
    vec![
        ("key", Value::text(&issue.key)),
        ("project", Value::text(&issue.project)),
        ("summary", Value::text(&issue.summary)),
        ("issue_type", Value::text(&issue.issue_type)),
        ("status", Value::text(&issue.status)),
        ("status_category", Value::text(&issue.status_category)),
        ("priority", Value::text(&issue.priority)),
        ("labels", list(&issue.labels)),
        ("components", list(&issue.components)),
        ("security", Value::text(security)),
        ("reporter", Value::text(issue.reporter.as_deref().unwrap_or_default())),
        ("assignee", Value::text(issue.assignee.as_deref().unwrap_or_default())),
        ("gone", Value::Truth(issue.gone)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventKind;
    use crate::outbound::{EVENT_NAMES, ISSUE_NAMES};

    #[test]
    fn every_name_of_the_manual_has_a_value() {
        let issue = IssueNow {
            key: "NORTH-1".into(),
            project: "NORTH".into(),
            gone: false,
            security: Told::Known(None),
            reporter: None,
            assignee: None,
            summary: String::new(),
            issue_type: String::new(),
            status: String::new(),
            status_category: String::new(),
            priority: String::new(),
            labels: vec![],
            components: vec![],
        };
        let (issue_id, kind) = ("10".to_owned(), EventKind::Created);
        let event =
            Event { kind, issue_id, issue_key: None, at_ms: 1, actor: None, part: None, changes: vec![], last: None };
        let names = |scene: Scene| scene.0.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        let of_issue_alone = ISSUE_NAMES.map(|(name, _)| name);
        assert_eq!(names(of_issue(&issue)), of_issue_alone);
        assert_eq!(
            names(of_event(&issue, &event, false)),
            [&of_issue_alone[..], &EVENT_NAMES.map(|(name, _)| name)].concat()
        );
    }
}
