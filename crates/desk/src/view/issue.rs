//! Shows issues as Jira does, with the fields that were asked for and no others.

use super::{RESOLUTION_ID, RESOLUTION_NAME, Spelling, View};
use crate::records::issue::Issue;
use crate::records::{attachment, comment, link, watcher, worklog};
use crate::{adf, catalogue, clock::jira_time, custom_fields};
use serde_json::{Map, Value, json};
use sqlx::SqliteConnection;
use std::collections::HashSet;

/// Fields that Jira does not count among the navigable ones.
const NOT_NAVIGABLE: &[&str] = &["comment", "attachment", "worklog"];
/// How many comments and worklogs an issue carries inline.
const INLINE_MAX: usize = 20;

/// Which fields were asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    all: bool,
    navigable: bool,
    plus: HashSet<String>,
    minus: HashSet<String>,
}

impl Wanted {
    /// Reads Jira's list: `*all`, `*navigable`, names, and names after a minus. An empty list means `default`.
    pub(crate) fn read<'n>(names: impl IntoIterator<Item = &'n str>, default: &'n str) -> Wanted {
        let names: Vec<&str> = names.into_iter().map(str::trim).filter(|name| !name.is_empty()).collect();
        let names = if names.is_empty() { vec![default] } else { names };
        // With nothing but exclusions the rest is meant.
        let mut wanted = Wanted { all: names.iter().all(|name| name.starts_with('-')), ..Wanted::default() };
        for name in names {
            match name {
                "*all" => wanted.all = true,
                "*navigable" => wanted.navigable = true,
                name => match name.strip_prefix('-') {
                    Some(name) => drop(wanted.minus.insert(name.to_owned())),
                    None => drop(wanted.plus.insert(name.to_owned())),
                },
            }
        }
        wanted
    }

    /// Whether this field was asked for.
    pub(crate) fn has(&self, field: &str) -> bool {
        let by_group = self.all || (self.navigable && !NOT_NAVIGABLE.contains(&field));
        (by_group || self.plus.contains(field)) && !self.minus.contains(field)
    }

    /// Whether anything beside id and key was asked for.
    pub(crate) fn has_fields(&self) -> bool {
        self.all || self.navigable || self.plus.iter().any(|name| name != "id" && name != "key")
    }
}

/// What hangs on an issue, as far as it was asked for.
#[derive(Default)]
pub(crate) struct Parts {
    comments: Vec<comment::Comment>,
    attachments: Vec<attachment::Attachment>,
    worklogs: Vec<worklog::Worklog>,
    links: Vec<(link::Link, Issue)>,
    children: Vec<Issue>,
    parent: Option<Issue>,
    watchers: Vec<String>,
}

/// Reads what hangs on an issue. Comments younger than `until_ms` are left out.
pub(crate) async fn load_parts(
    connection: &mut SqliteConnection,
    issue: &Issue,
    wanted: &Wanted,
    until_ms: i64,
) -> Result<Parts, crate::refusal::Refusal> {
    let mut parts = Parts::default();
    if wanted.has("comment") {
        parts.comments = comment::of_issue(&mut *connection, issue.id, until_ms).await?;
    }
    if wanted.has("attachment") {
        parts.attachments = attachment::of_issue(&mut *connection, issue.id).await?;
    }
    if wanted.has("worklog") {
        parts.worklogs = worklog::of_issue(&mut *connection, issue.id).await?;
    }
    if wanted.has("subtasks") {
        parts.children = crate::records::issue::children(&mut *connection, issue.id).await?;
    }
    if wanted.has("watches") {
        parts.watchers = watcher::of_issue(&mut *connection, issue.id).await?;
    }
    if let (true, Some(parent)) = (wanted.has("parent"), issue.parent_id) {
        parts.parent = crate::records::issue::find(&mut *connection, &parent.to_string()).await.ok();
    }
    if wanted.has("issuelinks") {
        for one in link::of_issue(&mut *connection, issue.id).await? {
            let other = if one.inward_id == issue.id { one.outward_id } else { one.inward_id };
            let other = crate::records::issue::find(&mut *connection, &other.to_string()).await?;
            parts.links.push((one, other));
        }
    }
    Ok(parts)
}

