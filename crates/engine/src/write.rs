//! Letters that people write on purpose, taken in: each once, with the files that are given along.

use crate::gateway::Gateway;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use policy::notify::{FILES_ALONG_MAX, OwnFile, Writing, WrittenBy};
use policy::template::Templates;
use policy::{Fault, Mappings};
use store::{Asked, GivenFile, NewWritten, Store, WrittenTaken};

/// Characters of a file's name.
const NAME_CHARS_MAX: usize = 255;
/// What a file is whose type nobody tells.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// A letter that somebody asks for.
#[derive(Debug, Clone)]
pub struct LetterOrder {
    pub by: WrittenBy,
    pub writing: Writing,
    pub files: Vec<LetterOrderFile>,
    /// What makes it this request and no other; without it, what it says.
    pub request: Option<String>,
    /// The id of the token that it came with.
    pub token: Option<String>,
    /// It is looked at before it is sent.
    pub preview: bool,
}

/// A file that its writer gives along.
#[derive(Debug, Clone)]
pub struct LetterOrderFile {
    pub name: String,
    /// Empty where nobody tells it.
    pub content_type: String,
    pub bytes: Vec<u8>,
}

/// What became of what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ordered {
    /// It is durable under this id.
    New { id: String },
    /// The same was asked for before, under this id.
    Known { id: String },
    /// Another letter was asked for by the same request.
    KeyReused,
    /// As many were asked for within an hour as may be.
    TooMany,
    /// Why it is not taken in, in words for whoever asks.
    Refused(String),
}

impl Gateway {
    /// Takes in a letter about an issue of this site; `who` stands in the audit trail.
    ///
    /// # Errors
    /// Those of the store; `SettingsWrong` where there is no such site.
    pub async fn write(&self, site: &str, order: LetterOrder, who: &str) -> Result<Ordered, Fault> {
        let shared = self.shared();
        let site = shared.site(site)?;
        write(&shared.store, &site.name, (site.mappings.as_deref(), &site.templates), order, who).await
    }

    /// The sites about whose issues letters may be written by this way.
    pub fn written_about(&self, by: WrittenBy) -> Vec<String> {
        let sites = self.shared().sites();
        let may = |mappings: &Mappings| mappings.may_be_written(by).is_some();
        let mut names: Vec<String> = sites
            .values()
            .filter(|site| site.mappings.as_deref().is_some_and(may))
            .map(|site| site.name.clone())
            .collect();
        names.sort();
        names
    }

    /// How many bytes the files of a letter may have that somebody writes about an issue of the site.
    pub fn written_files_bytes_max(&self, site: &str) -> u64 {
        let site = self.shared().sites().get(site).cloned();
        site.and_then(|site| site.mappings.as_ref().map(|mappings| mappings.written_files_bytes_max()))
            .unwrap_or_default()
    }
}

/// Takes in a letter under these mappings and templates of the site, durable when it returns. The files are kept first: without the letter they go by
/// themselves.
///
/// # Errors
/// Those of the store.
pub async fn write(
    store: &Store,
    site: &str,
    (mappings, templates): (Option<&Mappings>, &Templates),
    order: LetterOrder,
    who: &str,
) -> Result<Ordered, Fault> {
    let rules = match refusal(mappings, templates, &order) {
        Ok(rules) => rules,
        Err(why) => return Ok(Ordered::Refused(why)),
    };
    let id = Store::new_written_id();
    let mut files = Vec::with_capacity(order.files.len());
    for (file, number) in order.files.into_iter().zip(1..) {
        files.push(kept(store, site, &id, file, number).await?);
    }
    let asked = Asked { writing: order.writing, files, comment_seen_by: None, comment: None, counted_on: vec![] };
    let request = match &order.request {
        Some(key) => format!("key:{}/{key}", order.token.as_deref().unwrap_or_default()),
        None => {
            let same = store::fingerprint_of_asked(&asked, order.preview)?;
            format!("same:{}/{same}", order.token.as_deref().unwrap_or_default())
        }
    };
    let new = NewWritten {
        id,
        site: site.to_owned(),
        by: order.by,
        request,
        asked,
        token: order.token,
        preview: order.preview,
        per_hour: rules,
        keyless: order.request.is_none(),
    };
    Ok(match store.take_in_written(new, who).await? {
        WrittenTaken::New { id } => Ordered::New { id },
        WrittenTaken::Known { id } => Ordered::Known { id },
        WrittenTaken::Reused => Ordered::KeyReused,
        WrittenTaken::TooMany => Ordered::TooMany,
    })
}

/// How many may be asked for within an hour, or why this one is not taken in.
fn refusal(mappings: Option<&Mappings>, templates: &Templates, order: &LetterOrder) -> Result<u32, String> {
    let mappings = mappings.ok_or("the site has no mappings, which say who may write letters")?;
    let way = order.by.word();
    let per_hour = mappings
        .may_be_written(order.by)
        .ok_or_else(|| format!("letters may not be written by this way: written.by does not name {way:?}"))?;
    order.writing.check()?;
    templates.lacks(&order.writing.template).map_or(Ok(()), Err)?;
    let bytes: u64 = order.files.iter().map(|file| file.bytes.len() as u64).sum();
    let most = mappings.written_files_bytes_max();
    if bytes > most {
        return Err(format!("its files have {bytes} bytes in all, {most} may go along (files_max_bytes)"));
    }
    if order.files.len() > FILES_ALONG_MAX {
        return Err(format!("more than {FILES_ALONG_MAX} files are to go along"));
    }
    if order.files.iter().any(|file| file.name.trim().is_empty() || file.name.chars().count() > NAME_CHARS_MAX) {
        return Err(format!("a file's name has 1 to {NAME_CHARS_MAX} characters"));
    }
    Ok(per_hour)
}

async fn kept(
    store: &Store,
    site: &str,
    written: &str,
    file: LetterOrderFile,
    number: usize,
) -> Result<GivenFile, Fault> {
    let mut writer = store.written_file(site, written).await?;
    writer.write(&file.bytes).await?;
    let stored = writer.finish().await?;
    let content_type = Some(file.content_type.trim()).filter(|kind| is_plain_type(kind)).unwrap_or(UNKNOWN_TYPE);
    let own = OwnFile {
        id: format!("given-{number}"),
        name: mail::safe_name(&file.name, number),
        content_type: content_type.to_ascii_lowercase(),
        size_bytes: stored.size_bytes,
    };
    Ok(GivenFile { file: own, kept: stored.id, sha256: HEXLOWER.encode(digest(&SHA256, &file.bytes).as_ref()) })
}

/// `type/subtype` and nothing else.
fn is_plain_type(kind: &str) -> bool {
    let is_token = |text: &str| {
        !text.is_empty() && text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b))
    };
    kind.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
}
