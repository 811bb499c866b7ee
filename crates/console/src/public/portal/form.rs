//! The form of the page of keys: a pass, and what is to be done.

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::StatusCode;

/// Bytes of a file of keys.
const FILE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a form; what a browser writes around a file is little.
pub(super) const FORM_BYTES_MAX: usize = FILE_BYTES_MAX + 16 * 1024;
/// Bytes of any other field.
const FIELD_BYTES_MAX: usize = 256;
/// A form of ours has fewer fields.
const FIELDS_MAX: usize = 6;

/// What is to be done.
pub(super) enum Act {
    Look,
    /// A file of keys, or what was pasted in its place.
    Bring(Vec<u8>),
    /// The id of a key.
    TakeAway(String),
}

/// What came with a form.
pub(super) struct Wish {
    pub(super) pass: String,
    pub(super) act: Act,
}

/// Why a form is not taken.
pub(super) enum Wrong {
    TooLarge,
    NotTheForm,
}

/// Reads the form.
pub(super) async fn wish(request: Request) -> Result<Wish, Wrong> {
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| Wrong::NotTheForm)?;
    let (mut pass, mut act, mut key, mut file, mut pasted) = (None, None, None, None, None);
    for _ in 0..=FIELDS_MAX {
        let wrong = |error: axum::extract::multipart::MultipartError| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Wrong::TooLarge,
            _ => Wrong::NotTheForm,
        };
        let Some(field) = form.next_field().await.map_err(wrong)? else {
            let pass: String = pass.ok_or(Wrong::NotTheForm)?;
            let act = match act.as_deref() {
                Some("look") => Act::Look,
                Some("bring") => Act::Bring(chosen(file, pasted)),
                Some("take away") => Act::TakeAway(key.ok_or(Wrong::NotTheForm)?),
                _ => return Err(Wrong::NotTheForm),
            };
            return Ok(Wish { pass, act });
        };
        let name = field.name().unwrap_or_default().to_owned();
        let bytes = field.bytes().await.map_err(wrong)?;
        match name.as_str() {
            "file" if bytes.len() > FILE_BYTES_MAX => return Err(Wrong::TooLarge),
            "text" if bytes.len() > FILE_BYTES_MAX => return Err(Wrong::TooLarge),
            "file" => file = Some(bytes.to_vec()),
            "text" => pasted = Some(bytes.to_vec()),
            _ if bytes.len() > FIELD_BYTES_MAX => return Err(Wrong::NotTheForm),
            "pass" => pass = Some(String::from_utf8_lossy(&bytes).into_owned()),
            "act" => act = Some(String::from_utf8_lossy(&bytes).into_owned()),
            "key" => key = Some(String::from_utf8_lossy(&bytes).into_owned()),
            _ => return Err(Wrong::NotTheForm),
        }
    }
    Err(Wrong::NotTheForm)
}

/// The file, or what was pasted where none was chosen.
fn chosen(file: Option<Vec<u8>>, pasted: Option<Vec<u8>>) -> Vec<u8> {
    let file = file.unwrap_or_default();
    if file.is_empty() { pasted.unwrap_or_default().trim_ascii().to_vec() } else { file }
}
