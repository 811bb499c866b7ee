//! Who belongs to an issue, who may see it or what stands on it, and what that says.

use super::answer::{Lack, each, id, number, text};
use super::path::{segment, value};
use super::request::get;
use super::{INTERNAL_PROPERTY, ITEMS_PER_PAGE, Kind, WRITTEN_CHARS_MAX, meta, people, service};
use crate::adf;
use crate::answer::{Answer, CommentView, EntryView, Named, Written};
use crate::http::Request;
use crate::operation::Operation;
use crate::webhook::moment_ms;
use policy::Visibility;
use serde_json::Value;
use std::cmp::Reverse;

/// Data Center lists all whose names begin like the account's, and cuts the list off where it is not told to go on.
const LISTED_MAX: u32 = 1000;

/// The request for one of these operations; `None` for any other.
pub(super) fn request(kind: Kind, operation: &Operation) -> Option<Request> {
    let api = kind.api();
    Some(match operation {
        Operation::ReadWatchers { issue_id } => get(format!("{api}/issue/{}/watchers", segment(issue_id))),
        Operation::ReadComment { issue_id, comment_id } => get(format!(
            "{api}/issue/{}/comment/{}?expand=properties,renderedBody",
            segment(issue_id),
            segment(comment_id)
        )),
        Operation::ReadNewestComments { issue_id, most } => get(format!(
            "{api}/issue/{}/comment?startAt=0&maxResults={most}&orderBy=-created&expand=properties,renderedBody",
            segment(issue_id)
        )),
        Operation::ReadWork { issue_id, work_id } => {
            get(format!("{api}/issue/{}/worklog/{}", segment(issue_id), segment(work_id)))
        }
        Operation::ReadDescription { issue_id } => {
            get(format!("{api}/issue/{}?fields=description&expand=renderedFields", segment(issue_id)))
        }
        Operation::ReadInternal { comment_id } => {
            get(format!("{api}/comment/{}/properties/{INTERNAL_PROPERTY}", segment(comment_id)))
        }
        Operation::FindSeers { account, issue_key } => {
            let (named, key) = (people::parameter(kind), value(issue_key));
            let account = value(account);
            get(format!("{api}/user/viewissue/search?{named}={account}&issueKey={key}&maxResults={LISTED_MAX}"))
        }
        Operation::FindAgents { account, issue_key } => {
            let (named, key) = (people::parameter(kind), value(issue_key));
            let account = value(account);
            get(format!(
                "{api}/user/permission/search?{named}={account}&permissions=SERVICEDESK_AGENT&issueKey={key}\
                 &maxResults={LISTED_MAX}"
            ))
        }
        Operation::ReadBrowsers { project } => {
            get(format!("{api}/project/{}/permissionscheme?expand=permissions", segment(project)))
        }
        Operation::ReadProjectLead { project } => get(format!("{api}/project/{}", segment(project))),
        Operation::ReadComponentLeads { project, .. } => get(format!("{api}/project/{}/components", segment(project))),
        Operation::ReadRoles { project } => get(format!("{api}/project/{}/role", segment(project))),
        Operation::ReadRoleActors { project, role_id } => {
            get(format!("{api}/project/{}/role/{}", segment(project), segment(role_id)))
        }
        Operation::ReadMembers { group, start_at } => {
            let group = value(group);
            get(format!("{api}/group/member?groupname={group}&startAt={start_at}&maxResults={ITEMS_PER_PAGE}"))
        }
        Operation::ReadParticipants { issue_id, start_at } => service::participants(issue_id, *start_at),
        Operation::ReadApprovals { issue_id, start_at } => service::approvals(issue_id, *start_at),
        Operation::ReadOrganisationPeople { organisation_id, start_at } => {
            service::people_of_organisation(organisation_id, *start_at)
        }
        Operation::ReadFieldPeople { issue_id, field } | Operation::ReadFieldOrganisations { issue_id, field } => {
            get(format!("{api}/issue/{}?fields={}", segment(issue_id), value(field)))
        }
        _ => return None,
    })
}

