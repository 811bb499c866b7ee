//! Charsets: bytes to text, with repair where the label is missing or wrong (SEC-23).

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, EUC_KR, Encoding, GBK, ISO_2022_JP, REPLACEMENT, SHIFT_JIS, UTF_8, WINDOWS_1252};

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
    let declared = label.map(|l| l.trim().trim_matches(['"', '\''])).filter(|l| !l.is_empty() && !says_nothing(l));
    let known = declared.and_then(for_label);
    let says_ascii = known.is_none_or(|e| e.is_single_byte() || e == UTF_8);
    if says_ascii && is_japanese(bytes) {
        let fault = "Japanese in ISO-2022-JP is not declared as such";
        return finish(ISO_2022_JP.decode_without_bom_handling(bytes).0.into_owned(), Some(fault));
    }
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
            let (mut text, mut had_errors) = encoding.decode_without_bom_handling(bytes);
            if had_errors && encoding == ISO_2022_JP && as_utf8.is_none() {
                // What calls itself ISO-2022-JP and has 8-bit bytes is Shift_JIS in practice.
                (text, had_errors) = (SHIFT_JIS.decode_without_bom_handling(bytes).0, true);
            }
            match as_utf8 {
                Some(utf8) if had_errors => {
                    finish(utf8.to_owned(), Some("the charset is declared wrongly: the text is UTF-8"))
                }
                _ => finish(text.into_owned(), had_errors.then_some("the text is not in the charset it declares")),
            }
        }
        None => {
            if let Some(text) = declared.and_then(|l| by_old_label(l, bytes)) {
                return finish(text, None);
            }
            let fault = match (declared, as_utf8) {
                (Some(_), _) => Some("the charset is not known"),
                (None, None) => Some("no charset is declared for 8-bit text"),
                (None, Some(_)) => None,
            };
            finish(as_utf8.map_or_else(|| guess(bytes), str::to_owned), fault)
        }
    }
}

/// Names that declare nothing (RFC 1428, section 3, and what programs write for want of a better one).
fn says_nothing(label: &str) -> bool {
    let nothing = ["unknown-8bit", "unknown", "8bit", "default", "default_charset", "none", "null", "binary"];
    nothing.iter().any(|n| label.eq_ignore_ascii_case(n))
}

/// Code pages of Windows under names that the WHATWG list lacks, and spellings that mail contains.
const ALIASES: &[(&str, &Encoding)] = &[
    ("cp932", SHIFT_JIS),
    ("ms932", SHIFT_JIS),
    ("windows-932", SHIFT_JIS),
    ("cp936", GBK),
    ("ms936", GBK),
    ("windows-936", GBK),
    ("gb-2312", GBK),
    ("cp949", EUC_KR),
    ("ms949", EUC_KR),
    ("uhc", EUC_KR),
    ("cp950", BIG5),
    ("ms950", BIG5),
    ("cp65001", UTF_8),
    ("utf8mb4", UTF_8),
    ("utf_8", UTF_8),
    ("latin-1", WINDOWS_1252),
    ("iso-latin-1", WINDOWS_1252),
    ("win1252", WINDOWS_1252),
    ("windows1252", WINDOWS_1252),
    ("cp-1252", WINDOWS_1252),
    ("ansi", WINDOWS_1252),
    ("iso-2022-jp-1", ISO_2022_JP),
    ("iso-2022-jp-2", ISO_2022_JP),
    ("cp50220", ISO_2022_JP),
    ("cp50221", ISO_2022_JP),
];

fn for_label(label: &str) -> Option<&'static Encoding> {
    let known = Encoding::for_label_no_replacement(label.as_bytes()).filter(|e| *e != REPLACEMENT);
    known.or_else(|| ALIASES.iter().find(|(alias, _)| label.eq_ignore_ascii_case(alias)).map(|(_, e)| *e))
}

