//! `sealpost shadow`: what the mail handler that is still at work did, beside what the plans of shadow mode say.

use super::{Failure, time};
use crate::settings::Settings;
use crate::wire;
use engine::incumbent::Look;
use engine::tokens::Tokens;
use policy::shadow::{Agreement, Looked, Seen, judge};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;
use store::{Micros, Shadowed, Store};

const MINUTE: Micros = 60 * 1_000_000;
/// Clocks differ, and the other one may have read a mail before us.
const BEFORE: Micros = 10 * MINUTE;

#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Compare each plan that was made in shadow with what another account did in the tracker: one JSON object per mail, oldest
    /// first. Only reads.
    Report {
        /// The account of the mail handler that is still at work: its id, or its name or address where that is clear.
        #[arg(long, value_name = "ACCOUNT")]
        incumbent: String,
        /// Only mail of this mailbox.
        #[arg(long)]
        mailbox: Option<String>,
        /// Mail of so many days.
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=90))]
        days: u32,
        /// How long the other one may take for a mail.
        #[arg(long, value_name = "MINUTES", default_value_t = 120, value_parser = clap::value_parser!(u32).range(1..=10_080))]
        within: u32,
        /// Only mails whose plans do not agree.
        #[arg(long)]
        differing: bool,
    },
}

/// How many mails came to what.
#[derive(Default)]
struct Count {
    agree: usize,
    differ: usize,
    not_found: usize,
    open: usize,
}

/// Opens the store of these settings and reports.
pub async fn run(config: &Path, what: What) -> Result<(), Failure> {
    super::with_store(config, async |settings, store| report(settings, store, &what).await).await
}

async fn report(settings: &Settings, store: &Store, what: &What) -> Result<(), Failure> {
    let What::Report { incumbent, mailbox, days, within, .. } = what;
    if let Some(name) = mailbox {
        super::mailbox_named(settings, name)?;
    }
    let now = jiff::Timestamp::now().as_microsecond();
    let since = now - Micros::from(*days) * 24 * 60 * MINUTE;
    let mut count = Count::default();
    let mut mails = 0;
    for site in wire::sites(settings, &wire::Lasting::new(Tokens::new(store.clone())))? {
        let looked_at = mails_of(store, &site.name, mailbox.as_deref(), since, now).await?;
        let Some(oldest) = looked_at.first() else { continue };
        mails += looked_at.len();
        let projects = projects_of(settings, &site.name, &looked_at);
        let issues: BTreeSet<String> =
            looked_at.iter().filter_map(|mail| mail.plan.as_ref()).flat_map(commented).collect();
        let minutes = (now - oldest.received_at + BEFORE) / MINUTE + 1;
        let look = Look {
            account: incumbent,
            projects: &projects,
            issues: &issues,
            since_minutes: u64::try_from(minutes).unwrap_or(u64::MAX),
        };
        let seen = engine::incumbent::seen(&site, &look).await?;
        for mail in &looked_at {
            tell(what, mail, &seen, Micros::from(*within) * MINUTE, &mut count)?;
        }
    }
    if mails == 0 {
        return Err(Failure::new("no mail came in shadow in this time; mailbox[].mode = \"shadow\" turns it on"));
    }
    let Count { agree, differ, not_found, open } = count;
    eprintln!("{mails} mails: {agree} agree, {differ} differ, {not_found} not found, {open} not decided or erased");
    Ok(())
}

async fn mails_of(
    store: &Store,
    site: &str,
    mailbox: Option<&str>,
    since: Micros,
    until: Micros,
) -> Result<Vec<Shadowed>, Failure> {
    let mut all = Vec::new();
    let mut after = (since, String::new());
    loop {
        let page = store.shadowed(site, mailbox, after, until).await?;
        let Some(last) = page.last() else { return Ok(all) };
        after = (last.received_at, last.id.clone());
        all.extend(page);
    }
}

/// The projects of the profiles of the site's mailboxes, and those of the plans.
fn projects_of(settings: &Settings, site: &str, mails: &[Shadowed]) -> Vec<String> {
    let planned = mails.iter().filter_map(|mail| mail.plan.as_ref()).flat_map(|plan| &plan.steps);
    let planned = planned.filter_map(|step| match &step.kind {
        policy::StepKind::CreateIssue { project, .. } => Some(project.clone()),
        _ => None,
    });
    let projects: BTreeSet<String> = wire::projects_of(settings, site).into_iter().chain(planned).collect();
    projects.into_iter().filter(|project| !project.is_empty()).collect()
}

/// The issues that a plan is about, by numeric id.
fn commented(plan: &policy::Plan) -> Vec<String> {
    let known = plan.steps.iter().filter_map(|step| match step.kind.issue() {
        Some(policy::IssueTarget::Id(id)) => Some(id.clone()),
        _ => None,
    });
    known.collect()
}

fn tell(what: &What, mail: &Shadowed, seen: &Seen, after: Micros, count: &mut Count) -> Result<(), Failure> {
    let What::Report { differing, .. } = what;
    let mut line = json!({"id": mail.id, "site": mail.site, "mailbox": mail.mailbox,
        "received_at": time(mail.received_at), "subject": mail.subject});
    let Some(plan) = &mail.plan else {
        count.open += 1;
        line["agreement"] = serde_json::Value::Null;
        return crate::command::print(&format!("{line}\n"));
    };
    let looked = Looked { plan, subject: &mail.subject, received_at: mail.received_at, before: BEFORE, after };
    let judged = judge(&looked, seen);
    match judged.agreement {
        Agreement::Agrees => count.agree += 1,
        Agreement::Differs => count.differ += 1,
        Agreement::NotFound => count.not_found += 1,
    }
    if *differing && judged.agreement == Agreement::Agrees {
        return Ok(());
    }
    line["outcome"] = json!(plan.outcome.word());
    line["reason"] = json!(plan.reason);
    line["agreement"] = json!(judged.agreement);
    line["issue"] = json!(judged.issue);
    line["comment"] = json!(judged.comment);
    line["differences"] = json!(judged.differences);
    crate::command::print(&format!("{line}\n"))
}
