//! How files with private keys are kept: in clear, under a password, or sealed by the vault.

use super::super::{Failure, with_store};
use super::place::{Readers, Shelf, Written, put};
use super::{Keys, generate::Chance};
use crate::wire;
use engine::keys::Openers;
use seal::keyfile::{Password, encrypted_pkcs8, pem};
use std::path::Path;
use store::KeyFiles;
use zeroize::Zeroizing;

/// What the names of sealed files end with.
pub const SEALED: &str = "sealed";

/// How a new file with a private key is kept.
#[derive(Clone, Copy)]
pub enum Keep<'k> {
    /// With a mode that lets nobody but its owner read it.
    Clear,
    /// The password, and the reference behind which it stands.
    Password(&'k Password, &'k str),
    Vault(&'k KeyFiles),
}

impl<'k> Keep<'k> {
    /// As `--sealed` and `--password` ask for it; of several passwords, which are those behind the references, the first.
    ///
    /// # Errors
    /// When no vault is at hand.
    pub fn asked(
        is_sealed: bool,
        vault: Option<&'k KeyFiles>,
        (references, passwords): (&'k [String], &'k [Password]),
    ) -> Result<Keep<'k>, Failure> {
        match (is_sealed, vault, passwords.first().zip(references.first())) {
            (true, Some(vault), _) => Ok(Keep::Vault(vault)),
            (true, None, _) => {
                Err(Failure::new("--sealed needs the vault; name the settings of the gateway by --config FILE"))
            }
            (false, _, Some((password, reference))) => Ok(Keep::Password(password, reference)),
            (false, _, None) => Ok(Keep::Clear),
        }
    }

    /// What a private key is put under.
    ///
    /// # Errors
    /// When the password is empty: every program tries that one unasked, so the key would be in clear and look as if it were not.
    pub fn password(self) -> Result<Option<&'k Password>, Failure> {
        match self {
            Keep::Password(password, reference) if password.is_empty() => Err(Failure::new(format!(
                "--password {reference}: the password is empty, and no key is kept under one that protects nothing; \
                 write a password there, or leave --password out to keep the key in clear"
            ))),
            Keep::Password(password, _) => Ok(Some(password)),
            Keep::Clear | Keep::Vault(_) => Ok(None),
        }
    }

    /// A private key in PKCS#8 as the text of a file. One that the vault seals has no password.
    ///
    /// # Errors
    /// When it cannot be encrypted, or its password is empty.
    pub fn pem(self, pkcs8: &[u8]) -> Result<Zeroizing<String>, Failure> {
        let Some(password) = self.password()? else { return Ok(pem("PRIVATE KEY", pkcs8)) };
        let sealed = encrypted_pkcs8(pkcs8, password, &mut Chance)
            .map_err(|trouble| Failure::new(format!("a private key cannot be put under its password: {trouble}")))?;
        Ok(pem("ENCRYPTED PRIVATE KEY", &sealed))
    }

    /// Writes a file with a private key among ours; its name ends with `ending` where the vault does not seal it.
    ///
    /// # Errors
    /// When the folder takes no file, or nothing can be sealed.
    pub fn put(self, folder: &Path, stem: &str, ending: &str, bytes: &[u8]) -> Result<Written, Failure> {
        match self {
            Keep::Vault(vault) => {
                put(folder, Shelf::Own, &format!("{stem}.{SEALED}"), &vault.seal(bytes)?, Readers::Owner)
            }
            Keep::Clear | Keep::Password(..) => {
                put(folder, Shelf::Own, &format!("{stem}.{ending}"), bytes, Readers::Owner)
            }
        }
    }
}

impl Keys {
    /// What opens and seals files of keys, where --config names the gateway's settings.
    ///
    /// # Errors
    /// When the settings are wrong or the store does not open.
    pub async fn openers(&self) -> Result<Openers, Failure> {
        let Some(config) = &self.config else { return Ok(Openers::default()) };
        with_store(config, async |settings, store| wire::openers(settings, store).await).await
    }
}

/// What a file holds, also where the vault sealed it.
///
/// # Errors
/// When the vault is not at hand, or did not seal it.
pub fn opened(bytes: Zeroizing<Vec<u8>>, vault: Option<&KeyFiles>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if !KeyFiles::is_one(&bytes) {
        return Ok(bytes);
    }
    let vault = vault.ok_or_else(|| Failure::new(engine::keys::Why::Sealed.to_string()))?;
    vault.open(&bytes).map_err(|_| Failure::new(engine::keys::Why::SealedElsewhere.to_string()))
}
