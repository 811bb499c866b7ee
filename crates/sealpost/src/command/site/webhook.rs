//! `sealpost site webhook`: where a tracker has to send what happens, and whether it does.

use crate::command::{Failure, print};
use crate::settings::{Settings, Site};
use crate::wire;
use store::Store;
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
    let url = wire::webhook_address(public, name);
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
        Ok(all) => print(&match wire::webhook_standing(&all, &url) {
            Ok(well) => format!("{well}\n"),
            Err(why) => format!("{why}\n"),
        }),
        Err(fault) => print(&format!("whether it is registered cannot be seen: {fault}\n")),
    }
}
