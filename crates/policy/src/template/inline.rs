//! Writes the rules of a style sheet into the elements, for programs that read no style sheets.

use css_inline::{CSSInliner, InlineOptions};
use std::borrow::Cow;

/// The page with `css` written into its elements; style sheets of its own stay as they are. Nothing is loaded, whatever the page names.
///
/// # Errors
/// What is wrong with the style sheet, in words.
pub(super) fn inlined(html: &str, css: &'static str) -> Result<String, String> {
    let options = InlineOptions { extra_css: Some(Cow::Borrowed(css)), ..options() };
    CSSInliner::new(options).inline(html).map_err(|error| error.to_string())
}

/// A piece of a page with whatever it opens closed, and without what it closes and never opened: it stays within what it is put into.
///
/// # Errors
/// None that a piece of HTML can cause.
pub(super) fn closed(html: &str) -> Result<String, String> {
    CSSInliner::new(options()).inline_fragment(html, "").map_err(|error| error.to_string())
}

fn options() -> InlineOptions<'static> {
    InlineOptions {
        inline_style_tags: false,
        keep_style_tags: true,
        load_remote_stylesheets: false,
        ..InlineOptions::default()
    }
}
