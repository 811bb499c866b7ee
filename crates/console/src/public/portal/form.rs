//! The form of the page of keys: a pass, and what is to be done.

use axum::extract::multipart::MultipartError;
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

/// A form of which nothing but the pass was read, which stands first.
pub(super) struct Begun {
    pub(super) pass: String,
    form: Multipart,
}

/// Why a form is not taken.
pub(super) enum Wrong {
    TooLarge,
    NotTheForm,
}

/// Reads the pass of a form. Whoever has none that counts gets no room for more.
pub(super) async fn begin(request: Request) -> Result<Begun, Wrong> {
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| Wrong::NotTheForm)?;
    let pass = {
        let mut field = form.next_field().await.map_err(wrong)?.ok_or(Wrong::NotTheForm)?;
        if field.name() != Some("pass") {
            return Err(Wrong::NotTheForm);
        }
        let mut bytes = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(wrong)? {
            bytes.extend_from_slice(&piece);
            if bytes.len() > FIELD_BYTES_MAX {
                return Err(Wrong::NotTheForm);
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok(Begun { pass, form })
}

impl Begun {
    /// Reads what is to be done.
    pub(super) async fn act(mut self) -> Result<Act, Wrong> {
        let (mut act, mut key, mut file, mut pasted) = (None, None, None, None);
        for _ in 0..FIELDS_MAX {
            let Some(field) = self.form.next_field().await.map_err(wrong)? else {
                let act: Option<String> = act;
                return match act.as_deref() {
                    Some("look") => Ok(Act::Look),
                    Some("bring") => Ok(Act::Bring(chosen(file, pasted))),
                    Some("take away") => Ok(Act::TakeAway(key.ok_or(Wrong::NotTheForm)?)),
                    _ => Err(Wrong::NotTheForm),
                };
            };
            let name = field.name().unwrap_or_default().to_owned();
            let bytes = field.bytes().await.map_err(wrong)?;
            match name.as_str() {
                "file" if bytes.len() > FILE_BYTES_MAX => return Err(Wrong::TooLarge),
                "text" if bytes.len() > FILE_BYTES_MAX => return Err(Wrong::TooLarge),
                "file" => file = Some(bytes.to_vec()),
                "text" => pasted = Some(bytes.to_vec()),
                _ if bytes.len() > FIELD_BYTES_MAX => return Err(Wrong::NotTheForm),
                "act" => act = Some(String::from_utf8_lossy(&bytes).into_owned()),
                "key" => key = Some(String::from_utf8_lossy(&bytes).into_owned()),
                _ => return Err(Wrong::NotTheForm),
            }
        }
        Err(Wrong::NotTheForm)
    }

    /// Reads the rest and keeps nothing of it, so that a browser that is still sending hears the answer.
    pub(super) async fn pass_over(mut self) {
        while let Ok(Some(mut field)) = self.form.next_field().await {
            while let Ok(Some(_)) = field.chunk().await {}
        }
    }
}

fn wrong(error: MultipartError) -> Wrong {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Wrong::TooLarge,
        _ => Wrong::NotTheForm,
    }
}

/// The file, or what was pasted where none was chosen.
fn chosen(file: Option<Vec<u8>>, pasted: Option<Vec<u8>>) -> Vec<u8> {
    let file = file.unwrap_or_default();
    if file.is_empty() { pasted.unwrap_or_default().trim_ascii().to_vec() } else { file }
}
