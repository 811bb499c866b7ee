//! Armour lines of OpenPGP in a text (RFC 9580, sections 6.2 and 7): which blocks it holds, and the text of a signed one.

const SIGNED: &str = "BEGIN PGP SIGNED MESSAGE";
const SIGNATURE: &str = "BEGIN PGP SIGNATURE";
const SIGNATURE_END: &str = "END PGP SIGNATURE";

/// What armour lines a text has.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Blocks {
    pub message: bool,
    pub signed: bool,
    pub public_key: bool,
}

/// The label of an armour line: `-----BEGIN PGP MESSAGE-----`; a backslash that Markdown needs may stand before it.
fn label(line: &str) -> Option<&str> {
    let line = line.trim_end().trim_start_matches('\\');
    line.strip_prefix("-----")?.strip_suffix("-----").filter(|label| label.contains(" PGP "))
}

/// Whether bytes begin with an armoured block of this label.
pub(crate) fn begins(content: &[u8], wanted: &str) -> bool {
    const LEAD_BYTES: usize = 256;
    let lead = String::from_utf8_lossy(&content[..content.len().min(LEAD_BYTES)]).into_owned();
    lead.trim_start_matches('\u{feff}').lines().find(|l| !l.trim().is_empty()).and_then(label) == Some(wanted)
}

/// Whether bytes are one armoured signature without a word around or in it.
pub(super) fn is_one_signature(content: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(content) else { return false };
    let mut lines = text.trim_start_matches('\u{feff}').trim().lines();
    if lines.next().and_then(label) != Some(SIGNATURE) || lines.next_back().and_then(label) != Some(SIGNATURE_END) {
        return false;
    }
    lines.all(is_of_signature)
}

pub(super) fn blocks(text: &str) -> Blocks {
    let mut found = Blocks::default();
    for label in text.lines().filter_map(label) {
        match label {
            SIGNED => found.signed = true,
            "BEGIN PGP PUBLIC KEY BLOCK" => found.public_key = true,
            // Long messages were once cut into parts.
            label if label.starts_with("BEGIN PGP MESSAGE") => found.message = true,
            _ => {}
        }
    }
    found
}

/// A text without the lines of its cleartext signatures.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unwrapped {
    pub text: String,
    /// Words stand before or behind what was signed: they are nobody's word.
    pub has_more: bool,
}

/// The text with signed blocks put in the place of their armour, dashes unescaped; `None` when a block is malformed, and
/// then nothing of the text may be taken away. Linear.
pub(super) fn unwrap(text: &str) -> Option<Unwrapped> {
    let mut out = Unwrapped { text: String::with_capacity(text.len()), has_more: false };
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if label(line) != Some(SIGNED) {
            out.has_more |= !line.trim().is_empty();
            push(&mut out.text, line);
            continue;
        }
        // Only Hash may stand in its head (RFC 9580, section 7.1): other lines would be shown as signed, and are not.
        loop {
            match lines.next()?.trim() {
                "" => break,
                head if head.strip_prefix("Hash:").is_some_and(names_hashes) => {}
                _ => return None,
            }
        }
        loop {
            let line = lines.next()?;
            match label(line) {
                Some(SIGNATURE) => break,
                Some(_) => return None,
                None => push(&mut out.text, line.strip_prefix("- ").unwrap_or(line)),
            }
        }
        loop {
            let line = lines.next()?;
            match label(line) {
                Some(SIGNATURE_END) => break,
                None if is_of_signature(line) => {}
                // Words of a person between the two would be gone with the armour.
                _ => return None,
            }
        }
    }
    out.text.truncate(out.text.trim_end().len());
    Some(out)
}

/// Names of digests, separated by commas (RFC 9580, section 6.2.2.1).
fn names_hashes(value: &str) -> bool {
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    value.split(',').all(|name| is_name(name.trim()))
}

/// A line between the labels of a signature: a header of the armour, an empty line, data or its checksum.
fn is_of_signature(line: &str) -> bool {
    const HEADERS: [&str; 5] = ["Version:", "Comment:", "Hash:", "MessageID:", "Charset:"];
    let line = line.trim();
    HEADERS.iter().any(|header| line.starts_with(header))
        || line.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
}

fn push(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const BLOCK: &str = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nPay.\n- -----\n- - dash\n\
        -----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----\n";

    #[test]
    fn the_signed_text_alone() {
        let found = unwrap(BLOCK).unwrap();
        assert_eq!(found, Unwrapped { text: "Pay.\n-----\n- dash".to_owned(), has_more: false });
    }

    #[test]
    fn what_stands_around_it_is_told() {
        let found = unwrap(&format!("Not signed.\n{BLOCK}\nNor this.")).unwrap();
        assert_eq!(found.text, "Not signed.\nPay.\n-----\n- dash\n\nNor this.");
        assert!(found.has_more);
    }

    #[test]
    fn malformed_blocks_stay_whole() {
        for text in [
            "-----BEGIN PGP SIGNED MESSAGE-----",
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nPay.",
            "-----BEGIN PGP SIGNED MESSAGE-----\nComment: unsigned\n\nPay.\n-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----",
            "-----BEGIN PGP SIGNED MESSAGE-----\n\nPay.\n-----BEGIN PGP SIGNATURE-----\nabc",
            "-----BEGIN PGP SIGNED MESSAGE-----\n\n-----BEGIN PGP SIGNED MESSAGE-----\n\n",
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512 pay nothing\n\nPay.\n-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----",
            "-----BEGIN PGP SIGNED MESSAGE-----\n\nPay.\n-----BEGIN PGP SIGNATURE-----\n\nabc\nA person says this.\n-----END PGP SIGNATURE-----",
            "-----BEGIN PGP SIGNED MESSAGE-----\n\nPay.\n-----BEGIN PGP SIGNATURE-----\nabc\n-----BEGIN PGP SIGNED MESSAGE-----\n\nMore.\n-----BEGIN PGP SIGNATURE-----\n-----END PGP SIGNATURE-----",
        ] {
            assert_eq!(unwrap(text), None, "{text}");
        }
    }

    #[test]
    fn a_signature_with_words_is_more_than_one() {
        let armour = "-----BEGIN PGP SIGNATURE-----\nVersion: GnuPG v2\n\nabc+/\n=dEf1\n-----END PGP SIGNATURE-----";
        assert!(is_one_signature(armour.as_bytes()));
        assert!(is_one_signature(format!("\r\n{}\r\n", armour.replace('\n', "\r\n")).as_bytes()));
        for more in [
            format!("{armour}\nCall me."),
            format!("Call me.\n{armour}"),
            armour.replace("abc+/", "Call me back."),
            format!("{armour}\n{armour}"),
            "-----BEGIN PGP SIGNATURE-----".to_owned(),
            String::new(),
        ] {
            assert!(!is_one_signature(more.as_bytes()), "{more}");
        }
    }

    #[test]
    fn quoted_armour_is_no_block() {
        assert_eq!(blocks("> -----BEGIN PGP MESSAGE-----\nsays -----BEGIN PGP MESSAGE-----"), Blocks::default());
        assert!(blocks("x\n-----BEGIN PGP MESSAGE-----  \n").message);
        assert!(begins(b"\r\n-----BEGIN PGP SIGNATURE-----\r\n", "BEGIN PGP SIGNATURE"));
    }
}
