//! The webhooks that are registered at a site, by its own interface.

use super::adapters::{is_of_an_app, speaker};
use super::site_check::ask;
use crate::command::{Failure, fault_in_words};
use crate::settings::{Public, Site};
use console::public::hook::HOOKS_PATH;
use engine::speak::Speaker;
use engine::tokens::Tokens;
use policy::{Fault, FaultCode};
use store::Store;
use tracker::webhook::{EVENT_NAMES, Hidden, app_event_names};
use tracker::{Answer, AppWebhook, Dialect, Operation, Registered};

/// Pages of an app's webhooks that are read.
const PAGES_MAX: usize = 20;

/// Where a site's webhooks go.
pub fn webhook_address(public: &Public, site: &str) -> String {
    format!("{}{HOOKS_PATH}{site}", public.url.trim_end_matches('/'))
}

/// Whether one of these tells everything there.
///
/// # Errors
/// What is missing, and what to do; of several the one that lacks the least.
pub fn webhook_standing(all: &[Registered], url: &str) -> Result<String, String> {
    let of_url = all.iter().filter(|one| one.url == url);
    match of_url.min_by_key(|one| (!one.is_on, !one.has_body, untold(one).len())).map(|one| lacking(one, url)) {
        None => Err(format!("no webhook to {url} is registered; `sealpost site webhook` says how")),
        Some(None) => Ok(format!("a webhook to {url} is registered and tells of everything")),
        Some(Some(lack)) => Err(lack),
    }
}

/// The events that it does not tell of.
fn untold(one: &Registered) -> Vec<&'static str> {
    EVENT_NAMES.into_iter().filter(|name| !one.events.iter().any(|event| event == name)).collect()
}

fn lacking(one: &Registered, url: &str) -> Option<String> {
    let missing = untold(one);
    if !one.is_on {
        return Some(format!("the webhook to {url} is switched off there; switch it on"));
    }
    if !one.has_body {
        return Some(format!("the webhook to {url} leaves its body out there; have it included"));
    }
    (!missing.is_empty())
        .then(|| format!("the webhook to {url} does not tell of {}; tick them there", missing.join(", ")))
}

/// What the site says of its webhooks: who may not see them, who is no administrator, cannot be told from one that has none.
pub(super) async fn standing(speaker: &Speaker, public: &Public, site: &Site) -> Result<String, String> {
    let url = webhook_address(public, &site.name);
    let found = match is_of_an_app(site) {
        true => of_app(speaker, site.dialect).await.map(|all| app_webhook_standing(&all, &url, now_ms())),
        false => registered(speaker, site.dialect).await.map(|all| webhook_standing(&all, &url)),
    };
    match found {
        Ok(standing) => standing,
        Err(fault)
            if matches!(
                fault.code,
                FaultCode::TrackerUnauthorised | FaultCode::TrackerRefused | FaultCode::TrackerGone
            ) =>
        {
            Ok(format!("this account may not see whether one to {url} is registered"))
        }
        Err(fault) => Err(fault_in_words(&fault)),
    }
}

/// Whether one of an app's webhooks is there and lives; `now_ms` is the time, in milliseconds since 1970.
///
/// # Errors
/// What is missing, and what to do.
pub fn app_webhook_standing(all: &[AppWebhook], url: &str, now_ms: i64) -> Result<String, String> {
    let mut of_url = all.iter().filter(|one| one.url.as_deref() == Some(url)).peekable();
    if of_url.peek().is_none() {
        return Err(format!("no webhook to {url} is registered; `sealpost site webhook NAME --register` does it"));
    }
    let tells_all =
        |one: &&AppWebhook| app_event_names().iter().all(|name| one.events.iter().any(|event| event == name));
    let lives = |one: &&AppWebhook| one.ends_ms.is_none_or(|ends| ends > now_ms);
    let of_url: Vec<&AppWebhook> = of_url.filter(lives).collect();
    match of_url.iter().copied().find(tells_all) {
        Some(one) => {
            let days =
                one.ends_ms.map(|ends| format!(", for {} days unless it is renewed", (ends - now_ms) / 86_400_000));
            let days = days.unwrap_or_default();
            Ok(format!("a webhook to {url} is registered and tells of issues and comments of `{}`{days}", one.search))
        }
        None if of_url.is_empty() => Err(format!("the webhook to {url} has ended; register it again")),
        None => Err(format!(
            "the webhook to {url} does not tell of everything; remove it with --remove and register it again"
        )),
    }
}

fn now_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

async fn of_app(speaker: &Speaker, dialect: Dialect) -> Result<Vec<AppWebhook>, Fault> {
    let mut found = Vec::new();
    for _ in 0..PAGES_MAX {
        match ask(speaker, dialect, &Operation::ReadAppWebhooks { start_at: found.len() as u64 }).await? {
            Answer::AppWebhooks { webhooks, all } => {
                found.extend(webhooks);
                if all {
                    break;
                }
            }
            _ => return Err(Fault::permanent(FaultCode::TrackerUnclear, "the answer about webhooks is none")),
        }
    }
    Ok(found)
}

