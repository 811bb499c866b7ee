//! `sealpost letter preview --event`: the letter about a captured event as one reader would get it now. Nothing is sent.

use super::super::{Failure, WHO, print_object, with_store};
use super::preview;
use crate::settings::{Settings, templates};
use crate::wire::{self, Lasting};
use engine::cell::Cells;
use policy::template::{Order, Templates, Theme};
use serde_json::json;
use std::path::{Path, PathBuf};
use store::{EventLine, Look, Store};

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

/// Who looks, and by which gateway's settings.
pub struct Looking<'a> {
    pub settings: &'a Settings,
    pub store: &'a Store,
    pub cells: &'a Cells,
    pub lasting: &'a Lasting,
    /// As it stands in the audit trail.
    pub who: &'a str,
}

impl Looking<'_> {
    /// The event, and what would be told of it to whoever has this address; the look is noted before anything is asked.
    ///
    /// # Errors
    /// When there is no such event, and those of asking the tracker.
    pub async fn at(&self, event: &str, to: &str) -> Result<(EventLine, engine::Preview), Failure> {
        let unknown =
            || Failure::new(format!("{event}: no event has this id; `sealpost event list --config FILE` shows them"));
        let line = self.store.event(event).await?.ok_or_else(unknown)?.line;
        // What the issue says is read for it, as it would be for a letter.
        self.store.note_look(&line.site, event, Look::Whole, None, self.who).await?;
        let preview = wire::preview(self, &line, to).await?;
        Ok((line, preview))
    }
}

/// Writes the letter, or says why there is none for this address.
///
/// # Errors
/// When there is no such event, nobody at this address would be told of it, or a template had to give way.
pub async fn run(config: &Path, wanted: &Wanted, out: &Path) -> Result<(), Failure> {
    let given = wanted.template.as_deref().map(templates::read).transpose().map_err(Failure::new)?;
    with_store(config, async |settings, store| {
        let (cells, lasting) = (wire::cells(settings).await?, Lasting::new(engine::Tokens::new(Store::clone(store))));
        let looking = Looking { settings, store, cells: &cells, lasting: &lasting, who: WHO };
        let (line, preview) = looking.at(&wanted.event, &wanted.to).await?;
        if preview.letters.is_empty() {
            print_object(&json!({
                "event": line.id, "to": wanted.to, "told": preview.told, "left_out": preview.left_out,
                "trace": preview.trace,
            }))?;
            return Err(Failure::told());
        }
        let of_site = settings.site(&line.site).and_then(|site| site.templates.clone());
        let templates = given.clone().or(of_site).unwrap_or_default();
        let orders =
            preview.letters.into_iter().map(|letter| (order(letter.order, wanted, given.as_ref()), letter.sealing));
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
