//! Which signatures of a mail are verified: few, strong ones that cover the author, those of his own domain first (SEC-07).

use super::examination::Examined;
use mail::authenticity::{self, Author, Fields};
use mail_auth::common::crypto::{Algorithm, HashAlgorithm};
use mail_auth::common::headers::Header;
use mail_auth::dkim::Signature;
use mail_auth::{AuthenticatedMessage, arc};

/// DKIM signatures that are verified of one mail.
pub const SIGNATURES_MAX: usize = 8;
/// The longest ARC chain that is verified, in sets; RFC 8617 allows 50.
pub const ARC_SETS_MAX: usize = 10;
/// Fields that one signature may cover; real ones cover a few dozen.
const COVERED_MAX: usize = 500;
/// Different reasons that are kept.
const NOTES_MAX: usize = 5;

/// The mail with the signatures that are verified, and why others are not.
pub(super) struct Signed<'a> {
    pub(super) message: AuthenticatedMessage<'a>,
    pub(super) notes: Vec<String>,
}

/// Sorts the signatures of a mail out. Nothing is asked here; the work is linear in the header.
pub(super) fn of<'a>(read: Fields<'a>, author: &Author, mail: &Examined) -> Signed<'a> {
    let mut message = AuthenticatedMessage { from: vec![author.address.clone()], ..AuthenticatedMessage::default() };
    let mut notes = Vec::new();
    if read.body_offset != mail.head.len() || mail.body_hashes.is_empty() {
        // Text between the last field and the empty line is body to whoever reads the mail, and was not hashed as one.
        if !mail.body_hashes.is_empty() {
            note(&mut notes, "no signature counts, because the header does not end with an empty line");
        }
        message.headers = read.fields;
        return Signed { message, notes };
    }
    let fields = read.fields;
    for &(name, value) in &fields {
        if name.eq_ignore_ascii_case(b"DKIM-Signature") {
            match dkim(value) {
                Ok(signature) => message.dkim_headers.push(Header::new(name, value, signature)),
                Err(why) => note(&mut notes, why),
            }
        }
    }
    let domain = author.domain();
    // The sort is stable: within each group the topmost come first, which were added last.
    message.dkim_headers.sort_by_key(|found| rank(&authenticity::comparable(&found.header.d), &domain));
    if message.dkim_headers.len() > SIGNATURES_MAX {
        message.dkim_headers.truncate(SIGNATURES_MAX);
        note(&mut notes, "the mail carries more signatures than are verified");
    }
    if let Err(why) = add_arc(&mut message, &fields) {
        message.as_headers.clear();
        message.ams_headers.clear();
        message.aar_headers.clear();
        note(&mut notes, why);
    }
    message.headers = fields;
    let hashes = mail.body_hashes.iter();
    message.body_hashes = hashes.map(|(form, hash)| (*form, HashAlgorithm::Sha256, 0, hash.clone())).collect();
    Signed { message, notes }
}

/// Those that can prove the author come first, then those of his neighbourhood, where DMARC may say that they do.
fn rank(domain: &str, author_domain: &str) -> u8 {
    let neighbourhood = |name: &str| name.rsplitn(3, '.').take(2).map(str::to_owned).collect::<Vec<_>>();
    if authenticity::speaks_for(domain, author_domain) {
        0
    } else if neighbourhood(domain) == neighbourhood(author_domain) {
        1
    } else {
        2
    }
}

/// A signature that is worth verifying, or why it is not.
fn dkim(value: &[u8]) -> Result<Signature, &'static str> {
    let mut signature = Signature::parse(value).map_err(|_| "a signature cannot be read")?;
    may_count(signature.a, &signature.h, signature.l)?;
    // Neither reports nor signatures by third parties are looked up: both ask DNS at a stranger's wish.
    signature.r = false;
    signature.atps = None;
    Ok(signature)
}

fn may_count(algorithm: Algorithm, covered: &[String], length: u64) -> Result<(), &'static str> {
    if algorithm == Algorithm::RsaSha1 {
        // RFC 8301, section 3.1.
        return Err("a signature with SHA-1 does not count");
    }
    if length > 0 {
        return Err("a signature over a part of the body (l=) does not count");
    }
    if covered.len() > COVERED_MAX {
        return Err("a signature covers too many fields");
    }
    if !covered.iter().any(|name| name.trim().eq_ignore_ascii_case("from")) {
        // RFC 6376, section 5.4.
        return Err("a signature does not cover From");
    }
    Ok(())
}

/// Adds the sets of an ARC chain, sorted by instance, or says why the chain is not verified.
fn add_arc<'a>(message: &mut AuthenticatedMessage<'a>, fields: &[(&'a [u8], &'a [u8])]) -> Result<(), &'static str> {
    const UNREADABLE: &str = "an ARC field cannot be read";
    for &(name, value) in fields {
        if message.as_headers.len().max(message.ams_headers.len()).max(message.aar_headers.len()) > ARC_SETS_MAX {
            return Err("the ARC chain is longer than is verified");
        }
        if name.eq_ignore_ascii_case(b"ARC-Seal") {
            let seal = arc::Seal::parse(value).map_err(|_| UNREADABLE)?;
            if seal.a == Algorithm::RsaSha1 {
                return Err("an ARC seal with SHA-1 does not count");
            }
            message.as_headers.push(Header::new(name, value, seal));
        } else if name.eq_ignore_ascii_case(b"ARC-Message-Signature") {
            let signature = arc::Signature::parse(value).map_err(|_| UNREADABLE)?;
            may_count(signature.a, &signature.h, signature.l).map_err(|_| "an ARC signature does not count")?;
            message.ams_headers.push(Header::new(name, value, signature));
        } else if name.eq_ignore_ascii_case(b"ARC-Authentication-Results") {
            let results = arc::Results::parse(value).map_err(|_| UNREADABLE)?;
            message.aar_headers.push(Header::new(name, value, results));
        }
    }
    message.as_headers.sort_by_key(|found| found.header.i);
    message.ams_headers.sort_by_key(|found| found.header.i);
    message.aar_headers.sort_by_key(|found| found.header.i);
    Ok(())
}

fn note(notes: &mut Vec<String>, why: &str) {
    if notes.len() < NOTES_MAX && !notes.iter().any(|known| known == why) {
        notes.push(why.to_owned());
    }
}
