//! Letters about events: a view becomes subject, text and HTML, by a theme or by a tenant's template within it.
//!
//! Pure, and still to be run in a cell: what bounds a template's memory and time is the cell alone. Nothing that a mail says is
//! ever compiled: views are values, templates are written by tenants and themes.

mod bounds;
mod clock;
mod fields;
mod filters;
mod html;
mod inline;
mod letter;
mod machine;
mod place;
mod resource;
mod returned;
pub mod samples;
mod scene;
mod theme;
pub mod view;
mod words;
mod written;

pub use bounds::{
    CHANGES_MAX, EARLIER_MAX, FILES_MAX, HAPPENINGS_MAX, NAME_CHARS_MAX, NAMES_BYTES_MAX, SAID_BYTES_MAX, bounded,
};
pub use fields::FIELDS;
pub use filters::FILTERS;
pub use html::{REFUSED, SafeHtml, Shown};
pub use letter::{Form, MadeBy, Order, Rendered, Subject, render};
pub use machine::{DEPTH_MAX, FUEL, HTML_BYTES_MAX, Part, SUBJECT_BYTES_MAX, TEXT_BYTES_MAX, Trouble};
pub use place::Place;
pub use resource::{LOGO, RESOURCE_BYTES_MAX, RESOURCES_BYTES_MAX, RESOURCES_MAX, Resource};
pub use returned::{HowReturned, NotArrived};
pub use theme::{BLOCKS, Theme};
pub use view::{View, WEIGHTIEST_FIRST};
pub use words::{LANGUAGES, Words};
pub use written::{CHANNEL, SOURCE_BYTES_MAX, STATEMENTS, Template, Templates};
