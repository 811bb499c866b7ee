//! Which certificate was issued by which, by their names; whether it is true is proved elsewhere.

use crate::asn1::tlv::{self, Elements, INTEGER, SEQUENCE};
use crate::smime::Certificate;
use der::Decode;
use std::collections::HashMap;
use x509_cert::name::Name;

/// Of one chain.
const CHAIN_MAX: usize = 8;

/// Certificates by the name of each.
#[derive(Debug, Default)]
pub struct Issuers {
    by_subject: HashMap<Vec<u8>, Vec<usize>>,
    /// The issuer of each, in its place.
    issuers: Vec<Vec<u8>>,
}

impl Issuers {
    pub fn of<'a>(all: impl Iterator<Item = &'a Certificate>) -> Issuers {
        let mut issuers = Issuers::default();
        for (place, certificate) in all.enumerate() {
            let (issuer, subject) = names(certificate.der()).unwrap_or_default();
            issuers.by_subject.entry(subject.to_vec()).or_default().push(place);
            issuers.issuers.push(issuer.to_vec());
        }
        issuers
    }

    /// The places of those above a certificate, one above the other; without one that issued itself, which nobody needs to be sent.
    pub fn chain(&self, certificate: &Certificate) -> Vec<usize> {
        let mut chain: Vec<usize> = Vec::new();
        let Some((own_issuer, subject)) = names(certificate.der()) else { return chain };
        if own_issuer == subject {
            return chain;
        }
        let mut wanted = own_issuer;
        while chain.len() < CHAIN_MAX {
            // Neither one that issued itself, nor the certificate again, by names that lead in a circle.
            let fits = |place: &&usize| {
                let issuer = self.issuers.get(**place).map_or(&[][..], Vec::as_slice);
                issuer != wanted && !(issuer == own_issuer && wanted == subject) && !chain.contains(place)
            };
            let Some(place) = self.by_subject.get(wanted).into_iter().flatten().find(fits) else { break };
            chain.push(*place);
            wanted = self.issuers.get(*place).map_or(&[][..], Vec::as_slice);
        }
        chain
    }
}

/// Issuer and subject of a certificate, for people to read (RFC 4514).
pub fn names_in_words(certificate: &Certificate) -> (String, String) {
    let words = |name: &[u8]| Name::from_der(name).map(|name| name.to_string()).unwrap_or_default();
    names(certificate.der()).map(|(issuer, subject)| (words(issuer), words(subject))).unwrap_or_default()
}

/// Issuer and subject, byte for byte (RFC 5280, section 4.1).
fn names(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut signed = Elements::of(der, SEQUENCE).ok()?.expect(SEQUENCE).ok()?.elements();
    signed.optional(tlv::within(0)).ok()?;
    signed.expect(INTEGER).ok()?;
    signed.expect(SEQUENCE).ok()?;
    let issuer = signed.expect(SEQUENCE).ok()?.whole;
    signed.expect(SEQUENCE).ok()?;
    let subject = signed.expect(SEQUENCE).ok()?.whole;
    Some((issuer, subject))
}
