//! Profiles: immutable versions of their text, sealed because they name people.

use crate::Store;
use crate::database::{all, execute, one};
use crate::dialect;
use crate::rows::Micros;
use crate::vault::seal::Place;
use aws_lc_rs::digest;
use policy::{Fault, FaultCode};

/// The newest version and its digest.
const NEWEST: &str = "SELECT version, digest FROM profiles WHERE site = $1 AND name = $2 ORDER BY version DESC LIMIT 1";

/// One version of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileVersion {
    pub name: String,
    pub version: u32,
    pub imported_at: Micros,
}

/// Versions that are told at once, at most.
const VERSIONS_MAX: i64 = 1000;

impl Store {
    /// The text of a profile's version as it was imported, of the newest when none is named; `None` when there is none.
    pub async fn profile_text(&self, site: &str, name: &str, version: Option<u32>) -> Result<Option<String>, Fault> {
        const ONE: &str = "SELECT sealed_text FROM profiles WHERE site = $1 AND name = $2 AND ($3 = 0 OR version = $3)
            ORDER BY version DESC LIMIT 1";
        let (of_site, named) = (site.to_owned(), name.to_owned());
        let version = version.map_or(0, i64::from);
        let row = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { one!(conn, (Vec<u8>,), ONE, &of_site, &named, version) }));
        let Some((sealed,)) = row.await? else { return Ok(None) };
        let place = Place { site, table: "profiles", row: name, field: "sealed_text" };
        Ok(Some(self.inner.vault.open_text(place, &sealed).await?.as_str().to_owned()))
    }

    /// The newest 1000 versions of a site's profiles, or of one of them, newest first.
    pub async fn profile_versions(&self, site: &str, name: Option<&str>) -> Result<Vec<ProfileVersion>, Fault> {
        const ALL: &str = "SELECT name, version, imported_at FROM profiles WHERE site = $1 AND ($2 = '' OR name = $2)
            ORDER BY imported_at DESC, name, version DESC LIMIT $3";
        let (site, name) = (site.to_owned(), name.unwrap_or_default().to_owned());
        let rows = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { all!(conn, (String, i64, i64), ALL, &site, &name, VERSIONS_MAX) }));
        let version = |(name, version, imported_at)| ProfileVersion {
            name,
            version: u32::try_from(version).unwrap_or(u32::MAX),
            imported_at,
        };
        Ok(rows.await?.into_iter().map(version).collect())
    }

    /// Stores the text of a profile as a new version when it differs from the newest one; the version's number, from 1.
    pub async fn import_profile(&self, site: &str, name: &str, text: &str) -> Result<u32, Fault> {
        const NEW: &str = "INSERT INTO profiles (site, name, version, digest, sealed_text, imported_at)
            VALUES ($1, $2, $3, $4, $5, $6)";
        let hash: [u8; 32] = digest::digest(&digest::SHA256, text.as_bytes())
            .as_ref()
            .try_into()
            .map_err(|_| Fault::permanent(FaultCode::Internal, "SHA-256 has 32 bytes"))?;
        let digest = self.inner.vault.hasher(site).await?.digest(&hash);
        let place = Place { site, table: "profiles", row: name, field: "sealed_text" };
        let sealed = self.inner.vault.standing_key(site).await?.seal(place, text.as_bytes())?;
        let (site, name) = (site.to_owned(), name.to_owned());
        let version = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let newest = one!(conn, (i64, Vec<u8>), NEWEST, &site, &name)?;
                let version = match newest {
                    Some((version, known)) if known == digest => return Ok(version),
                    Some((version, _)) => version + 1,
                    None => 1,
                };
                let now = dialect::now(conn).await?;
                execute!(conn, NEW, &site, &name, version, &digest, &sealed, now)?;
                Ok(version)
            })
        });
        Ok(u32::try_from(version.await?).unwrap_or(u32::MAX))
    }
}
