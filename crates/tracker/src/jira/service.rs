//! Service management: desks, request types, organisations, participants, approvers and customers.

use super::answer::{Lack, each, id, text};
use super::path::segment;
use super::{ITEMS_PER_PAGE, Kind, people};
use crate::answer::{Answer, Named};
use crate::http::{Content, Method, Request};
use serde_json::{Value, json};

const API: &str = "/rest/servicedeskapi";

/// Without it Data Center hides what it calls experimental, organisations among it.
const OPT_IN: (&str, &str) = ("X-ExperimentalApi", "opt-in");

fn request(method: Method, path: &str, content: Content) -> Request {
    Request { method, path: format!("{API}{path}"), headers: vec![(OPT_IN.0, OPT_IN.1.to_owned())], content }
}

fn list(path: &str, start_at: u64) -> Request {
    request(Method::Get, &format!("{path}?start={start_at}&limit={ITEMS_PER_PAGE}"), Content::Nothing)
}

pub(super) fn desks(start_at: u64) -> Request {
    list("/servicedesk", start_at)
}

pub(super) fn request_types(desk_id: &str, start_at: u64) -> Request {
    list(&format!("/servicedesk/{}/requesttype", segment(desk_id)), start_at)
}

pub(super) fn organisations(desk_id: &str, start_at: u64) -> Request {
    list(&format!("/servicedesk/{}/organization", segment(desk_id)), start_at)
}

pub(super) fn people_of_organisation(organisation_id: &str, start_at: u64) -> Request {
    list(&format!("/organization/{}/user", segment(organisation_id)), start_at)
}

pub(super) fn participants(issue_id: &str, start_at: u64) -> Request {
    list(&format!("/request/{}/participant", segment(issue_id)), start_at)
}

pub(super) fn approvals(issue_id: &str, start_at: u64) -> Request {
    list(&format!("/request/{}/approval", segment(issue_id)), start_at)
}

/// Whoever has still to decide about one of the approvals of a page. An approver who is deleted may be told as nobody.
pub(super) fn approvers(kind: Kind, json: &Value) -> Result<Answer, Lack> {
    let approvals = json["values"].as_array().ok_or(Lack("values"))?;
    let mut approvers = Vec::new();
    for approval in approvals {
        let all = approval["approvers"].as_array().ok_or(Lack("approvers"))?;
        let is_open = is_pending(&approval["finalDecision"]);
        let asked = all.iter().filter(|one| is_open && is_pending(&one["approverDecision"]));
        for one in asked.map(|one| &one["approver"]).filter(|approver| !approver.is_null()) {
            approvers.push(people::person(kind, one).ok_or(Lack("approver"))?);
        }
    }
    let is_last = json["isLastPage"].as_bool().unwrap_or(true) || approvals.is_empty();
    Ok(Answer::Approvers { approvers, approvals: approvals.len() as u64, all: is_last })
}

fn is_pending(decision: &Value) -> bool {
    decision.as_str().is_some_and(|word| word.eq_ignore_ascii_case("pending"))
}

pub(super) fn add_participants(kind: Kind, issue_id: &str, accounts: &[String]) -> Request {
    let path = format!("/request/{}/participant", segment(issue_id));
    request(Method::Post, &path, Content::Json(named(kind, accounts)))
}

pub(super) fn create_customer(kind: Kind, address: &str, name: &str) -> Request {
    let name_key = match kind {
        Kind::Cloud => "displayName",
        Kind::DataCenter => "fullName",
    };
    request(Method::Post, "/customer", Content::Json(json!({ "email": address, name_key: name })))
}

pub(super) fn add_to_desk(kind: Kind, desk_id: &str, account: &str) -> Request {
    let path = format!("/servicedesk/{}/customer", segment(desk_id));
    request(Method::Post, &path, Content::Json(named(kind, &[account.to_owned()])))
}

pub(super) fn add_to_organisation(kind: Kind, organisation_id: &str, account: &str) -> Request {
    let path = format!("/organization/{}/user", segment(organisation_id));
    request(Method::Post, &path, Content::Json(named(kind, &[account.to_owned()])))
}

pub(super) fn attach_temporary(desk_id: &str, name: &str, content_type: &str) -> Request {
    let file = Content::File { name: name.to_owned(), content_type: content_type.to_owned() };
    let path = format!("/servicedesk/{}/attachTemporaryFile", segment(desk_id));
    let mut request = request(Method::Post, &path, file);
    request.headers.push(("X-Atlassian-Token", "no-check".to_owned()));
    request
}

pub(super) fn share_temporary(issue_id: &str, temporary_id: &str) -> Request {
    let path = format!("/request/{}/attachment", segment(issue_id));
    request(Method::Post, &path, Content::Json(json!({ "temporaryAttachmentIds": [temporary_id], "public": true })))
}

/// The id under which a file waits to be shared.
pub(super) fn temporary(json: &Value) -> Result<Answer, Lack> {
    let id = id(&json["temporaryAttachments"][0]["temporaryAttachmentId"]).ok_or(Lack("temporaryAttachmentId"))?;
    Ok(Answer::Names(vec![id]))
}

fn named(kind: Kind, accounts: &[String]) -> Value {
    match kind {
        Kind::Cloud => json!({ "accountIds": accounts }),
        Kind::DataCenter => json!({ "usernames": accounts }),
    }
}

/// A page of what has an id and a name. `of` is the key of what it belongs to.
pub(super) fn page(json: &Value, name: &str, of: &str) -> Result<Answer, Lack> {
    let one = |item: &Value| {
        Some(Named { id: id(&item["id"])?, name: text(&item[name]), of: id(&item[of]).unwrap_or_default() })
    };
    let items = each(&json["values"], one).ok_or(Lack("values"))?;
    let all = json["isLastPage"].as_bool().unwrap_or(true) || items.is_empty();
    Ok(Answer::Page { items, all })
}
