//! Asks a site what it is, who we are there, and what we may do in each project that its mail goes to.

use super::adapters::{is_of_an_app, speaker, speaker_of_account, webhook_secrets};
use super::fetching::out_of_reach;
use super::site_fields::{Found, find_by, wanted_fields};
use super::site_mappings;
use super::site_projects;
use super::webhooks;
use crate::command::{Failure, fault_in_words};
use crate::settings::{Settings, Site};
use courier::oauth::read_cloud_id;
use engine::speak::{Route, Speaker, read_openly};
use engine::tokens::Tokens;
use policy::{Fault, FaultCode};
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use store::Store;
use tracker::{Answer, Dialect, Operation};

const MINUTE_MS: i64 = 60 * 1000;
const DAY_MINUTES: i64 = 24 * 60;
/// Clocks that differ by less are not spoken of.
const OFF_MINUTES: i64 = 10;

/// What was found about a site: what it is, and each project by itself.
pub struct SiteFindings {
    pub site: Result<String, String>,
    pub projects: Vec<(String, Result<String, String>)>,
    /// Fields that a profile wants people in; `None` where none wants any.
    pub fields: Option<Result<String, String>>,
    /// What the mappings ask of it; `None` where there are none.
    pub mappings: Option<Result<String, String>>,
    /// How it tells what happens; `None` where it is not heard.
    pub webhooks: Option<Result<String, String>>,
    /// Whether what happened can be read; `None` where it is not.
    pub history: Option<Result<String, String>>,
}

impl SiteFindings {
    /// Nothing was found, because of this.
    pub fn nothing(why: String) -> SiteFindings {
        SiteFindings {
            site: Err(why),
            projects: Vec::new(),
            fields: None,
            mappings: None,
            webhooks: None,
            history: None,
        }
    }
}

/// Looks at a site and at every project that the profiles of its mailboxes name. Tokens of a sign-in are in the store.
pub async fn look_at(settings: &Settings, store: Option<&Store>, site: &Site) -> SiteFindings {
    if !site.has_tracker {
        let said = "it has no tracker, and keeps keys of people".to_owned();
        return SiteFindings { site: Ok(said), ..SiteFindings::nothing(String::new()) };
    }
    let speaker = match store {
        Some(store) => speaker(site, &Tokens::new(store.clone())),
        None if site.oauth.is_none() => speaker_of_account(site),
        None => Err(out_of_reach().into()),
    };
    match speaker {
        Ok(speaker) => look_by(&speaker, settings, site).await,
        Err(failure) => SiteFindings::nothing(failure.text),
    }
}

async fn look_by(speaker: &Speaker, settings: &Settings, site: &Site) -> SiteFindings {
    let found = who_we_are(speaker, site).await;
    let projects = match found.is_ok() {
        true => site_projects::look(speaker, settings, &site.name, site.dialect).await,
        false => Vec::new(),
    };
    let fields = match found.is_ok() && !wanted_fields(settings, site).is_empty() {
        true => Some(people_fields(speaker, settings, site).await),
        false => None,
    };
    let mappings = match found.is_ok() {
        true => site_mappings::look(speaker, settings, site).await,
        false => None,
    };
    let awaited = !site.webhook_secrets.is_empty() || (is_of_an_app(site) && site.mappings.is_some());
    let webhooks = match (&settings.public, found.is_ok() && awaited) {
        (Some(public), true) => Some(webhooks::standing(speaker, public, site).await),
        (None, true) => Some(Err("they cannot come in without a public listener; set public.listen".to_owned())),
        (_, false)
            if found.is_ok()
                && site.mappings.is_some()
                && site.history_poll.is_none()
                && webhook_secrets(site).is_empty() =>
        {
            let why =
                "none are awaited, so nobody is told of anything; set site[].webhook_secret, or site[].history_poll_s";
            Some(Err(why.to_owned()))
        }
        (_, false) => None,
    };
    let webhooks = match webhooks {
        Some(Ok(standing)) => Some(with_clock(speaker, site, standing).await),
        other => other,
    };
    let history = match site.history_poll.filter(|_| found.is_ok()) {
        Some(every) => Some(history(speaker, site, every).await),
        None => None,
    };
    SiteFindings { site: found, projects, fields, mappings, webhooks, history }
}

