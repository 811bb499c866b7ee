//! Letters about events: what is written, what stays literal, what templates may not do, and what a reply to them says.
#![allow(clippy::unwrap_used)]

#[path = "templates/bounds.rs"]
mod bounds;
#[path = "templates/literal.rs"]
mod literal;
#[path = "templates/round_trip.rs"]
mod round_trip;
#[path = "templates/written.rs"]
mod written;

use policy::template::{Order, Rendered, Template, Theme, View, render};

/// The letter of a theme and nothing else.
fn letter(theme: Theme, view: View) -> Rendered {
    render(Order { theme, template: None, view, ..Order::default() }).unwrap()
}

/// The letter of a template in the plain theme.
fn templated(template: Template, view: View) -> Rendered {
    render(Order { theme: Theme::Plain, template: Some(template), view, ..Order::default() }).unwrap()
}

fn html(source: &str) -> Template {
    Template { html: Some(source.to_owned()), ..Template::default() }
}

fn text(source: &str) -> Template {
    Template { text: Some(source.to_owned()), ..Template::default() }
}
