//! The authorities that are trusted, read from bundles in PEM or DER (RFC 7468).

use super::certificate::Parsed;
use crate::Trouble;
use crate::asn1::tlv::{Elements, SEQUENCE, within};
use certval::PDVTrustAnchorChoice;
use data_encoding::BASE64;
use std::collections::HashSet;

/// As many as several systems' stores together hold.
const ANCHORS_MAX: usize = 4096;

pub(super) struct Anchor {
    pub(super) parsed: Parsed,
    pub(super) choice: PDVTrustAnchorChoice,
}

/// The authorities, and single certificates, that are trusted.
#[derive(Default)]
pub struct Anchors(Vec<Anchor>);

/// What is wrong with one entry of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnchorFlaw {
    /// It is there already; its fingerprint.
    Twice(String),
    Malformed(&'static str),
    /// A private key stands beside the certificates. Nobody asked for one, and it ought not to lie there.
    PrivateKey,
    TooMany,
}

/// What came of reading a bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// Fingerprints (SHA-256, lower-case hexadecimal) of those that were added.
    pub added: Vec<String>,
    /// What is wrong, with the place of the entry in the bundle, counted from 0.
    pub flaws: Vec<(usize, AnchorFlaw)>,
}

impl Anchors {
    /// Adds what a bundle holds: certificates in PEM, with whatever text between them, or in DER, one behind the other.
    pub fn add(&mut self, bundle: &[u8]) -> Reading {
        let mut reading = Reading::default();
        for (at, entry) in entries(bundle).into_iter().enumerate() {
            match entry.and_then(|der| self.add_one(&der)) {
                Ok(fingerprint) => reading.added.push(fingerprint),
                Err(flaw) => reading.flaws.push((at, flaw)),
            }
        }
        reading
    }

    /// Adds those of many single certificates in DER that some of these name as their issuer, byte for byte, as RFC 5280 has authorities
    /// write it (section 4.1.2.6); the others are not read any further. What is no certificate is passed over.
    pub fn add_issuers<'a>(&mut self, many: &[Vec<u8>], of: impl Iterator<Item = &'a [u8]>) {
        if many.is_empty() {
            return;
        }
        let wanted: HashSet<&[u8]> = of.filter_map(names).map(|(issuer, _)| issuer).collect();
        for der in many {
            if names(der).is_some_and(|(_, subject)| wanted.contains(subject)) {
                // One that is there already, or none at all, adds nothing.
                let _ = self.add_one(der);
            }
        }
    }

    fn add_one(&mut self, der: &[u8]) -> Result<String, AnchorFlaw> {
        let malformed = |trouble| match trouble {
            Trouble::Malformed(what) | Trouble::Unsupported(what) => AnchorFlaw::Malformed(what),
            _ => AnchorFlaw::Malformed("a certificate is none"),
        };
        let parsed = Parsed::read(der).map_err(malformed)?;
        if self.0.iter().any(|one| one.parsed.fingerprint() == parsed.fingerprint()) {
            return Err(AnchorFlaw::Twice(parsed.fingerprint().to_owned()));
        }
        if self.0.len() == ANCHORS_MAX {
            return Err(AnchorFlaw::TooMany);
        }
        let choice = PDVTrustAnchorChoice::try_from(der).map_err(|_| AnchorFlaw::Malformed("a certificate is none"))?;
        let fingerprint = parsed.fingerprint().to_owned();
        self.0.push(Anchor { parsed, choice });
        Ok(fingerprint)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn all(&self) -> &[Anchor] {
        &self.0
    }

    /// Whether this very certificate is trusted by itself.
    pub(super) fn holds(&self, certificate: &Parsed) -> bool {
        self.0.iter().any(|one| one.parsed.fingerprint() == certificate.fingerprint())
    }
}

/// The names of issuer and subject of a certificate in DER, as they stand there; nobody looks at anything else of it.
fn names(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut certificate = Elements::of(der, SEQUENCE).ok()?;
    let mut tbs = Elements(certificate.expect(SEQUENCE).ok()?.content);
    // The version, the serial number and the algorithm (RFC 5280, section 4.1).
    tbs.optional(within(0)).ok()?;
    tbs.next().ok()??;
    tbs.expect(SEQUENCE).ok()?;
    let issuer = tbs.expect(SEQUENCE).ok()?.whole;
    // How long it is valid.
    tbs.expect(SEQUENCE).ok()?;
    Some((issuer, tbs.expect(SEQUENCE).ok()?.whole))
}

const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

fn entries(bundle: &[u8]) -> Vec<Result<Vec<u8>, AnchorFlaw>> {
    if bundle.windows(BEGIN.len()).any(|at| at == BEGIN.as_bytes()) { pem(bundle) } else { der(bundle) }
}

fn pem(bundle: &[u8]) -> Vec<Result<Vec<u8>, AnchorFlaw>> {
    let text = String::from_utf8_lossy(bundle);
    let mut found = Vec::new();
    for block in text.split(BEGIN).skip(1) {
        let one = match block.split_once(DASHES) {
            Some((label, _)) if label.ends_with("PRIVATE KEY") => Err(AnchorFlaw::PrivateKey),
            Some(("CERTIFICATE" | "X509 CERTIFICATE", body)) => match body.split_once("-----END ") {
                Some((body, _)) => {
                    let body: String = body.chars().filter(|one| !one.is_whitespace()).collect();
                    BASE64.decode(body.as_bytes()).map_err(|_| AnchorFlaw::Malformed("it is not in base64"))
                }
                None => Err(AnchorFlaw::Malformed("it has no end")),
            },
            _ => Err(AnchorFlaw::Malformed("it is another thing than a certificate")),
        };
        found.push(one);
        if found.len() > ANCHORS_MAX {
            break;
        }
    }
    found
}

fn der(bundle: &[u8]) -> Vec<Result<Vec<u8>, AnchorFlaw>> {
    let (mut all, mut found) = (Elements(bundle), Vec::new());
    while found.len() <= ANCHORS_MAX {
        match all.next() {
            Ok(None) => break,
            Ok(Some(one)) if one.tag == SEQUENCE => found.push(Ok(one.whole.to_vec())),
            _ => {
                found.push(Err(AnchorFlaw::Malformed("it is no certificate in PEM or DER")));
                break;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::Random;
    use crate::keyfile::issue::{Kind, Subject, generated, self_signed};

    struct Chance;

    impl Random for Chance {
        fn fill(&mut self, bytes: &mut [u8]) {
            aws_lc_rs::rand::fill(bytes).unwrap();
        }
    }

    #[test]
    fn of_many_those_alone_are_added_that_somebody_names() {
        let made = |name: &str| {
            let subject = Subject { name, addresses: &["a@x.example"] };
            self_signed(&generated(Kind::P256).unwrap(), subject, (1_700_000_000, 1_900_000_000), &mut Chance).unwrap()
        };
        let (one, other) = (made("One"), made("Other"));
        assert_eq!(names(&one).map(|(issuer, subject)| issuer == subject), Some(true), "it names itself");
        let mut anchors = Anchors::default();
        let many = [other.clone(), b"no certificate".to_vec(), one.clone()];
        anchors.add_issuers(&many, std::iter::once(one.as_slice()));
        assert_eq!(anchors.all().iter().map(|anchor| anchor.parsed.der().to_vec()).collect::<Vec<_>>(), [one]);
        anchors.add_issuers(&many, [&b"no certificate"[..], other.as_slice()].into_iter());
        assert_eq!(anchors.len(), 2);
    }
}
