//! `sealpost site webhook`: where a tracker has to send what happens, and whether it does.

use crate::command::{Failure, print};
use crate::settings::{Settings, Site};
use crate::wire;
use console::public::hook::HOOKS_PATH;
use store::Store;
use tracker::Registered;
use tracker::webhook::{EVENT_NAMES, Hidden};

/// Says what to enter in the tracker, and looks whether it is there; registers it where that is asked.
///
/// # Errors
/// When there is no public listener or no secret, the site does not answer, or the account is no administrator.
pub async fn run(settings: &Settings, store: &Store, site: &Site, register: bool) -> Result<(), Failure> {
    let name = &site.name;
    let Some(public) = &settings.public else {
        return Err(Failure::new("nothing outside can reach the gateway; set public.listen and public.url"));
    };
    let Some(secret) = site.webhook_secrets.first() else {
        return Err(Failure::new(format!(
            "site {name} has no secret to sign webhooks with; set site[].webhook_secret, for example to file:PATH with the \
             output of `openssl rand -hex 32`"
        )));
    };
    let url = format!("{}{HOOKS_PATH}{name}", public.url.trim_end_matches('/'));
    let line = wire::Webhooks::of(store, site)?;
    if register {
        if line.all().await?.iter().any(|one| one.url == url) {
            return Err(Failure::new(format!("{url} is registered already; remove it there first")));
        }
        line.register(&format!("Sealpost {name}"), &url, &Hidden(secret.0.clone())).await?;
        return print(&format!("registered: {url}\n"));
    }
    print(&format!(
        "URL:     {url}\nSecret:  the content of site[].webhook_secret\nEvents:  {}\nBody:    included, JQL empty or as you wish\n\
         Where:   {}/plugins/servlet/webhooks, as an administrator of Jira; `--register` does it by the API\n",
        EVENT_NAMES.join(", "),
        site.browse_base
    ))?;
    match line.all().await {
        Ok(all) => print(&format!("{}\n", told(&all, &url))),
        Err(fault) => print(&format!("Whether it is registered cannot be seen: {fault}\n")),
    }
}

fn told(all: &[Registered], url: &str) -> String {
    let Some(one) = all.iter().find(|one| one.url == url) else { return "Not registered yet.".to_owned() };
    let missing: Vec<&str> =
        EVENT_NAMES.into_iter().filter(|name| !one.events.iter().any(|event| event == name)).collect();
    match (one.is_on, missing.is_empty()) {
        (false, _) => "Registered, and switched off there.".to_owned(),
        (true, true) => "Registered.".to_owned(),
        (true, false) => format!("Registered, and it does not tell of {}.", missing.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let url = "https://mail.example.org/hooks/north";
        let one = |events: &[&str], is_on| Registered {
            url: url.into(),
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            is_on,
        };
        assert_eq!(told(&[], url), "Not registered yet.");
        assert_eq!(told(&[one(&EVENT_NAMES, true)], url), "Registered.");
        assert_eq!(told(&[one(&EVENT_NAMES, false)], url), "Registered, and switched off there.");
        assert_eq!(told(&[one(&EVENT_NAMES[..8], true)], url), "Registered, and it does not tell of worklog_deleted.");
    }
}
