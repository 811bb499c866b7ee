//! Flowed text: soft line breaks joined again (RFC 3676).

/// Joins the soft line breaks of `format=flowed` text; `del_sp` removes the space that marks them.
///
/// Quote depth is kept and written as `> ` per level; a signature mark is never joined.
pub(crate) fn unflow(text: &str, del_sp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open_depth = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|&b| b == b'>').count();
        let stuffed = &line[depth..];
        let content = stuffed.strip_prefix(' ').unwrap_or(stuffed);
        let is_signature_mark = content == "-- ";
        if open_depth == Some(depth) && !is_signature_mark {
            out.push_str(content);
        } else {
            if open_depth.is_some() {
                end_line(&mut out);
            }
            for _ in 0..depth {
                out.push_str("> ");
            }
            out.push_str(content);
        }
        if content.ends_with(' ') && !is_signature_mark {
            if del_sp {
                out.pop();
            }
            open_depth = Some(depth);
        } else {
            out.push('\n');
            open_depth = None;
        }
    }
    out
}

fn end_line(out: &mut String) {
    out.truncate(out.trim_end_matches(' ').len());
    out.push('\n');
}