/// What the answer to one of these operations says; `None` for any other.
pub(super) fn answer(kind: Kind, operation: &Operation, json: &Value) -> Option<Result<Answer, Lack>> {
    Some(match operation {
        Operation::ReadWatchers { .. } => watchers(kind, json),
        Operation::ReadComment { .. } => {
            let said = written(kind, &json["body"], &json["renderedBody"]);
            Ok(Answer::Entry(EntryView {
                seen_by: seen_by(json),
                said,
                spent: String::new(),
                changed_by: changed_by(kind, json),
            }))
        }
        Operation::ReadNewestComments { .. } => newest(kind, json),
        Operation::ReadWork { .. } => {
            let said = written(kind, &json["comment"], &Value::Null);
            Ok(Answer::Entry(EntryView {
                seen_by: seen_by(json),
                said,
                spent: text(&json["timeSpent"]),
                changed_by: None,
            }))
        }
        Operation::ReadDescription { .. } => {
            let there = json["fields"].is_object().then_some(&json["fields"]).ok_or(Lack("fields"));
            there.map(|fields| {
                let rendered = &json["renderedFields"]["description"];
                Answer::Written(written(kind, &fields["description"], rendered))
            })
        }
        Operation::ReadInternal { .. } => Ok(Answer::Internal(is_internal(&json["value"]))),
        Operation::FindSeers { .. } | Operation::FindAgents { .. } => people::people(kind, json),
        Operation::ReadBrowsers { .. } => browsers(json),
        // A project may have lost its lead.
        Operation::ReadProjectLead { .. } => {
            Ok(Answer::Accounts(people::person(kind, &json["lead"]).into_iter().collect()))
        }
        Operation::ReadComponentLeads { components, .. } => component_leads(kind, components, json),
        Operation::ReadRoles { .. } => roles(json),
        Operation::ReadRoleActors { .. } => actors(kind, json),
        Operation::ReadMembers { start_at, .. } => {
            let all = each(&json["values"], |one| people::person(kind, one)).ok_or(Lack("values"));
            all.map(|people| Answer::People { all: meta::is_last(json, *start_at, people.len()), people })
        }
        Operation::ReadParticipants { .. } | Operation::ReadOrganisationPeople { .. } => {
            let all = each(&json["values"], |one| people::person(kind, one)).ok_or(Lack("values"));
            let is_last = json["isLastPage"].as_bool().unwrap_or(true);
            all.map(|people| Answer::People { all: is_last || people.is_empty(), people })
        }
        Operation::ReadApprovals { .. } => service::approvers(kind, json),
        Operation::ReadFieldOrganisations { field, .. } => organisations(&json["fields"], field),
        Operation::ReadFieldPeople { field, .. } => field_people(kind, &json["fields"], field),
        _ => return None,
    })
}

/// The kinds of those to whom a scheme grants the sight of issues. A grant that names no holder leaves nothing known.
fn browsers(json: &Value) -> Result<Answer, Lack> {
    let grants = json["permissions"].as_array().ok_or(Lack("permissions"))?;
    let sight = grants.iter().filter(|grant| grant["permission"] == "BROWSE_PROJECTS");
    let kinds = sight.map(|grant| id(&grant["holder"]["type"])).collect::<Option<Vec<_>>>();
    kinds.map(Answer::Names).ok_or(Lack("holder"))
}

/// Whoever may not see the watchers, or not each of them, is told how many there are all the same.
fn watchers(kind: Kind, json: &Value) -> Result<Answer, Lack> {
    let people = each(&json["watchers"], |one| people::person(kind, one)).ok_or(Lack("watchers"))?;
    let all = number(&json["watchCount"]) == Some(people.len() as u64);
    Ok(Answer::People { people, all })
}

/// A comment that nobody changed was updated when it was created.
fn changed_by(kind: Kind, json: &Value) -> Option<String> {
    let is_changed = json["updated"].as_str().is_some_and(|updated| json["created"].as_str() != Some(updated));
    let editor = || people::person(kind, &json["updateAuthor"]).map(|person| person.account_id).unwrap_or_default();
    is_changed.then(editor)
}

/// Where a tracker begins with the oldest and does not tell all, the newest are not known, so there are none.
fn newest(kind: Kind, json: &Value) -> Result<Answer, Lack> {
    let one = |value: &Value| {
        Some(CommentView {
            id: id(&value["id"])?,
            by: people::person(kind, &value["author"]).map(|person| person.name).unwrap_or_default(),
            created_ms: value["created"].as_str().and_then(moment_ms)?,
            entry: EntryView {
                seen_by: seen_by(value),
                said: written(kind, &value["body"], &value["renderedBody"]),
                spent: String::new(),
                changed_by: None,
            },
        })
    };
    let mut comments = each(&json["comments"], one).ok_or(Lack("comments"))?;
    let is_whole = number(&json["total"]).is_some_and(|total| total <= comments.len() as u64);
    if !is_whole && !comments.is_sorted_by(|one, next| one.created_ms >= next.created_ms) {
        comments.clear();
    }
    comments.sort_by_key(|comment| Reverse(comment.created_ms));
    Ok(Answer::Newest(comments))
}

/// The words alone tell whether something is written: Jira renders nothing as an empty text, or as an empty paragraph.
fn written(kind: Kind, words: &Value, rendered: &Value) -> Option<Written> {
    let is_empty =
        words.as_str().map_or(words["content"].as_array().is_none_or(Vec::is_empty), |words| words.trim().is_empty());
    if is_empty {
        return None;
    }
    let is_short = |html: &&str| !html.trim().is_empty() && html.chars().count() <= WRITTEN_CHARS_MAX;
    let html = rendered.as_str().filter(is_short).map(str::to_owned);
    Some(Written { html, text: adf::shortened(&kind.plain(words), WRITTEN_CHARS_MAX) })
}

