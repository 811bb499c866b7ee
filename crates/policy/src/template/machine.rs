//! The bounded machine that templates run in: nothing of the world, few filters, little fuel, a short leash on what they write.

use super::bounds::NAME_CHARS_MAX;
use super::filters;
use super::html::shows_something;
use super::scene::Scene;
use super::theme::{Source, Theme};
use super::written;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::LazyLock;

/// Steps of one part.
pub const FUEL: u64 = 500_000;
/// Calls, loops and captures inside one another.
pub const DEPTH_MAX: usize = 50;
/// Bytes that each part writes at most.
pub const SUBJECT_BYTES_MAX: usize = 32 * 1024;
pub const TEXT_BYTES_MAX: usize = 512 * 1024;
pub const HTML_BYTES_MAX: usize = 2 * 1024 * 1024;

// The theme's own subject says a prefix, a key and a summary of any characters; it never fails, whatever they are.
const _: () = assert!(3 * NAME_CHARS_MAX * char::MAX.len_utf8() + 8 < SUBJECT_BYTES_MAX);

/// What stands before a template of HTML, and of text: the theme's blocks, under the name `blocks`.
const BLOCKS_HTML: &str = "{%- import 'blocks.html' as blocks -%}";
const BLOCKS_TEXT: &str = "{%- import 'blocks.txt' as blocks -%}";

/// A part of a letter, which a template makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Subject,
    Text,
    Html,
}

impl Part {
    /// The word that stands in files and messages.
    pub fn word(self) -> &'static str {
        match self {
            Part::Subject => "subject",
            Part::Text => "text",
            Part::Html => "html",
        }
    }

    fn bytes_max(self) -> usize {
        match self {
            Part::Subject => SUBJECT_BYTES_MAX,
            Part::Text => TEXT_BYTES_MAX,
            Part::Html => HTML_BYTES_MAX,
        }
    }

    /// The theme's own template of this part.
    fn own(self) -> &'static str {
        match self {
            Part::Subject => "subject.txt",
            Part::Text => "content.txt",
            Part::Html => "content.html",
        }
    }

    /// The name of a tenant's template: its ending decides on escaping.
    fn written(self) -> &'static str {
        match self {
            Part::Subject => "subject of the template",
            Part::Text => "text of the template",
            Part::Html => "html of the template.html",
        }
    }
}

/// Why a template made no letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It ran to its end and wrote nothing that anybody sees.
    Nothing { part: Part },
    /// It is wrong; `what` says how, in words for whoever wrote it. Holds nothing of the mail. The line is that of its file, from 1, or of
    /// the part itself where it stands in none.
    Failed { part: Part, line: Option<usize>, what: String },
    /// It took more steps, wrote more or went deeper than a template may.
    TooMuch { part: Part, line: Option<usize>, what: String },
    /// It took more memory or time than a template may, and its cell died of it.
    Died,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = |line: &Option<usize>| line.map_or_else(String::new, |line| format!("line {line}: "));
        match self {
            Trouble::Nothing { part } => write!(f, "the {} of the template is empty", part.word()),
            Trouble::Failed { part, line, what } => {
                write!(f, "the {} of the template is wrong: {}{what}", part.word(), place(line))
            }
            Trouble::TooMuch { part, line, what } => {
                write!(f, "the {} of the template does too much: {}{what}", part.word(), place(line))
            }
            Trouble::Died => write!(f, "the template took more memory or time than it may"),
        }
    }
}

/// A theme that is about to make one letter.
pub(super) struct Machine {
    environment: Environment<'static>,
}

impl Machine {
    pub fn new(theme: Theme, scene: &Scene<'_>) -> Machine {
        let mut environment = THEMES[theme as usize].clone();
        let scene = Value::from(Serde(scene));
        for name in scene.try_iter().into_iter().flatten() {
            if let (Some(name), Ok(value)) = (name.as_str(), scene.get_item(&name)) {
                environment.add_global(name.to_owned(), value);
            }
        }
        Machine { environment }
    }

    /// What a tenant's template of a part writes.
    pub fn written(&self, part: Part, source: &str) -> Result<String, Trouble> {
        written::checked(part, source)?;
        let prelude = match part {
            Part::Html => BLOCKS_HTML,
            Part::Text => BLOCKS_TEXT,
            Part::Subject => "",
        };
        let mut environment = self.environment.clone();
        // On the first line, so that the lines of the template keep their numbers.
        let added = environment.add_template_owned(part.written(), format!("{prelude}{source}"));
        added.map_err(|error| trouble(part, &error))?;
        run(&environment, part, part.written(), Value::UNDEFINED)
    }

    /// What the theme's own template of a part writes.
    pub fn own(&self, part: Part) -> Result<String, Trouble> {
        run(&self.environment, part, part.own(), Value::UNDEFINED)
    }

