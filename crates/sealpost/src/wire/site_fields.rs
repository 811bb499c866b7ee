//! The fields of a site in which a profile wants people without an account: which are there, and how missing ones are made.

use super::adapters::speaker;
use super::site_check::{ask, profiles_of};
use crate::command::{Failure, fault_in_words};
use crate::settings::{Settings, Site};
use engine::speak::Speaker;
use engine::tokens::Tokens;
use policy::field::{self, FieldKind, FieldMeta};
use store::Store;
use tracker::{Answer, NewField, Operation};

/// The fields that are meant where no profile names any.
const USUAL: [(&str, NewField); 3] = [
    ("Mail sender address", NewField::Line),
    ("Mail sender name", NewField::Line),
    ("Mail participants", NewField::Text),
];

/// Shown where the tracker's fields are administered, so that nobody takes the field for one of his own.
const DESCRIPTION: &str =
    "People of a mail who have no account, written by Sealpost. Everybody who sees the issue sees them.";

/// What was found of one field.
pub enum Found {
    /// Under this id.
    There(String),
    Missing,
    /// Under this id; not on the default screen where the reason is told.
    Made(String, Option<String>),
    /// It cannot be used or made: why.
    Wrong(String),
}

/// The fields that the profiles of a site's mailboxes name, each with what it has to hold.
pub fn wanted_fields(settings: &Settings, site: &Site) -> Vec<(String, NewField)> {
    let mut wanted: Vec<(String, NewField)> = Vec::new();
    for profile in profiles_of(settings, &site.name) {
        let (lines, texts) = profile.wanted_people_fields();
        let lines = lines.into_iter().map(|name| (name, NewField::Line));
        for (name, holds) in lines.chain(texts.into_iter().map(|name| (name, NewField::Text))) {
            if !wanted.iter().any(|(known, _)| known.eq_ignore_ascii_case(&name)) {
                wanted.push((name, holds));
            }
        }
    }
    wanted
}

/// Looks for those fields or, where no profile names any, for the usual ones.
///
/// # Errors
/// When the site does not answer.
pub async fn find_fields(
    settings: &Settings,
    store: &Store,
    site: &Site,
) -> Result<Vec<(String, NewField, Found)>, Failure> {
    find_by(&speaker(site, &Tokens::new(store.clone()))?, settings, site).await
}

/// The same, over a line that is open already.
pub(super) async fn find_by(
    speaker: &Speaker,
    settings: &Settings,
    site: &Site,
) -> Result<Vec<(String, NewField, Found)>, Failure> {
    let there = match ask(speaker, site.dialect, &Operation::ReadAllFields).await? {
        Answer::Fields { fields, .. } => fields,
        _ => return Err(Failure::new(format!("{} gives an answer about fields that is none", site.api_base))),
    };
    let mut wanted = wanted_fields(settings, site);
    if wanted.is_empty() {
        wanted = USUAL.iter().map(|(name, holds)| ((*name).to_owned(), *holds)).collect();
    }
    let found = |(name, holds): (String, NewField)| {
        let found = of_name(&there, &name, holds);
        (name, holds, found)
    };
    Ok(wanted.into_iter().map(found).collect())
}

/// The same, and makes those that are missing.
///
/// # Errors
/// When the site does not answer.
pub async fn make_fields(
    settings: &Settings,
    store: &Store,
    site: &Site,
) -> Result<Vec<(String, NewField, Found)>, Failure> {
    let speaker = speaker(site, &Tokens::new(store.clone()))?;
    let mut all = find_by(&speaker, settings, site).await?;
    for (name, holds, found) in &mut all {
        if matches!(found, Found::Missing) {
            *found = make(&speaker, site, name, *holds).await;
        }
    }
    Ok(all)
}

fn of_name(there: &[FieldMeta], name: &str, holds: NewField) -> Found {
    let lower = name.trim().to_lowercase();
    let is_it = |meta: &&FieldMeta| meta.id.to_lowercase() == lower || meta.name.trim().to_lowercase() == lower;
    if !there.iter().any(|meta| is_it(&meta)) {
        return Found::Missing;
    }
    let wanted = match holds {
        NewField::Line => FieldKind::Text,
        NewField::Text => FieldKind::LongText,
    };
    match field::find(there, name) {
        Ok(meta) if meta.kind == wanted || meta.kind == FieldKind::LongText => Found::There(meta.id.clone()),
        Ok(meta) => {
            let (is, needs) = (meta.kind.in_words(), wanted.in_words());
            Found::Wrong(format!("{} holds {is}, and {needs} is needed; name another field", meta.id))
        }
        Err(why) => Found::Wrong(why),
    }
}

async fn make(speaker: &Speaker, site: &Site, name: &str, holds: NewField) -> Found {
    if name.to_lowercase().starts_with("customfield_") {
        return Found::Wrong("there is no field of this id, and the tracker gives ids itself; write a name".to_owned());
    }
    let create = Operation::CreateField { name: name.to_owned(), description: DESCRIPTION.to_owned(), holds };
    let id = match ask(speaker, site.dialect, &create).await {
        Ok(Answer::Fields { fields, .. }) if !fields.is_empty() => fields[0].id.clone(),
        Ok(_) => return Found::Wrong("the answer to its making is none; look whether it is there".to_owned()),
        Err(fault) => {
            let remedy = "the account needs the global permission Administer Jira, or make it by hand";
            return Found::Wrong(format!("{}; {remedy}", fault_in_words(&fault)));
        }
    };
    let shown = ask(speaker, site.dialect, &Operation::ShowField { field_id: id.clone() }).await;
    Found::Made(id, shown.err().as_ref().map(fault_in_words))
}
