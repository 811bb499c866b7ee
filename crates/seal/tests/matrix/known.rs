//! What the tools are known not to do, in their own words.

use std::collections::BTreeSet;
use std::fmt;

/// Which of a cell's three marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    OpensOurs,
    Der,
    Ber,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// It says that it does not do that.
    DoesNotKnow,
    /// It sets about it and fails, also with what it made itself.
    Fails,
}

#[derive(Debug)]
pub struct Failure {
    pub tool: &'static str,
    /// A row is meant when its name holds all of these.
    pub rows: &'static [&'static str],
    pub ways: &'static [Way],
    /// A part of what it says.
    pub words: &'static str,
    pub why: &'static str,
    pub mark: Mark,
}

/// Those that may be met there, with their places.
pub fn of(tool: &str, row: &str, way: Way) -> Vec<(usize, &'static Failure)> {
    let meant = |failure: &Failure| {
        failure.tool == tool && failure.ways.contains(&way) && failure.rows.iter().all(|part| row.contains(part))
    };
    FAILURES.iter().enumerate().filter(|(_, failure)| meant(failure)).collect()
}

/// Those of a tool that were not met.
pub fn unseen(tool: &str, seen: &BTreeSet<usize>) -> Vec<String> {
    let unmet = FAILURES.iter().enumerate().filter(|(place, one)| one.tool == tool && !seen.contains(place));
    unmet.map(|(_, failure)| format!("{tool}: nothing fails any more as {failure:?} says")).collect()
}

/// As the page has it.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.mark == Mark::DoesNotKnow { "–" } else { "✗" };
        let (tool, rows, why, words) = (self.tool, self.rows.join("\" and \""), self.why, self.words);
        writeln!(f, "- {sign} {tool}, where a row has \"{rows}\": {why} It says `{words}`.")
    }
}

const OPENS: &[Way] = &[Way::OpensOurs];
const MAKES: &[Way] = &[Way::Der, Way::Ber];
const ALL: &[Way] = &[Way::OpensOurs, Way::Der, Way::Ber];

const OPENSSL: &str = crate::openssl::NAME;
const GPGSM: &str = crate::gpgsm::NAME;
const PYCA: &str = crate::pyca::NAME;
const CASTLE: &str = crate::bouncy_castle::NAME;

const fn failure(
    tool: &'static str,
    mark: Mark,
    rows: &'static [&'static str],
    ways: &'static [Way],
    words: &'static str,
    why: &'static str,
) -> Failure {
    Failure { tool, rows, ways, words, why, mark }
}

use Mark::{DoesNotKnow, Fails};

