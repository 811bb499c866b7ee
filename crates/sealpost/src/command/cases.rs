//! Test cases of profiles: a mail, what was known of it, and the plan that was made; and which plans a changed profile changes.

use super::{Failure, files, try_plan};
use crate::settings::{ProfileFile, Settings};
use engine::cell::Cells;
use policy::{Facts, Plan, Profile};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
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
    let Known { file, facts, bytes } = known(settings, store, id).await?;
    let plan = plan(&files::cells().await?, &profile(file)?, &facts, &bytes).await?;
    written(case, facts, &plan, &bytes)?;
    super::print(&format!(
        "{}: written; it holds the mail as it came, so keep it where mail may be kept\n",
        case.display()
    ))
}

/// The same with stand-ins for people, in the mail and in what was known of it alike; says what is left of them, and whether
/// the profile still decides as it did.
pub(super) async fn export_anonymous(settings: &Settings, store: &Store, id: &str, case: &Path) -> Result<(), Failure> {
    let Known { file, facts, bytes } = known(settings, store, id).await?;
    let profile = profile(file)?;
    let cells = files::cells().await?;
    let as_it_came = plan(&cells, &profile, &facts, &bytes).await?;
    let kept: Vec<String> = mail::addresses_in(&file.text).into_iter().collect();
    let anonymous = cells.anonymous(bytes.as_slice(), &mail::Limits::default(), &kept).await?;
    let mut names = anonymous.stand_ins;
    let mut left = anonymous.left;
    let facts = without_people(facts, &profile, &mut names, &mut left)?;
    let now = plan(&cells, &profile, &facts, &anonymous.mail).await?;
    written(case, facts, &now, &anonymous.mail)?;
    let mut said = format!("{}: written with stand-ins for people. Left in it:\n", case.display());
    for left in left {
        said += &format!("- {left}\n");
    }
    let kinds = |plan: &Plan| plan.steps.iter().map(|step| step.kind.word()).collect::<Vec<_>>();
    if (as_it_came.outcome, kinds(&as_it_came)) != (now.outcome, kinds(&now)) {
        said += &format!(
            "The profile decides otherwise on it: {} instead of {}, because a rule looks at what has a stand-in now.\n",
            told(&now),
            told(&as_it_came)
        );
    }
    super::print(&said)
}

/// A plan in few words.
fn told(plan: &Plan) -> String {
    let steps = if plan.steps.len() == 1 { "step" } else { "steps" };
    format!("{} with {} {steps}", plan.outcome.word(), plan.steps.len())
}

/// What a case is made of.
struct Known<'a> {
    /// The profile file of the message's mailbox.
    file: &'a ProfileFile,
    /// What is known of the message today.
    facts: Facts,
    bytes: Vec<u8>,
}

/// A look, and noted as one.
async fn known<'a>(settings: &'a Settings, store: &Store, id: &str) -> Result<Known<'a>, Failure> {
    let stored = store.message(id).await?.ok_or_else(|| Failure::new(format!("{id}: no message has this id")))?;
    let mailbox = settings.mailboxes.iter().find(|mailbox| mailbox.name == stored.mailbox);
    let file = mailbox.and_then(|mailbox| settings.profiles.iter().find(|profile| profile.name == mailbox.profile));
    let file = file.ok_or_else(|| Failure::new(format!("the mailbox {} is not in the settings", stored.mailbox)))?;
    let (_, facts) = super::replay::rehearsed(store, id).await?;
    let facts =
        facts.ok_or_else(|| Failure::new(format!("{id}: the mail cannot be read, so nothing is known of it")))?;
    store.note_look(&stored.site, id, store::Look::Whole, None, super::WHO).await?;
    let mut bytes = Vec::new();
    let mut raw = store.raw(id).await?;
    while let Some(piece) = raw.next().await? {
        bytes.extend_from_slice(&piece);
    }
    Ok(Known { file, facts, bytes })
}

fn profile(file: &ProfileFile) -> Result<Profile, Failure> {
    Ok(Profile::from_toml(&file.name, &file.text, &file.file.display().to_string())?)
}

fn written(case: &Path, facts: Facts, plan: &Plan, bytes: &[u8]) -> Result<(), Failure> {
    let plan = decided(plan)?;
    write(&case.with_extension("eml"), bytes)?;
    write(&case.with_extension("json"), &pretty(&Case { facts, plan })?)
}

/// The facts with stand-ins; what stays in them is added to what is `left`.
fn without_people(
    mut facts: Facts,
    profile: &Profile,
    names: &mut mail::StandIns,
    left: &mut Vec<String>,
) -> Result<Facts, Failure> {
    for (asked, account) in &facts.accounts {
        names.learn(account.as_ref().map(|account| account.name.as_str()).unwrap_or_default(), asked);
    }
    // Where networks count, another address would be another answer.
    let client = facts.envelope.client.take().filter(|_| profile.tells_clients_apart());
    if client.is_some() {
        left.push("the address of the client that handed it in, since directives.submitters names clients".to_owned());
    }
    for (number, file) in (1..).zip(&mut facts.uploaded) {
        file.name = file.name.as_ref().map(|name| format!("file-{number}{}", mail::plain_ending(name)));
        file.why = None;
    }
    if !facts.uploaded.is_empty() {
        left.push("types, sizes and digests of the files that were handed in beside it".to_owned());
    }
    left.push(
        "ids of the tracker, its names of accounts, groups, projects, fields and their values, and times".to_owned(),
    );
    left.push("what the profile writes into plans".to_owned());
    let not_json = |error: serde_json::Error| Failure::new(format!("facts as JSON: {error}"));
    let mut value = serde_json::to_value(&facts).map_err(not_json)?;
    // Why somebody is proved is told with the hosts that proved it.
    let mut authenticity = value.get_mut("authenticity").map(Value::take).unwrap_or_default();
    rename(&mut authenticity, &mut |text| names.in_field(text));
    rename(&mut value, &mut |text| names.in_value(text));
    if let Some(place) = value.get_mut("authenticity") {
        *place = authenticity;
    }
    let mut facts: Facts = serde_json::from_value(value).map_err(not_json)?;
    facts.envelope.client = client.map(|client| mail::Client { hello: "host.example".to_owned(), ..client });
    Ok(facts)
}

/// Stand-ins in every text of a value, its keys too.
fn rename(value: &mut Value, stand_in: &mut impl FnMut(&str) -> String) {
    match value {
        Value::String(text) => *text = stand_in(text),
        Value::Array(values) => values.iter_mut().for_each(|value| rename(value, stand_in)),
        Value::Object(values) => {
            let renamed = std::mem::take(values).into_iter().map(|(key, mut value)| {
                rename(&mut value, stand_in);
                (if key.contains('@') { stand_in(&key) } else { key }, value)
            });
            *values = renamed.collect();
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
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

/// For the owner's eyes only: a case holds a mail in clear. Its folder is made when it is missing.
fn write(file: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let made = folder.map_or(Ok(()), |folder| DirBuilder::new().recursive(true).mode(0o700).create(folder));
    let opened = made.and_then(|()| OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file));
    let written = opened.and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| Failure::new(format!("{}: cannot be written: {error}", file.display())))
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
