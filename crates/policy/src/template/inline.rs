//! Writes the rules of a style sheet into the elements, for programs that read no style sheets.

use css_inline::{CSSInliner, InlineOptions};
use std::borrow::Cow;

/// The page with `css` written into its elements; style sheets of its own stay as they are. Nothing is loaded, whatever the page names.
///
/// # Errors
/// What is wrong with the style sheet, in words.
pub(super) fn inlined(html: &str, css: &'static str) -> Result<String, String> {
    let options = InlineOptions {
        inline_style_tags: false,
        keep_style_tags: true,
        keep_link_tags: false,
        load_remote_stylesheets: false,
        extra_css: Some(Cow::Borrowed(css)),
        ..InlineOptions::default()
    };
    CSSInliner::new(options).inline(html).map_err(|error| error.to_string())
}