    /// What a template of the theme makes of values that are the frame's alone.
    pub fn framed(&self, part: Part, name: &str, values: Value) -> Result<String, Trouble> {
        run(&self.environment, part, name, values)
    }
}

/// The environments of all themes, compiled once; each letter gets a copy with its values.
static THEMES: LazyLock<[Environment<'static>; 3]> =
    LazyLock::new(|| Theme::ALL.map(|theme| environment(theme.sources())));

fn environment(sources: impl Iterator<Item = Source>) -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_auto_escape_callback(|name| match name.ends_with(".html") {
        true => AutoEscape::Html,
        false => AutoEscape::None,
    });
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    // A value that is not there is written as nothing.
    environment.set_formatter(|out, state, value| match value.is_none() {
        true => Ok(()),
        false => minijinja::escape_formatter(out, state, value),
    });
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(DEPTH_MAX);
    filters::add(&mut environment);
    for Source { name, text } in sources {
        // The sources are part of the program, and a test compiles them all; one that did not would be missing when it is asked for.
        let _ = environment.add_template(name, text);
    }
    environment
}

fn run(environment: &Environment<'_>, part: Part, name: &str, values: Value) -> Result<String, Trouble> {
    let template = environment.get_template(name).map_err(|error| trouble(part, &error))?;
    let mut out = Leash { bytes: Vec::new(), bytes_max: part.bytes_max(), is_spent: false };
    let ran = template.render_captured_to(values, &mut out).map(drop);
    if out.is_spent {
        let what = format!("it writes more than {} bytes", part.bytes_max());
        return Err(Trouble::TooMuch { part, line: None, what });
    }
    ran.map_err(|error| trouble(part, &error))?;
    let written = String::from_utf8(out.bytes);
    let written =
        written.map_err(|_| Trouble::Failed { part, line: None, what: "it writes what is no text".to_owned() })?;
    let is_something = match part {
        Part::Html => shows_something(&written),
        Part::Subject | Part::Text => !written.trim().is_empty(),
    };
    if is_something { Ok(written) } else { Err(Trouble::Nothing { part }) }
}

/// A writer that stops when it has written enough.
struct Leash {
    bytes: Vec<u8>,
    bytes_max: usize,
    is_spent: bool,
}

impl io::Write for Leash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.bytes_max {
            self.is_spent = true;
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An error in words. Its own detail may name values, so it is told only where it speaks of the source.
fn trouble(part: Part, error: &Error) -> Trouble {
    let line = error.line();
    let kind = error.kind();
    let detail = match kind {
        ErrorKind::SyntaxError | ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction => {
            error.detail().map_or_else(String::new, |detail| format!(" ({detail})"))
        }
        _ => String::new(),
    };
    match kind {
        ErrorKind::OutOfFuel => Trouble::TooMuch { part, line, what: format!("it takes more than {FUEL} steps") },
        _ => Trouble::Failed { part, line, what: format!("{kind}{detail}") },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::event::EventKind;
    use crate::template::samples;

    /// What the manual says of blocks is so in the text and the HTML of every theme.
    #[test]
    fn every_block_can_be_called_in_every_theme() {
        let call = |(block, _): &(&str, &str)| {
            let (name, value) = block.trim_end_matches(')').split_once('(').unwrap();
            let value = match value {
                "list" => format!("happenings[0].{}", name.trim_start_matches("blocks.")),
                "happening" => "happenings[0]".to_owned(),
                "" => String::new(),
                one => format!("happenings[0].{one}"),
            };
            format!("{{{{ {name}({value}) }}}}")
        };
        let calls: String = super::super::BLOCKS.iter().map(call).collect();
        for theme in Theme::ALL {
            let mut view = samples::view(EventKind::Worked, "en");
            let other = |kind| samples::view(kind, "en").happenings[0].clone();
            view.happenings[0].comment = other(EventKind::Commented).comment;
            view.happenings[0].files = other(EventKind::Commented).files;
            view.happenings[0].changes = other(EventKind::Updated).changes;
            view.left_out = 7;
            let scene = Scene::of(&view);
            let machine = Machine::new(theme, &scene);
            for part in [Part::Text, Part::Html] {
                let written = machine.written(part, &calls).unwrap();
                assert!(written.contains("7 more") && written.contains("1h 30m"), "{} {written}", theme.word());
            }
        }
    }

    #[test]
    fn the_sources_of_every_theme_compile() {
        for theme in Theme::ALL {
            let mut names = 0;
            for Source { name, text } in theme.sources() {
                let mut environment = environment(std::iter::empty());
                assert!(environment.add_template(name, text).is_ok(), "{} {name}", theme.word());
                names += 1;
            }
            assert_eq!((names, THEMES[theme as usize].templates().count()), (12, 12), "{}", theme.word());
            assert_eq!(Theme::ALL[theme as usize], theme);
        }
    }
}
