//! Addresses as programs break them: quoted whole, routed, unwrapped, with prefixes, brackets, dots or spaces too many.

use crate::message::Address;
use std::borrow::Cow;

/// Mailboxes that one broken entry may hold; more are a text and no address.
const MAILBOXES_MAX: usize = 20;

/// Adds a fault once.
pub(super) fn note(faults: &mut Vec<&'static str>, fault: &'static str) {
    if !faults.contains(&fault) {
        faults.push(fault);
    }
}

/// A name without the single quotes that Outlook puts around names that are addresses.
pub(super) fn unquoted(name: String) -> String {
    let inner = name.strip_prefix('\'').and_then(|n| n.strip_suffix('\''));
    inner.map_or_else(|| name.clone(), |n| n.trim().to_owned())
}

/// Mends what the parser would misread: `<<a@b>>` and `<a@b>@c`, in which a gateway routed an address twice.
pub(super) fn outer<'a>(value: &'a [u8], faults: &mut Vec<&'static str>) -> Cow<'a, [u8]> {
    let doubled = |w: &[u8]| w == b"<<" || w == b">>" || w == b">@";
    if !value.windows(2).any(doubled) {
        return Cow::Borrowed(value);
    }
    let mut out: Vec<u8> = Vec::with_capacity(value.len());
    let mut skips = false;
    for &byte in value.iter() {
        match (out.last(), byte) {
            (Some(b'<'), b'<') | (Some(b'>'), b'>') => note(faults, "an address stands in two pairs of brackets"),
            (Some(b'>'), b'@') => {
                note(faults, "an address is routed twice");
                skips = true;
            }
            _ if skips && !byte.is_ascii_whitespace() && !b",;".contains(&byte) => {}
            _ => {
                skips = false;
                out.push(byte);
            }
        }
    }
    Cow::Owned(out)
}

/// The mailboxes that a parsed entry means: one, unless several stand in it unseparated; none, when it says that the
/// recipients are not told.
pub(super) fn mailbox(name: Option<String>, address: &str, faults: &mut Vec<&'static str>) -> Vec<Address> {
    if is_undisclosed(address) {
        return Vec::new();
    }
    if is_sound(address) {
        return vec![Address { name, address: address.to_owned() }];
    }
    let (name, address) = joined(name, address, faults);
    if let Some((before, inner)) = address.rsplit_once('<').filter(|(_, i)| i.contains('@')) {
        note(faults, "an address is quoted as a whole");
        let inner = inner.split('>').next().unwrap_or(inner);
        let before = before.trim_matches(['"', '\'', ' ', '<', '(']);
        let name = name.filter(|n| n != ">").or_else(|| (!before.is_empty()).then(|| before.to_owned()));
        return vec![Address { name, address: bare(inner, faults) }];
    }
    let tight = tightened(&address);
    if tight.len() < address.len() {
        note(faults, "an address holds spaces");
    }
    let words: Vec<&str> = tight.split_whitespace().collect();
    let (addresses, others): (Vec<&str>, Vec<&str>) = words.iter().partition(|w| w.contains('@'));
    if words.len() < 2 || addresses.is_empty() {
        return vec![Address { name, address: bare(&tight, faults) }];
    }
    note(faults, "an address stands without brackets or separators");
    let name = name.or_else(|| (!others.is_empty()).then(|| others.join(" ")));
    let name = if addresses.len() == 1 { name } else { None };
    let addresses = addresses.into_iter().take(MAILBOXES_MAX);
    addresses.map(|a| Address { name: name.clone(), address: bare(a, faults) }).collect()
}

/// Without the spaces around `@` and around the dots of the domain that old syntax allows (RFC 5322, section 4.4).
fn tightened(address: &str) -> String {
    let tight = address.split('@').map(str::trim).collect::<Vec<_>>().join("@");
    let Some((local, domain)) = tight.rsplit_once('@') else { return tight };
    let domain_tight = domain.split('.').map(str::trim).collect::<Vec<_>>().join(".");
    if domain_tight.contains(char::is_whitespace) { tight } else { format!("{local}@{domain_tight}") }
}

/// Nothing to mend: one `@` between characters that need no second look.
fn is_sound(address: &str) -> bool {
    let mut halves = address.split('@');
    let (Some(local), Some(domain), None) = (halves.next(), halves.next(), halves.next()) else { return false };
    let is_plain = |c: char| c.is_alphanumeric() || "._+-=~!#$%&*/?^{|}".contains(c);
    !local.is_empty()
        && !domain.is_empty()
        && local.chars().all(is_plain)
        && domain.chars().all(is_plain)
        && !local.starts_with('.')
        && !domain.ends_with('.')
}

/// `undisclosed-recipients:;` and its spellings name nobody on purpose.
fn is_undisclosed(address: &str) -> bool {
    let lower = address.to_lowercase();
    !lower.contains('@')
        && (lower.contains("undisclosed") || lower.contains("unlisted") || lower.trim().ends_with(":;"))
        || lower.starts_with("undisclosed") && lower.contains(":;")
}

/// A local part that the parser took for a name: `"Team".Post@x` of GroupWise, and `jo(comment)@x`.
fn joined(name: Option<String>, address: &str, faults: &mut Vec<&'static str>) -> (Option<String>, String) {
    let is_rest = address.starts_with('.') || address.starts_with('@') && !address.contains([':', ',']);
    match name {
        Some(name) if is_rest => {
            let (local, comment) = name.split_once(" (").map_or((name.as_str(), None), |(l, c)| (l, Some(c)));
            if local.is_empty() || local.contains(char::is_whitespace) {
                return (Some(name.clone()), address.to_owned());
            }
            note(faults, "the local part of an address is broken");
            let comment = comment.map(|c| c.trim_end_matches(')').to_owned());
            (comment, format!("{local}{address}"))
        }
        name => (name, address.to_owned()),
    }
}

/// The address itself, without prefix, route, brackets, quotes and dots around it.
fn bare(address: &str, faults: &mut Vec<&'static str>) -> String {
    let mut mended = address.trim_matches(['<', '>', '[', ']', '"', '\'', ' ', ',', ';', '`', '\u{2018}', '\u{2019}']);
    for prefix in ["mailto:", "smtp:", "rfc822:", "internet:"] {
        if mended.get(..prefix.len()).is_some_and(|p| p.eq_ignore_ascii_case(prefix)) {
            mended = mended[prefix.len()..].split('?').next().unwrap_or("");
        }
    }
    if mended.starts_with('@') && mended.contains(':') {
        // A route tells the way and not the recipient (RFC 5321, appendix C).
        mended = mended.rsplit(':').next().unwrap_or(mended);
    }
    // A domain literal keeps its bracket.
    let mended = if mended.contains("@[") && !mended.ends_with(']') { format!("{mended}]") } else { mended.to_owned() };
    let mended = if mended.contains('@') { mended.trim_end_matches('.').to_owned() } else { mended };
    if mended != address {
        note(faults, "an address was mended");
    }
    if mended.matches('@').count() > 1 && !mended.contains('"') {
        note(faults, "an address holds two @ signs");
    }
    mended
}
