//! The webhooks that are registered at a site, by its own interface.

use super::adapters::speaker;
use super::site_check::ask;
use crate::command::{Failure, fault_in_words};
use crate::settings::{Public, Site};
use console::public::hook::HOOKS_PATH;
use engine::speak::Speaker;
use engine::tokens::Tokens;
use policy::{Fault, FaultCode};
use store::Store;
use tracker::webhook::{EVENT_NAMES, Hidden};
use tracker::{Answer, Dialect, Operation, Registered};

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
    match registered(speaker, site.dialect).await {
        Ok(all) => webhook_standing(&all, &url),
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
}