pub const FAILURES: &[Failure] = &[
    failure(
        OPENSSL,
        Fails,
        &["sign, opaque", "PSS"],
        &[Way::Ber],
        "illegal zero content",
        "It cannot stream a signature with PSS.",
    ),
    failure(
        OPENSSL,
        Fails,
        &["sign", "Ed25519"],
        OPENS,
        "eddsa_digest_signverify_init:invalid digest",
        "It does not check such signatures.",
    ),
    failure(OPENSSL, DoesNotKnow, &["sign", "Ed25519"], MAKES, "no default digest", "It makes no such signatures."),
    failure(
        OPENSSL,
        DoesNotKnow,
        &["X25519"],
        OPENS,
        "no matching recipient",
        "It knows no recipients with X25519 (RFC 8418).",
    ),
    failure(
        OPENSSL,
        DoesNotKnow,
        &["X25519"],
        MAKES,
        "operation not supported for this keytype",
        "It knows no recipients with X25519 (RFC 8418).",
    ),
    failure(
        GPGSM,
        Fails,
        &["P-"],
        ALL,
        "Segmentation fault",
        "It breaks off when such a key of ours is brought in, so it opens and signs nothing with it; it does check such signatures.",
    ),
    failure(GPGSM, Fails, &["encrypt", "ECDH"], MAKES, "Invalid S-expression", "It cannot encrypt for keys on curves."),
    failure(
        GPGSM,
        Fails,
        &["encrypt", "AES-256-CBC"],
        MAKES,
        "Provided object is too short",
        "It cannot encrypt for keys on curves, with a longer key in other words.",
    ),
    failure(
        GPGSM,
        Fails,
        &["sign", "Ed25519"],
        OPENS,
        "DSA requires the hash length to be a multiple of 8 bits",
        "It does not check such signatures.",
    ),
    failure(
        GPGSM,
        DoesNotKnow,
        &["25519"],
        ALL,
        "error parsing or decrypting the PKCS#12 file",
        "It takes no such key.",
    ),
    failure(GPGSM, DoesNotKnow, &["OAEP"], OPENS, "No secret key", "It does not know OAEP."),
    failure(GPGSM, DoesNotKnow, &["GCM"], OPENS, "error getting IV: Buffer too short", "It does not know GCM."),
    failure(
        PYCA,
        DoesNotKnow,
        &["sign", "Ed25519"],
        MAKES,
        "Only RSA & EC keys are supported",
        "It makes no such signatures.",
    ),
    failure(
        PYCA,
        DoesNotKnow,
        &["OAEP"],
        OPENS,
        "Only RSA with PKCS #1 v1.5 padding is currently supported",
        "It does not know OAEP.",
    ),
    failure(
        PYCA,
        DoesNotKnow,
        &["ECDH"],
        OPENS,
        "Only certificate with RSA public keys are supported",
        "It does not know keys on curves.",
    ),
    failure(
        PYCA,
        DoesNotKnow,
        &["encrypt", "AES-256-CBC"],
        MAKES,
        "Only RSA keys are supported",
        "It does not encrypt for keys on curves.",
    ),
    failure(
        PYCA,
        DoesNotKnow,
        &["encrypt", "ECDH"],
        MAKES,
        "Only RSA keys are supported",
        "It does not encrypt for keys on curves.",
    ),
    failure(PYCA, DoesNotKnow, &["GCM"], OPENS, "UnknownDefinedBy", "It does not know GCM."),
    failure(
        PYCA,
        DoesNotKnow,
        &["RSA", "AES-192-CBC"],
        OPENS,
        "Only AES (with key sizes 128 or 256)",
        "It does not know AES-192.",
    ),
    failure(
        PYCA,
        Fails,
        &["one of three kinds"],
        OPENS,
        "UnexpectedTag",
        "It opens no mail that has one recipient on a curve among others.",
    ),
    failure(
        CASTLE,
        DoesNotKnow,
        &["X25519"],
        OPENS,
        "no such algorithm: 1.2.840.113549.1.9.16.3.19",
        "It knows no recipients with X25519 (RFC 8418).",
    ),
    failure(
        CASTLE,
        DoesNotKnow,
        &["X25519"],
        MAKES,
        "generator not correctly initialized",
        "It knows no recipients with X25519 (RFC 8418).",
    ),
    failure(
        CASTLE,
        DoesNotKnow,
        &["then encrypted", "GCM"],
        OPENS,
        "cannot be cast to class org.bouncycastle.asn1.ASN1TaggedObject",
        "Its part for mails does not know AuthEnvelopedData; that for CMS does, as the rows above show.",
    ),
    failure(
        "gpg",
        DoesNotKnow,
        &["version 6"],
        ALL,
        "packet(5) with unknown version 6",
        "It does not take keys of RFC 9580.",
    ),
    failure(
        "gpg",
        DoesNotKnow,
        &["sign and encrypt", "a key of ours"],
        OPENS,
        "packet(1) with unknown version 6",
        "Keys of ours say that their owner reads what RFC 9580 brought (SEIPDv2), and he does; GnuPG with that key does not.",
    ),
    failure(
        "sq",
        DoesNotKnow,
        &["version 6"],
        ALL,
        "Unsupported Cert: Unsupported primary key",
        "This version does not take keys of RFC 9580.",
    ),
    failure(
        "sq",
        DoesNotKnow,
        &["sign and encrypt", "a key of ours"],
        OPENS,
        "SEIP packet (at [1]) not expected",
        "This version does not read what RFC 9580 brought (SEIPDv2), which our keys ask for.",
    ),
    failure(
        "Bouncy Castle's OpenPGP",
        DoesNotKnow,
        &["version 6"],
        ALL,
        "unknown PGP public key algorithm encountered: 27",
        "This version does not take keys of RFC 9580.",
    ),
    failure(
        "Bouncy Castle's OpenPGP",
        DoesNotKnow,
        &["sign, detached", "version 6"],
        OPENS,
        "ArrayIndexOutOfBoundsException",
        "This version sees no signature of RFC 9580.",
    ),
    failure(
        "Bouncy Castle's OpenPGP",
        DoesNotKnow,
        &["sign and encrypt", "a key of ours"],
        OPENS,
        "no recipient is this one",
        "This version does not read what RFC 9580 brought (SEIPDv2), which our keys ask for.",
    ),
    failure(
        "Bouncy Castle's OpenPGP",
        DoesNotKnow,
        &["ML-KEM-768"],
        ALL,
        "unknown PGP public key algorithm encountered: 30",
        "This version does not take keys of RFC 9980.",
    ),
    failure(
        "OpenPGP.js",
        DoesNotKnow,
        &["ML-KEM-768"],
        ALL,
        "No secret key packet found",
        "This version does not take keys of RFC 9980.",
    ),
    failure(
        "OpenPGP.js",
        DoesNotKnow,
        &["sign, detached", "ML-KEM-768"],
        OPENS,
        "No key packet found",
        "This version does not take keys of RFC 9980.",
    ),
];
