//! `sealpost site`: what a site's tracker needs beside the account: fields for people who have none.

use super::Failure;
use crate::settings;
use crate::wire::{self, Found};
use std::path::Path;
use tracker::NewField;

/// What is to be done at a site.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Look for the fields that profiles want people without an account in (`sender_address_field` and its like).
    Fields {
        /// The name of the site.
        name: String,
        /// Make those that are missing.
        #[arg(long)]
        create: bool,
    },
}

/// # Errors
/// When there is no such site, it does not answer, or a field is missing or cannot be made.
pub async fn run(config: &Path, what: &What) -> Result<(), Failure> {
    let settings = settings::load(config)?;
    let What::Fields { name, create } = what;
    let Some(site) = settings.sites.iter().find(|site| site.name == *name) else {
        let known: Vec<&str> = settings.sites.iter().map(|site| site.name.as_str()).collect();
        return Err(Failure::new(format!("{name} is not the name of a site; there are {}", known.join(", "))));
    };
    let found = match create {
        true => wire::make_fields(&settings, site).await?,
        false => wire::find_fields(&settings, site).await?,
    };
    super::print("What stands in these fields is in clear, and everybody who sees an issue sees it.\n")?;
    let mut wrong = 0;
    for (name, holds, found) in &found {
        let (line, is_there) = told(name, *holds, found);
        wrong += usize::from(!is_there);
        super::print(&line)?;
    }
    match (wrong, create) {
        (0, _) => Ok(()),
        (_, false) => Err(Failure::new(format!("{wrong} fields are not there; --create makes those that are missing"))),
        (_, true) => Err(Failure::new(format!("{wrong} fields could not be made"))),
    }
}

/// What is told of one field, and whether it can be used.
fn told(name: &str, holds: NewField, found: &Found) -> (String, bool) {
    let holds = match holds {
        NewField::Line => "one line",
        NewField::Text => "several lines",
    };
    match found {
        Found::There(id) => (format!("there       {name}: {id}\n"), true),
        Found::Missing => (format!("MISSING     {name}: a field of {holds}\n"), false),
        Found::Made(id, None) => (format!("made        {name}: {id}, on the default screen\n"), true),
        Found::Made(id, Some(why)) => {
            let remedy = "put it on the screens of the projects by hand";
            (format!("made        {name}: {id}, and not on the default screen: {why}; {remedy}\n"), true)
        }
        Found::Wrong(why) => (format!("WRONG       {name}: {why}\n"), false),
    }
}
