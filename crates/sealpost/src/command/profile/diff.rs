//! `sealpost profile diff`: which mails would be treated otherwise, before a profile is promoted.

use crate::command::{Failure, cases, files, try_plan};
use policy::difference::{decided, differences};
use policy::{Facts, Profile};
use serde_json::json;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A folder of test cases, as `message export --case` writes them, with what was known of each mail.
    #[arg(long, value_name = "FOLDER")]
    cases: Option<PathBuf>,
    /// Answers to the questions of the mails, as JSON; unanswered ones count as "nothing known".
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// End with 1 when a plan changes.
    #[arg(long)]
    same: bool,
    /// The profile as it is.
    before: PathBuf,
    /// The profile as it shall be.
    now: PathBuf,
    /// Mails, beside the cases.
    mails: Vec<PathBuf>,
}

/// One mail, with what is known of it; `Err` says why it cannot be looked at.
struct Sample {
    shown: String,
    content: Result<(Facts, Vec<u8>), String>,
}

/// Compares the plans; a mail that cannot be read is told in its line, and the command fails in the end.
pub async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (before, now) = (super::load(&arguments.before)?, super::load(&arguments.now)?);
    let samples = samples(arguments)?;
    if samples.is_empty() {
        return Err(Failure::new("nothing to compare them by; name mails, or --cases FOLDER"));
    }
    let cells = files::cells().await?;
    let (mut changed, mut unread) = (0, 0);
    for Sample { shown, content } in &samples {
        let reading = match content {
            Ok((facts, bytes)) => {
                let reading = cells.read(bytes.as_slice(), &mail::Limits::default()).await;
                reading.map(|reading| (facts, reading)).map_err(|fault| fault.to_string())
            }
            Err(why) => Err(why.clone()),
        };
        let line = match reading {
            Ok((facts, reading)) => {
                let line = compared(&before, &now, facts, &reading, shown)?;
                changed += usize::from(line["unchanged"] == false);
                line
            }
            Err(why) => {
                unread += 1;
                json!({"file": shown, "error": why})
            }
        };
        crate::command::print(&format!("{line}\n"))?;
    }
    eprintln!("{} plans, {changed} of them changed{}", samples.len() - unread, environments(&before, &now));
    if unread > 0 || arguments.same && changed > 0 { Err(Failure::told()) } else { Ok(()) }
}

fn environments(before: &Profile, now: &Profile) -> String {
    match (before.environment(), now.environment()) {
        (before, now) if before == now => String::new(),
        (before, now) => format!("; from environment {} to {}", before.unwrap_or("none"), now.unwrap_or("none")),
    }
}

fn compared(
    before: &Profile,
    now: &Profile,
    facts: &Facts,
    reading: &mail::Reading,
    shown: &str,
) -> Result<serde_json::Value, Failure> {
    let plans = [before, now].map(|profile| try_plan::plan(profile, facts.clone(), reading, shown));
    let [one, other] = &plans;
    let changed = differences(&decided(one)?, &decided(other)?);
    // Between two environments the label differs by intention.
    let changed: Vec<_> = changed.into_iter().filter(|difference| difference.at != "environment").collect();
    Ok(json!({
        "file": shown, "unchanged": changed.is_empty(),
        "outcome": {"before": one.outcome.word(), "now": other.outcome.word()},
        "rule": {"before": one.rule, "now": other.rule}, "mapping": {"before": one.mapping, "now": other.mapping},
        "changed": changed,
    }))
}

fn samples(arguments: &Arguments) -> Result<Vec<Sample>, Failure> {
    let mut samples = Vec::new();
    for file in arguments.cases.as_deref().map(cases::cases_in).transpose()?.unwrap_or_default() {
        let content = cases::read(&file).map_err(|failure| failure.text);
        samples.push(Sample { shown: file.display().to_string(), content });
    }
    let facts = arguments.facts.as_deref().map(try_plan::read_facts).transpose()?.unwrap_or_default();
    for file in &arguments.mails {
        let content = files::bytes(file).map(|bytes| (facts.clone(), bytes));
        samples.push(Sample { shown: file.display().to_string(), content });
    }
    Ok(samples)
}
