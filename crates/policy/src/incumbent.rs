//! Moving in: the exported profile of another mail handler, as a profile of ours and a list of what is left of it.
//!
//! How those files look is told nowhere in public, so nothing depends on their shape: names of options are looked for at any
//! depth, as elements, attributes or keys, however they are written. Whatever is not known is listed, never dropped.

mod draft;
mod items;
mod json;
mod lists;
mod option;
mod options;
mod sealing;
mod tree;
mod values;
mod walk;
mod words;
mod xml;

pub use sealing::{FORM, MovedSealing, import_sealing};

use crate::{Fault, FaultCode};
use serde::Serialize;

/// The largest file that is read, in bytes.
pub const EXPORT_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Which mail handler wrote the file, and as what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Export {
    JemhXml,
    JemhcJson,
}

/// What became of an exported profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// A profile in TOML that [`crate::Profile::from_toml`] takes, with a comment above each line that says where it is from.
    pub profile: String,
    /// How many of its values came from the file.
    pub taken_over: usize,
    pub left: Vec<Left>,
}

/// A value of the file that stands nowhere in the profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// As the file calls it.
    pub key: String,
    /// Where it stands there: names from the outside to the inside, counted where they repeat; in XML with the line.
    pub at: String,
    /// Kept back when it may be a secret.
    pub value: Option<String>,
    pub why: Why,
    /// What to do about it, in words.
    pub remedy: String,
}

/// Why a value was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Nothing has to be done: it holds here anyway, or says nothing about mail.
    NotNeeded,
    /// It was switched off there.
    SwitchedOff,
    /// Known, and not to be had here in that form.
    NotTakenOver,
    /// No option of this name is known.
    Unknown,
}

/// Translates an exported profile. `project` is where issues go when the file does not say.
///
/// Fails only when the file cannot be read as what it is said to be: the fault's public text names `origin`, what is wrong and the
/// place.
pub fn import(export: Export, bytes: &[u8], project: Option<&str>, origin: &str) -> Result<Moved, Fault> {
    let wrong =
        |why: String| Fault::permanent(FaultCode::ProfileWrong, why.clone()).with_public(format!("{origin}: {why}"));
    if bytes.len() > EXPORT_BYTES_MAX {
        return Err(wrong(format!("is larger than {EXPORT_BYTES_MAX} bytes; export fewer profiles at once")));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| wrong(format!("is not UTF-8 at byte {}; save it as UTF-8", error.valid_up_to())))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let tree = match export {
        Export::JemhXml => xml::read(text),
        Export::JemhcJson => json::read(text),
    };
    let tree = tree.map_err(wrong)?.folded();
    walk::translate(&tree, export, project).map_err(wrong)
}
