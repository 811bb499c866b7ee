//! From typed values to what Jira takes in `fields` and `update`.

use super::Kind;
use jiff::Timestamp;
use policy::{AccountTarget, Choice, FieldSetting, FieldValue, How};
use serde_json::{Map, Value, json};

/// The two halves of a request that writes fields. A field stands in one of them only, as Jira wants it.
#[derive(Debug, Default)]
pub(super) struct Halves {
    pub(super) fields: Map<String, Value>,
    pub(super) update: Map<String, Value>,
}

/// What a new issue is given: there is nothing yet to add to, so all values are set.
pub(super) fn of_new_issue(kind: Kind, set: &[FieldSetting]) -> Map<String, Value> {
    let mut fields = Map::new();
    for setting in set.iter().filter(|setting| setting.value != FieldValue::Empty) {
        put(&mut fields, setting, value(kind, &setting.value));
    }
    fields
}

/// What is changed of an issue that exists.
pub(super) fn of_edit(kind: Kind, set: &[FieldSetting]) -> Halves {
    let mut halves = Halves::default();
    for setting in set {
        let is_set = |one: &FieldSetting| one.id == setting.id && one.how == How::Set;
        match (&setting.value, setting.how) {
            // The only way to take an issue from under its parent.
            (FieldValue::Empty, _) if setting.id == "parent" => {
                halves.update.insert("parent".to_owned(), json!([{"set": {"none": true}}]));
            }
            (FieldValue::Empty, _) => {
                halves.fields.insert(setting.id.clone(), Value::Null);
            }
            (given, How::Set) => put(&mut halves.fields, setting, value(kind, given)),
            (given, How::Add) if set.iter().any(is_set) => put(&mut halves.fields, setting, value(kind, given)),
            (given, How::Add) => {
                let each = match value(kind, given) {
                    Value::Array(values) => values,
                    one => vec![one],
                };
                let added = each.into_iter().map(|value| json!({ "add": value }));
                let verbs = halves.update.entry(setting.id.clone()).or_insert_with(|| json!([]));
                if let Some(verbs) = verbs.as_array_mut() {
                    verbs.extend(added);
                }
            }
        }
    }
    halves
}

/// Sets the field; a list that is added to one that was set before joins it.
fn put(fields: &mut Map<String, Value>, setting: &FieldSetting, value: Value) {
    match (fields.get_mut(&setting.id), setting.how, value) {
        (Some(Value::Array(there)), How::Add, Value::Array(more)) => {
            for one in more {
                if !there.contains(&one) {
                    there.push(one);
                }
            }
        }
        (_, _, value) => {
            fields.insert(setting.id.clone(), value);
        }
    }
}

fn value(kind: Kind, value: &FieldValue) -> Value {
    match value {
        FieldValue::Empty => Value::Null,
        FieldValue::Text(text) | FieldValue::Url(text) | FieldValue::Date(text) | FieldValue::RequestType(text) => {
            json!(text)
        }
        FieldValue::LongText(words) => kind.words(words),
        FieldValue::Number(number) => json!(number),
        FieldValue::DateTime(moment) => json!(jira_time(moment)),
        FieldValue::Option(choice) => option(choice),
        FieldValue::Options(choices) => choices.iter().map(option).collect(),
        FieldValue::Cascade(parent, child) => {
            let mut whole = option(parent);
            if let Some(child) = child {
                whole["child"] = option(child);
            }
            whole
        }
        FieldValue::User(account) => person(kind, account),
        FieldValue::Users(accounts) => accounts.iter().map(|account| person(kind, account)).collect(),
        FieldValue::Group(name) => json!({ "name": name }),
        FieldValue::Groups(names) => names.iter().map(|name| json!({ "name": name })).collect(),
        FieldValue::Labels(labels) => json!(labels),
        FieldValue::Component(choice) | FieldValue::Version(choice) => named(choice),
        FieldValue::Components(choices) | FieldValue::Versions(choices) => choices.iter().map(named).collect(),
        FieldValue::Priority(choice)
        | FieldValue::SecurityLevel(choice)
        | FieldValue::Resolution(choice)
        | FieldValue::IssueType(choice) => named(choice),
        FieldValue::Project(Choice { id: None, name }) => json!({ "key": name }),
        FieldValue::Project(choice) => named(choice),
        FieldValue::Parent(issue) if issue.bytes().all(|byte| byte.is_ascii_digit()) => json!({ "id": issue }),
        FieldValue::Parent(issue) => json!({ "key": issue }),
        FieldValue::TimeEstimate { original, remaining } => {
            let mut estimate = Map::new();
            estimate.extend(original.iter().map(|text| ("originalEstimate".to_owned(), json!(text))));
            estimate.extend(remaining.iter().map(|text| ("remainingEstimate".to_owned(), json!(text))));
            Value::Object(estimate)
        }
        FieldValue::Sprint(number) => json!(number),
        FieldValue::Organisations(ids) => ids.iter().map(|id| number_or_text(id)).collect(),
    }
}

fn option(choice: &Choice) -> Value {
    match &choice.id {
        Some(id) => json!({ "id": id }),
        None => json!({ "value": choice.name }),
    }
}

fn named(choice: &Choice) -> Value {
    match &choice.id {
        Some(id) => json!({ "id": id }),
        None => json!({ "name": choice.name }),
    }
}

/// An account whose step is not known is named by nothing, so that Jira refuses it: whoever sends has put in the id.
fn person(kind: Kind, account: &AccountTarget) -> Value {
    match account {
        AccountTarget::Id(id) => json!({ kind.account_key(): id }),
        AccountTarget::CreatedBy(_) => json!({}),
    }
}

fn number_or_text(id: &str) -> Value {
    id.parse::<i64>().map_or_else(|_| json!(id), |number| json!(number))
}

/// Jira's own form of a moment, which has milliseconds and an offset without a colon.
fn jira_time(moment: &str) -> String {
    match moment.parse::<Timestamp>() {
        Ok(moment) => moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000").to_string(),
        Err(_) => moment.to_owned(),
    }
}

/// The words in the values, which must not come back in a fault's detail.
pub(super) fn words(set: &[FieldSetting]) -> impl Iterator<Item = &str> {
    set.iter().flat_map(|setting| match &setting.value {
        FieldValue::Text(text) | FieldValue::LongText(text) | FieldValue::Url(text) => vec![text.as_str()],
        FieldValue::Labels(labels) => labels.iter().map(String::as_str).collect(),
        FieldValue::Option(choice) => vec![choice.name.as_str()],
        FieldValue::Options(choices) => choices.iter().map(|choice| choice.name.as_str()).collect(),
        _ => Vec::new(),
    })
}
