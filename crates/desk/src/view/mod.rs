//! Shows what the desk holds as Jira's JSON: people, projects, statuses, comments, and in `issue.rs` whole issues.

pub(crate) mod issue;

use crate::catalogue::{IssueType, LinkType, Priority, Status, StatusCategory, Transition};
use crate::clock::jira_time;
use crate::directory::{Person, Project};
use crate::records::attachment::Attachment;
use crate::records::comment::Comment;
use crate::records::history::Entry;
use crate::records::property::Property;
use crate::records::worklog::Worklog;
use crate::{Desk, adf};
use serde_json::{Map, Value, json};

/// The one resolution there is.
pub(crate) const RESOLUTION_ID: i64 = 10_000;
pub(crate) const RESOLUTION_NAME: &str = "Done";

/// Which of Jira's two ways of writing is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Atlassian documents and links to `/rest/api/3`: the REST interface.
    V3,
    /// Wiki markup and links to `/rest/api/2`: webhooks, on Jira Cloud too.
    V2,
}

/// How answers are written.
#[derive(Clone, Copy)]
pub(crate) struct View<'d> {
    pub(crate) desk: &'d Desk,
    pub(crate) spelling: Spelling,
}

impl View<'_> {
    /// The address of a resource of the REST interface.
    pub(crate) fn link(&self, path: &str) -> String {
        let version = if self.spelling == Spelling::V3 { 3 } else { 2 };
        format!("{}/rest/api/{version}/{path}", self.desk.base_url())
    }

    /// A document in this spelling.
    pub(crate) fn text(&self, document: &Value) -> Value {
        match self.spelling {
            Spelling::V3 => document.clone(),
            Spelling::V2 => Value::String(adf::to_wiki(document)),
        }
    }

    pub(crate) fn avatars(&self) -> Value {
        let picture = format!("{}/desk/avatar.svg", self.desk.base_url());
        json!({ "48x48": picture, "32x32": picture, "24x24": picture, "16x16": picture })
    }

    /// Somebody by account id; whoever is no longer there reads as Jira's former user.
    pub(crate) fn person_by_id(&self, account_id: &str) -> Value {
        match self.desk.inner.directory.person(account_id) {
            Some(person) => self.person(&person),
            None => json!({
                "self": self.link(&format!("user?accountId={account_id}")), "accountId": account_id,
                "displayName": "Former user", "active": false, "accountType": "unknown", "timeZone": "Etc/UTC",
            }),
        }
    }

    pub(crate) fn person(&self, person: &Person) -> Value {
        let mut shown = json!({
            "self": self.link(&format!("user?accountId={}", person.account_id)), "accountId": person.account_id,
            "accountType": if person.is_customer { "customer" } else { "atlassian" }, "avatarUrls": self.avatars(), "displayName": person.name, "active": true,
            "timeZone": "Etc/UTC",
        });
        // Webhooks carry no addresses today.
        if self.spelling == Spelling::V3 {
            shown["emailAddress"] = json!(person.address);
        }
        shown
    }

    pub(crate) fn maybe_person(&self, account_id: Option<&str>) -> Value {
        account_id.map_or(Value::Null, |id| self.person_by_id(id))
    }

    /// A project as issues and lists show it.
    pub(crate) fn project(&self, project: &Project) -> Value {
        json!({
            "self": self.link(&format!("project/{}", project.id)), "id": project.id.to_string(), "key": project.key,
            "name": project.name, "projectTypeKey": "service_desk", "simplified": false, "avatarUrls": self.avatars(),
        })
    }

    pub(crate) fn issue_type(&self, one: IssueType) -> Value {
        json!({
            "self": self.link(&format!("issuetype/{}", one.id)), "id": one.id.to_string(), "name": one.name,
            "description": one.description, "iconUrl": format!("{}/desk/avatar.svg", self.desk.base_url()),
            "subtask": false, "hierarchyLevel": 0,
        })
    }

    pub(crate) fn category(&self, one: StatusCategory) -> Value {
        json!({
            "self": self.link(&format!("statuscategory/{}", one.id)), "id": one.id, "key": one.key,
            "colorName": one.color, "name": one.name,
        })
    }

    pub(crate) fn status(&self, one: Status) -> Value {
        json!({
            "self": self.link(&format!("status/{}", one.id)), "id": one.id.to_string(), "name": one.name,
            "description": "", "iconUrl": format!("{}/", self.desk.base_url()),
            "statusCategory": self.category(one.category),
        })
    }

    pub(crate) fn priority(&self, one: Priority) -> Value {
        json!({
            "self": self.link(&format!("priority/{}", one.id)), "id": one.id.to_string(), "name": one.name,
            "iconUrl": format!("{}/desk/avatar.svg", self.desk.base_url()),
        })
    }

    pub(crate) fn link_type(&self, one: LinkType) -> Value {
        json!({
            "self": self.link(&format!("issueLinkType/{}", one.id)), "id": one.id.to_string(), "name": one.name,
            "inward": one.inward, "outward": one.outward,
        })
    }

    pub(crate) fn transition(&self, one: Transition) -> Value {
        json!({
            "id": one.id.to_string(), "name": one.name, "to": self.status(one.to), "hasScreen": false,
            "isGlobal": false, "isInitial": false, "isAvailable": true, "isConditional": false, "looped": false,
        })
    }

    /// A comment; properties and HTML only where asked for.
    pub(crate) fn comment(&self, comment: &Comment, properties: Option<&[Property]>, with_html: bool) -> Value {
        let mut shown = json!({
            "self": self.link(&format!("issue/{}/comment/{}", comment.issue_id, comment.id)),
            "id": comment.id.to_string(), "author": self.person_by_id(&comment.author), "body": self.text(&comment.body),
            "updateAuthor": self.person_by_id(&comment.update_author), "created": jira_time(comment.created_ms),
            "updated": jira_time(comment.updated_ms), "jsdPublic": !is_internal(properties.unwrap_or_default()),
        });
        if let Some(visibility) = &comment.visibility {
            shown["visibility"] = visibility.clone();
        }
        if let Some(properties) = properties {
            shown["properties"] = properties.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
        }
        if with_html {
            shown["renderedBody"] = json!(adf::to_html_with_pictures(&comment.body));
        }
        shown
    }

    pub(crate) fn attachment(&self, one: &Attachment) -> Value {
        let mut shown = json!({
            "self": self.link(&format!("attachment/{}", one.id)), "id": one.id.to_string(), "filename": one.name,
            "author": self.person_by_id(&one.author), "created": jira_time(one.created_ms), "size": one.size_bytes,
            "mimeType": one.mime, "content": self.link(&format!("attachment/content/{}", one.id)),
        });
        if one.is_small_picture() {
            shown["thumbnail"] = json!(self.link(&format!("attachment/thumbnail/{}", one.id)));
        }
        shown
    }

    pub(crate) fn worklog(&self, one: &Worklog) -> Value {
        let mut shown = json!({
            "self": self.link(&format!("issue/{}/worklog/{}", one.issue_id, one.id)), "id": one.id.to_string(),
            "issueId": one.issue_id.to_string(), "author": self.person_by_id(&one.author),
            "updateAuthor": self.person_by_id(&one.update_author), "created": jira_time(one.created_ms),
            "updated": jira_time(one.updated_ms), "started": jira_time(one.started_ms), "timeSpentSeconds": one.spent_s,
            "timeSpent": spell_duration(one.spent_s),
        });
        if let Some(comment) = &one.comment {
            shown["comment"] = self.text(comment);
        }
        shown
    }

    pub(crate) fn history(&self, entry: &Entry) -> Value {
        json!({
            "id": entry.id.to_string(), "author": self.person_by_id(&entry.author),
            "created": jira_time(entry.created_ms),
            "items": entry.items.iter().map(change).collect::<Vec<_>>(),
        })
    }
}

/// Whether a comment is for those who work on the request alone.
fn is_internal(properties: &[Property]) -> bool {
    properties.iter().any(|(key, value)| key == "sd.public.comment" && value["internal"] == Value::Bool(true))
}

/// Jira leaves out the sides that are empty.
fn change(item: &crate::records::history::Change) -> Value {
    let mut shown = serde_json::to_value(item).unwrap_or_default();
    if let Some(fields) = shown.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    shown
}

/// Properties as the object that issues carry.
pub(crate) fn property_map(properties: &[Property]) -> Value {
    Value::Object(properties.iter().cloned().collect::<Map<_, _>>())
}

/// A duration as Jira spells it, in working days of 8 hours: `1d 2h 5m`.
fn spell_duration(seconds: i64) -> String {
    let minutes = seconds / 60;
    let units = [(minutes / 480, 'd'), (minutes % 480 / 60, 'h'), (minutes % 60, 'm')];
    let words: Vec<String> =
        units.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect();
    if words.is_empty() { "0m".to_owned() } else { words.join(" ") }
}
