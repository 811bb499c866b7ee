//! Where the links of an RTF text lead, put behind the words that show them.

/// Shown text that is looked at for holding the address already.
const SHOWN_BYTES_MAX: usize = 4096;

/// Puts the address of a link in angle brackets behind its text, which begins at `from`, unless the text shows it.
pub(super) fn append(out: &mut String, from: usize, field_code: &str) {
    let Some(address) = target(field_code) else { return };
    let shown = out.get(from..).unwrap_or_default();
    let bare = address.strip_prefix("mailto:").unwrap_or(address).trim_end_matches('/');
    if shown.len() > SHOWN_BYTES_MAX || !shown.contains(bare) {
        out.push_str(" <");
        out.push_str(address);
        out.push('>');
    }
}

/// The address in `HYPERLINK "address"`; only those that a reader may follow.
fn target(field_code: &str) -> Option<&str> {
    let rest = field_code.trim_start().strip_prefix("HYPERLINK")?.trim_start();
    let address = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => rest.split_whitespace().next()?,
    };
    let is_one = ["http://", "https://", "mailto:"].iter().any(|scheme| address.starts_with(scheme));
    (is_one && !address.contains(|c: char| c.is_whitespace() || c.is_control() || "<>".contains(c))).then_some(address)
}
