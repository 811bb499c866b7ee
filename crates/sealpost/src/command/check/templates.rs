//! What a site's templates make of samples of every kind of letter, so that a broken one is known before the first letter.

use super::super::Failure;
use crate::settings::Site;
use crate::wire;
use engine::cell::{Renderer, Sandbox};
use policy::Mappings;
use policy::event::EventKind;
use policy::template::view::Logo;
use policy::template::{Form, LANGUAGES, Order, Templates, Theme, View, samples};

/// Cells for the letters; one after the other is quick enough.
const CELLS: usize = 1;
/// The most things that are wrong with the templates of one site and are told at once.
const TOLD_MAX: usize = 10;

/// What is said of a site's templates; nothing where it has none.
pub(super) async fn verdicts(site: &Site) -> Result<Vec<Result<String, String>>, Failure> {
    let Some(templates) = &site.templates else { return Ok(Vec::new()) };
    let mappings = Mappings::from_toml(site.mappings.as_deref().unwrap_or_default(), "mappings")?;
    let renderer = Renderer::new(CELLS, Sandbox::Reduced, wire::own_program()?, vec!["cell".into()]);
    let (mut made, mut wrong) = (0, Vec::<(String, String)>::new());
    for order in orders(templates, &mappings.themes()) {
        let of = format!(
            "in a letter `{}` by the theme {} in {}",
            order.view.word(),
            order.theme.word(),
            order.view.recipient.language
        );
        match renderer.render(order).await?.trouble() {
            None => made += 1,
            Some(trouble) if wrong.len() < TOLD_MAX && !wrong.iter().any(|(told, _)| *told == trouble) => {
                wrong.push((trouble, of));
            }
            Some(_) => {}
        }
    }
    if wrong.is_empty() {
        return Ok(vec![Ok(format!("they made {made} letters of samples"))]);
    }
    let said =
        |(trouble, of)| format!("{trouble} ({of}; lines are those of the file); the theme's own words would be sent");
    Ok(wrong.into_iter().map(|one| Err(said(one))).collect())
}

/// Each sample that one of the templates makes a letter or a message of, by each of these themes and in each language.
fn orders(templates: &Templates, themes: &[Theme]) -> Vec<Order> {
    let mut orders = Vec::new();
    for theme in themes {
        for words in LANGUAGES {
            let views = EventKind::ALL.map(|kind| samples::view(kind, words.language)).into_iter();
            let views: Vec<View> = views.chain([samples::summary(words.language)]).collect();
            let written = samples::view(EventKind::Written, words.language);
            let by_kind = views.iter().filter_map(|view| Some((templates.of_view(view)?, view, Form::Letter)));
            let by_name = templates.named.values().map(|template| (template, &written, Form::Letter));
            let of_events = views.iter().filter(|view| view.summary.is_none());
            let told = of_events.filter_map(|view| Some((templates.channel.as_ref()?, view, Form::Message)));
            for (template, view, form) in by_kind.chain(by_name).chain(told) {
                // Not everybody has a link to the issue, and not every issue has an assignee.
                for mut view in [view.clone(), samples::bare(view)] {
                    view.brand.logo = Logo::of(&templates.resources, &view.brand.name);
                    let (template, resources) = (Some(template.clone()), templates.offered());
                    orders.push(Order { theme: *theme, template, view, resources, form });
                }
            }
        }
    }
    orders
}
