//! What a program that reads mail can do, as it says itself, and what is written for it (RFC 8551, section 2.5.2; RFC 4262).

use super::certificate::{Certificate, PublicKey};
use super::cipher::ContentCipher;
use super::recipient::{Transport, oaep, oaep_parameters};
use super::signature::Digest;
use crate::Trouble;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, Elements, SEQUENCE};
use const_oid::ObjectIdentifier;
use x509_cert::certificate::{CertificateInner, Raw};

/// Capabilities that are looked at.
const CAPABILITIES_MAX: usize = 64;

/// What somebody's program can do, in the order in which it likes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// Those that we do too.
    pub ciphers: Vec<ContentCipher>,
    /// The digests with which it opens RSA-OAEP.
    pub oaep: Vec<Digest>,
    /// It agrees on keys over curves.
    pub agrees: bool,
}

/// Ours, the best first, and the order in which they are chosen for others: what proves that nothing was changed stands first.
const CIPHERS: [ContentCipher; 5] = [
    ContentCipher::Aes256Gcm,
    ContentCipher::Aes128Gcm,
    ContentCipher::Aes256Cbc,
    ContentCipher::Aes192Cbc,
    ContentCipher::Aes128Cbc,
];

/// The digests of RSA-OAEP in the order in which they are chosen. SHA-1 does no harm there, and some know no other.
const OAEP: [Digest; 4] = [Digest::Sha256, Digest::Sha384, Digest::Sha512, Digest::Sha1];

/// What everybody opens (RFC 8551, section 2.7.1.2).
const UNKNOWN: ContentCipher = ContentCipher::Aes256Cbc;

impl Capabilities {
    /// Reads SMIMECapabilities in DER; what we do not know is passed over.
    ///
    /// # Errors
    /// [`Trouble::Malformed`] when they are none.
    pub fn read(der: &[u8]) -> Result<Capabilities, Trouble> {
        let (mut found, mut all) = (Capabilities::default(), Elements::of(der, SEQUENCE)?);
        for _ in 0..CAPABILITIES_MAX {
            let Some(one) = all.next()? else { break };
            // Parameters of others have forms of their own; one that cannot be read is one that we do not do.
            let Ok(algorithm) = Algorithm::read(&one) else { continue };
            if let Some(cipher) = CIPHERS.into_iter().find(|cipher| cipher.oid() == algorithm.oid) {
                found.ciphers.push(cipher);
            } else if algorithm.oid == oid::RSA_OAEP {
                if let Ok(Transport::Oaep(digest)) = oaep(&algorithm) {
                    found.oaep.push(digest);
                }
            } else if AGREEMENTS.contains(&algorithm.oid) {
                found.agrees = true;
            }
        }
        Ok(found)
    }

    /// Those that stand in a certificate in DER; `None` where it says nothing of them.
    ///
    /// # Errors
    /// [`Trouble::Malformed`] when it is no certificate, or they are none.
    pub fn of_certificate(der: &[u8]) -> Result<Option<Capabilities>, Trouble> {
        let parsed: CertificateInner<Raw> =
            der::Decode::from_der(der).map_err(|_| Trouble::Malformed("a certificate is none"))?;
        let extensions = parsed.tbs_certificate().extensions().map(Vec::as_slice).unwrap_or_default();
        let found = extensions.iter().find(|extension| extension.extn_id == oid::CAPABILITIES);
        found.map(|extension| Capabilities::read(extension.extn_value.as_bytes())).transpose()
    }

    /// Ours, for the key of this certificate.
    pub(super) fn ours(certificate: &Certificate) -> Capabilities {
        let (oaep, agrees) = match certificate.key() {
            PublicKey::Rsa { .. } => (vec![Digest::Sha256, Digest::Sha1], false),
            PublicKey::Ec { .. } => (Vec::new(), true),
            PublicKey::Ed25519(_) | PublicKey::MlKem { .. } => (Vec::new(), false),
        };
        Capabilities { ciphers: CIPHERS.to_vec(), oaep, agrees }
    }

