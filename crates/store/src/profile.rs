//! Profiles and files of mappings: immutable versions of their text, sealed because they name people.

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
        let kept = self.kept_text(Place { site, table: "profiles", row: name, field: "sealed_text" }, text).await?;
        let (site, name) = (site.to_owned(), name.to_owned());
        let version = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let newest = one!(conn, (i64, Vec<u8>), NEWEST, &site, &name)?;
                let (version, is_new) = kept.version_after(newest);
                if is_new {
                    let now = dialect::now(conn).await?;
                    execute!(conn, NEW, &site, &name, version, &kept.digest, &kept.sealed, now)?;
                }
                Ok(version)
            })
        });
        Ok(u32::try_from(version.await?).unwrap_or(u32::MAX))
    }

    /// The same for the file of mappings of a site. It is kept apart from the profiles, because mail is never decided by it.
    pub async fn import_mappings(&self, site: &str, text: &str) -> Result<u32, Fault> {
        const NEWEST: &str = "SELECT version, digest FROM mappings WHERE site = $1 ORDER BY version DESC LIMIT 1";
        const NEW: &str = "INSERT INTO mappings (site, version, digest, sealed_text, imported_at)
            VALUES ($1, $2, $3, $4, $5)";
        let kept = self.kept_text(mappings_place(site), text).await?;
        let site = site.to_owned();
        let version = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                let newest = one!(conn, (i64, Vec<u8>), NEWEST, &site)?;
                let (version, is_new) = kept.version_after(newest);
                if is_new {
                    let now = dialect::now(conn).await?;
                    execute!(conn, NEW, &site, version, &kept.digest, &kept.sealed, now)?;
                }
                Ok(version)
            })
        });
        Ok(u32::try_from(version.await?).unwrap_or(u32::MAX))
    }

    /// The text of a version of the site's file of mappings; `None` when there is none.
    pub async fn mappings_text(&self, site: &str, version: u32) -> Result<Option<String>, Fault> {
        const ONE: &str = "SELECT sealed_text FROM mappings WHERE site = $1 AND version = $2";
        let of_site = site.to_owned();
        let row = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { one!(conn, (Vec<u8>,), ONE, &of_site, i64::from(version)) }));
        let Some((sealed,)) = row.await? else { return Ok(None) };
        Ok(Some(self.inner.vault.open_text(mappings_place(site), &sealed).await?.as_str().to_owned()))
    }

    async fn kept_text(&self, place: Place<'_>, text: &str) -> Result<KeptText, Fault> {
        let hash: [u8; 32] = digest::digest(&digest::SHA256, text.as_bytes())
            .as_ref()
            .try_into()
            .map_err(|_| Fault::permanent(FaultCode::Internal, "SHA-256 has 32 bytes"))?;
        let digest = self.inner.vault.hasher(place.site).await?.digest(&hash);
        let sealed = self.inner.vault.standing_key(place.site).await?.seal(place, text.as_bytes())?;
        Ok(KeptText { digest, sealed })
    }
}

/// A text that becomes a version, unless it is the newest one already.
struct KeptText {
    digest: Vec<u8>,
    sealed: Vec<u8>,
}

impl KeptText {
    /// The number of its version after the newest one, and whether that is a new one.
    fn version_after(&self, newest: Option<(i64, Vec<u8>)>) -> (i64, bool) {
        match newest {
            Some((version, known)) if known == self.digest => (version, false),
            Some((version, _)) => (version + 1, true),
            None => (1, true),
        }
    }
}

fn mappings_place(site: &str) -> Place<'_> {
    Place { site, table: "mappings", row: site, field: "sealed_text" }
}
