//! `sealpost site fields`: fields for people who have no account, and what stands in them.

use crate::command::{Failure, print};
use crate::settings::{Settings, Site};
use crate::wire::{self, Found};
use store::Store;
use tracker::NewField;

/// # Errors
/// When the site does not answer, or a field is missing or cannot be made.
pub async fn run(settings: &Settings, store: &Store, site: &Site, create: bool) -> Result<(), Failure> {
    let found = match create {
        true => wire::make_fields(settings, store, site).await?,
        false => wire::find_fields(settings, store, site).await?,
    };
    print("What stands in these fields is in clear, and everybody who sees an issue sees it.\n")?;
    let mut wrong = 0;
    for (name, holds, found) in &found {
        let (line, is_there) = told(name, *holds, found);
        wrong += usize::from(!is_there);
        print(&line)?;
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
