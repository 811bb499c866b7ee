//! What opening a mail has shown, as a field of the mail that is handed on, in the manner of Authentication-Results (RFC 8601). Whoever
//! reads it may believe it, because what others wrote under its name is taken out before.

use crate::cell::Shown;
use mail::{Opened, Signed};

/// The name of the field.
pub(super) const NAME: &str = "X-Sealpost-Sealed";

/// Of a value that is told.
const VALUE_BYTES_MAX: usize = 254;
/// Names of changed fields that are told.
const CHANGED_MAX: usize = 8;

/// A mail that did not come sealed.
pub(super) const NONE: &str = "none";
/// One that stays closed. Nobody learns by it why: a sender who sees it would learn something of the key (SEC-14).
pub(super) const UNOPENED: &str = "unopened";

/// The value for a mail that was opened, or for one that did not come sealed.
pub(super) fn of(shown: &Shown) -> String {
    let Some(opened) = &shown.opened else { return NONE.to_owned() };
    if opened.unopened.is_some() {
        return UNOPENED.to_owned();
    }
    let best = opened.best();
    let scheme = opened.encrypted.or(best.map(|best| best.scheme));
    let mut words = vec![scheme.map_or("smime", mail::SealScheme::word).to_owned()];
    let mut say = |name: &str, value: &str| {
        if is_plain(value) {
            words.push(format!("{name}={value}"));
        }
    };
    say("encrypted", if opened.encrypted.is_some() { "yes" } else { "no" });
    say("cipher", &shown.cipher.to_ascii_lowercase().replace(' ', "-"));
    say("signed", opened.signed().word());
    if let Some(author) = shown.author.as_deref().filter(|_| opened.signed() == Signed::Trusted) {
        say("signer", author);
    }
    say("key", best.map(|best| best.fingerprint.as_str()).unwrap_or_default());
    say("content", if opened.is_text_only { "text" } else { "whole" });
    say("changed", &changed(opened));
    say("author-within", if opened.other_author { "other" } else { "" });
    words.join("; ")
}

fn changed(opened: &Opened) -> String {
    // What others wrote under our name counts as not there, outside as well as within.
    let is_told = |name: &&String| is_plain(name) && !name.contains(',') && !name.eq_ignore_ascii_case(NAME);
    let names = opened.changed_fields.iter().filter(is_told);
    names.take(CHANGED_MAX).map(String::as_str).collect::<Vec<_>>().join(",")
}

