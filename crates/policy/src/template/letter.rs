//! Makes a letter of a view; a template that fails or says nothing gives way to its theme, and the letter says so.

use super::bounds::{shown, within_room};
use super::html::{refused, shows_something, without_comments};
use super::inline;
use super::machine::{Machine, Part, Trouble};
use super::scene::Scene;
use super::theme::Theme;
use super::view::View;
use super::written::Template;
use crate::shortened::shortened;
use mail::letter_mark::{ATTRIBUTE, ID_PREFIX, LINE_PREFIX, MARK_CHARS};
use mail::{Document, is_direction_mark};
use minijinja::Value;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// Characters of a subject.
const SUBJECT_CHARS_MAX: usize = 250;

/// What becomes of the words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// A letter, with all that a letter has around its words.
    #[default]
    Letter,
    /// A message to a channel: subject and text, and nothing around them.
    Message,
}

/// What a letter is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub theme: Theme,
    /// The tenant's template for this kind of letter.
    pub template: Option<Template>,
    pub view: View,
    /// The content ids of what the template may show beside what the view offers.
    #[serde(default)]
    pub resources: Vec<String>,
    #[serde(default)]
    pub form: Form,
}

/// A letter, ready to be composed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendered {
    pub subject: Subject,
    /// Lines end with LF; no control characters but tabs.
    pub text: String,
    pub html: String,
    pub made_by: MadeBy,
    /// The content ids of what the view offers and the HTML shows, each once: these parts have to go along.
    pub content_ids: Vec<String>,
    /// The table of the template that was to make it; empty for none.
    pub table: String,
}

impl Rendered {
    /// What was wrong with its template, and which that is, in words for whoever wrote it.
    pub fn trouble(&self) -> Option<String> {
        match &self.made_by {
            MadeBy::ThemeInstead(trouble) if self.table.is_empty() => Some(trouble.to_string()),
            MadeBy::ThemeInstead(trouble) => Some(format!("[{}]: {trouble}", self.table)),
            MadeBy::Theme | MadeBy::Template => None,
        }
    }
}

/// What the words of a letter come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MadeBy {
    /// There was no template.
    Theme,
    Template,
    /// There was one, and this was wrong with it.
    ThemeInstead(Trouble),
}

/// A subject: one line that is not empty, without control characters and line separators (SEC-09). Only [`Subject::of`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Subject(String);

