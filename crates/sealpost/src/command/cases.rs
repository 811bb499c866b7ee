//! Test cases of profiles: a mail, what was known of it, and the plan that was made; and which plans a changed profile changes.

use super::{Failure, files, try_plan};
use crate::settings::{ProfileFile, Settings};
use engine::cell::Cells;
use policy::difference::{decided, differences};
use policy::{Facts, Plan, Profile};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;
use store::Store;

/// A case as it stands in its file, beside the mail.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    facts: Facts,
    /// Everything of the plan that a profile decides; see [`policy::difference::decided`].
    plan: Value,
}

/// A message as a case: the bytes of its two files, and what is to be said of it.
pub struct Made {
    pub mail: Vec<u8>,
    pub case: Vec<u8>,
    /// In whole lines.
    pub said: String,
}

/// Who asks for a case, and how long the gateway has for what is known of the mail.
pub struct Asking<'a> {
    pub settings: &'a Settings,
    pub store: &'a Store,
    pub who: &'a str,
    pub patience: Duration,
}

/// Writes a message as a case of its mailbox's profile into the files of this name.
pub(super) async fn export(
    settings: &Settings,
    store: &Store,
    id: &str,
    case: &Path,
    anonymous: bool,
) -> Result<(), Failure> {
    let asking = Asking { settings, store, who: super::WHO, patience: super::replay::PATIENCE };
    let cells = files::cells().await?;
    let made = match anonymous {
        true => made_anonymous(&asking, &cells, id).await?,
        false => made(&asking, &cells, id).await?,
    };
    write(&case.with_extension("eml"), &made.mail)?;
    write(&case.with_extension("json"), &made.case)?;
    super::print(&format!("{}: {}", case.display(), made.said))
}

/// A message as a case, with the plan that its mailbox's profile makes of it today.
///
/// What the issue said is no part of a case: the reply is read without it, here and in every later check.
pub async fn made(asking: &Asking<'_>, cells: &Cells, id: &str) -> Result<Made, Failure> {
    let Known { file, facts, bytes } = known(asking, id).await?;
    let plan = plan(cells, &profile(file)?, &facts, &bytes).await?;
    let said = "written; it holds the mail as it came, so keep it where mail may be kept\n".to_owned();
    Ok(Made { case: pretty(&Case { facts, plan: decided(&plan)? })?, mail: bytes, said })
}

/// The same with stand-ins for people, in the mail and in what was known of it alike; says what is left of them, and whether
/// the profile still decides as it did.
pub async fn made_anonymous(asking: &Asking<'_>, cells: &Cells, id: &str) -> Result<Made, Failure> {
    let Known { file, facts, bytes } = known(asking, id).await?;
    let profile = profile(file)?;
    let as_it_came = plan(cells, &profile, &facts, &bytes).await?;
    let kept: Vec<String> = mail::addresses_in(&file.text).into_iter().collect();
    let anonymous = cells.anonymous(bytes.as_slice(), &mail::Limits::default(), &kept).await?;
    let mut names = anonymous.stand_ins;
    let mut left = anonymous.left;
    let facts = without_people(facts, &profile, &mut names, &mut left)?;
    let now = plan(cells, &profile, &facts, &anonymous.mail).await?;
    let mut said = "written with stand-ins for people. Left in it:\n".to_owned();
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
    Ok(Made { case: pretty(&Case { facts, plan: decided(&now)? })?, mail: anonymous.mail, said })
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
async fn known<'a>(asking: &Asking<'a>, id: &str) -> Result<Known<'a>, Failure> {
    let Asking { settings, store, who, patience } = *asking;
    let stored = store.message(id).await?.ok_or_else(|| Failure::new(format!("{id}: no message has this id")))?;
    let file = settings.mailbox(&stored.mailbox).and_then(|mailbox| settings.profile_of(mailbox));
    let file = file.ok_or_else(|| Failure::new(format!("the mailbox {} is not in the settings", stored.mailbox)))?;
    let facts = super::replay::rehearsed(store, id, None, who, patience).await?.facts;
    let facts =
        facts.ok_or_else(|| Failure::new(format!("{id}: the mail cannot be read, so nothing is known of it")))?;
    store.note_look(&stored.site, id, store::Look::Whole, None, who).await?;
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

/// What came of the cases of a profile.
#[derive(Debug, Default)]
pub(super) struct Checked {
    /// Plans that changed and were not accepted.
    pub(super) changed: usize,
    pub(super) unread: usize,
}

impl Checked {
    pub(super) fn add(&mut self, more: &Checked) {
        self.changed += more.changed;
        self.unread += more.unread;
    }
}

/// Runs every case of a folder: one line each, told of and passed over when it cannot be read.
pub(super) async fn check(cells: &Cells, profile: &Profile, folder: &Path, accept: bool) -> Result<Checked, Failure> {
    let mut checked = Checked::default();
    for file in cases_in(folder)? {
        let (shown, name) = (file.display().to_string(), &profile.name);
        let line = match case_now(cells, profile, &file).await {
            Ok((case, now)) => {
                let differences = differences(&case.plan, &now);
                let unchanged = differences.is_empty();
                if !unchanged && accept {
                    write(&file, &pretty(&Case { plan: now, ..case })?)?;
                }
                checked.changed += usize::from(!unchanged && !accept);
                json!({"case": shown, "profile": name, "unchanged": unchanged, "changed": differences})
            }
            Err(failure) => {
                checked.unread += 1;
                json!({"case": shown, "profile": name, "error": failure.text})
            }
        };
        super::print(&format!("{line}\n"))?;
    }
    Ok(checked)
}

/// A case, and what the profile decides on it now.
async fn case_now(cells: &Cells, profile: &Profile, file: &Path) -> Result<(Case, Value), Failure> {
    let (case, bytes) = whole(file)?;
    let now = decided(&plan(cells, profile, &case.facts, &bytes).await?)?;
    Ok((case, now))
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
