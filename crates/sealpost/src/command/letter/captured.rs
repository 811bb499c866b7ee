//! `sealpost letter preview --event`: the letter about a captured event as one reader would get it now. Nothing is sent.

use super::super::{Failure, WHO, print_object, with_store};
use super::preview;
use crate::settings::templates;
use crate::wire;
use policy::template::{Order, Templates, Theme};
use serde_json::json;
use std::path::{Path, PathBuf};
use store::Look;

/// Which letter is looked at.
pub struct Wanted {
    /// The id of the event.
    pub event: String,
    /// Whose letter.
    pub to: String,
    /// Another theme than that of the mapping.
    pub theme: Option<Theme>,
    /// Templates instead of those of the site.
    pub template: Option<PathBuf>,
}

/// Writes the letter, or says why there is none for this address.
///
/// # Errors
/// When there is no such event, nobody at this address would be told of it, or a template had to give way.
pub async fn run(config: &Path, wanted: &Wanted, out: &Path) -> Result<(), Failure> {
    let given = wanted.template.as_deref().map(templates::read).transpose().map_err(Failure::new)?;
    with_store(config, async |settings, store| {
        let id = &wanted.event;
        let unknown =
            || Failure::new(format!("{id}: no event has this id; `sealpost event list --config FILE` shows them"));
        let line = store.event(id).await?.ok_or_else(unknown)?.line;
        // What the issue says is read for it, as it would be for a letter.
        store.note_look(&line.site, id, Look::Whole, None, WHO).await?;
        let preview = wire::preview(settings, store, &line, &wanted.to).await?;
        if preview.letters.is_empty() {
            print_object(&json!({
                "event": id, "to": wanted.to, "told": preview.told, "left_out": preview.left_out, "trace": preview.trace,
            }))?;
            return Err(Failure::told());
        }
        let of_site = settings.site(&line.site).and_then(|site| site.templates.clone());
        let templates = given.clone().or(of_site).unwrap_or_default();
        let orders = preview.letters.into_iter().map(|letter| order(letter.order, wanted, given.as_ref()));
        preview::write_all(orders.collect(), &templates, out).await
    })
    .await
}

fn order(order: Order, wanted: &Wanted, given: Option<&Templates>) -> Order {
    let theme = wanted.theme.unwrap_or(order.theme);
    match given {
        Some(given) => {
            Order { theme, template: given.of(order.view.kind()).cloned(), resources: given.offered(), ..order }
        }
        None => Order { theme, ..order },
    }
}
