//! The form as it comes in: fields first, bounded each, then files up to what may go along, and nothing before its token.

use super::super::is_id;
use super::Said;
use crate::Console;
use crate::pen::LetterFile;
use crate::sign_in::Session;
use axum::extract::Multipart;
use axum::extract::multipart::Field;
use policy::notify::FILES_ALONG_MAX;

/// Fields of one form, its files among them; one more file than may go along is refused with words.
const FIELDS_MAX: usize = FILES_ALONG_MAX + 16;
/// All that is typed, in bytes: more than any letter may have, because browsers write two bytes for the end of each line.
const TYPED_BYTES_MAX: usize = 256 * 1024;
/// What is read and forgotten of files that are too large, so that a browser hears why; after that the connection ends.
const SPILT_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A form that came in.
#[derive(Default)]
pub(super) struct Form {
    pub(super) key: String,
    pub(super) said: Said,
    pub(super) files: Vec<LetterFile>,
    /// Its files have more bytes together than may go along, and none of them is here.
    pub(super) is_too_large: bool,
}

/// Why a form was not read.
pub(super) enum Trouble {
    /// It has not the token of this session.
    Stale,
    NotWhole,
}

/// Reads one.
pub(super) async fn receive(console: &Console, session: &Session, mut coming: Multipart) -> Result<Form, Trouble> {
    // Who may not send it has nothing read of him.
    match coming.next_field().await {
        Ok(Some(field)) if field.name() == Some("token") => {
            let token = typed(field, &mut 0).await.map_err(|_| Trouble::Stale)?;
            if !session.gave(&token) {
                return Err(Trouble::Stale);
            }
        }
        _ => return Err(Trouble::Stale),
    }
    let (mut form, mut letters, mut bytes) = (Form::default(), 0, 0);
    for _ in 0..FIELDS_MAX {
        let Some(field) = coming.next_field().await.map_err(|_| Trouble::NotWhole)? else {
            return if is_id(&form.key) && !form.key.is_empty() { Ok(form) } else { Err(Trouble::NotWhole) };
        };
        let name = field.name().unwrap_or_default().to_owned();
        if name == "files" {
            let most =
                if console.may_write(&form.said.site) { console.pen.files_bytes_max(&form.said.site) } else { 0 };
            form.add(field, most, &mut bytes).await?;
            continue;
        }
        let text = typed(field, &mut letters).await?;
        let said = &mut form.said;
        match name.as_str() {
            "key" => form.key = text,
            "site" => said.site = text,
            "issue" => said.issue = text,
            "to" => said.to = text,
            "subject" => said.subject = text,
            "template" => said.template = text,
            "text" => said.text = text,
            "attach" => said.attach = text,
            "writer" => said.writer = text,
            "anyway" => said.anyway = text == "yes",
            _ => return Err(Trouble::NotWhole),
        }
    }
    Err(Trouble::NotWhole)
}

/// What somebody typed, with plain ends of lines.
async fn typed(mut field: Field<'_>, so_far: &mut usize) -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|_| Trouble::NotWhole)? {
        *so_far += piece.len();
        if *so_far > TYPED_BYTES_MAX {
            return Err(Trouble::NotWhole);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(String::from_utf8_lossy(&bytes).replace("\r\n", "\n"))
}

impl Form {
    /// One file more; of the empty one that browsers send where none was chosen nothing.
    async fn add(&mut self, mut field: Field<'_>, most: u64, so_far: &mut u64) -> Result<(), Trouble> {
        let name = field.file_name().unwrap_or_default().to_owned();
        let content_type = field.content_type().unwrap_or_default().to_owned();
        let mut bytes = Vec::new();
        while let Some(piece) = field.chunk().await.map_err(|_| Trouble::NotWhole)? {
            *so_far = so_far.saturating_add(piece.len() as u64);
            if *so_far > most.saturating_add(SPILT_BYTES_MAX) {
                return Err(Trouble::NotWhole);
            }
            if *so_far > most {
                self.is_too_large = true;
                self.files.clear();
                bytes = Vec::new();
            } else {
                bytes.extend_from_slice(&piece);
            }
        }
        let is_empty = name.is_empty() && bytes.is_empty();
        if !self.is_too_large && !is_empty {
            self.files.push(LetterFile { name, content_type, bytes });
        }
        Ok(())
    }
}
