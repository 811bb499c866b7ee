//! Webhooks as real sites sent them (shared/webhooks, Mattermost's captures) are read into events.

#![allow(clippy::unwrap_used)]

use policy::Told::Known;
use policy::event::{Event, EventKind, Last};
use std::path::{Path, PathBuf};
use tracker::webhook::{Told, read};

/// The captures; `None` on a machine without them.
fn captures() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    rig::shared::folder(&root, &rig::shared::this_test()).map(|shared| shared.join("webhooks/mattermost"))
}

fn captured(captures: &Path, name: &str) -> Told {
    read(&std::fs::read(captures.join(format!("webhook-{name}.json"))).unwrap()).unwrap()
}

fn only(told: &Told) -> &Event {
    assert_eq!(told.events.len(), 1, "{told:?}");
    &told.events[0]
}

#[test]
fn every_capture_tells_of_one_issue() {
    let Some(captures) = captures() else { return };
    for (name, kind, issue, key, part) in [
        ("cloud-comment-created", EventKind::Commented, "10040", Some("TES-41"), Some("10019")),
        ("cloud-comment-deleted", EventKind::CommentDeleted, "10357", Some("KT-7"), Some("10757")),
        ("cloud-comment-updated", EventKind::CommentEdited, "10040", Some("TES-41"), Some("10019")),
        ("cloud-issue-created-many-fields", EventKind::Created, "10509", Some("KT-22"), None),
        ("cloud-issue-updated-custom-field", EventKind::Updated, "10368", Some("TES-14"), Some("11479")),
        ("issue-created", EventKind::Created, "10040", Some("TES-41"), None),
        ("issue-deleted", EventKind::Deleted, "10303", Some("IDT-19"), None),
        ("issue-updated-attachments", EventKind::Updated, "10040", Some("TES-41"), Some("10233")),
        ("issue-updated-labels", EventKind::Updated, "10040", Some("TES-41"), Some("10233")),
        ("issue-updated-resolved", EventKind::Updated, "10040", Some("TES-41"), Some("10228")),
        ("issue-updated-sprint", EventKind::Updated, "10040", Some("TES-41"), Some("10233")),
        // Data Center names no issue where it tells of a comment; its address does.
        ("server-comment-created", EventKind::Commented, "10013", None, Some("10082")),
        // An old one tells of a comment as of a change without changes.
        ("server-issue-updated-commented-2", EventKind::Commented, "10231", Some("PRJA-42"), Some("10118")),
        ("server-issue-updated-in-progress", EventKind::Updated, "10300", Some("TES-4"), Some("10508")),
    ] {
        let told = captured(&captures, name);
        let event = only(&told);
        assert_eq!(
            (event.kind, event.issue_id.as_str(), event.issue_key.as_deref(), event.part.as_deref()),
            (kind, issue, key, part),
            "{name}"
        );
        let is_told_by_whom = kind != EventKind::CommentDeleted;
        assert_eq!(
            (event.actor.is_some(), event.at_ms > 1_500_000_000_000),
            (is_told_by_whom, true),
            "{name}: {event:?}"
        );
    }
}

#[test]
fn a_deletion_says_whose_issue_it_was_and_nothing_of_its_words() {
    let Some(captures) = captures() else { return };
    let told = captured(&captures, "issue-deleted");
    let Some(Last::Issue(issue)) = &only(&told).last else { panic!("{told:?}") };
    assert_eq!((issue.key.as_str(), issue.project.as_str(), issue.summary.as_str()), ("IDT-19", "IDT", "hey"));
    assert_eq!((issue.gone, &issue.security, issue.assignee.as_deref()), (true, &Known(None), None));
    assert_eq!(issue.reporter.as_deref(), Some("5c0000000000000000000001"));
    assert!(!serde_json::to_string(only(&told)).unwrap().contains("descxyvccfgf"));
    // A comment that was for everybody says nothing more.
    assert_eq!(only(&captured(&captures, "cloud-comment-deleted")).last, None);
}

