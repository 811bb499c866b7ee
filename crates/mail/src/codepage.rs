//! Windows code pages as the charset labels that the rest of reading knows.

/// The label under which the charset of a Windows code page is decoded; `None` for UTF-7, which is never decoded
/// (SEC-23), and for those that no mail of today is written in.
pub(crate) fn label(codepage: u32) -> Option<&'static str> {
    Some(match codepage {
        866 => "ibm866",
        874 => "windows-874",
        932 | 10001 => "shift_jis",
        936 | 10008 | 20936 => "gbk",
        949 | 10003 | 20949 | 51949 => "euc-kr",
        950 | 10002 => "big5",
        1200 => "utf-16le",
        1201 => "utf-16be",
        1250 => "windows-1250",
        1251 => "windows-1251",
        1252 => "windows-1252",
        1253 => "windows-1253",
        1254 => "windows-1254",
        1255 => "windows-1255",
        1256 => "windows-1256",
        1257 => "windows-1257",
        1258 => "windows-1258",
        10000 => "macintosh",
        10007 => "x-mac-cyrillic",
        20127 => "us-ascii",
        20866 => "koi8-r",
        20932 | 51932 => "euc-jp",
        21866 => "koi8-u",
        28591 => "iso-8859-1",
        28592 => "iso-8859-2",
        28593 => "iso-8859-3",
        28594 => "iso-8859-4",
        28595 => "iso-8859-5",
        28596 => "iso-8859-6",
        28597 => "iso-8859-7",
        28598 => "iso-8859-8",
        28599 => "iso-8859-9",
        28603 => "iso-8859-13",
        28605 => "iso-8859-15",
        38598 => "iso-8859-8-i",
        50220..=50222 => "iso-2022-jp",
        54936 => "gb18030",
        65001 => "utf-8",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_is_a_charset_that_can_be_decoded() {
        let labels: Vec<&str> = (0..=70_000).filter_map(label).collect();
        assert!(labels.len() > 40);
        for label in labels {
            assert!(encoding_rs::Encoding::for_label_no_replacement(label.as_bytes()).is_some(), "{label}");
        }
        assert_eq!(label(65_000), None);
    }
}
