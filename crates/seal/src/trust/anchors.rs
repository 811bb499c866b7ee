//! The authorities that are trusted, read from bundles in PEM or DER (RFC 7468).

use super::certificate::Parsed;
use crate::Trouble;
use crate::asn1::tlv::{Elements, SEQUENCE};
use certval::PDVTrustAnchorChoice;
use data_encoding::BASE64;

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
