//! Accounts: how they are asked for, and how Jira shows them.

use super::answer::{Lack, each, id, text};
use super::path::value;
use super::request::get;
use super::{Kind, PEOPLE_MAX};
use crate::answer::{Answer, Person};
use crate::http::Request;
use crate::webhook::on_one_line;
use policy::Act;
use serde_json::Value;

/// The permissions that Sealpost asks about, by Jira's keys; the site check names those that are missing.
pub const PERMISSIONS: &[&str] = &[
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "ADD_COMMENTS",
    "CREATE_ATTACHMENTS",
    "EDIT_ISSUES",
    "TRANSITION_ISSUES",
    "LINK_ISSUES",
    "MANAGE_WATCHERS",
    "MODIFY_REPORTER",
    "ASSIGN_ISSUES",
    "SET_ISSUE_SECURITY",
    "SCHEDULE_ISSUES",
    "USER_PICKER",
    "SERVICEDESK_AGENT",
    "ADMINISTER_PROJECTS",
];

pub(super) fn find(kind: Kind, query: &str) -> Request {
    let (api, query) = (kind.api(), value(query));
    match kind {
        Kind::Cloud => get(format!("{api}/user/search?query={query}&maxResults={PEOPLE_MAX}")),
        Kind::DataCenter => get(format!("{api}/user/search?username={query}&maxResults={PEOPLE_MAX}")),
    }
}

pub(super) fn read(kind: Kind, account: &str) -> Request {
    get(format!("{}/user?{}={}", kind.api(), parameter(kind), value(account)))
}

/// Data Center has no list of its own for this.
pub(super) fn groups(kind: Kind, account: &str) -> Request {
    let (api, account) = (kind.api(), value(account));
    match kind {
        Kind::Cloud => get(format!("{api}/user/groups?accountId={account}")),
        Kind::DataCenter => get(format!("{api}/user?username={account}&expand=groups")),
    }
}

pub(super) fn permitted(kind: Kind, account: &str, project: &str, act: Act) -> Request {
    let permission = match act {
        Act::Browse => "BROWSE_PROJECTS",
        Act::Create => "CREATE_ISSUES",
        Act::Comment => "ADD_COMMENTS",
        Act::Attach => "CREATE_ATTACHMENTS",
    };
    get(format!(
        "{}/user/permission/search?{}={}&permissions={permission}&projectKey={}",
        kind.api(),
        parameter(kind),
        value(account),
        value(project)
    ))
}

pub(super) fn own_permissions(kind: Kind, project: &str) -> Request {
    let permissions = PERMISSIONS.join(",");
    get(format!("{}/mypermissions?projectKey={}&permissions={permissions}", kind.api(), value(project)))
}

/// The query parameter that names one account exactly on Cloud, and on Data Center those whose names begin so.
pub(super) fn parameter(kind: Kind) -> &'static str {
    match kind {
        Kind::Cloud => "accountId",
        Kind::DataCenter => "username",
    }
}

/// Addresses are often hidden: absent, null and empty all mean that we are not told.
pub(super) fn person(kind: Kind, json: &Value) -> Option<Person> {
    let address = json["emailAddress"].as_str().filter(|address| !address.is_empty());
    Some(Person {
        account_id: account_id(kind, json)?,
        name: on_one_line(&text(&json["displayName"])),
        address: address.map(str::to_owned),
        inactive: json["active"] == Value::Bool(false),
        // Data Center tells, of one account that is read, how many of its applications he may use: customers none.
        is_customer: json["accountType"] == "customer" || json["applicationRoles"]["size"] == 0,
        is_program: json["accountType"] == "app",
        time_zone: id(&json["timeZone"]),
        language: id(&json["locale"]).map(|locale| locale.replace('_', "-")),
    })
}

/// The account's id, or on Data Center its user name.
pub(super) fn account_id(kind: Kind, json: &Value) -> Option<String> {
    id(&json[kind.account_key()])
}

pub(super) fn people(kind: Kind, json: &Value) -> Result<Answer, Lack> {
    Ok(Answer::Accounts(each(json, |one| person(kind, one)).ok_or(Lack("accounts"))?))
}

pub(super) fn group_names(kind: Kind, json: &Value) -> Result<Answer, Lack> {
    let list = match kind {
        Kind::Cloud => json,
        Kind::DataCenter => &json["groups"]["items"],
    };
    Ok(Answer::Names(each(list, |group| id(&group["name"])).ok_or(Lack("groups"))?))
}

/// A permission that the answer does not name is one that this Jira does not know: neither there nor missing.
pub(super) fn permissions(json: &Value) -> Result<Answer, Lack> {
    let all = json["permissions"].as_object().ok_or(Lack("permissions"))?;
    let asked = PERMISSIONS.iter().filter_map(|key| Some((*key, all.get(*key)?["havePermission"].as_bool()?)));
    let (has, lacks): (Vec<_>, Vec<_>) = asked.partition(|(_, has)| *has);
    let keys = |some: Vec<(&str, bool)>| some.into_iter().map(|(key, _)| key.to_owned()).collect();
    Ok(Answer::Permissions { has: keys(has), lacks: keys(lacks) })
}