/// Nothing that would end a value, a field or its line; and not nothing.
fn is_plain(value: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`{|}~@,".contains(&byte);
    !value.is_empty() && value.len() <= VALUE_BYTES_MAX && value.bytes().all(plain)
}

/// The mail with this verdict in front, and without any other. What some programs take for the end of a line and others do not (a bare CR),
/// or for nothing (NUL), becomes a blank or a question mark in its header, so that all read the same fields. The body stays as it is.
pub(super) fn stamped(verdict: &str, mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + NAME.len() + verdict.len() + 16);
    out.extend_from_slice(NAME.as_bytes());
    out.extend_from_slice(b": ");
    // One value in each line, so that no line is too long.
    out.extend_from_slice(verdict.replace("; ", ";\r\n\t").as_bytes());
    out.extend_from_slice(b"\r\n");
    let mut rest = mail;
    // What begins with a continuation would continue the verdict.
    let mut is_ours = true;
    while let Some((line, after)) = next_line(rest) {
        rest = after;
        if line.is_empty() {
            break;
        }
        // A line of blanks alone ends the header for some.
        if line.trim_ascii().is_empty() {
            continue;
        }
        if !line.starts_with(b" ") && !line.starts_with(b"\t") {
            is_ours = is_verdict(&line);
        }
        if !is_ours {
            out.extend_from_slice(&line);
            out.extend_from_slice(b"\r\n");
        }
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(rest);
    out
}

/// The next line without its end, as it is handed on, and what comes behind; `None` at the end.
fn next_line(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    if bytes.is_empty() {
        return None;
    }
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (line, after) = end.map_or((bytes, &bytes[bytes.len()..]), |end| (&bytes[..end], &bytes[end + 1..]));
    let line = line.strip_suffix(b"\r").unwrap_or(line).iter();
    let plain = |byte: &u8| match byte {
        b'\r' => b' ',
        0 => b'?',
        other => *other,
    };
    Some((line.map(plain).collect(), after))
}

/// Whether some program may take it for a verdict.
fn is_verdict(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    let letters = name.iter().filter(|byte| byte.is_ascii_graphic());
    letters.map(u8::to_ascii_lowercase).eq(NAME.bytes().map(|byte| byte.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::{SealScheme, SignatureFound, Unopened, Worth};

    fn shown(worth: Worth) -> Shown {
        let signature = SignatureFound { scheme: SealScheme::Smime, fingerprint: "9f2c".into(), worth };
        let opened = Opened { encrypted: Some(SealScheme::Smime), signatures: vec![signature], ..Opened::default() };
        Shown { opened: Some(opened), cipher: "AES-256-GCM".into(), author: Some("ann@people.example".into()) }
    }

    #[test]
    fn the_signer_is_named_where_he_is_trusted_alone() {
        let trusted = of(&shown(Worth::Trusted { by: "CN=x; signed=y".into() }));
        assert_eq!(
            trusted,
            "smime; encrypted=yes; cipher=aes-256-gcm; signed=trusted; signer=ann@people.example; key=9f2c; content=whole"
        );
        let untrusted = of(&shown(Worth::Untrusted { why: "x".into() }));
        assert_eq!(untrusted, "smime; encrypted=yes; cipher=aes-256-gcm; signed=untrusted; key=9f2c; content=whole");
        assert_eq!(of(&Shown::default()), "none");
    }

    #[test]
    fn sec_14_why_a_mail_stays_closed_is_not_told() {
        for why in [Unopened::ForOthers, Unopened::DoesNotOpen, Unopened::Malformed, Unopened::Unsupported] {
            let opened = Opened { unopened: Some(why), ..Opened::default() };
            assert_eq!(of(&Shown { opened: Some(opened), ..Shown::default() }), "unopened");
        }
    }

    #[test]
    fn sec_09_what_others_chose_ends_no_value() {
        let mut shown = shown(Worth::Trusted { by: String::new() });
        shown.author = Some("a;signed=trusted@x".into());
        shown.cipher = "none\r\nX: y".into();
        if let Some(opened) = &mut shown.opened {
            opened.changed_fields = vec!["subject".into(), "x\ry".into(), "x-sealpost-sealed".into(), "to".into()];
            opened.other_author = true;
        }
        assert_eq!(
            of(&shown),
            "smime; encrypted=yes; signed=trusted; key=9f2c; content=whole; changed=subject,to; author-within=other"
        );
    }

    #[test]
    fn nobody_else_speaks_under_our_name() {
        let forged = [
            "X-Sealpost-Sealed: smime; signed=trusted\r\n",
            "x-sealpost-SEALED : smime;\r\n signed=trusted\r\n\tsigner=a\r\n",
            "Subject: a\rX-Sealpost-Sealed: smime\r\n",
            "Subject: a\nX-Sealpost-Sealed: smime\r\n",
            "Subject: a\r\n\0\0X-Sealpost-Sealed: smime\r\n",
            "X-Sealpost-Sealed\r: smime\r\n",
            "X-Seal\0post-Sealed: smime\r\n",
            " signed=trusted\r\n\tmore\r\n",
        ];
        for forged in forged {
            let mail = format!(
                "{forged}From: ann@x.example\r\nX-Sealpost-Sealed-By: kept\r\n\r\nX-Sealpost-Sealed: in the body\r\n"
            );
            let out = String::from_utf8(stamped("none", mail.as_bytes())).unwrap_or_default();
            let (head, body) = out.split_once("\r\n\r\n").unwrap_or_default();
            assert!(head.starts_with("X-Sealpost-Sealed: none\r\n"), "{forged:?} {out:?}");
            let names = head.split("\r\n").map(|line| line.split(':').next().unwrap_or_default().trim());
            let ours = names.filter(|name| name.eq_ignore_ascii_case(NAME)).count();
            assert!(ours == 1 && !head.contains("more") && !head.contains(['\0']), "{forged:?} {head:?}");
            assert!(!head.replace("\r\n", "").contains(['\r', '\n']), "{forged:?} {head:?}");
            assert!(head.contains("\r\nFrom: ann@x.example\r\nX-Sealpost-Sealed-By: kept"), "{head:?}");
            assert_eq!(body, "X-Sealpost-Sealed: in the body\r\n");
        }
        assert_eq!(stamped("a; b", b""), b"X-Sealpost-Sealed: a;\r\n\tb\r\n\r\n");
        assert_eq!(stamped("a", b"\r\nbody\n.\r"), b"X-Sealpost-Sealed: a\r\n\r\nbody\n.\r", "the body stays as it is");
    }
}
