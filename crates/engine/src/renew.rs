//! The `Renew` job of a site: the webhooks that our app has registered there end after 30 days, so each day they are given 30 more.

use crate::gateway::Shared;
use crate::held::Held;
use crate::site::{Site, misunderstood};
use crate::stop::Stop;
use policy::{Fault, FaultKind};
use std::time::Duration;
use tracker::{Answer, AppWebhook, Operation};

/// Often enough that a month of failures is needed to lose one.
const EVERY: Duration = Duration::from_secs(86_400);
/// Pages of webhooks that are read; an app may have five for each person.
const PAGES_MAX: usize = 20;

/// Renews what is registered for us; the job comes again, whatever happens.
pub(crate) async fn renew(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let site = shared.site(&held.lease.site).ok();
    if let Some((site, url)) = site.as_ref().and_then(|site| Some((site, site.app_webhooks.as_deref()?))) {
        match renewed(site, url).await {
            Ok(0) => tracing::warn!(
                site = site.name,
                "no webhook of the app leads here: `sealpost site webhook` registers one"
            ),
            Ok(number) => tracing::info!(site = site.name, events = number, "webhooks were renewed"),
            // The account may not do it, which nobody mends by asking more often; `sealpost check` says so.
            Err(fault) if fault.kind == FaultKind::Permanent => {
                tracing::warn!(site = site.name, code = %fault.code, detail = fault.logged(), "webhooks could not be renewed");
            }
            Err(fault) => return Err(fault.into()),
        }
    }
    Ok(shared.store.fetch_again(&held.lease, held.after(EVERY)).await?)
}

/// How many were renewed.
async fn renewed(site: &Site, url: &str) -> Result<usize, Fault> {
    let mut ids = Vec::new();
    let mut read = 0;
    for _ in 0..PAGES_MAX {
        let (webhooks, all) = match site.read(&Operation::ReadAppWebhooks { start_at: read }).await? {
            Answer::AppWebhooks { webhooks, all } => (webhooks, all),
            other => return Err(misunderstood(&other)),
        };
        read += webhooks.len() as u64;
        let is_ours = |webhook: &&AppWebhook| webhook.url.as_deref() == Some(url);
        ids.extend(webhooks.iter().filter(is_ours).map(|webhook| webhook.id));
        if all {
            break;
        }
    }
    let number = ids.len();
    if number > 0 {
        match site.write(&Operation::RenewAppWebhooks { ids }, &|| Ok(())).await? {
            Answer::Ends(_) => {}
            other => return Err(misunderstood(&other)),
        }
    }
    Ok(number)
}
