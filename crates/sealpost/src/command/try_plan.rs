//! `sealpost try`: the plan for a mail, without any effect.

use super::{Failure, files};
use policy::{Facts, Origin, Plan, Step};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Rounds of ask and find out, as in the gateway.
const ROUNDS_MAX: usize = policy::ask::ROUNDS_MAX;

#[derive(Serialize)]
struct Line {
    file: String,
    profile: String,
    environment: Option<String>,
    mapping: String,
    rule: Option<String>,
    outcome: &'static str,
    reason: String,
    rejection: Option<policy::Rejection>,
    steps: Vec<Step>,
    letters: Vec<policy::Letter>,
    trace: Vec<String>,
}

/// Prints one object per file. Questions that the facts leave open are answered with "nothing known".
pub async fn run(profile: &Path, facts: Option<&Path>, files: Vec<PathBuf>) -> Result<(), Failure> {
    let profile = super::profile::load(profile)?;
    let given = match facts {
        Some(file) => read_facts(file)?,
        None => Facts::default(),
    };
    let cells = files::cells().await?;
    let limits = mail::Limits::default();
    files::each(files, async |bytes, shown| {
        let reading = cells.read(bytes.as_slice(), &limits).await.map_err(|fault| fault.to_string())?;
        Ok(line(shown, plan(&profile, given.clone(), &reading, shown)))
    })
    .await
}

pub(super) fn read_facts(file: &Path) -> Result<Facts, Failure> {
    let mut facts: Facts = files::facts(file, "cases")?;
    if facts.now.is_empty() {
        facts.now = jiff::Timestamp::now().to_string();
    }
    Ok(facts)
}

/// The plan for a mail that was read; what the facts leave open is answered with "nothing known".
pub(super) fn plan(profile: &policy::Profile, mut facts: Facts, reading: &mail::Reading, shown: &str) -> Plan {
    let origin = Origin::Message(shown.to_string());
    if let Some(why) = &reading.too_complex {
        return policy::quarantine(origin, 1, profile, why);
    }
    if facts.now.is_empty() {
        facts.now = jiff::Timestamp::now().to_string();
    }
    for _ in 0..ROUNDS_MAX {
        let open = policy::ask(&reading.message, profile, &facts);
        if open.is_empty() {
            break;
        }
        open.iter().for_each(|question| facts.answer_with_nothing(question));
    }
    policy::decide(&reading.message, &reading.reply, profile, &facts, origin, 1)
}

fn line(shown: &str, plan: Plan) -> Line {
    Line {
        file: shown.to_string(),
        profile: plan.profile,
        environment: plan.environment,
        mapping: plan.mapping,
        rule: plan.rule,
        outcome: plan.outcome.word(),
        reason: plan.reason,
        rejection: plan.rejection,
        steps: plan.steps,
        letters: plan.letters,
        trace: plan.trace,
    }
}
