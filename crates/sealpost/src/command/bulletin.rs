//! `sealpost bulletin`: what administrators were told of the gateway itself, and whether it arrives.

use super::{Failure, WHO, fault_in_words, time};
use crate::settings::Settings;
use serde_json::{Value, json};
use std::path::Path;
use store::{BulletinLine, BulletinTarget, LetterFate, Store};

/// What is asked about bulletins.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// One JSON object per bulletin and target, newest first.
    List {
        /// At most this many, up to 200.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Have a test sent to everybody whom a rule names; a gateway that runs delivers it.
    Test {
        /// The name of the `[[bulletin]]`.
        name: String,
    },
    /// Send one once more that was given up or waits for a person.
    Again { id: String },
}

/// Opens the store of these settings and answers.
pub async fn run(config: &Path, what: What) -> Result<(), Failure> {
    super::with_store(config, async |settings, store| match what {
        What::List { limit } => {
            let lines = store.bulletins(limit).await?;
            super::print(&lines.iter().map(|line| format!("{}\n", line_json(line))).collect::<String>())
        }
        What::Test { name } => test(settings, store, &name).await,
        What::Again { id } => match store.bulletin_again(&id, WHO).await? {
            true => super::print(&format!("{id}: is sent once more\n")),
            false => Err(Failure::new(format!("{id}: is not a bulletin that was given up or waits for a person"))),
        },
    })
    .await
}

async fn test(settings: &Settings, store: &Store, name: &str) -> Result<(), Failure> {
    let known = settings.bulletins.iter().map(|rule| rule.name.as_str());
    let rule = settings.bulletins.iter().find(|rule| rule.name == name);
    let rule = rule.ok_or_else(|| super::no_such("bulletin", name, known))?;
    let site = rule.sites.first().or(settings.sites.first().map(|site| &site.name));
    let site =
        site.ok_or_else(|| Failure::new("there is no [[site]] in the settings, in whose name it could be told"))?;
    let bulletin = policy::bulletin::test(site, &store.now().await?.to_string());
    for target in engine::bulletin::targets(rule) {
        store.post_bulletin(&bulletin, &target).await?;
        super::print(&format!("{}: posted; `sealpost bulletin list` says what becomes of it\n", target_of(&target)))?;
    }
    Ok(())
}

fn target_of(target: &BulletinTarget) -> String {
    match target {
        BulletinTarget::Address(address) => address.clone(),
        BulletinTarget::Channel(name) => format!("channel {name}"),
    }
}

fn line_json(line: &BulletinLine) -> Value {
    let fate = match &line.fate {
        _ if line.withheld => "withheld",
        LetterFate::Sent | LetterFate::CameBack(_) => "sent",
        LetterFate::DeadEnd => "kept",
        LetterFate::Failed(_) => "failed",
        _ => "waits",
    };
    let fault = match &line.fate {
        LetterFate::Failed(fault) => Some(fault),
        _ => line.fault.as_ref(),
    };
    json!({
        "id": line.id, "cause": line.cause, "name": line.name, "site": line.site, "posted_at": time(line.posted_at),
        "to": target_of(&line.target), "subject": line.subject, "fate": fate, "job": line.job,
        "fault": fault.map(fault_in_words),
    })
}
