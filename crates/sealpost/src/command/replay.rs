//! `sealpost message replay`: asks the running gateway what today's rules, or others, make of a mail, shows it beside what was
//! planned before, and has it done.

use super::{Failure, WHO};
use crate::settings::Settings;
use policy::difference::{decided, differences};
use policy::replay::compare;
use policy::{Facts, Plan};
use serde_json::json;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use store::{JobState, Micros, NotNow, Proposal, Rules, Store};

/// How long the gateway has for its answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// By which rules it is to be decided, where not by those in force.
#[derive(Debug, Default, clap::Args)]
pub struct Under {
    /// Decide by another profile: one of the settings, or one that the mail's site keeps.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// Which of its versions, as `sealpost profile versions` lists them.
    #[arg(long, value_name = "NUMBER", requires = "profile")]
    version: Option<u32>,
    /// Decide by the profile in this file. It is kept as `NAME (tried)` and is in force nowhere.
    #[arg(long, value_name = "FILE", conflicts_with = "profile")]
    rules: Option<PathBuf>,
}

pub(super) async fn run(settings: &Settings, store: &Store, id: &str, under: &Under, yes: bool) -> Result<(), Failure> {
    let rules = chosen(settings, store, id, under).await?;
    let Proposed { plan, at, .. } = rehearsed(store, id, rules.as_ref(), WHO, PATIENCE).await?;
    let past = store.past(id).await?;
    let comparison = compare(&past, &plan);
    let before = past.first().map(|past| &past.plan);
    let changed = match before {
        Some(before) => differences(&decided(before)?, &decided(&plan)?),
        None => Vec::new(),
    };
    let before = before.map(|plan| {
        json!({"profile": plan.profile, "profile_version": plan.profile_version, "mapping": plan.mapping,
            "rule": plan.rule, "outcome": plan.outcome})
    });
    let line = json!({"id": id, "plan": plan, "adopted": comparison.adopted, "fresh": comparison.fresh,
        "letters": comparison.letters, "stays": comparison.stays, "before": before, "changed": changed});
    super::print_object(&line)?;
    if !yes {
        return Ok(());
    }
    asked(id, store.replay(id, at, WHO).await?)?;
    match answered(store, id, PATIENCE).await? {
        None => Ok(()),
        Some(_) => Err(Failure::new(format!(
            "{id}: the mail would do something else by now, so nothing was done; look at it again"
        ))),
    }
}

/// The rules that were asked for, as a version that the message's site keeps.
async fn chosen(settings: &Settings, store: &Store, id: &str, under: &Under) -> Result<Option<Rules>, Failure> {
    if under.profile.is_none() && under.rules.is_none() {
        return Ok(None);
    }
    let message = store.message(id).await?.ok_or_else(|| Failure::new(format!("{id}: no message has this id")))?;
    let site = message.site.as_str();
    let (name, version, text) = match (&under.rules, under.profile.as_deref(), under.version) {
        (Some(file), ..) => {
            let (name, text) = super::profile::text_of(file)?;
            (format!("{name} (tried)"), None, text)
        }
        (None, Some(name), None) if settings.profile(name).is_some() => {
            let text = settings.profile(name).map(|file| file.text.clone()).unwrap_or_default();
            (name.to_owned(), None, text)
        }
        (None, name, version) => {
            let name = name.unwrap_or_default();
            let version = match version {
                Some(version) => Some(version),
                None => store.profile_versions(site, Some(name)).await?.first().map(|newest| newest.version),
            };
            let text = store.profile_text(site, name, version).await?;
            let none = || Failure::new(format!("{name}: {}", NotNow::NoRules.in_words()));
            (name.to_owned(), Some(version.ok_or_else(none)?), text.ok_or_else(none)?)
        }
    };
    let profile = policy::Profile::from_toml(&name, &text, &name)?;
    let of_site = settings.site(site).and_then(|site| site.environment.as_deref());
    if let Some(label) = profile.is_of_another(of_site) {
        let of_site = of_site.unwrap_or_default();
        return Err(Failure::new(format!(
            "{name} is of the environment {label:?}, and site {site:?} is of {of_site:?}; `sealpost profile diff` compares the two"
        )));
    }
    let version = match version {
        Some(version) => version,
        None => store.import_profile(site, &name, &text).await?,
    };
    Ok(Some(Rules { profile: name, version }))
}

/// What the running gateway proposes.
pub(super) struct Proposed {
    pub(super) plan: Plan,
    /// When it was worked out.
    pub(super) at: Micros,
    /// What is known of the mail; `None` for one that cannot be read.
    pub(super) facts: Option<Facts>,
}

/// What the running gateway makes of a mail today, by these rules or by those in force, and what it knows of it.
pub(super) async fn rehearsed(
    store: &Store,
    id: &str,
    rules: Option<&Rules>,
    who: &str,
    patience: Duration,
) -> Result<Proposed, Failure> {
    let begun = match rules {
        Some(rules) => store.rehearse_under(id, rules, who).await?,
        None => store.rehearse(id, who).await?,
    };
    asked(id, begun)?;
    match answered(store, id, patience).await? {
        Some(Proposal { plan: Some((plan, at)), facts, .. }) => Ok(Proposed { plan, at, facts }),
        Some(_) | None => Err(Failure::new(format!("{id}: no plan was proposed; see the log of the gateway"))),
    }
}

fn asked(id: &str, answer: Result<(), NotNow>) -> Result<(), Failure> {
    answer.map_err(|why| Failure::new(format!("{id}: {}", why.in_words())))
}

/// Waits until the gateway has worked it out; `None` when the proposal has become the plan.
async fn answered(store: &Store, id: &str, patience: Duration) -> Result<Option<Proposal>, Failure> {
    let since = Instant::now();
    loop {
        match store.proposal(id).await? {
            None => return Ok(None),
            Some(proposal) if proposal.job == Some(JobState::Done) => return Ok(Some(proposal)),
            Some(Proposal { job: Some(JobState::Held | JobState::Dead), fault, .. }) => {
                let why = fault.map_or_else(String::new, |fault| fault.to_string());
                return Err(Failure::new(format!("{id}: it could not be worked out: {why}")));
            }
            Some(_) if since.elapsed() > patience => {
                return Err(Failure::new(format!(
                    "{id}: no answer within {} s; is the gateway running?",
                    patience.as_secs()
                )));
            }
            Some(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}
