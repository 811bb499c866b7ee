//! `sealpost site`: sign in for a site that is opened with a person's tokens.

use super::{Failure, consent};
use crate::settings::{self, Settings, Site, SiteOauth};
use courier::oauth::{CloudSite, ConsentBy};
use engine::tokens;
use std::path::Path;
use store::{GrantOf, Store};

/// What is to be done with a site.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Sign in for a site with `oauth = "person"`: shows an address to open in a browser, here or elsewhere.
    SignIn { name: String },
}

/// # Errors
/// When there is no such site, nobody allowed everything in time, or what was allowed is for other sites.
pub async fn run(config: &Path, what: &What) -> Result<(), Failure> {
    let settings = settings::load(config)?;
    let What::SignIn { name } = what;
    let Some(site) = settings.sites.iter().find(|site| site.name == *name) else {
        return Err(Failure::new(format!("{name} is not the name of a site")));
    };
    match site.oauth.as_ref().and_then(|oauth| Some((oauth, oauth.consent_by.as_ref()?))) {
        Some((oauth, by)) => sign_in(&settings, site, oauth, by).await,
        None => Err(Failure::new(format!("nobody signs in for {name}: its `oauth` is not \"person\""))),
    }
}

async fn sign_in(settings: &Settings, site: &Site, oauth: &SiteOauth, by: &ConsentBy) -> Result<(), Failure> {
    // Whoever cannot keep what is allowed should not ask for it.
    let store = Store::open(&settings.store).await?;
    let signed_in = async {
        let token = consent::ask_a_person(&oauth.authorization, by, "the account that the gateway is to use").await?;
        let sites = tokens::ask_for_sites(&oauth.authorization, &oauth.sites_url, &token.access).await?;
        let cloud_id = chosen(&sites, site)?;
        tokens::keep_new(&store, &GrantOf::site(&site.name), &token, Some(cloud_id)).await?;
        Ok::<(), Failure>(())
    };
    let signed_in = signed_in.await;
    store.close().await;
    signed_in?;
    let name = &site.name;
    super::print(&format!(
        "signed in for {name}; `sealpost check` tries it, and a running gateway goes on within a minute\n"
    ))
}

/// The id of the site whose pages people open at `browse_base`.
fn chosen<'s>(sites: &'s [CloudSite], site: &Site) -> Result<&'s str, Failure> {
    let wanted = site.browse_base.to_ascii_lowercase();
    if let Some(found) = sites.iter().find(|one| one.url == wanted) {
        return Ok(&found.cloud_id);
    }
    let urls: Vec<&str> = sites.iter().map(|one| one.url.as_str()).collect();
    let allowed = if urls.is_empty() { "no site at all".to_owned() } else { urls.join(", ") };
    Err(Failure::new(format!(
        "what was allowed is for {allowed}, and not for {}, so nothing was kept; choose that site when you sign in, or mend \
         browse_base of this [[site]]",
        site.browse_base
    )))
}
