//! What a webhook says of an issue that was deleted: as much as a decision needs, and nothing that its people wrote but its summary.

use super::{User, actor, cut};
use crate::jira::security;
use policy::Told;
use policy::event::EVENT_VALUE_CHARS_MAX;
use policy::notify::IssueNow;
use serde::Deserialize;
use serde_json::Value;

/// Names of labels or components that are kept.
const NAMES_MAX: usize = 100;

/// The issue as it was; `None` where the webhook has none of its fields.
pub(super) fn issue(key: &str, fields: &Value) -> Option<IssueNow> {
    fields.as_object()?;
    let not_shown = || Told::Untold("the webhook does not have the field of the security level".to_owned());
    let name = |field: &str| text(&fields[field]["name"]);
    let names = |field: &str, name: fn(&Value) -> String| {
        let all = fields[field].as_array().into_iter().flatten().map(name);
        all.filter(|name| !name.is_empty()).take(NAMES_MAX).collect()
    };
    let person = |field: &str| User::deserialize(&fields[field]).ok().as_ref().and_then(actor).map(|one| one.id);
    let project = text(&fields["project"]["key"]);
    let of_key = || key.rsplit_once('-').map(|(project, _)| project.to_owned()).unwrap_or_default();
    Some(IssueNow {
        key: cut(key, 255),
        project: if project.is_empty() { of_key() } else { project },
        gone: true,
        security: security(fields).map_or_else(not_shown, Told::Known),
        reporter: person("reporter"),
        assignee: person("assignee"),
        summary: text(&fields["summary"]),
        issue_type: name("issuetype"),
        status: name("status"),
        status_category: text(&fields["status"]["statusCategory"]["key"]),
        priority: name("priority"),
        labels: names("labels", text),
        components: names("components", |one| text(&one["name"])),
    })
}

fn text(value: &Value) -> String {
    cut(value.as_str().unwrap_or_default(), EVENT_VALUE_CHARS_MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_security_level_that_is_not_told_is_not_taken_for_none() {
        let security = |fields: Value| issue("NORTH-7", &fields).unwrap().security;
        assert_eq!(security(json!({ "security": null })), Told::Known(None));
        assert_eq!(security(json!({ "security": { "id": "3", "name": "Staff" } })), Told::Known(Some("Staff".into())));
        // One without a name is a level all the same.
        assert_eq!(security(json!({ "security": { "id": "3" } })), Told::Known(Some("3".into())));
        assert!(matches!(security(json!({ "summary": "x" })), Told::Untold(_)));
        assert_eq!(issue("NORTH-7", &Value::Null), None);
    }

    #[test]
    fn no_more_of_it_is_kept_than_decides() {
        let fields = json!({
            "summary": "s", "description": "planted-word", "comment": { "comments": [{ "body": "planted-word" }] },
            "project": { "key": "NORTH" }, "reporter": { "name": "bob", "emailAddress": "planted-word@x.example" },
            "components": [{ "name": "Printers" }, {}], "labels": ["a"], "customfield_1": "planted-word",
        });
        let kept = issue("OLD-7", &fields).unwrap();
        assert_eq!(
            (kept.project.as_str(), kept.reporter.as_deref(), kept.assignee.as_deref()),
            ("NORTH", Some("bob"), None)
        );
        assert_eq!((kept.components.len(), kept.labels.len()), (1, 1));
        assert!(!serde_json::to_string(&kept).unwrap().contains("planted-word"));
    }
}
