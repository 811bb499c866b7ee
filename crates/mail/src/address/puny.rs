//! Punycode (RFC 3492): the ASCII form of an international domain is brought to the form that people write.

/// A domain with every `xn--` label in Unicode, so that both spellings are equal; the domain is in lower case.
///
/// A label that is no proper ASCII form of a name stays as it is: it must not become equal to another domain.
pub(crate) fn to_unicode(domain: &str) -> String {
    let labels = domain.split('.').map(|label| {
        let decoded = label.strip_prefix("xn--").and_then(decode);
        decoded
            .filter(|d| !d.is_ascii() && *d == d.to_lowercase() && !d.contains(['.', '@']))
            .unwrap_or_else(|| label.to_owned())
    });
    labels.collect::<Vec<_>>().join(".")
}

/// A label may have 63 bytes (RFC 1035, section 2.3.4).
const LABEL_BYTES_MAX: usize = 63;

/// The decoding procedure of section 6.2, within the bounds of a label.
fn decode(label: &str) -> Option<String> {
    if label.len() > LABEL_BYTES_MAX || !label.is_ascii() {
        return None;
    }
    let (basic, extended) = label.rsplit_once('-').unwrap_or(("", label));
    let mut output: Vec<char> = basic.chars().collect();
    let (mut n, mut i, mut bias) = (128u32, 0u32, 72u32);
    let mut digits = extended.bytes();
    while digits.len() > 0 {
        let before = i;
        let (mut weight, mut k) = (1u32, 36u32);
        loop {
            let digit = match digits.next()? {
                b @ b'a'..=b'z' => u32::from(b - b'a'),
                b @ b'0'..=b'9' => u32::from(b - b'0') + 26,
                _ => return None,
            };
            i = i.checked_add(digit.checked_mul(weight)?)?;
            let threshold = k.saturating_sub(bias).clamp(1, 26);
            if digit < threshold {
                break;
            }
            weight = weight.checked_mul(36 - threshold)?;
            k += 36;
        }
        let length = u32::try_from(output.len()).ok()? + 1;
        bias = adapt(i - before, length, before == 0);
        n = n.checked_add(i / length)?;
        i %= length;
        output.insert(usize::try_from(i).ok()?, char::from_u32(n)?);
        i += 1;
    }
    Some(output.into_iter().collect())
}

/// Section 6.1.
fn adapt(delta: u32, length: u32, is_first: bool) -> u32 {
    let mut delta = if is_first { delta / 700 } else { delta / 2 };
    delta += delta / length;
    let mut k = 0;
    while delta > 455 {
        delta /= 35;
        k += 36;
    }
    k + 36 * delta / (delta + 38)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels() {
        for (ascii, unicode) in [
            ("xn--bcher-kva.example", "bücher.example"),
            ("mail.xn--mnchen-3ya.de", "mail.münchen.de"),
            ("xn--wgv71a119e.jp", "日本語.jp"),
            ("xn--e1afmkfd.xn--p1ai", "пример.рф"),
            ("example.org", "example.org"),
            // Not proper: nothing beyond ASCII, damaged, empty.
            ("xn--abc-.example", "xn--abc-.example"),
            ("xn--99999999.example", "xn--99999999.example"),
            ("xn--", "xn--"),
        ] {
            assert_eq!(to_unicode(ascii), unicode, "{ascii}");
        }
    }
}
