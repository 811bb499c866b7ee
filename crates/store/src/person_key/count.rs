//! Keys of people by number.

use super::KeyStanding;
use crate::Store;
use crate::database::{all, one};
use crate::dialect;
use crate::rows::Micros;
use policy::{Fault, FaultCode};

/// A key that ends within so many days is one that ends soon.
const SOON_DAYS: i64 = 30;

/// Keys of a site by number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PersonKeyFigures {
    pub used: u64,
    pub quarantined: u64,
    /// Of those in use.
    pub ending: u64,
}

/// How many keys of a site came so and stand so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonKeyCount {
    pub site: String,
    /// A word of [`policy::sealing::Origin`].
    pub origin: String,
    pub standing: KeyStanding,
    pub number: u64,
    /// Of these, those that end within 30 days or have ended.
    pub ending: u64,
}

impl Store {
    /// How many keys of a site stand in each standing, and how many of those in use end before this time.
    pub async fn person_key_figures(&self, site: &str, ends_before: Micros) -> Result<PersonKeyFigures, Fault> {
        const SQL: &str = "SELECT COUNT(CASE WHEN standing = 'used' THEN 1 END),
                COUNT(CASE WHEN standing = 'quarantined' THEN 1 END),
                COUNT(CASE WHEN standing = 'used' AND ends_at < $2 THEN 1 END)
            FROM person_keys WHERE site = $1";
        let site = site.to_owned();
        let found = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { one!(conn, (i64, i64, i64), SQL, &site, ends_before) }));
        let (used, quarantined, ending) = found.await?.unwrap_or_default();
        Ok(PersonKeyFigures {
            used: used.unsigned_abs(),
            quarantined: quarantined.unsigned_abs(),
            ending: ending.unsigned_abs(),
        })
    }

    /// Of all sites.
    pub(crate) async fn person_key_counts(&self) -> Result<Vec<PersonKeyCount>, Fault> {
        const SQL: &str = "SELECT site, origin, standing, COUNT(*), COUNT(CASE WHEN ends_at < $1 THEN 1 END)
            FROM person_keys GROUP BY site, origin, standing ORDER BY site, origin, standing";
        let work = self.inner.db.read(|conn| {
            Box::pin(async move {
                let soon = dialect::now(conn).await? + SOON_DAYS * 86_400 * 1_000_000;
                all!(conn, (String, String, String, i64, i64), SQL, soon)
            })
        });
        let count = |(site, origin, standing, number, ending): (String, String, String, i64, i64)| {
            let unknown = || Fault::permanent(FaultCode::StoreCorrupt, "a key of a person stands in an unknown way");
            let standing = KeyStanding::of_word(&standing).ok_or_else(unknown)?;
            Ok(PersonKeyCount { site, origin, standing, number: number.unsigned_abs(), ending: ending.unsigned_abs() })
        };
        work.await?.into_iter().map(count).collect()
    }
}