/// Each limit that is named, and not only the first: whoever sees the entry has to be within all of them.
fn seen_by(json: &Value) -> Vec<Visibility> {
    let mut seen_by = Vec::new();
    let properties = json["properties"].as_array().into_iter().flatten();
    let is_marked =
        properties.filter(|one| one["key"] == INTERNAL_PROPERTY).any(|property| is_internal(&property["value"]));
    if is_marked || json["jsdPublic"] == Value::Bool(false) {
        seen_by.push(Visibility::Internal);
    }
    let limit = &json["visibility"];
    // A group may have lost its name; its identifier is no name, so nobody is in it.
    let name = id(&limit["value"]).or_else(|| id(&limit["identifier"])).unwrap_or_default();
    match limit["type"].as_str() {
        Some("role") => seen_by.push(Visibility::Role(name)),
        Some(_) => seen_by.push(Visibility::Group(name)),
        None if limit.is_null() => {}
        None => seen_by.push(Visibility::Group(String::new())),
    }
    seen_by
}

fn is_internal(value: &Value) -> bool {
    value["internal"] == Value::Bool(true) || value["internal"] == "true"
}

fn component_leads(kind: Kind, wanted: &[String], json: &Value) -> Result<Answer, Lack> {
    let all = json.as_array().ok_or(Lack("components"))?;
    let is_wanted = |one: &&Value| wanted.iter().any(|name| one["name"] == name.as_str());
    let leads = all.iter().filter(is_wanted).filter_map(|one| people::person(kind, &one["lead"]));
    Ok(Answer::Accounts(leads.collect()))
}

/// An object of names and addresses, whose last segment is the role's id.
fn roles(json: &Value) -> Result<Answer, Lack> {
    let one = |(name, address): (&String, &Value)| {
        let id = address.as_str()?.rsplit('/').next().filter(|id| !id.is_empty())?;
        Some(Named { id: id.to_owned(), name: name.clone(), of: String::new() })
    };
    let items = json.as_object().ok_or(Lack("roles"))?.iter().map(one).collect::<Option<Vec<_>>>();
    Ok(Answer::Page { items: items.ok_or(Lack("roles"))?, all: true })
}

fn actors(kind: Kind, json: &Value) -> Result<Answer, Lack> {
    let (mut accounts, mut groups) = (Vec::new(), Vec::new());
    for actor in json["actors"].as_array().ok_or(Lack("actors"))? {
        // Old ones of Data Center name the actor alone.
        match actor["type"].as_str() {
            Some("atlassian-user-role-actor") => {
                let named = people::account_id(kind, &actor["actorUser"]);
                let named = named.or_else(|| id(&actor["name"]).filter(|_| kind == Kind::DataCenter));
                accounts.push(named.ok_or(Lack("actorUser"))?);
            }
            Some("atlassian-group-role-actor") => {
                let name = id(&actor["actorGroup"]["name"]).or_else(|| id(&actor["name"]));
                groups.push(name.ok_or(Lack("actorGroup"))?);
            }
            // What an app adds is nobody whom we could name.
            _ => {}
        }
    }
    Ok(Answer::Actors { accounts, groups })
}

/// Those with which a request is shared. One without an id would be left out unseen, so the whole answer is none then.
fn organisations(fields: &Value, field: &str) -> Result<Answer, Lack> {
    let one = |value: &Value| Some(Named { id: id(&value["id"])?, name: text(&value["name"]), of: String::new() });
    let items = match fields.as_object().ok_or(Lack("fields"))?.get(field) {
        None | Some(Value::Null) => Vec::new(),
        Some(list) => each(list, one).ok_or(Lack("organisations"))?,
    };
    Ok(Answer::Page { items, all: true })
}

/// One person, several, or nobody; a field of another kind holds none.
fn field_people(kind: Kind, fields: &Value, field: &str) -> Result<Answer, Lack> {
    let value = fields.as_object().ok_or(Lack("fields"))?.get(field).unwrap_or(&Value::Null);
    let people = match value {
        Value::Array(all) => all.iter().filter_map(|one| people::person(kind, one)).collect(),
        one => people::person(kind, one).into_iter().collect(),
    };
    Ok(Answer::Accounts(people))
}

/// The name of the security level: `None` where the field is not told, because it may guard the issue all the same.
pub(crate) fn security(fields: &Value) -> Option<Option<String>> {
    match fields.get("security")? {
        Value::Null => Some(None),
        level => Some(Some(id(&level["name"]).unwrap_or_else(|| text(&level["id"])))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn too_much_html_is_left_out_and_too_much_text_is_cut() {
        let long = "ä".repeat(WRITTEN_CHARS_MAX);
        let said = |words: &str, html: &str| written(Kind::DataCenter, &json!(words), &json!(html)).unwrap_or_default();
        assert_eq!(said("words", &long), Written { html: Some(long.clone()), text: "words".to_owned() });
        assert_eq!(said("words", &format!("{long}x")).html, None);
        assert_eq!(said(&format!("{long}x"), "").text.chars().count(), WRITTEN_CHARS_MAX);
    }
}
