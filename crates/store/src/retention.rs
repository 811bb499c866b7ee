//! How long each site keeps what people wrote. A period that changes is in the audit trail, and so is what the sweep erased.

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, execute, one};
use crate::dialect;
use policy::Fault;
use std::collections::BTreeMap;
use std::sync::PoisonError;

/// For how long what is counted is kept, in days: the year behind, and the day on which it began.
const KEEP_USAGE_DAYS: u32 = 366;
/// For how long billing records are kept, in days: seven years.
const KEEP_BILLING_DAYS: u32 = 2557;

/// The periods in days, counted from when a mail was taken in; 0 erases it as soon as its work is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// For sites that are not named.
    pub keep_content_days: u32,
    pub by_site: BTreeMap<String, u32>,
    /// What was counted of mail that came and went ([`Store::counted`]), of all sites.
    pub keep_usage_days: u32,
    /// Records of the months and packs of sites with a plan ([`Store::billing`]), for sites that are not named.
    pub keep_billing_days: u32,
    pub billing_by_site: BTreeMap<String, u32>,
}

impl Default for Retention {
    fn default() -> Retention {
        Retention {
            keep_content_days: 0,
            by_site: BTreeMap::new(),
            keep_usage_days: KEEP_USAGE_DAYS,
            keep_billing_days: KEEP_BILLING_DAYS,
            billing_by_site: BTreeMap::new(),
        }
    }
}

impl Retention {
    /// The period of this site.
    pub fn days(&self, site: &str) -> u32 {
        self.by_site.get(site).copied().unwrap_or(self.keep_content_days)
    }
}

impl Store {
    /// Puts other periods in place; the next sweep goes by them. For each named site whose period is another than the last
    /// one that is known, or the first, the audit trail says who set which. What was erased under a shorter period stays erased.
    pub async fn keep(&self, retention: &Retention, who: &str) -> Result<(), Fault> {
        for (site, days) in &retention.by_site {
            self.record_period(site, *days, who).await?;
        }
        let mut current = self.inner.retention.write().unwrap_or_else(PoisonError::into_inner);
        *current = retention.clone();
        Ok(())
    }

    async fn record_period(&self, site: &str, days: u32, who: &str) -> Result<(), Fault> {
        let days = i64::from(days);
        let asked = site.to_owned();
        let known = self.inner.db.read(move |conn| Box::pin(async move { period(conn, &asked).await }));
        if known.await? == Some(days) {
            return Ok(());
        }
        let entry = Entry::by_person(&self.inner.vault, site, "retention", site, who).await?;
        let site = site.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                const SQL: &str = "INSERT INTO retention (site, keep_content_days, changed_at) VALUES ($1, $2, $3)
                    ON CONFLICT (site) DO UPDATE SET keep_content_days = excluded.keep_content_days,
                        changed_at = excluded.changed_at";
                // Another process may have written it down meanwhile.
                let before = period(conn, &site).await?;
                if before == Some(days) {
                    return Ok(());
                }
                let now = dialect::now(conn).await?;
                execute!(conn, SQL, &site, days, now)?;
                let before = before.map_or_else(|| "null".to_owned(), |days| days.to_string());
                let receipt = format!("{{\"keep_content_days\":{days},\"before\":{before}}}");
                audit::write(conn, &entry.with_receipt(Some(receipt)), now).await
            })
        });
        work.await
    }

    /// For how long counts are kept, in days.
    pub(crate) fn keep_usage_days(&self) -> i64 {
        i64::from(self.inner.retention.read().unwrap_or_else(PoisonError::into_inner).keep_usage_days)
    }

    /// For how long the billing records of this site are kept, in days.
    pub(crate) fn keep_billing_days(&self, site: &str) -> i64 {
        let retention = self.inner.retention.read().unwrap_or_else(PoisonError::into_inner);
        i64::from(retention.billing_by_site.get(site).copied().unwrap_or(retention.keep_billing_days))
    }

    /// The period of this site, in days.
    pub(crate) fn keep_days(&self, site: &str) -> i64 {
        i64::from(self.inner.retention.read().unwrap_or_else(PoisonError::into_inner).days(site))
    }
}

async fn period(conn: &mut Conn, site: &str) -> Result<Option<i64>, Fault> {
    const SQL: &str = "SELECT keep_content_days FROM retention WHERE site = $1";
    Ok(one!(conn, (i64,), SQL, site)?.map(|(days,)| days))
}
