//! Test cases of profiles: a mail, what was known of it, and the plan that was made; and which plans a changed profile changes.

use super::{Failure, files, try_plan};
use crate::settings::Settings;
use engine::cell::Cells;
use policy::{Facts, Plan, Profile};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use store::Store;

/// Differences that are told of one plan.
const DIFFERENCES_MAX: usize = 20;

/// A case as it stands in its file, beside the mail.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    facts: Facts,
    /// Everything of the plan that a profile decides; see [`decided`].
    plan: Value,
}

/// Writes a message as a case of its mailbox's profile, with the plan that the profile makes of it today.
///
/// What the issue said is no part of a case: the reply is read without it, here and in every later check.
pub(super) async fn export(settings: &Settings, store: &Store, id: &str, case: &Path) -> Result<(), Failure> {
    let stored = store.message(id).await?.ok_or_else(|| Failure::new(format!("{id}: no message has this id")))?;
    let mailbox = settings.mailboxes.iter().find(|mailbox| mailbox.name == stored.mailbox);
    let file = mailbox.and_then(|mailbox| settings.profiles.iter().find(|profile| profile.name == mailbox.profile));
    let file = file.ok_or_else(|| Failure::new(format!("the mailbox {} is not in the settings", stored.mailbox)))?;
    let profile = Profile::from_toml(&file.name, &file.text, &file.file.display().to_string())?;
    let (_, facts) = super::replay::rehearsed(store, id).await?;
    let facts =
        facts.ok_or_else(|| Failure::new(format!("{id}: the mail cannot be read, so nothing is known of it")))?;
    store.note_look(&stored.site, id, store::Look::Whole, None, super::replay::WHO).await?;
    let mut bytes = Vec::new();
    let mut raw = store.raw(id).await?;
    while let Some(piece) = raw.next().await? {
        bytes.extend_from_slice(&piece);
    }
    let plan = decided(&plan(&files::cells().await?, &profile, &facts, &bytes).await?)?;
    write(&case.with_extension("eml"), &bytes)?;
    write(&case.with_extension("json"), &pretty(&Case { facts, plan })?)?;
    super::print(&format!(
        "{}: written; it holds the mail as it came, so keep it where mail may be kept\n",
        case.display()
    ))
}

/// Runs every case of a folder: one line each, and a failure when a plan changed or a case cannot be read.
pub(super) async fn check(profile: &Profile, folder: &Path, accept: bool) -> Result<(), Failure> {
    let cells = files::cells().await?;
    let mut changed = 0;
    for file in cases_in(folder)? {
        let shown = file.display().to_string();
        let (case, bytes) = whole(&file)?;
        let now = decided(&plan(&cells, profile, &case.facts, &bytes).await?)?;
        let differences = differences(&case.plan, &now);
        super::print(&format!(
            "{}\n",
            json!({"case": shown, "unchanged": differences.is_empty(), "changed": differences})
        ))?;
        if !differences.is_empty() && accept {
            write(&file, &pretty(&Case { plan: now, ..case })?)?;
        } else if !differences.is_empty() {
            changed += 1;
        }
    }
    match changed {
        0 => Ok(()),
        1 => Err(Failure::new("one plan changed; when that is right, say --accept")),
        _ => Err(Failure::new(format!("{changed} plans changed; when that is right, say --accept"))),
    }
}

/// What was known of a case's mail, and its bytes.
pub(super) fn read(file: &Path) -> Result<(Facts, Vec<u8>), Failure> {
    whole(file).map(|(case, bytes)| (case.facts, bytes))
}

fn whole(file: &Path) -> Result<(Case, Vec<u8>), Failure> {
    let read = |file: &Path| files::bytes(file).map_err(|why| Failure::new(format!("{}: {why}", file.display())));
    let case = serde_json::from_slice(&read(file)?)
        .map_err(|error| Failure::new(format!("{}: is no case: {error}", file.display())))?;
    Ok((case, read(&file.with_extension("eml"))?))
}

/// The cases of a folder, by name.
pub(super) fn cases_in(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error: std::io::Error| Failure::new(format!("{}: cannot be read: {error}", folder.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() {
        return Err(Failure::new(format!(
            "{}: holds no case; `sealpost message export ID --case FOLDER/NAME` writes one",
            folder.display()
        )));
    }
    Ok(found)
}

async fn plan(cells: &Cells, profile: &Profile, facts: &Facts, bytes: &[u8]) -> Result<Plan, Failure> {
    let reading = cells.read(bytes, &mail::Limits::default()).await?;
    Ok(try_plan::plan(profile, facts.clone(), &reading, "case"))
}

/// What a profile decides: everything of a plan but the names of origin, revision and profile, and the trace, whose words may
/// change without anything else changing.
pub(super) fn decided(plan: &Plan) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(plan).map_err(|error| Failure::new(format!("a plan as JSON: {error}")))?;
    if let Value::Object(plan) = &mut value {
        for key in ["origin", "revision", "profile", "profile_version", "trace"] {
            plan.remove(key);
        }
    }
    Ok(value)
}

/// Where two values differ, with both sides.
pub(super) fn differences(before: &Value, now: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    compare("", before, now, &mut found);
    found.truncate(DIFFERENCES_MAX);
    found
}

fn compare(at: &str, before: &Value, now: &Value, found: &mut Vec<Value>) {
    match (before, now) {
        (Value::Object(one), Value::Object(other)) => {
            for key in one.keys().chain(other.keys()).collect::<BTreeSet<_>>() {
                let of = |object: &serde_json::Map<String, Value>| object.get(key).cloned().unwrap_or(Value::Null);
                compare(&format!("{at}.{key}"), &of(one), &of(other), found);
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            for index in 0..one.len().max(other.len()) {
                let of = |list: &Vec<Value>| list.get(index).cloned().unwrap_or(Value::Null);
                compare(&format!("{at}[{index}]"), &of(one), &of(other), found);
            }
        }
        _ if before == now => {}
        _ => found.push(json!({"at": at.trim_start_matches('.'), "before": before, "now": now})),
    }
}

fn pretty(case: &Case) -> Result<Vec<u8>, Failure> {
    let mut text = serde_json::to_vec_pretty(case).map_err(|error| Failure::new(format!("a case as JSON: {error}")))?;
    text.push(b'\n');
    Ok(text)
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(file, bytes).map_err(|error| Failure::new(format!("{}: cannot be written: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_the_place_and_both_sides() {
        let before = json!({"outcome": "create", "steps": [{"project": "A"}, {"kind": "attach"}]});
        let now = json!({"outcome": "create", "steps": [{"project": "B"}]});
        let found = differences(&before, &now);
        assert_eq!(found[0], json!({"at": "steps[0].project", "before": "A", "now": "B"}));
        assert_eq!(found[1], json!({"at": "steps[1]", "before": {"kind": "attach"}, "now": null}));
        assert!(differences(&before, &before).is_empty());
    }
}
