//! Charsets: bytes to text, with repair where the label is missing or wrong (SEC-23).

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, REPLACEMENT, UTF_8, WINDOWS_1252};

/// Text and what had to be mended to get it.
pub(crate) struct Decoded {
    pub text: String,
    pub fault: Option<&'static str>,
}

/// Bytes that are looked at to recognise a charset; more does not make the guess better.
const SAMPLE_BYTES: usize = 64 * 1024;

/// Decodes by a byte order mark, else by the label, else by what the bytes look like; NUL becomes U+FFFD.
///
/// UTF-7 is never decoded: it hides markup from every later check. A one-byte charset is overruled when the bytes are
/// valid UTF-8 with at least one multi-byte character, which real text in such charsets practically never is.
pub(crate) fn decode(bytes: &[u8], label: Option<&str>) -> Decoded {
    if let Some((encoding, bom_bytes)) = Encoding::for_bom(bytes) {
        return finish(encoding.decode_without_bom_handling(&bytes[bom_bytes..]).0.into_owned(), None);
    }
    let declared = label.map(|l| l.trim().trim_matches('"')).filter(|l| !l.is_empty());
    let known = declared.and_then(|l| Encoding::for_label_no_replacement(l.as_bytes())).filter(|e| *e != REPLACEMENT);
    let as_utf8 = std::str::from_utf8(bytes).ok();
    match known {
        // `us-ascii` and `iso-8859-1` are both read as windows-1252, as browsers do (WHATWG Encoding, section 4.2).
        Some(encoding) if encoding == WINDOWS_1252 || encoding == UTF_8 || encoding.is_single_byte() => match as_utf8 {
            Some(text) if encoding == UTF_8 || text.is_ascii() => finish(text.to_owned(), None),
            Some(text) => finish(text.to_owned(), Some("the charset is declared wrongly: the text is UTF-8")),
            None if encoding == UTF_8 || is_ascii_label(declared) => {
                finish(guess(bytes), Some("the text is not in the charset it declares"))
            }
            None => finish(encoding.decode_without_bom_handling(bytes).0.into_owned(), None),
        },
        Some(encoding) => {
            let (text, had_errors) = encoding.decode_without_bom_handling(bytes);
            match as_utf8 {
                Some(utf8) if had_errors => {
                    finish(utf8.to_owned(), Some("the charset is declared wrongly: the text is UTF-8"))
                }
                _ => finish(text.into_owned(), had_errors.then_some("the text is not in the charset it declares")),
            }
        }
        None => {
            let fault = match (declared, as_utf8) {
                (Some(_), _) => Some("the charset is not known"),
                (None, None) => Some("no charset is declared for 8-bit text"),
                (None, Some(_)) => None,
            };
            finish(as_utf8.map_or_else(|| guess(bytes), str::to_owned), fault)
        }
    }
}

fn is_ascii_label(label: Option<&str>) -> bool {
    label.is_some_and(|l| l.to_ascii_lowercase().contains("ascii"))
}

fn guess(bytes: &[u8]) -> String {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(&bytes[..bytes.len().min(SAMPLE_BYTES)], true);
    // Invalid UTF-8 that is nearly UTF-8 was cut or damaged; reading it as something else would spoil all of it.
    let lossy = String::from_utf8_lossy(bytes);
    let broken = lossy.matches('\u{fffd}').count();
    let intact = lossy.chars().filter(|c| !c.is_ascii() && *c != '\u{fffd}').count();
    if intact > broken * 4 {
        return lossy.into_owned();
    }
    detector.guess(None, Utf8Detection::Deny).decode_without_bom_handling(bytes).0.into_owned()
}

fn finish(text: String, fault: Option<&'static str>) -> Decoded {
    if text.contains('\0') {
        return Decoded {
            text: text.replace('\0', "\u{fffd}"),
            fault: fault.or(Some("the text holds NUL characters")),
        };
    }
    Decoded { text, fault }
}

/// The charset that an HTML page names in its first kilobyte, for parts that declare none.
pub(crate) fn named_in_html(bytes: &[u8]) -> Option<String> {
    const HEAD_BYTES: usize = 1024;
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD_BYTES)]).to_ascii_lowercase();
    let at = head.find("charset=")? + "charset=".len();
    let label: String = head[at..]
        .trim_start_matches(['"', '\''])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_:".contains(*c))
        .collect();
    (!label.is_empty()).then_some(label)
}