impl View<'_> {
    /// An issue with the fields that were asked for.
    pub(crate) fn issue(&self, issue: &Issue, parts: &Parts, wanted: &Wanted) -> Value {
        let mut shown = json!({
            "expand": "renderedFields,names,schema,operations,editmeta,changelog,versionedRepresentations",
            "id": issue.id.to_string(), "self": self.link(&format!("issue/{}", issue.id)), "key": issue.key,
        });
        if wanted.has_fields() {
            shown["fields"] = Value::Object(self.issue_fields(issue, parts, wanted));
        }
        shown
    }

    /// The fields of an issue.
    pub(crate) fn issue_fields(&self, issue: &Issue, parts: &Parts, wanted: &Wanted) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut put = |name: &str, value: &dyn Fn() -> Value| {
            if wanted.has(name) {
                fields.insert(name.to_owned(), value());
            }
        };
        put("summary", &|| json!(issue.summary));
        put("issuetype", &|| self.issue_type(catalogue::issue_type(issue.type_id)));
        put("project", &|| {
            let project = self.desk.inner.directory.project_by_id(issue.project_id);
            project.map_or(Value::Null, |project| self.project(&project))
        });
        put("status", &|| self.status(catalogue::status(issue.status_id)));
        put("statusCategory", &|| self.category(catalogue::status(issue.status_id).category));
        put("statuscategorychangedate", &|| json!(jira_time(issue.status_ms)));
        put("priority", &|| self.priority(catalogue::priority(issue.priority_id)));
        put("description", &|| issue.description.as_ref().map_or(Value::Null, |text| self.text(text)));
        put("environment", &|| issue.environment.as_ref().map_or(Value::Null, |text| self.text(text)));
        put("labels", &|| json!(issue.labels));
        put("creator", &|| self.person_by_id(&issue.creator));
        put("reporter", &|| self.maybe_person(issue.reporter.as_deref()));
        put("assignee", &|| self.maybe_person(issue.assignee.as_deref()));
        put("created", &|| json!(jira_time(issue.created_ms)));
        put("updated", &|| json!(jira_time(issue.updated_ms)));
        put("resolution", &|| self.resolution(issue));
        put("resolutiondate", &|| issue.resolved_ms.map_or(Value::Null, |ms| json!(jira_time(ms))));
        put("duedate", &|| json!(issue.due));
        // Webhooks carry Jira's own fields alone here: what else they carry differs from site to site.
        let shown = |id: &str| self.spelling == Spelling::V3 || !id.starts_with("customfield_");
        for field in custom_fields::on_screen(self.desk).iter().filter(|field| shown(field.id)) {
            put(field.id, &|| self.other(field, issue));
        }
        put(
            "votes",
            &|| json!({ "self": self.link(&format!("issue/{}/votes", issue.key)), "votes": 0, "hasVoted": false }),
        );
        self.put_parts(issue, parts, &mut put);
        fields
    }

    /// A further field; a list that nobody filled is empty as far as it is Jira's own.
    fn other(&self, field: &custom_fields::CustomField, issue: &Issue) -> Value {
        let value = issue.other.get(field.id).cloned().unwrap_or_default();
        let person = |one: &Value| self.person_by_id(one["accountId"].as_str().unwrap_or_default());
        match (field.kind, value) {
            (custom_fields::Kind::NamedList, Value::Null) => json!([]),
            (custom_fields::Kind::Text, document) if document.is_object() => self.text(&document),
            (custom_fields::Kind::Person, one) if one.is_object() => person(&one),
            (custom_fields::Kind::Persons, Value::Array(all)) => all.iter().map(person).collect(),
            (_, value) => value,
        }
    }

    fn put_parts(&self, issue: &Issue, parts: &Parts, put: &mut dyn FnMut(&str, &dyn Fn() -> Value)) {
        // Jira leaves this one out where there is none.
        if let Some(parent) = &parts.parent {
            put("parent", &|| self.brief(parent));
        }
        put("subtasks", &|| parts.children.iter().map(|child| self.brief(child)).collect());
        put("issuelinks", &|| parts.links.iter().map(|(link, other)| self.linked(*link, issue, other)).collect());
        put("attachment", &|| parts.attachments.iter().map(|one| self.attachment(one)).collect());
        put("watches", &|| {
            json!({
                "self": self.link(&format!("issue/{}/watchers", issue.key)), "watchCount": parts.watchers.len(),
                "isWatching": parts.watchers.contains(&self.desk.gateway_account_id()),
            })
        });
        put("comment", &|| {
            let comments: Vec<Value> = parts.comments.iter().map(|one| self.comment(one, None, false)).collect();
            json!({
                "self": self.link(&format!("issue/{}/comment", issue.id)), "startAt": 0, "maxResults": comments.len(),
                "total": comments.len(), "comments": comments,
            })
        });
        put("worklog", &|| {
            let shown: Vec<Value> = parts.worklogs.iter().take(INLINE_MAX).map(|one| self.worklog(one)).collect();
            json!({ "startAt": 0, "maxResults": INLINE_MAX, "total": parts.worklogs.len(), "worklogs": shown })
        });
    }

    fn resolution(&self, issue: &Issue) -> Value {
        if issue.resolved_ms.is_none() {
            return Value::Null;
        }
        json!({
            "self": self.link(&format!("resolution/{RESOLUTION_ID}")), "id": RESOLUTION_ID.to_string(),
            "name": RESOLUTION_NAME, "description": "Work has been completed on this issue.",
        })
    }

    /// An issue as others refer to it.
    pub(crate) fn brief(&self, issue: &Issue) -> Value {
        json!({
            "id": issue.id.to_string(), "key": issue.key, "self": self.link(&format!("issue/{}", issue.id)),
            "fields": {
                "summary": issue.summary, "status": self.status(catalogue::status(issue.status_id)),
                "priority": self.priority(catalogue::priority(issue.priority_id)),
                "issuetype": self.issue_type(catalogue::issue_type(issue.type_id)),
            },
        })
    }

    /// A link as one of its issues shows it: with the other one only.
    fn linked(&self, link: link::Link, issue: &Issue, other: &Issue) -> Value {
        let side = if link.inward_id == issue.id { "outwardIssue" } else { "inwardIssue" };
        json!({
            "id": link.id.to_string(), "self": self.link(&format!("issueLink/{}", link.id)),
            "type": self.link_type(catalogue::link_type(link.type_id)), side: self.brief(other),
        })
    }

    /// Texts as HTML, for `expand=renderedFields`.
    pub(crate) fn rendered_fields(&self, issue: &Issue, parts: &Parts, wanted: &Wanted) -> Value {
        let html =
            |text: &Option<Value>| text.as_ref().map_or(Value::Null, |text| json!(adf::to_html_with_pictures(text)));
        let mut shown = Map::new();
        if wanted.has("description") {
            shown.insert("description".to_owned(), html(&issue.description));
        }
        if wanted.has("environment") {
            shown.insert("environment".to_owned(), html(&issue.environment));
        }
        if wanted.has("comment") {
            let comments: Vec<Value> = parts
                .comments
                .iter()
                .map(|one| json!({ "id": one.id.to_string(), "body": adf::to_html_with_pictures(&one.body) }))
                .collect();
            shown.insert("comment".to_owned(), json!({ "comments": comments }));
        }
        Value::Object(shown)
    }
}
