//! The letters about a captured event as a page shows them: decided and made as those of `sealpost letter preview` are, with their
//! pictures in them.

use super::adapters;
use crate::command::Failure;
use crate::command::letter::captured::Looking;
use console::hands::{Preview, PreviewLeftOut, PreviewLetter, Wanted};
use data_encoding::BASE64;
use policy::template::{LOGO, MadeBy, Rendered, Resource};

/// What whoever has the address would get now; nothing is sent.
///
/// # Errors
/// When there is no such event any more, and those of asking the tracker and of making a letter.
pub async fn preview(looking: &Looking<'_>, wanted: &Wanted<'_>) -> Result<Preview, Failure> {
    let (line, found) = looking.at(wanted.event, wanted.to).await?;
    let templates = looking.settings.site(&line.site).and_then(|site| site.templates.clone()).unwrap_or_default();
    let renderer = adapters::renderer(looking.settings)?;
    let is_wanted = |mapping: &str| wanted.mapping.is_none_or(|wanted| wanted == mapping);
    let mut letters = Vec::new();
    for letter in found.letters.into_iter().filter(|letter| is_wanted(&letter.mapping)) {
        let theme = letter.order.theme.word();
        let made = renderer.render(letter.order).await?;
        let (made_by, trouble) = made_by(&made, theme, letter.template.as_deref());
        letters.push(PreviewLetter {
            mapping: letter.mapping,
            reason: letter.reason,
            sealing: letter.sealing.map(|plan| plan.fate.in_words()),
            from: letter.from,
            subject: made.subject.as_str().to_owned(),
            html: with_pictures(made.html, &templates.resources),
            text: made.text,
            made_by,
            trouble,
        });
    }
    let left_out = found.left_out.into_iter().filter(|one| is_wanted(&one.mapping));
    Ok(Preview {
        letters,
        told: found.told,
        left_out: left_out.map(|one| PreviewLeftOut { mapping: one.mapping, whom: one.whom, why: one.why }).collect(),
        trace: found.trace,
    })
}

/// What its words come from, and what was wrong with the template that should have made them.
fn made_by(made: &Rendered, theme: &str, table: Option<&str>) -> (String, Option<String>) {
    let table = table.unwrap_or("default");
    match &made.made_by {
        MadeBy::Theme => (format!("the theme {theme}"), None),
        MadeBy::Template => (format!("the template [{table}], within the theme {theme}"), None),
        MadeBy::ThemeInstead(_) => (format!("the theme {theme}"), made.trouble()),
    }
}

/// The page in its frame can ask for nothing, so what it shows by content id stands in it.
fn with_pictures(html: String, pictures: &[Resource]) -> String {
    std::iter::once(&LOGO).chain(pictures).fold(html, |html, picture| {
        let name = format!("\"cid:{}\"", picture.content_id);
        if !html.contains(&name) {
            return html;
        }
        html.replacen(&name, &format!("\"data:{};base64,{}\"", picture.content_type, BASE64.encode(&picture.bytes)), 20)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_stand_in_the_page_that_shows_them() {
        let own = Resource { content_id: "sun.png@resources".into(), bytes: b"sun".as_slice().into(), ..LOGO };
        let html = format!(
            "<img src=\"cid:{}\"><img src=\"cid:sun.png@resources\"><p>cid:sun.png@resources</p>",
            LOGO.content_id
        );
        let shown = with_pictures(html, &[own]);
        assert!(shown.contains("<img src=\"data:image/png;base64,c3Vu\"><p>cid:sun.png@resources</p>"), "{shown}");
        assert_eq!(shown.matches("data:image/png;base64,").count(), 2, "{shown}");
    }
}