#[test]
fn what_was_for_few_says_so_when_it_is_deleted() {
    let last = |kind: &str, of: &str, said: &str| {
        let about = format!(r#""{of}": {{"id": "7", "issueId": "10", "author": {{"name": "ann"}}{said}}}"#);
        let body = format!(r#"{{"timestamp": 1, "webhookEvent": "{kind}", "issue": {{"id": "10"}}, {about}}}"#);
        read(body.as_bytes()).unwrap().events.remove(0).last
    };
    let role = r#", "visibility": {"type": "role", "value": "Developers"}"#;
    let internal = r#", "jsdPublic": false"#;
    assert_eq!(last("comment_deleted", "comment", role), Some(Last::ForFew));
    assert_eq!(last("comment_deleted", "comment", internal), Some(Last::ForFew));
    assert_eq!(last("worklog_deleted", "worklog", role), Some(Last::ForFew));
    assert_eq!(last("comment_deleted", "comment", r#", "jsdPublic": true"#), None);
    assert_eq!(last("comment_created", "comment", role), None, "of what is there the tracker is asked");
}

#[test]
fn changes_keep_both_values_as_people_see_them() {
    let Some(captures) = captures() else { return };
    let told = captured(&captures, "issue-updated-resolved");
    let seen: Vec<_> = only(&told)
        .changes
        .iter()
        .map(|change| (change.field.as_str(), change.from.as_deref(), change.to.as_deref()))
        .collect();
    assert_eq!(seen, [("resolution", None, Some("Done")), ("status", Some("In Progress"), Some("Done"))]);
    let told = captured(&captures, "server-issue-updated-in-progress");
    assert_eq!(only(&told).changes[0].field, "status", "an old one tells no id of the field");
}

#[test]
fn an_edit_is_known_by_the_time_that_the_comment_has_for_it() {
    let Some(captures) = captures() else { return };
    let told = captured(&captures, "cloud-comment-updated");
    assert_eq!(only(&told).deed(), "10040/comment_edited/10019/1550286728432");
}

#[test]
fn a_change_with_a_comment_is_two_deeds_and_the_comment_is_the_one_that_is_told_alone() {
    let both = br#"{"timestamp": 5, "webhookEvent": "jira:issue_updated", "issue_event_type_name": "issue_resolved",
        "user": {"name": "ann", "displayName": "Ann"}, "issue": {"id": 10, "key": "A-1"},
        "comment": {"id": "7", "author": {"name": "ann"}},
        "changelog": {"id": 900, "items": [{"field": "Status", "fromString": "Open", "toString": "Done"}]}}"#;
    let told = read(both).unwrap();
    let deeds: Vec<String> = told.events.iter().map(Event::deed).collect();
    assert_eq!(deeds, ["10/updated/900", "10/commented/7"]);
    let alone = br#"{"timestamp": 6, "webhookEvent": "comment_created",
        "comment": {"id": "7", "self": "https://jira.example/rest/api/2/issue/10/comment/7", "author": {"name": "ann"}}}"#;
    assert_eq!(only(&read(alone).unwrap()).deed(), "10/commented/7");
}

#[test]
fn entries_of_work_name_their_issue_by_its_id() {
    let work = br#"{"timestamp": 5, "webhookEvent": "worklog_created",
        "worklog": {"id": "3", "issueId": "10", "author": {"accountId": "5c0", "displayName": "Ann"}}}"#;
    let told = read(work).unwrap();
    assert_eq!((only(&told).deed().as_str(), only(&told).actor.as_ref().unwrap().id.as_str()), ("10/worked/3", "5c0"));
}

#[test]
fn what_is_about_no_issue_tells_nothing_and_what_is_no_webhook_is_refused() {
    for nothing in [
        r#"{"timestamp": 5, "webhookEvent": "user_created", "user": {"name": "ann"}}"#,
        r#"{"timestamp": 5, "webhookEvent": "jira:issue_created"}"#,
        r#"{"timestamp": 5, "webhookEvent": "comment_created", "comment": {"id": "7", "self": "https://x/issue/../comment/7"}}"#,
        r#"{"timestamp": 5, "webhookEvent": "comment_created", "comment": {"id": "seven"}, "issue": {"id": "10"}}"#,
    ] {
        assert_eq!(read(nothing.as_bytes()).unwrap().events, [], "{nothing}");
    }
    for wrong in ["", "[]", "{}", r#"{"timestamp": "now", "webhookEvent": "x"}"#, "\u{feff}{}", "planted-secret"] {
        let fault = read(wrong.as_bytes()).unwrap_err();
        assert_eq!(fault.code, policy::FaultCode::RequestWrong, "{wrong}");
        assert!(!fault.detail.contains("planted"), "{}", fault.detail);
    }
}

#[test]
fn no_body_makes_it_fall() {
    let Some(captures) = captures() else { return };
    let path = captures.join("webhook-cloud-issue-updated-custom-field.json");
    let whole = std::fs::read(path).unwrap();
    for end in 0..whole.len() {
        let _ = read(&whole[..end]);
        let mut changed = whole.clone();
        changed[end] = changed[end].wrapping_add(1);
        let _ = read(&changed);
    }
}
