//! Transitions, links and watchers.

use super::answer::{Lack, each, id, text};
use super::path::segment;
use super::request::{get, post};
use super::{Kind, field_out, meta};
use crate::answer::{Answer, IssueLink, LinkType, TransitionView};
use crate::http::Request;
use policy::FieldSetting;
use serde_json::{Value, json};

pub(super) fn read_transitions(kind: Kind, issue_id: &str) -> Request {
    get(format!("{}/issue/{}/transitions?expand=transitions.fields", kind.api(), segment(issue_id)))
}

pub(super) fn make_transition(kind: Kind, issue_id: &str, transition_id: &str, set: &[FieldSetting]) -> Request {
    let halves = field_out::of_edit(kind, set);
    let mut body = json!({ "transition": { "id": transition_id } });
    for (name, half) in [("fields", halves.fields), ("update", halves.update)] {
        if !half.is_empty() {
            body[name] = Value::Object(half);
        }
    }
    post(format!("{}/issue/{}/transitions", kind.api(), segment(issue_id)), body)
}

pub(super) fn add_link(kind: Kind, type_id: &str, from_id: &str, to_id: &str) -> Request {
    // The names are Jira's, and they mean the end of the arrow at which each issue stands, not the phrase it is shown with.
    let link = json!({ "type": { "id": type_id }, "inwardIssue": { "id": from_id }, "outwardIssue": { "id": to_id } });
    post(format!("{}/issueLink", kind.api()), link)
}

pub(super) fn add_watcher(kind: Kind, issue_id: &str, account: &str) -> Request {
    post(format!("{}/issue/{}/watchers", kind.api(), segment(issue_id)), json!(account))
}

pub(super) fn transitions(json: &Value) -> Result<Answer, Lack> {
    let one = |transition: &Value| {
        let fields = &transition["fields"];
        Some(TransitionView {
            id: id(&transition["id"])?,
            name: text(&transition["name"]),
            to_id: id(&transition["to"]["id"]).unwrap_or_default(),
            to: text(&transition["to"]["name"]),
            fields: meta::fields_by_id(fields).unwrap_or_default(),
        })
    };
    Ok(Answer::Transitions(each(&json["transitions"], one).ok_or(Lack("transitions"))?))
}

pub(super) fn link_types(json: &Value) -> Result<Answer, Lack> {
    let one = |link: &Value| {
        Some(LinkType {
            id: id(&link["id"])?,
            name: text(&link["name"]),
            inward: text(&link["inward"]),
            outward: text(&link["outward"]),
        })
    };
    Ok(Answer::LinkTypes(each(&json["issueLinkTypes"], one).ok_or(Lack("issueLinkTypes"))?))
}

/// The other issue of a link stands under the name of its end of the arrow.
pub(super) fn links(json: &Value) -> Result<Answer, Lack> {
    let one = |link: &Value| {
        let outward = link["outwardIssue"].is_object();
        let other = if outward { &link["outwardIssue"] } else { &link["inwardIssue"] };
        Some(IssueLink { type_id: id(&link["type"]["id"])?, other_id: id(&other["id"])?, outward })
    };
    match &json["fields"]["issuelinks"] {
        // The field is absent where links are switched off.
        Value::Null => Ok(Answer::Links(Vec::new())),
        list => Ok(Answer::Links(each(list, one).ok_or(Lack("issuelinks"))?)),
    }
}
/// The statuses of every issue type of a project, each once.
pub(super) fn statuses(json: &Value) -> Result<Answer, Lack> {
    let of_type = |one: &Value| each(&one["statuses"], |status| id(&status["name"]));
    let all = each(json, of_type).ok_or(Lack("statuses"))?;
    let mut names: Vec<String> = Vec::new();
    for name in all.into_iter().flatten() {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(Answer::Names(names))
}