/// How webhooks stand, with what its clock means for them where that differs from ours. A site that does not tell its time is not judged.
async fn with_clock(speaker: &Speaker, site: &Site, standing: String) -> Result<String, String> {
    let Ok(Answer::Clock(theirs_ms)) = ask(speaker, site.dialect, &Operation::ReadClock).await else {
        return Ok(standing);
    };
    let ours = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let ours_ms = i64::try_from(ours.as_millis()).unwrap_or(i64::MAX);
    match theirs_ms.saturating_sub(ours_ms) / MINUTE_MS {
        ahead if ahead >= OFF_MINUTES => {
            Ok(format!("{standing}; its clock is {ahead} minutes ahead of ours, set one of them"))
        }
        ahead if ahead <= -DAY_MINUTES => Err(format!(
            "its clock is {} minutes behind ours, so what it tells counts as long over and is refused; set one of them",
            -ahead
        )),
        ahead if ahead <= -OFF_MINUTES => {
            Ok(format!("{standing}; its clock is {} minutes behind ours, set one of them", -ahead))
        }
        _ => Ok(standing),
    }
}

/// Whether the site tells its time and which issues were touched, as the gateway will ask it.
async fn history(speaker: &Speaker, site: &Site, every: Duration) -> Result<String, String> {
    let touched = Operation::FindTouched { since_minutes: 1, page_token: None };
    for operation in [Operation::ReadClock, touched] {
        ask(speaker, site.dialect, &operation).await.map_err(|fault| fault_in_words(&fault))?;
    }
    Ok(format!("what happened is read every {} s; what is deleted cannot be read", every.as_secs()))
}

/// The profiles of the site's mailboxes, each once. One that cannot be read was refused with the settings.
pub(super) fn profiles_of(settings: &Settings, site: &str) -> Vec<policy::Profile> {
    let of_site = settings.mailboxes.iter().filter(|mailbox| mailbox.site == site);
    let used: BTreeSet<&str> = of_site.map(|mailbox| mailbox.profile.as_str()).collect();
    let files = settings.profiles.iter().filter(|file| used.contains(file.name.as_str()));
    files.filter_map(|file| policy::Profile::from_toml(&file.name, &file.text, "").ok()).collect()
}

/// The projects of all profiles of the site's mailboxes, each once.
pub fn projects_of(settings: &Settings, site: &str) -> Vec<String> {
    let mut projects: Vec<String> = Vec::new();
    for profile in profiles_of(settings, site) {
        for (project, _) in profile.projects() {
            if !project.is_empty() && !projects.contains(&project.to_string()) {
                projects.push(project.to_string());
            }
        }
    }
    projects
}

pub(super) async fn ask(speaker: &Speaker, dialect: Dialect, operation: &Operation) -> Result<Answer, Fault> {
    let response = speaker.say(&dialect.request(operation)).await?;
    dialect.answer(operation, &response)
}

/// The numeric id of an issue of this site.
///
/// # Errors
/// When the site has no issue of this key, or none for the gateway's account, or does not answer.
pub async fn issue_id(store: &Store, site: &Site, key: &str) -> Result<String, Failure> {
    let speaker = speaker(site, &Tokens::new(store.clone()))?;
    match ask(&speaker, site.dialect, &Operation::ReadIssue { issue: key.to_owned() }).await {
        Ok(Answer::Issue(issue)) => Ok(issue.id),
        Ok(_) => Err(Failure::new(format!("the answer of {} about {key} is none; give its numeric id", site.name))),
        Err(fault) => Err(Failure::new(format!(
            "which issue {key} is cannot be told: {}; give its numeric id (`issue_id` of `sealpost letter list`)",
            fault_in_words(&fault)
        ))),
    }
}

