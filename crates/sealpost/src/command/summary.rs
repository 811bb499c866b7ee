//! `sealpost summary`: scheduled summaries, when each is due, who would get it now, and what became of it.

use super::letter::outbox::line_json as line_json_of_letter;
use super::{Failure, WHO, fault_in_words, time};
use crate::settings::Settings;
use policy::Mappings;
use policy::outbound::Summary;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, Instant};
use store::{Store, SummaryStory};

/// A gateway takes a request up within a second; the tracker may be slow.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOKED_EVERY: Duration = Duration::from_millis(200);

/// What is asked about summaries.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// One JSON object per summary: when it is due, and what was decided last.
    List,
    /// Find out who would get it now and what it would say, and who would not, and why; nothing is sent. A gateway that runs finds it out.
    Try {
        /// Its name.
        name: String,
        /// The site, where several have a summary of this name.
        #[arg(long)]
        site: Option<String>,
    },
    /// Have it sent now, beside its times; a gateway that runs sends it.
    Send {
        /// Its name.
        name: String,
        /// The site, where several have a summary of this name.
        #[arg(long)]
        site: Option<String>,
    },
    /// What was decided when it was due, the newest first, with its letters: one JSON object each.
    Show {
        /// Its name.
        name: String,
        /// The site, where several have a summary of this name.
        #[arg(long)]
        site: Option<String>,
        /// At most this many, up to 200.
        #[arg(long, default_value_t = 10)]
        limit: u32,
    },
}

/// Opens the store of these settings and answers.
pub async fn run(config: &Path, what: What) -> Result<(), Failure> {
    super::with_store(config, async |settings, store| match what {
        What::List => list(settings, store).await,
        What::Try { name, site } => ask(store, named(settings, &name, site.as_deref())?, true).await,
        What::Send { name, site } => ask(store, named(settings, &name, site.as_deref())?, false).await,
        What::Show { name, site, limit } => show(store, named(settings, &name, site.as_deref())?, limit).await,
    })
    .await
}

/// Each summary with its site.
fn summaries(settings: &Settings) -> Result<Vec<(String, Summary)>, Failure> {
    let mut all = Vec::new();
    for site in &settings.sites {
        let Some(text) = &site.mappings else { continue };
        let mappings = Mappings::from_toml(text, "its file of mappings")?;
        all.extend(mappings.summaries().iter().map(|summary| (site.name.clone(), summary.clone())));
    }
    Ok(all)
}

fn named(settings: &Settings, name: &str, site: Option<&str>) -> Result<(String, Summary), Failure> {
    if let Some(site) = site {
        super::site_named(settings, site)?;
    }
    let all = summaries(settings)?;
    let is_meant = |(of, summary): &&(String, Summary)| summary.name == name && site.is_none_or(|site| of == site);
    let mut found = all.iter().filter(is_meant);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one.clone()),
        (Some(_), Some(_)) => {
            Err(Failure::new(format!("{name}: several sites have such a summary; say which with --site")))
        }
        (None, _) => Err(super::no_such("summary", name, all.iter().map(|(_, known)| known.name.as_str()))),
    }
}

async fn list(settings: &Settings, store: &Store) -> Result<(), Failure> {
    let now = store.now().await?;
    for (site, summary) in summaries(settings)? {
        let next = summary.cron().filter(|_| summary.enabled).and_then(|cron| cron.next_after(now));
        let last = store.summary_stories(&site, &summary.id(), 1).await?.pop();
        let fault = store.summary_fault(&site, &summary.id()).await?;
        super::print(&format!(
            "{}\n",
            json!({
                "name": summary.name, "site": site, "id": summary.id(), "enabled": summary.enabled,
                "next_at": next.map(time), "fault": fault.as_ref().map(fault_in_words),
                "last": last.as_ref().map(|story| json!({
                    "at": time(story.made_at), "outcome": story.outcome, "reason": reason(story),
                })),
            })
        ))?;
    }
    Ok(())
}

fn reason(story: &SummaryStory) -> Option<&Value> {
    story.decision.as_ref()?.get("reason")
}

/// Has a gateway do it, and waits for what it says.
async fn ask(store: &Store, (site, summary): (String, Summary), is_try: bool) -> Result<(), Failure> {
    let id = summary.id();
    let said_at = store.ask_for_summary(&site, &id, is_try, WHO).await?;
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let stories = store.summary_stories(&site, &id, 10).await?;
        let is_it = |story: &&SummaryStory| story.made_at >= said_at && (story.outcome == "tried") == is_try;
        if let Some(story) = stories.iter().find(is_it) {
            return super::print_object(&with_letters(store, story).await?);
        }
        tokio::time::sleep(LOOKED_EVERY).await;
    }
    let again = if is_try { "nothing is sent by it" } else { "it is sent as soon as one can" };
    Err(Failure::new(format!(
        "{}: no gateway has taken it up for {} s; see that one runs with these settings and that its site can be reached; {again}",
        summary.name,
        PATIENCE.as_secs()
    )))
}

async fn show(store: &Store, (site, summary): (String, Summary), limit: u32) -> Result<(), Failure> {
    for story in store.summary_stories(&site, &summary.id(), limit).await? {
        super::print(&format!("{}\n", with_letters(store, &story).await?))?;
    }
    Ok(())
}

async fn with_letters(store: &Store, story: &SummaryStory) -> Result<Value, Failure> {
    let letters = store.letters_of_notice(&story.id).await?;
    Ok(json!({
        "id": story.id, "at": time(story.made_at), "outcome": story.outcome, "decision": story.decision,
        "letters": letters.iter().map(line_json_of_letter).collect::<Vec<_>>(),
    }))
}
