//! Billing records: each month and each pack of sites with a plan, written once, kept for years and swept by a period of their own.

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{all, execute};
use crate::dialect;
use crate::rows::Micros;
use crate::vault::day_of;
use policy::meter::billing::{Record, Said};
use policy::{Fault, FaultCode};

/// A record, and when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillingLine {
    pub record: Record,
    pub written_at: Micros,
}

impl Store {
    /// Writes the records that are not there yet; those that are stay as they are. How many are new.
    pub async fn write_billing(&self, records: &[Record]) -> Result<u64, Fault> {
        const SQL: &str = "INSERT INTO billing_records (site, name, day, written_at, record)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (site, name) DO NOTHING";
        let mut rows = Vec::with_capacity(records.len());
        for Record { site, name, day, said } in records {
            let json = serde_json::to_string(said)
                .map_err(|error| Fault::permanent(FaultCode::Internal, format!("writing a record: {error}")))?;
            rows.push((site.clone(), name.clone(), *day, json));
        }
        if rows.is_empty() {
            return Ok(0);
        }
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let now = dialect::now(conn).await?;
                let mut number = 0;
                for (site, name, day, json) in &rows {
                    number += execute!(conn, SQL, site, name, *day, now, json)?;
                }
                Ok(number)
            })
        });
        work.await
    }

    /// The names of the records of a site.
    pub async fn billing_names(&self, site: &str) -> Result<Vec<String>, Fault> {
        const SQL: &str = "SELECT name FROM billing_records WHERE site = $1 ORDER BY name";
        let site = site.to_owned();
        let rows = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, (String,), SQL, &site) }));
        Ok(rows.await?.into_iter().map(|(name,)| name).collect())
    }

    /// The records of this site, or of all, the newest first.
    pub async fn billing(&self, site: Option<&str>) -> Result<Vec<BillingLine>, Fault> {
        type Row = (String, String, i64, i64, String);
        const SQL: &str = "SELECT site, name, day, written_at, record FROM billing_records
            WHERE site = $1 OR $1 IS NULL ORDER BY day DESC, site, name";
        let site = site.map(str::to_owned);
        let rows = self.inner.db.read(move |conn| Box::pin(async move { all!(conn, Row, SQL, site.as_deref()) }));
        let line = |(site, name, day, written_at, json): Row| {
            let wrong = |_| Fault::permanent(FaultCode::StoreCorrupt, "a billing record is not the JSON it was");
            let said: Said = serde_json::from_str(&json).map_err(wrong)?;
            Ok(BillingLine { record: Record { site, name, day, said }, written_at })
        };
        rows.await?.into_iter().map(line).collect()
    }

    /// Forgets records whose years are over, with a receipt for each site.
    pub(crate) async fn forget_billing(&self) -> Result<(), Fault> {
        const SITES: &str = "SELECT DISTINCT site FROM billing_records ORDER BY site";
        const FORGET: &str = "DELETE FROM billing_records WHERE site = $1 AND day < $2";
        let sites = self.inner.db.read(|conn| Box::pin(async move { all!(conn, (String,), SITES) })).await?;
        let today = day_of(self.now().await?);
        for (site,) in sites {
            let days = self.keep_billing_days(&site);
            let entry = Entry::by_program(&self.inner.vault, &site, "sweep", "billing", None).await?;
            let work = self.inner.db.unit(move |conn| {
                Box::pin(async move {
                    let gone = execute!(conn, FORGET, &site, today - days)?;
                    if gone == 0 {
                        return Ok(());
                    }
                    let told = format!("{{\"erased\":{gone},\"keep_billing_days\":{days}}}");
                    let now = dialect::now(conn).await?;
                    audit::write(conn, &entry.with_receipt(Some(told)), now).await
                })
            });
            work.await?;
        }
        Ok(())
    }
}