impl Subject {
    /// Whatever was written, on one line and not too long; `None` when nothing is left.
    pub fn of(written: &str) -> Option<Subject> {
        let steers =
            |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') || is_direction_mark(c);
        let printable: String = written.chars().map(|c| if steers(c) { ' ' } else { c }).collect();
        let line = printable.split_whitespace().collect::<Vec<_>>().join(" ");
        (!line.is_empty()).then(|| Subject(shortened(&line, SUBJECT_CHARS_MAX).into_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Subject, D::Error> {
        let written = String::deserialize(deserializer)?;
        Subject::of(&written).ok_or_else(|| serde::de::Error::custom("a subject that says nothing"))
    }
}

/// Makes the letter that is ordered.
///
/// # Errors
/// What is wrong with the theme itself; a view cannot make it so.
pub fn render(order: Order) -> Result<Rendered, Trouble> {
    let Order { theme, template, view, resources, form } = order;
    let mark = view.mark.clone().filter(|mark| is_mark(mark));
    let view = within_room(with_texts(shown(view)));
    let scene = Scene::of(&view);
    let machine = Machine::new(theme, &scene);
    let making = Making { theme, machine, scene: &scene, view: &view, resources: &resources, mark };
    let made = |template: &Template, made_by| match form {
        Form::Letter => making.letter(template, made_by),
        Form::Message => making.message(template, made_by),
    };
    let (made_by, table) = match template {
        None => (MadeBy::Theme, String::new()),
        Some(template) => match made(&template, MadeBy::Template) {
            Ok(letter) => return Ok(Rendered { table: template.place.table, ..letter }),
            Err(trouble) => (MadeBy::ThemeInstead(template.placed(trouble)), template.place.table),
        },
    };
    Ok(Rendered { table, ..made(&Template::default(), made_by)? })
}

fn is_mark(mark: &str) -> bool {
    mark.len() == MARK_CHARS && mark.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

struct Making<'v> {
    theme: Theme,
    machine: Machine,
    scene: &'v Scene<'v>,
    view: &'v View,
    resources: &'v [String],
    mark: Option<String>,
}

impl Making<'_> {
    fn message(&self, template: &Template, made_by: MadeBy) -> Result<Rendered, Trouble> {
        let text = match template.part(Part::Text) {
            Some(source) => self.machine.written(Part::Text, source)?,
            None => self.machine.framed(Part::Text, "message.txt", Value::UNDEFINED)?,
        };
        let (subject, text) = (self.subject(template)?, lines(&text));
        let (html, table) = (String::new(), String::new());
        Ok(Rendered { subject, text, html, made_by, content_ids: Vec::new(), table })
    }

    fn subject(&self, template: &Template) -> Result<Subject, Trouble> {
        let subject = self.part(template, Part::Subject)?;
        Subject::of(&subject).ok_or(Trouble::Nothing { part: Part::Subject })
    }

    fn letter(&self, template: &Template, made_by: MadeBy) -> Result<Rendered, Trouble> {
        let subject = self.subject(template)?;
        let text = self.text(&self.part(template, Part::Text)?)?;
        let html = self.part(template, Part::Html)?;
        let html = if template.html.is_some() { within(&html)? } else { html };
        let html = self.html(&html, subject.as_str())?;
        let content_ids = content_ids(&html, self.view, self.resources);
        Ok(Rendered { subject, text, html, made_by, content_ids, table: String::new() })
    }

    fn part(&self, template: &Template, part: Part) -> Result<String, Trouble> {
        match template.part(part) {
            Some(source) => self.machine.written(part, source),
            None => self.machine.own(part),
        }
    }

    fn text(&self, content: &str) -> Result<String, Trouble> {
        let mark_line = self.mark.as_ref().map(|mark| format!("{LINE_PREFIX}{mark}]"));
        let values = [("content", Value::from(content.trim())), ("mark_line", Value::from(mark_line))];
        Ok(lines(&self.machine.framed(Part::Text, "frame.txt", Value::from_pairs(values))?))
    }

    fn html(&self, content: &str, subject: &str) -> Result<String, Trouble> {
        let attributes = self.mark.as_ref().map(|mark| format!(" id=\"{ID_PREFIX}{mark}\" {ATTRIBUTE}=\"{mark}\""));
        let values = [
            ("content", Value::from_safe_string(content.trim().to_owned())),
            ("subject", Value::from(subject)),
            ("preheader", Value::from(self.scene.preheader())),
            ("dark", Value::from_safe_string(self.theme.dark().to_owned())),
            ("mark_attributes", Value::from_safe_string(attributes.unwrap_or_default())),
        ];
        let framed = self.machine.framed(Part::Html, "frame.html", Value::from_pairs(values))?;
        inline::inlined(&framed, self.theme.light()).map_err(|what| Trouble::Failed {
            part: Part::Html,
            line: None,
            what,
        })
    }
}

/// The view with the texts that its HTML says, where it wants that.
fn with_texts(mut view: View) -> View {
    if !view.texts_of_html {
        return view;
    }
    let of_happenings = view.happenings.iter_mut().flat_map(|happening| {
        let comment = happening.comment.as_mut().map(|comment| &mut comment.said);
        comment.into_iter().chain(happening.work.as_mut().and_then(|work| work.said.as_mut()))
    });
    let all = of_happenings.chain(view.earlier.iter_mut().map(|earlier| &mut earlier.said));
    for said in all.chain(view.issue.description.as_mut()) {
        said.text = Document::from_html(&said.html.shown()).text();
    }
    view
}

/// What a template wrote, so that it cannot reach beyond its place in the frame. It loses its comments: in them some programs
/// find HTML, which nobody closed.
fn within(html: &str) -> Result<String, Trouble> {
    let failed = |what| Trouble::Failed { part: Part::Html, line: None, what };
    if let Some(name) = refused(html) {
        return Err(failed(format!("<{name}> may not stand in a letter")));
    }
    let html = without_comments(&inline::closed(html).map_err(failed)?);
    if shows_something(&html) { Ok(html) } else { Err(Trouble::Nothing { part: Part::Html }) }
}

/// Lines that end with LF, without spaces at their ends, never three line ends in a row, no control characters but tabs.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines() {
        let line: String = line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.trim_matches('\n').to_owned() + "\n"
}

/// The content ids of the view's pictures and the template's that the HTML shows, in order, each once. What people wrote may name others; nothing
/// goes along because of that.
fn content_ids(html: &str, view: &View, resources: &[String]) -> Vec<String> {
    let logo = view.brand.logo.iter().map(|logo| logo.content_id.as_str());
    let files = view.happenings.iter().flat_map(|happening| &happening.files);
    let thumbnails = files.filter_map(|file| file.picture.as_deref());
    let of_words = view.pictures.iter().chain(resources).map(String::as_str);
    let offered: HashSet<&str> = logo.chain(thumbnails).chain(of_words).collect();
    let mut found = HashSet::new();
    let shown = html.split("src=\"cid:").skip(1).filter_map(|piece| piece.split('"').next());
    shown.filter(|id| offered.contains(id) && found.insert(*id)).map(str::to_owned).collect()
}
