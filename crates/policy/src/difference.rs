//! What is otherwise in one plan than in another, place by place.

use crate::{Fault, FaultCode, Plan};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Differences that are told of one plan.
const DIFFERENCES_MAX: usize = 20;

/// One place in which two plans differ, such as `steps[0].project`; a side that has nothing there is null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    pub at: String,
    pub before: Value,
    pub now: Value,
}

/// What a profile decides: everything of a plan but the names of origin, revision and profile, and the trace, whose words may
/// change without anything else changing.
///
/// # Errors
/// `Internal` for a plan that cannot be written as JSON, which would be a defect.
pub fn decided(plan: &Plan) -> Result<Value, Fault> {
    let mut value = serde_json::to_value(plan)
        .map_err(|error| Fault::permanent(FaultCode::Internal, format!("a plan as JSON: {error}")))?;
    if let Value::Object(plan) = &mut value {
        for key in ["origin", "revision", "profile", "profile_version", "trace"] {
            plan.remove(key);
        }
    }
    Ok(value)
}

/// The first 20 places where two values differ, with both sides.
pub fn differences(before: &Value, now: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", before, now, &mut found);
    found.truncate(DIFFERENCES_MAX);
    found
}

fn compare(at: &str, before: &Value, now: &Value, found: &mut Vec<Difference>) {
    match (before, now) {
        (Value::Object(one), Value::Object(other)) => {
            for key in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
                let of = |object: &Map<String, Value>| object.get(key).cloned().unwrap_or(Value::Null);
                compare(&format!("{at}.{key}"), &of(one), &of(other), found);
            }
        }
        (Value::Array(one), Value::Array(other)) if by_id(one).is_some() && by_id(other).is_some() => {
            let (one, other) = (by_id(one).unwrap_or_default(), by_id(other).unwrap_or_default());
            for id in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
                let of = |list: &BTreeMap<&str, &Value>| list.get(id).map_or(Value::Null, |value| (*value).clone());
                compare(&format!("{at}[{id}]"), &of(&one), &of(&other), found);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for index in 0..one.len().max(other.len()) {
                let of = |list: &Vec<Value>| list.get(index).cloned().unwrap_or(Value::Null);
                compare(&format!("{at}[{index}]"), &of(one), &of(other), found);
            }
        }
        _ if before == now => {}
        _ => {
            let at = at.trim_start_matches('.').to_owned();
            found.push(Difference { at, before: before.clone(), now: now.clone() });
        }
    }
}

/// The members of a list by their ids, such as fields that are set: their order means nothing. `None` where one has none, or two have
/// the same.
fn by_id(list: &[Value]) -> Option<BTreeMap<&str, &Value>> {
    let members: BTreeMap<&str, &Value> =
        list.iter().map(|member| Some((member["id"].as_str()?, member))).collect::<Option<_>>()?;
    (members.len() == list.len()).then_some(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_with_ids_are_paired_by_them() {
        let before = json!({"set": [{"id": "labels", "value": "invoice"}]});
        let now = json!({"set": [{"id": "priority", "value": "High"}, {"id": "labels", "value": "invoice"}]});
        let found = json!(differences(&before, &now));
        assert_eq!(found, json!([{"at": "set[priority]", "before": null, "now": {"id": "priority", "value": "High"}}]));
        let twice = json!({"set": [{"id": "a", "v": 1}, {"id": "a", "v": 2}]});
        let other = json!({"set": [{"id": "a", "v": 1}]});
        assert_eq!(differences(&twice, &other)[0].at, "set[1]");
    }

    #[test]
    fn differences_name_the_place_and_both_sides() {
        let before = json!({"outcome": "create", "steps": [{"project": "A"}, {"kind": "attach"}]});
        let now = json!({"outcome": "create", "steps": [{"project": "B"}]});
        let found = json!(differences(&before, &now));
        assert_eq!(found[0], json!({"at": "steps[0].project", "before": "A", "now": "B"}));
        assert_eq!(found[1], json!({"at": "steps[1]", "before": {"kind": "attach"}, "now": null}));
        assert!(differences(&before, &before).is_empty());
    }
}
