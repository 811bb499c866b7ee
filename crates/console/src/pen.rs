//! What the form and the API have done for whoever writes a letter on purpose. `sealpost` implements it over the engine.

use crate::reader::Answer;
use policy::notify::{Writing, WrittenBy};

/// Whatever takes such letters in.
pub trait Pen: Send + Sync + 'static {
    /// The sites about whose issues letters may be written by this way, by name.
    fn sites(&self, by: WrittenBy) -> Vec<String>;

    /// How many bytes the files of a letter about an issue of this site may have.
    fn files_bytes_max(&self, site: &str) -> u64;

    /// Takes one in, durable when it returns; `who` stands in the audit trail.
    fn write<'a>(&'a self, site: &'a str, letter: Letter, who: &'a str) -> Answer<'a, Written>;
}

/// A letter that somebody writes.
#[derive(Debug, Clone)]
pub struct Letter {
    pub by: WrittenBy,
    pub writing: Writing,
    pub files: Vec<LetterFile>,
    /// What makes it this request and no other; without it, what it says.
    pub request: Option<String>,
    /// The id of the token that it came with.
    pub token: Option<String>,
    /// It is looked at before it is sent.
    pub preview: bool,
}

/// A file that its writer gives along.
#[derive(Debug, Clone)]
pub struct LetterFile {
    pub name: String,
    /// Empty where nobody tells it.
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It is durable under this id; `known` since it was asked for before.
    In { id: String, known: bool },
    /// Another letter was asked for by the same request.
    KeyReused,
    /// As many were asked for within an hour as may be.
    TooMany,
    /// Why it is not taken in.
    Refused(String),
}

/// Where no gateway runs, nobody writes.
pub(crate) struct NoPen;

impl Pen for NoPen {
    fn sites(&self, _: WrittenBy) -> Vec<String> {
        Vec::new()
    }

    fn files_bytes_max(&self, _: &str) -> u64 {
        0
    }

    fn write<'a>(&'a self, _: &'a str, _: Letter, _: &'a str) -> Answer<'a, Written> {
        Box::pin(async { Ok(Written::Refused("no gateway runs beside this page".to_owned())) })
    }
}
