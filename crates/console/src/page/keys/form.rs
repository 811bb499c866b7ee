//! The forms of the page of keys.

use axum::extract::Multipart;
use serde::Deserialize;

/// Bytes of a file of keys.
pub(super) const FILE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of any other field.
const FIELD_BYTES_MAX: usize = 512;
/// A form of ours has fewer fields.
const FIELDS_MAX: usize = 5;

/// The form of one key.
#[derive(Deserialize)]
pub struct Changed {
    #[serde(default)]
    pub(super) token: String,
    #[serde(default)]
    pub(super) site: String,
}

/// A file of keys for an address.
#[derive(Default)]
pub(super) struct Said {
    pub(super) token: String,
    pub(super) site: String,
    pub(super) address: String,
    pub(super) file: Vec<u8>,
}

/// What stands in the form; nothing where it is not ours.
pub(super) async fn brought(mut form: Multipart) -> Result<Said, ()> {
    let mut said = Said::default();
    for _ in 0..=FIELDS_MAX {
        let Some(field) = form.next_field().await.map_err(|_| ())? else { return Ok(said) };
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(|_| ())?;
        let most = if name == "file" { FILE_BYTES_MAX } else { FIELD_BYTES_MAX };
        if bytes.len() > most {
            return Err(());
        }
        let text = || String::from_utf8_lossy(&bytes).into_owned();
        match name.as_str() {
            "token" => said.token = text(),
            "site" => said.site = text(),
            "address" => said.address = text(),
            "file" => said.file = bytes.to_vec(),
            _ => return Err(()),
        }
    }
    Err(())
}