/// Charsets of the time before Windows (code page 437, 850 and others) that the WHATWG list left out. UTF-7 is not
/// among them on purpose.
fn by_old_label(label: &str, bytes: &[u8]) -> Option<String> {
    if label.to_ascii_lowercase().contains("utf-7") || label.to_ascii_lowercase().contains("utf7") {
        return None;
    }
    // Code page 850 has the letters of 437 and 858 where they stand there.
    let like_850 = ["cp437", "ibm437", "437", "cp858", "ibm858", "cp00858"];
    let label = if like_850.iter().any(|l| label.eq_ignore_ascii_case(l)) { "cp850" } else { label };
    let decode = mail_parser::decoders::charsets::map::charset_decoder(label.as_bytes())?;
    Some(decode(bytes))
}

/// The escapes of ISO-2022-JP in text of 7 bits; nothing else begins with them (RFC 1468).
fn is_japanese(bytes: &[u8]) -> bool {
    let escapes: [&[u8]; 3] = [b"\x1b$B", b"\x1b$@", b"\x1b(I"];
    bytes.is_ascii() && bytes.contains(&0x1b) && bytes.windows(3).any(|w| escapes.contains(&w))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What the bytes look like, without any label: long enough to be told apart, as real mail is.
    #[test]
    fn guesses_are_right() {
        for (bytes, text) in [
            (WINDOWS_1252.encode("Grüße aus München, schöne Straße").0, "Grüße aus München, schöne Straße"),
            (
                SHIFT_JIS.encode("お世話になっております。添付をご確認ください。").0,
                "お世話になっております。添付をご確認ください。",
            ),
            (GBK.encode("您好，请查收附件，谢谢您的支持与合作。").0, "您好，请查收附件，谢谢您的支持与合作。"),
            (BIG5.encode("您好，請查收附件，謝謝您的支持與合作。").0, "您好，請查收附件，謝謝您的支持與合作。"),
            (EUC_KR.encode("안녕하세요, 첨부 파일을 확인해 주세요.").0, "안녕하세요, 첨부 파일을 확인해 주세요."),
            (encoding_rs::KOI8_R.encode("Здравствуйте, проверьте принтер").0, "Здравствуйте, проверьте принтер"),
            (encoding_rs::WINDOWS_1251.encode("Здравствуйте, проверьте принтер").0, "Здравствуйте, проверьте принтер"),
            (
                encoding_rs::WINDOWS_1253.encode("Καλημέρα, ο εκτυπωτής δεν λειτουργεί").0,
                "Καλημέρα, ο εκτυπωτής δεν λειτουργεί",
            ),
            (
                encoding_rs::EUC_JP.encode("お世話になっております。添付をご確認ください。").0,
                "お世話になっております。添付をご確認ください。",
            ),
        ] {
            let decoded = decode(&bytes, None);
            assert_eq!(decoded.text, text);
            assert_eq!(decoded.fault, Some("no charset is declared for 8-bit text"));
        }
    }

    #[test]
    fn labels_that_lie_and_labels_of_old() {
        for (bytes, label, text, mended) in [
            (b"J\xf6rg" as &[u8], "utf-8", "Jörg", true),
            (b"J\xc3\xb6rg", "iso-8859-1", "Jörg", true),
            (b"J\xc3\xb6rg", "us-ascii", "Jörg", true),
            (b"\x93a\x94 \x80", "iso-8859-1", "“a” €", false),
            (b"\xe9F", "gb2312", "镕", false),
            (b"\x81\x39\xee\x39", "gb2312", "㐀", false),
            (b"\x87\x40", "shift_jis", "①", false),
            (b"\x87\x40", "cp932", "①", false),
            (b"\x87\x40", "iso-2022-jp", "①", true),
            (b"\x1b$BF|\x1b(B", "us-ascii", "日", true),
            (b"\x1b(I123\x1b(B", "iso-2022-jp", "ｱｲｳ", false),
            (b"\x94", "cp850", "ö", false),
            (b"\x94", "ibm437", "ö", false),
            (b"\x9a", "x-mac-roman", "ö", false),
            (b"J\xc3\xb6rg", "unknown-8bit", "Jörg", false),
            (b"+ADw-", "utf-7", "+ADw-", true),
            (b"+ADw-", "unicode-1-1-utf-7", "+ADw-", true),
        ] {
            let decoded = decode(bytes, Some(label));
            assert_eq!(decoded.text, text, "{label}");
            assert_eq!(decoded.fault.is_some(), mended, "{label}: {:?}", decoded.fault);
        }
    }
}
