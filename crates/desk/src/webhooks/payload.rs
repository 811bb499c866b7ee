//! Writes what a webhook says, in the shapes of captures from real sites.

use super::Happening;
use crate::records::issue::Issue;
use crate::refusal::Refusal;
use crate::rest;
use crate::view::View;
use crate::view::issue::{Parts, Wanted, load_parts};
use bytes::Bytes;
use serde_json::{Value, json};

/// The fields of the issue that comment events carry on Jira Cloud.
const FIELDS_WITH_COMMENT: [&str; 6] = ["summary", "issuetype", "project", "assignee", "priority", "status"];

/// The body of a webhook.
pub(crate) async fn build(
    view: &View<'_>,
    actor: &str,
    issue: &Issue,
    happening: &Happening,
    now_ms: i64,
) -> Result<Bytes, Refusal> {
    let mut body = json!({ "timestamp": now_ms, "webhookEvent": happening.event() });
    match happening {
        Happening::IssueCreated | Happening::IssueUpdated { .. } | Happening::IssueDeleted => {
            if let Some(name) = event_type_name(happening) {
                body["issue_event_type_name"] = json!(name);
            }
            body["user"] = view.person_by_id(actor);
            body["issue"] = whole_issue(view, issue).await?;
            if let Happening::IssueUpdated { entry: Some(entry) } = happening {
                body["changelog"] = json!({ "id": entry.id.to_string(), "items": entry.items });
            }
        }
        Happening::CommentCreated { comment }
        | Happening::CommentUpdated { comment }
        | Happening::CommentDeleted { comment } => {
            body["comment"] = view.comment(comment, None, false);
            let fields = Wanted::read(FIELDS_WITH_COMMENT, "summary");
            body["issue"] = without_expand(view.issue(issue, &Parts::default(), &fields));
        }
        // Worklog events name the issue by `worklog.issueId` only.
        Happening::WorklogCreated { worklog }
        | Happening::WorklogUpdated { worklog }
        | Happening::WorklogDeleted { worklog } => body["worklog"] = view.worklog(worklog),
    }
    if view.desk.inner.settings.data_center {
        rest::told_by_webhook(view.desk, &mut body);
    }
    Ok(Bytes::from(body.to_string()))
}

/// Captures have this on created and updated issues and not on deleted ones.
fn event_type_name(happening: &Happening) -> Option<&'static str> {
    let Happening::IssueUpdated { entry } = happening else {
        return matches!(happening, Happening::IssueCreated).then_some("issue_created");
    };
    let changed = |field: &str| entry.iter().flat_map(|entry| &entry.items).any(|item| item.field_id == field);
    Some(match () {
        () if changed("status") => "issue_generic",
        () if changed("assignee") => "issue_assigned",
        () => "issue_updated",
    })
}

async fn whole_issue(view: &View<'_>, issue: &Issue) -> Result<Value, Refusal> {
    let wanted = Wanted::read(["*all", "-comment", "-worklog"], "*all");
    let mut connection = view.desk.inner.readers.acquire().await?;
    let parts = load_parts(&mut connection, issue, &wanted, i64::MAX).await?;
    Ok(without_expand(view.issue(issue, &parts, &wanted)))
}

fn without_expand(mut issue: Value) -> Value {
    if let Some(fields) = issue.as_object_mut() {
        fields.remove("expand");
    }
    issue
}