/// Whether the fields are there in which profiles want people without an account.
async fn people_fields(speaker: &Speaker, settings: &Settings, site: &Site) -> Result<String, String> {
    let found = find_by(speaker, settings, site).await.map_err(|failure| failure.text)?;
    let missing: Vec<&str> =
        found.iter().filter(|(.., found)| !matches!(found, Found::There(_))).map(|(name, ..)| name.as_str()).collect();
    match missing.is_empty() {
        true => Ok("all are there; everybody who sees an issue sees what stands in them".to_owned()),
        false => Err(format!(
            "{} cannot be used; `sealpost site fields {} --create` makes what is missing",
            missing.join(", "),
            site.name
        )),
    }
}

async fn who_we_are(speaker: &Speaker, site: &Site) -> Result<String, String> {
    let said = |fault: Fault| fault_in_words(&fault);
    let no_answer = || format!("{} gives an answer that is none; is it the API base of a Jira?", site.api_base);
    let version = match ask(speaker, site.dialect, &Operation::ServerInfo).await {
        Ok(Answer::Server { deployment, version }) => {
            let is_cloud = deployment.eq_ignore_ascii_case("cloud");
            match (is_cloud, site.dialect) {
                (true, Dialect::JiraDataCenter) => {
                    return Err("it is a Jira Cloud; write dialect = \"jira_cloud\"".to_owned());
                }
                (false, Dialect::JiraCloud) => {
                    return Err(format!("it is a Jira {deployment}; write dialect = \"jira_data_center\""));
                }
                _ => format!("Jira {deployment} {version}"),
            }
        }
        Ok(_) => return Err(no_answer()),
        Err(fault) if is_about_tokens(&fault) => return Err(said(fault)),
        Err(fault) => return Err(with_other_dialect(speaker, site, said(fault)).await),
    };
    match ask(speaker, site.dialect, &Operation::Myself).await {
        Ok(Answer::Myself(person)) => {
            Ok(format!("{} answers ({version}), and we are {}", address_of(site), person.name))
        }
        Ok(_) => Err(no_answer()),
        Err(fault) => Err(with_gateway(site, said(fault)).await),
    }
}

/// How people know the site: where somebody signed in, the API's base is one for all sites of Atlassian.
fn address_of(site: &Site) -> &str {
    let is_a_persons = site.oauth.as_ref().is_some_and(|oauth| oauth.consent_by.is_some());
    if is_a_persons { &site.browse_base } else { &site.api_base }
}

fn is_about_tokens(fault: &Fault) -> bool {
    [FaultCode::SignInNeeded, FaultCode::TokenServerRefused, FaultCode::TokenServerUnreachable].contains(&fault.code)
}

/// A token that is good only through the gateway is refused at the site's own address, as if it were wrong; the site tells
/// everybody its id.
async fn with_gateway(site: &Site, said: String) -> String {
    if site.dialect != Dialect::JiraCloud || site.api_base.contains("/ex/jira/") {
        return said;
    }
    let Ok(url) = format!("{}/_edge/tenant_info", site.api_base).parse() else { return said };
    let route = Route {
        allow_private: site.allow_private,
        authorities: site.certificate_authorities.clone(),
        proxy: site.proxy.as_ref().and_then(|proxy| proxy.0.parse().ok()),
    };
    match read_openly(&url, &route).await.map(|answer| read_cloud_id(answer.status, &answer.body)) {
        Ok(Some(id)) => format!(
            "{said}; if the token has scopes or is a service account's, write api_base = \"https://api.atlassian.com/ex/jira/{id}\""
        ),
        _ => said,
    }
}

/// A Jira of the other kind does not know the address that was asked; when it answers to its own, that is the remedy.
async fn with_other_dialect(speaker: &Speaker, site: &Site, said: String) -> String {
    let (other, word) = match site.dialect {
        Dialect::JiraCloud => (Dialect::JiraDataCenter, "jira_data_center"),
        Dialect::JiraDataCenter => (Dialect::JiraCloud, "jira_cloud"),
    };
    match ask(speaker, other, &Operation::ServerInfo).await {
        Ok(Answer::Server { deployment, .. }) => format!("it is a Jira {deployment}; write dialect = {word:?}"),
        _ => said,
    }
}
