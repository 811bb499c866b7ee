//! Profiles: immutable versions of their text, sealed because they name people.

use crate::Store;
use crate::database::{execute, one};
use crate::dialect;
use crate::vault::seal::Place;
use aws_lc_rs::digest;
use policy::{Fault, FaultCode};

/// The newest version and its digest.
const NEWEST: &str = "SELECT version, digest FROM profiles WHERE site = $1 AND name = $2 ORDER BY version DESC LIMIT 1";

impl Store {
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
