//! `sealpost site sign-in`: a person allows the gateway to use a site.

use crate::command::{Failure, consent, print};
use crate::settings::Site;
use courier::oauth::CloudSite;
use engine::tokens;
use store::{GrantOf, Store};

/// # Errors
/// When nobody signs in for this site, nobody allowed everything in time, or what was allowed is for other sites.
pub async fn run(store: &Store, site: &Site) -> Result<(), Failure> {
    let name = &site.name;
    let (oauth, by) = consent::of_a_person(name, site.oauth.as_ref())?;
    let token = consent::ask_a_person(&oauth.authorization, by, "the account that the gateway is to use").await?;
    let sites = tokens::ask_for_sites(&oauth.authorization, &site.sites_url, &token.access).await?;
    tokens::keep_new(store, &GrantOf::site(name), &token, Some(chosen(&sites, site)?)).await?;
    print(&format!("signed in for {name}; `sealpost check` tries it, and a running gateway goes on within a minute\n"))
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
