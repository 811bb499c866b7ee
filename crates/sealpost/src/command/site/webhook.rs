//! `sealpost site webhook`: where a tracker has to send what happens, and whether it does.

use crate::command::{Failure, print};
use crate::settings::{Public, Settings, Site};
use crate::wire::{self, Webhooks};
use jiff::Timestamp;
use policy::Mappings;
use store::Store;
use tracker::Dialect;
use tracker::webhook::{EVENT_NAMES, Hidden, app_event_names};

/// What is to be done about it; only looked at without any.
#[derive(Debug, clap::Args)]
pub struct Errand {
    /// Register it: with the token of an administrator, or as the app that a person signed in with.
    #[arg(long)]
    register: bool,
    /// For an app: the issues that are told of, in the JQL that Jira allows there; those of the projects that the mappings name unless given.
    #[arg(long, requires = "register")]
    jql: Option<String>,
    /// For an app: remove all that lead here.
    #[arg(long, conflicts_with = "register")]
    remove: bool,
}

/// Says what to enter in the tracker, and looks whether it is there; registers or removes it where that is asked.
///
/// # Errors
/// When there is no public listener or no secret, the site does not answer, or the account may not do it.
pub async fn run(settings: &Settings, store: &Store, site: &Site, errand: &Errand) -> Result<(), Failure> {
    let Some(public) = &settings.public else {
        return Err(Failure::new("nothing outside can reach the gateway; set public.listen and public.url"));
    };
    let line = Webhooks::of(store, site)?;
    let url = wire::webhook_address(public, &site.name);
    if site.oauth.as_ref().is_some_and(|oauth| oauth.consent_by.is_some()) {
        return of_app(&line, site, &url, errand).await;
    }
    if errand.jql.is_some() || errand.remove {
        return Err(Failure::new("--jql and --remove are for webhooks of an app, of sites with oauth = \"person\""));
    }
    by_administrator(&line, site, public, errand.register).await
}

async fn by_administrator(line: &Webhooks, site: &Site, public: &Public, register: bool) -> Result<(), Failure> {
    let name = &site.name;
    let Some(secret) = site.webhook_secrets.first() else {
        return Err(Failure::new(format!(
            "site {name} has no secret to sign webhooks with; set site[].webhook_secret, for example to file:PATH with the \
             output of `openssl rand -hex 32`"
        )));
    };
    let url = wire::webhook_address(public, name);
    if register {
        if line.all().await?.iter().any(|one| one.url == url) {
            return Err(Failure::new(format!("{url} is registered already; remove it there first")));
        }
        line.register(&format!("Sealpost {name}"), &url, &Hidden(secret.0.clone())).await?;
        return print(&format!("registered: {url}\n"));
    }
    print(&by_hand(site, &url))?;
    match line.all().await {
        Ok(all) => print(&match wire::webhook_standing(&all, &url) {
            Ok(well) => format!("{well}\n"),
            Err(why) => format!("{why}\n"),
        }),
        Err(fault) => print(&format!("whether it is registered cannot be seen: {fault}\n")),
    }
}

/// What goes into which field of Jira's page.
fn by_hand(site: &Site, url: &str) -> String {
    let (page, note) = match site.dialect {
        Dialect::JiraCloud => ("Settings > System > WebHooks", "Jira never shows it again"),
        Dialect::JiraDataCenter => {
            ("Administration > System > WebHooks", "Jira has to reach the URL itself, and repeats nothing")
        }
    };
    format!(
        "As an administrator of Jira open {base}/plugins/servlet/webhooks ({page}), press \"Create a WebHook\", and enter:\n\
         \x20 Name:    Sealpost {name}\n  Status:  Enabled\n  URL:     {url}\n\
         \x20 Secret:  the line in the file that site[].webhook_secret names; {note}\n\
         \x20 Events:  tick {events}\n\
         \x20 JQL:     leave it empty, or name the projects of your mappings\n\
         \x20 Body:    leave \"Exclude body\" unticked\n\
         Or let `sealpost site webhook {name} --register` enter it, where the site's token is an administrator's.\n",
        base = site.browse_base,
        name = site.name,
        events = EVENT_NAMES.join(", "),
    )
}

/// Jira signs what it tells an app with the app's secret, so there is none to share; it ends after 30 days unless the gateway renews it.
async fn of_app(line: &Webhooks, site: &Site, url: &str, errand: &Errand) -> Result<(), Failure> {
    let mut all = line.of_app().await?;
    all.retain(|one| one.url.as_deref() == Some(url));
    if errand.remove {
        // Where Jira does not tell where one leads, it may be that of another gateway.
        let ids: Vec<u64> = all.iter().filter(|one| one.url.is_some()).map(|one| one.id).collect();
        let number = ids.len();
        if number > 0 {
            line.remove_of_app(ids).await?;
        }
        return print(&format!("removed: {number}\n"));
    }
    if errand.register {
        if !all.is_empty() {
            return Err(Failure::new(format!("{url} is registered already; remove it with --remove first")));
        }
        let search = match &errand.jql {
            Some(search) => search.clone(),
            None => search_of(site)?,
        };
        let id = line.register_of_app(url, &search).await?;
        return print(&format!("registered: {url} for `{search}`, number {id}\n"));
    }
    print(&format!(
        "Nothing of it is entered in Jira by hand: `sealpost site webhook {} --register` does it.\nURL:     {url}\nEvents:  {}\n",
        site.name,
        app_event_names().join(", ")
    ))?;
    print(&match wire::app_webhook_standing(&all, url, Timestamp::now().as_millisecond()) {
        Ok(well) => format!("{well}\n"),
        Err(why) => format!("{why}\n"),
    })
}

/// The issues of the projects that the mappings name: Jira wants a search here, and has none for all issues.
fn search_of(site: &Site) -> Result<String, Failure> {
    let text = site.mappings.as_deref().unwrap_or_default();
    let mappings = Mappings::from_toml(text, "mappings")?;
    let Some(keys) = mappings.projects() else {
        return Err(Failure::new(
            "the mappings tell of all projects, and Jira wants to know which; say it with --jql, such as \
             --jql 'project in (HELP, HR)', or name the projects in each mapping",
        ));
    };
    Ok(format!("project in ({})", keys.into_iter().collect::<Vec<_>>().join(", ")))
}