async fn registered(speaker: &Speaker, dialect: Dialect) -> Result<Vec<Registered>, Fault> {
    match ask(speaker, dialect, &Operation::ReadWebhooks).await? {
        Answer::Webhooks(all) => Ok(all),
        _ => Err(Fault::permanent(FaultCode::TrackerUnclear, "the answer about webhooks is none")),
    }
}

/// A line to one site.
pub struct Webhooks {
    speaker: Speaker,
    dialect: Dialect,
}

impl Webhooks {
    /// # Errors
    /// When the site's settings give no connection.
    pub fn of(store: &Store, site: &Site) -> Result<Webhooks, Failure> {
        Ok(Webhooks { speaker: speaker(site, &Tokens::new(store.clone()))?, dialect: site.dialect })
    }

    /// Those that are registered.
    ///
    /// # Errors
    /// When the site does not answer, or shows them not to this account.
    pub async fn all(&self) -> Result<Vec<Registered>, Fault> {
        registered(&self.speaker, self.dialect).await
    }

    /// Those of the app that a person signed in with.
    ///
    /// # Errors
    /// As [`Webhooks::all`].
    pub async fn of_app(&self) -> Result<Vec<AppWebhook>, Fault> {
        of_app(&self.speaker, self.dialect).await
    }

    /// Registers one of the app, for the issues that the search finds.
    ///
    /// # Errors
    /// As [`Webhooks::all`]; `TrackerRefused` with the tracker's words when it does not want this one.
    pub async fn register_of_app(&self, url: &str, search: &str) -> Result<u64, Fault> {
        let operation = Operation::RegisterAppWebhook { url: url.to_owned(), search: search.to_owned() };
        match ask(&self.speaker, self.dialect, &operation).await? {
            Answer::AppWebhook(Ok(id)) => Ok(id),
            Answer::AppWebhook(Err(errors)) => {
                let words = format!("the tracker does not take the webhook: {}", errors.join("; "));
                Err(Fault::permanent(FaultCode::TrackerRefused, words.clone()).with_public(words))
            }
            _ => Err(Fault::permanent(FaultCode::TrackerUnclear, "the answer about a webhook is none")),
        }
    }

    /// Removes some of the app.
    ///
    /// # Errors
    /// As [`Webhooks::all`].
    pub async fn remove_of_app(&self, ids: Vec<u64>) -> Result<(), Fault> {
        ask(&self.speaker, self.dialect, &Operation::RemoveAppWebhooks { ids }).await.map(|_| ())
    }

    /// Registers one.
    ///
    /// # Errors
    /// As [`Webhooks::all`].
    pub async fn register(&self, name: &str, url: &str, secret: &Hidden) -> Result<(), Fault> {
        let (name, url, secret) = (name.to_owned(), url.to_owned(), secret.clone());
        ask(&self.speaker, self.dialect, &Operation::RegisterWebhook { name, url, secret }).await.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let url = "https://mail.example.org/hooks/north";
        let one = |events: &[&str], is_on| Registered {
            url: url.into(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            is_on,
            has_body: true,
        };
        let wrong = |all: &[Registered]| webhook_standing(all, url).unwrap_err();
        assert!(wrong(&[]).contains("no webhook"));
        assert!(wrong(&[one(&EVENT_NAMES, false)]).contains("switched off"));
        assert!(wrong(&[one(&EVENT_NAMES[..8], true)]).contains("does not tell of worklog_deleted"));
        assert!(wrong(&[Registered { has_body: false, ..one(&EVENT_NAMES, true) }]).contains("leaves its body out"));
        assert!(webhook_standing(&[one(&EVENT_NAMES, true)], url).is_ok());
        assert!(webhook_standing(&[one(&EVENT_NAMES, false), one(&EVENT_NAMES, true)], url).is_ok(), "one is enough");
    }

    #[test]
    fn a_webhook_of_an_app_has_to_live() {
        let url = "https://mail.example.org/hooks/north";
        let one = |events: &[&str], ends_ms| AppWebhook {
            id: 7,
            url: Some(url.into()),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            search: "project = HELP".into(),
            ends_ms,
        };
        let now = 1_795_000_000_000;
        let day = 86_400_000;
        let standing = |all: &[AppWebhook]| app_webhook_standing(all, url, now);
        assert!(standing(&[]).unwrap_err().contains("no webhook"));
        let elsewhere = AppWebhook { url: Some("https://x.example".into()), ..one(app_event_names(), None) };
        assert!(standing(&[elsewhere]).unwrap_err().contains("no webhook"));
        let nowhere = AppWebhook { url: None, ..one(app_event_names(), None) };
        assert!(standing(&[nowhere]).unwrap_err().contains("no webhook"), "whose it is nobody knows");
        assert!(standing(&[one(app_event_names(), Some(now - 1))]).unwrap_err().contains("has ended"));
        assert!(standing(&[one(&["comment_created"], None)]).unwrap_err().contains("not tell of everything"));
        let well = standing(&[one(app_event_names(), Some(now + 29 * day))]).unwrap();
        assert!(well.contains("`project = HELP`, for 29 days"), "{well}");
    }
}
