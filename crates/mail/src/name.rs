//! File names for trackers: data from strangers made harmless (SEC-16).

/// Bytes of a name that trackers and file systems take.
const NAME_BYTES_MAX: usize = 255;
/// Bytes of an ending that is kept when a name is cut.
const ENDING_BYTES_MAX: usize = 16;

/// Names that are devices on Windows, with any ending.
const RESERVED: &[&str] = &[
    "con", "prn", "aux", "nul", "com0", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "lpt0",
    "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "com¹", "com²", "com³", "lpt¹", "lpt²",
    "lpt³", "conin$", "conout$", "clock$",
];

/// A file name without separators, control, invisible or direction-changing characters, of at most 255 bytes.
///
/// Runs of white space become one space, so that none can push an ending out of sight; every ending stays, also of two.
/// `n` is the attachment's number in its mail, from 1; it names files that have no usable name. Two equal names of one
/// mail are told apart by the caller. A leading dot and reserved device names get an underscore in front.
///
/// ```
/// assert_eq!(mail::safe_name("../../etc/passwd", 1), "passwd");
/// assert_eq!(mail::safe_name("", 3), "attachment-3");
/// ```
pub fn safe_name(name: &str, n: usize) -> String {
    let last = name.rsplit(['/', '\\']).find(|piece| !piece.trim_matches([' ', '.']).is_empty()).unwrap_or("");
    let seen: String = last.chars().filter(|c| !is_unseen(*c)).map(|c| if is_odd(c) { '_' } else { c }).collect();
    let clean = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    let clean = clean.trim_end_matches(['.', ' ']);
    if clean.trim_matches(['.', '_', ' ']).is_empty() {
        return format!("attachment-{n}");
    }
    let stem = clean.split('.').next().unwrap_or("").trim().to_lowercase();
    let guarded = if clean.starts_with('.') || RESERVED.contains(&stem.as_str()) {
        format!("_{clean}")
    } else {
        clean.to_owned()
    };
    cut(&guarded)
}

/// Characters that turn the direction of writing (UAX #9, section 2), so that `exe.pdf` is shown where `fdp.exe` stands.
/// The mere marks of Arabic and Hebrew names turn nothing.
pub fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters with a meaning to file systems, and those that look like, or are normalised to, a separator or a dot.
fn is_odd(c: char) -> bool {
    r#":*?"<>|%"#.contains(c)
        || matches!(
            c,
            '\u{2024}'
                | '\u{2025}'
                | '\u{2044}'
                | '\u{2215}'
                | '\u{29f8}'
                | '\u{fe52}'
                | '\u{fe68}'
                | '\u{ff0e}'
                | '\u{ff0f}'
                | '\u{ff1a}'
                | '\u{ff3c}'
        )
}

/// Characters that are not seen: controls, direction marks and overrides, zero-width and blank characters, line
/// separators, the byte order mark, variation selectors and tags. A tab parts words all the same.
pub fn is_unseen(c: char) -> bool {
    c.is_control() && c != '\t'
        || matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}'
            | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}

fn cut(name: &str) -> String {
    if name.len() <= NAME_BYTES_MAX {
        return name.to_owned();
    }
    let ending = name.rfind('.').map(|at| &name[at..]).filter(|e| e.len() <= ENDING_BYTES_MAX).unwrap_or("");
    let mut room = NAME_BYTES_MAX - ending.len();
    while !name.is_char_boundary(room) {
        room -= 1;
    }
    format!("{}{ending}", name[..room].trim_end_matches(['.', ' ']))
}