    /// SMIMECapabilities in DER.
    pub fn der(&self) -> Vec<u8> {
        let mut each: Vec<Vec<u8>> = self.ciphers.iter().map(|cipher| tlv::algorithm(cipher.oid(), &[])).collect();
        each.extend(self.oaep.iter().map(|digest| tlv::algorithm(oid::RSA_OAEP, &oaep_parameters(*digest))));
        if self.agrees {
            // Which wrap goes with the agreement is its parameter (RFC 5753, section 8).
            let wrap = tlv::algorithm(oid::AES256_WRAP, &[]);
            each.extend(AGREEMENTS.iter().map(|id| tlv::algorithm(*id, &wrap)));
        }
        tlv::sequence(&each.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

/// How keys are agreed on with SHA-2: the others are not what anybody is chosen for.
const AGREEMENTS: [ObjectIdentifier; 4] = [oid::ECDH_SHA256, oid::ECDH_SHA384, oid::ECDH_SHA512, oid::ECDH_HKDF_SHA256];

/// The cipher that every recipient of one mail opens: the best that all show. Where somebody shows nothing, or nothing that the others
/// show too, it is what everybody opens.
pub fn cipher_for_all(shown: &[Option<&Capabilities>]) -> ContentCipher {
    cipher_at_least(shown, ContentCipher::Aes128Cbc)
}

/// The same among those that are no weaker than `least`: with a key of as many bits, and a proof of the content where that one has it. Where there is none that all
/// show, and what everybody opens is weaker, it is `least`: somebody may be unable to open that.
pub fn cipher_at_least(shown: &[Option<&Capabilities>], least: ContentCipher) -> ContentCipher {
    let is_enough = |cipher: &ContentCipher| {
        cipher.key_len() >= least.key_len() && (cipher.is_authenticated() || !least.is_authenticated())
    };
    let has = |cipher| move |one: &Option<&Capabilities>| one.is_some_and(|one| one.ciphers.contains(&cipher));
    let of_all = |cipher: &ContentCipher| !shown.is_empty() && shown.iter().all(has(*cipher));
    let common = CIPHERS.into_iter().filter(is_enough).find(of_all);
    common.unwrap_or(if is_enough(&UNKNOWN) { UNKNOWN } else { least })
}

/// How the key of a mail is encrypted for one recipient. It says nothing for a key on a curve, with which a key is agreed on.
pub fn transport(certificate: &Certificate, shown: Option<&Capabilities>) -> Transport {
    match (certificate.key(), shown) {
        (PublicKey::Rsa { .. }, Some(shown)) => {
            let digest = OAEP.into_iter().find(|digest| shown.oaep.contains(digest));
            digest.map_or(Transport::Pkcs1, Transport::Oaep)
        }
        _ => Transport::Pkcs1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(ciphers: &[ContentCipher]) -> Capabilities {
        Capabilities { ciphers: ciphers.to_vec(), ..Capabilities::default() }
    }

    #[test]
    fn they_are_read_as_they_are_written_and_what_is_strange_is_passed_over() {
        let ours = Capabilities { ciphers: CIPHERS.to_vec(), oaep: vec![Digest::Sha256, Digest::Sha1], agrees: true };
        assert_eq!(Capabilities::read(&ours.der()), Ok(ours.clone()));
        let strange = tlv::sequence(&[
            &tlv::algorithm(ObjectIdentifier::new_unwrap("1.2.840.113549.3.2"), &[tlv::INTEGER, 2, 0, 128]),
            &tlv::sequence(&[&tlv::octets(b"no algorithm")]),
            &tlv::algorithm(oid::AES128_CBC, &[]),
        ]);
        assert_eq!(Capabilities::read(&strange), Ok(shows(&[ContentCipher::Aes128Cbc])));
        assert_eq!(Capabilities::read(&tlv::sequence(&[])), Ok(Capabilities::default()));
        assert!(Capabilities::read(b"none").is_err());
        assert!(Capabilities::read(&[ours.der(), vec![0]].concat()).is_err());
    }

    #[test]
    fn the_best_that_all_show_is_taken_and_else_what_everybody_opens() {
        use ContentCipher::{Aes128Cbc, Aes128Gcm, Aes256Cbc, Aes256Gcm};
        let (all, old, small) = (shows(&CIPHERS), shows(&[Aes128Cbc, Aes256Cbc]), shows(&[Aes128Gcm, Aes128Cbc]));
        assert_eq!(cipher_for_all(&[Some(&all)]), Aes256Gcm);
        assert_eq!(cipher_for_all(&[Some(&all), Some(&small)]), Aes128Gcm);
        assert_eq!(cipher_for_all(&[Some(&all), Some(&old)]), Aes256Cbc);
        assert_eq!(cipher_for_all(&[Some(&old), Some(&small)]), Aes128Cbc);
        assert_eq!(cipher_for_all(&[Some(&all), None]), Aes256Cbc);
        assert_eq!(cipher_for_all(&[Some(&all), Some(&shows(&[]))]), Aes256Cbc);
        assert_eq!(cipher_for_all(&[]), Aes256Cbc);
    }

    #[test]
    fn none_weaker_than_the_least_is_taken_whoever_opens_it() {
        use ContentCipher::{Aes128Cbc, Aes128Gcm, Aes256Cbc, Aes256Gcm};
        let (all, old, small) = (shows(&CIPHERS), shows(&[Aes128Cbc, Aes256Cbc]), shows(&[Aes128Gcm, Aes128Cbc]));
        for (shown, least, expected) in [
            (vec![Some(&all)], Aes128Cbc, Aes256Gcm),
            (vec![Some(&all), Some(&old)], Aes128Gcm, Aes128Gcm),
            (vec![Some(&old), Some(&small)], Aes256Cbc, Aes256Cbc),
            (vec![Some(&small)], Aes256Cbc, Aes256Cbc),
            (vec![Some(&small)], Aes128Gcm, Aes128Gcm),
            (vec![Some(&small)], Aes256Gcm, Aes256Gcm),
            (vec![None], Aes256Cbc, Aes256Cbc),
            (vec![None], Aes128Gcm, Aes128Gcm),
            (vec![Some(&all), None], Aes256Gcm, Aes256Gcm),
        ] {
            assert_eq!(cipher_at_least(&shown, least), expected, "{shown:?} {least:?}");
        }
    }
}
