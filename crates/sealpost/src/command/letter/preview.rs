//! `sealpost letter preview`: letters as files, made in cells as those are that go out.

use super::super::{Failure, files, print};
use crate::settings::templates;
use crate::wire;
use engine::cell::{Renderer, Sandbox};
use policy::event::EventKind;
use policy::sealing::RecipientPlan;
use policy::template::{Form, LANGUAGES, LOGO, MadeBy, Order, Rendered, Resource, Templates, Theme, View, samples};
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;

/// Cells for the letters; one after the other is quick enough.
const CELLS: usize = 1;

/// What is told of a letter.
#[derive(Serialize)]
struct Line<'a> {
    theme: &'a str,
    kind: &'a str,
    language: &'a str,
    subject: &'a str,
    /// `theme`, `template`, or `theme_instead` with the reason in `why`.
    made_by: &'a str,
    why: Option<String>,
    /// What the rules for sealing would make of it, where it is the letter of one reader and its site seals.
    #[serde(skip_serializing_if = "Option::is_none")]
    sealing: Option<&'a RecipientPlan>,
    files: [String; 3],
}

/// Writes a letter of each theme and view; fails in the end when a template had to give way.
pub async fn run(themes: &[Theme], template: Option<&Path>, view: Option<&Path>, out: &Path) -> Result<(), Failure> {
    let templates = template.map(templates::read).transpose().map_err(Failure::new)?.unwrap_or_default();
    let views = match view {
        Some(file) => vec![read_view(file)?],
        None => samples(),
    };
    let order = |theme: &Theme, view: &View| {
        let template = templates.of_view(view).cloned();
        Order { theme: *theme, template, view: view.clone(), resources: templates.offered(), form: Form::Letter }
    };
    let orders = themes.iter().flat_map(|theme| views.iter().map(move |view| (theme, view)));
    write_all(orders.map(|(theme, view)| (order(theme, view), None)).collect(), &templates, out).await
}

/// Makes each of these letters, of which some are told how they would be sealed, and writes it into the folder, with the pictures of these templates beside them; fails in the end when a
/// template had to give way.
pub async fn write_all(
    orders: Vec<(Order, Option<RecipientPlan>)>,
    templates: &Templates,
    out: &Path,
) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| Failure::new(format!("cannot write into {}: {error}", out.display()));
    std::fs::create_dir_all(out).map_err(cannot)?;
    for picture in std::iter::once(&LOGO).chain(&templates.resources) {
        std::fs::write(out.join(&*picture.name), &*picture.bytes).map_err(cannot)?;
    }
    let program = wire::own_program()?;
    let renderer = Renderer::new(CELLS, Sandbox::Reduced, program, vec!["cell".into()]);
    let (mut gave_way, mut names) = (false, HashMap::new());
    for (order, sealing) in orders {
        let (theme, kind, language) = (order.theme, order.view.word(), order.view.recipient.language.clone());
        let letter = renderer.render(order).await?;
        gave_way |= matches!(letter.made_by, MadeBy::ThemeInstead(_));
        let language = if language.is_empty() { "en" } else { &language };
        let name = format!("{}-{}-{}", theme.word(), kind, file_name(language));
        let number = *names.entry(name.clone()).and_modify(|number| *number += 1).or_insert(1);
        let name = if number == 1 { name } else { format!("{name}-{number}") };
        let files = write(out, &name, &letter, &templates.resources).map_err(cannot)?;
        print(&line((theme, kind, language), &letter, sealing.as_ref(), files)?)?;
    }
    if gave_way { Err(Failure::told()) } else { Ok(()) }
}

fn samples() -> Vec<View> {
    let each = |words: &policy::template::Words| {
        let of_events = EventKind::ALL.map(|kind| samples::view(kind, words.language));
        of_events.into_iter().chain([samples::summary(words.language)]).collect::<Vec<_>>()
    };
    LANGUAGES.iter().flat_map(each).collect()
}

fn read(file: &Path) -> Result<String, Failure> {
    let wrong = |why: String| Failure::new(format!("{}: {why}", file.display()));
    String::from_utf8(files::bytes(file).map_err(wrong)?).map_err(|_| wrong("is no text in UTF-8".into()))
}

fn read_view(file: &Path) -> Result<View, Failure> {
    serde_json::from_str(&read(file)?).map_err(|error| Failure::new(format!("{}: {error}", file.display())))
}

/// A tag of a language as part of a file's name, whatever somebody wrote for one.
fn file_name(language: &str) -> String {
    language.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(16).collect()
}

/// Writes the parts, and says where. A browser finds pictures beside the page, where a mail program finds them by their content ids.
fn write(out: &Path, name: &str, letter: &Rendered, pictures: &[Resource]) -> std::io::Result<[String; 3]> {
    let mut page = letter.html.clone();
    for picture in std::iter::once(&LOGO).chain(pictures) {
        page = page.replace(&format!("cid:{}", picture.content_id), &picture.name);
    }
    let subject = format!("{}\n", letter.subject.as_str());
    let mut paths = [const { String::new() }; 3];
    let parts = [("subject", subject.as_str()), ("txt", &letter.text), ("html", &page)];
    for (path, (ending, text)) in paths.iter_mut().zip(parts) {
        let file = out.join(format!("{name}.{ending}"));
        std::fs::write(&file, text)?;
        *path = file.display().to_string();
    }
    Ok(paths)
}

fn line(
    (theme, kind, language): (Theme, &str, &str),
    letter: &Rendered,
    sealing: Option<&RecipientPlan>,
    files: [String; 3],
) -> Result<String, Failure> {
    let made_by = match &letter.made_by {
        MadeBy::Theme => "theme",
        MadeBy::Template => "template",
        MadeBy::ThemeInstead(_) => "theme_instead",
    };
    let why = letter.trouble();
    let subject = letter.subject.as_str();
    let line = Line { theme: theme.word(), kind, language, subject, made_by, why, sealing, files };
    let text = serde_json::to_string(&line);
    text.map(|text| text + "\n").map_err(|error| Failure::new(format!("cannot be written as JSON: {error}")))
}
