//! From what was decided to an order for a cell, and which algorithms that means.

use super::Table;
use crate::cell::OwnKey as Signing;
use crate::keys::{OwnKey, OwnPgpKey};
use crate::sealing::beyond::Beyond;
use policy::sealing::{Cipher, RsaPadding, Scheme, Seal, Suite};
use seal::key::Curve;
use seal::order::{SignerOrder, With};
use seal::pgp;
use seal::smime::{
    Capabilities, Certificate, ContentCipher, Digest, PublicKey, Scheme as SignatureScheme, Transport, cipher_at_least,
    cipher_for_all, transport,
};

/// Which keys an order uses, and how.
#[derive(Clone, Copy)]
pub(in crate::sealing) struct Choice<'c> {
    pub(in crate::sealing) scheme: Scheme,
    /// A fingerprint; so is each of the next.
    pub(in crate::sealing) sign: Option<&'c str>,
    pub(in crate::sealing) encrypt_to: &'c [String],
    pub(in crate::sealing) suite: Suite,
    pub(in crate::sealing) is_opaque: bool,
}

impl<'c> Choice<'c> {
    pub(in crate::sealing) fn of(seal: &'c Seal) -> Choice<'c> {
        Choice {
            scheme: seal.scheme,
            sign: seal.sign.as_deref(),
            encrypt_to: &seal.encrypt_to,
            suite: seal.suite,
            is_opaque: seal.opaque,
        }
    }

    /// A signature, and nothing else.
    pub(in crate::sealing) fn signature(scheme: Scheme, sign: &'c str, suite: Suite) -> Choice<'c> {
        Choice { scheme, sign: Some(sign), encrypt_to: &[], suite, is_opaque: false }
    }
}

/// A recipient's certificate, and what his program can do: by what came along with it, else by its own word.
type Known<'t> = (&'t Certificate, Option<Capabilities>);

impl Table {
    /// The order that a decision means, and the keys that sign; `None` when one of its keys is not there.
    pub(in crate::sealing) fn with(&self, choice: &Choice<'_>) -> Option<(With, Vec<Signing>)> {
        self.with_beyond(&Beyond::default(), choice)
    }

    /// The same, where recipients may have keys that were found outside.
    pub(in crate::sealing) fn with_beyond(&self, beyond: &Beyond, choice: &Choice<'_>) -> Option<(With, Vec<Signing>)> {
        let suite = choice.suite;
        match choice.scheme {
            Scheme::Smime => {
                let signer = self.signer(choice)?;
                let recipients = self.recipients(beyond, choice)?;
                let for_one = |(one, shown): &Known<'_>| -> (Vec<u8>, Transport) {
                    (one.der().to_vec(), transport_by(suite.rsa_padding, one, shown.as_ref()))
                };
                let with = With::Smime {
                    signer: signer.map(|own| signer_order(own, suite.rsa_padding)),
                    recipients: recipients.iter().map(for_one).collect(),
                    cipher: cipher_at_least(&shown(&recipients), least(suite.cipher_min)),
                    is_opaque: choice.is_opaque,
                };
                Some((with, signer.map(|own| own.key.clone() as Signing).into_iter().collect()))
            }
            Scheme::Pgp => {
                let own = |print: &str| self.own_pgp.get(print).and_then(|place| self.folder.pgp_keys.get(*place));
                let signer = wanted(choice.sign, own)?;
                let recipients = self.pgp_recipients(beyond, choice)?;
                let with = With::Pgp {
                    signer: signer.map(|own| own.public.clone()),
                    recipients: recipients.iter().map(|one| one.to_bytes().ok()).collect::<Option<Vec<_>>>()?,
                    cipher_bits_min: cipher_bits_min(suite),
                };
                Some((with, signer.map(signing).unwrap_or_default()))
            }
        }
    }

    /// Which algorithms such an order uses and why that cipher, in a sentence for the trace; `None` when one of its keys is not there. `now` is in seconds
    /// since 1970.
    pub(in crate::sealing) fn algorithms(&self, beyond: &Beyond, choice: &Choice<'_>, now: u64) -> Option<String> {
        let mut parts = Vec::new();
        if !choice.encrypt_to.is_empty() {
            let cipher = match choice.scheme {
                Scheme::Smime => smime_encrypts(&self.recipients(beyond, choice)?, choice.suite),
                Scheme::Pgp => pgp_encrypts(&self.pgp_recipients(beyond, choice)?, choice.suite, now),
            };
            parts.push(format!("encrypted with {cipher}"));
        }
        if choice.scheme == Scheme::Smime
            && let Some(own) = self.signer(choice)?
        {
            let scheme = signature_by(choice.suite.rsa_padding, own.certificate.key());
            parts.push(format!("signed with {}", signature_name(scheme)));
        }
        Some(parts.join("; ")).filter(|said| !said.is_empty())
    }

    /// Our key that signs with S/MIME.
    fn signer(&self, choice: &Choice<'_>) -> Option<Option<&OwnKey>> {
        wanted(choice.sign, |print| self.own.get(print).and_then(|place| self.folder.own.get(*place)))
    }

    fn recipients<'t>(&'t self, beyond: &'t Beyond, choice: &Choice<'_>) -> Option<Vec<Known<'t>>> {
        choice.encrypt_to.iter().map(|print| self.recipient(beyond, print)).collect()
    }

    fn recipient<'t>(&'t self, beyond: &'t Beyond, print: &str) -> Option<Known<'t>> {
        let stranger = beyond.smime.get(print);
        let certificate = stranger.map(|one| &one.certificate).or_else(|| self.certificates.get(print))?;
        let told = stranger.and_then(|one| one.capabilities.clone());
        Some((certificate, told.or_else(|| Capabilities::of_certificate(certificate.der()).ok().flatten())))
    }

    /// One from outside holds what the folder knows of it, too.
    fn pgp_recipients<'t>(&'t self, beyond: &'t Beyond, choice: &Choice<'_>) -> Option<Vec<&'t pgp::Certificate>> {
        choice.encrypt_to.iter().map(|print| beyond.pgp.get(print).or_else(|| self.pgp.get(print))).collect()
    }
}

/// Nobody where nobody is wanted; `None` where somebody is, and is not there.
fn wanted<T>(print: Option<&str>, find: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    match print {
        Some(print) => find(print).map(Some),
        None => Some(None),
    }
}

fn shown<'k>(recipients: &'k [Known<'_>]) -> Vec<Option<&'k Capabilities>> {
    recipients.iter().map(|(_, shown)| shown.as_ref()).collect()
}

fn least(cipher: Cipher) -> ContentCipher {
    match cipher {
        Cipher::Aes128Cbc => ContentCipher::Aes128Cbc,
        Cipher::Aes256Cbc => ContentCipher::Aes256Cbc,
        Cipher::Aes128Gcm => ContentCipher::Aes128Gcm,
        Cipher::Aes256Gcm => ContentCipher::Aes256Gcm,
    }
}

/// Every certificate of OpenPGP reads 128 bits, so at that its owner's word counts alone.
fn cipher_bits_min(suite: Suite) -> u16 {
    Some(suite.cipher_min.bits()).filter(|bits| *bits > 128).unwrap_or_default()
}

/// How the key of content is encrypted for a key of RSA.
fn transport_by(padding: RsaPadding, certificate: &Certificate, shown: Option<&Capabilities>) -> Transport {
    match (padding, transport(certificate, shown)) {
        (RsaPadding::Pkcs1, _) => Transport::Pkcs1,
        (RsaPadding::Modern, Transport::Pkcs1) => Transport::Oaep(Digest::Sha256),
        // Which digest his program opens counts with either.
        (RsaPadding::Auto | RsaPadding::Modern, told) => told,
    }
}

fn signature_by(padding: RsaPadding, key: &PublicKey) -> SignatureScheme {
    key.signs_with(padding == RsaPadding::Modern)
}

fn signer_order(own: &OwnKey, padding: RsaPadding) -> SignerOrder {
    SignerOrder {
        certificate: own.certificate.der().to_vec(),
        scheme: signature_by(padding, own.certificate.key()),
        intermediates: own.chain.iter().map(|one| one.der().to_vec()).collect(),
    }
}

fn signing(own: &OwnPgpKey) -> Vec<Signing> {
    own.keys.iter().map(|key| key.clone() as Signing).collect()
}

/// The cipher, how its key reaches each recipient, and why it is this cipher.
fn smime_encrypts(recipients: &[Known<'_>], suite: Suite) -> String {
    let shown = shown(recipients);
    let (told, cipher) = (cipher_for_all(&shown), cipher_at_least(&shown, least(suite.cipher_min)));
    let is_shown = |one: &Option<&Capabilities>| one.is_some_and(|one| one.ciphers.contains(&cipher));
    let why = match () {
        () if cipher != told => format!("no less is allowed (cipher_min = {})", suite.cipher_min),
        () if shown.iter().all(is_shown) => {
            "what is known of each recipient's programs says that they open it".to_owned()
        }
        () => "what every program opens, for it is not known that each recipient's opens more".to_owned(),
    };
    let mut ways: Vec<String> = Vec::new();
    for (certificate, shown) in recipients {
        let way = key_way(certificate.key(), transport_by(suite.rsa_padding, certificate, shown.as_ref()));
        if !ways.contains(&way) {
            ways.push(way);
        }
    }
    format!("{}, {}: {why}", cipher.name(), ways.join(", "))
}

fn pgp_encrypts(recipients: &[&pgp::Certificate], suite: Suite, now: u64) -> String {
    let of = |cipher_bits_min| {
        let policy = pgp::Policy { cipher_bits_min, ..pgp::Policy::default() };
        pgp::suite_for_all(recipients, &policy, now)
    };
    let (told, taken) = (of(0), of(cipher_bits_min(suite)));
    match told == taken {
        true => format!("{taken}: the strongest that each certificate says is read"),
        false => format!("{taken}: no less is allowed (cipher_min = {})", suite.cipher_min),
    }
}

/// How the key of content reaches the owner of such a key.
fn key_way(key: &PublicKey, transport: Transport) -> String {
    let plain = match (key, transport) {
        (PublicKey::Rsa { .. }, Transport::Pkcs1) => "rsa-pkcs1",
        (PublicKey::Rsa { .. }, Transport::Oaep(digest)) => return format!("rsa-oaep-{}", digest_name(digest)),
        (PublicKey::Ec { curve: Curve::P256, .. }, _) => "ecdh-p256",
        (PublicKey::Ec { curve: Curve::P384, .. }, _) => "ecdh-p384",
        (PublicKey::Ec { curve: Curve::P521, .. }, _) => "ecdh-p521",
        (PublicKey::Ec { curve: Curve::X25519, .. }, _) => "x25519",
        (PublicKey::MlKem { .. }, _) => "ml-kem",
        (PublicKey::Ed25519(_), _) => "nothing",
    };
    plain.to_owned()
}

fn signature_name(scheme: SignatureScheme) -> String {
    match scheme {
        SignatureScheme::RsaPkcs1(digest) => format!("rsa-pkcs1-{}", digest_name(digest)),
        SignatureScheme::RsaPss(digest) => format!("rsa-pss-{}", digest_name(digest)),
        SignatureScheme::Ecdsa(digest) => format!("ecdsa-{}", digest_name(digest)),
        SignatureScheme::Ed25519 => "ed25519".to_owned(),
    }
}

fn digest_name(digest: Digest) -> &'static str {
    match digest {
        Digest::Sha1 => "sha1",
        Digest::Sha256 => "sha256",
        Digest::Sha384 => "sha384",
        Digest::Sha512 => "sha512",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::keys::{KeyFolder, Origin};
    use crate::outside::SmimeFound;
    use seal::Random;
    use seal::key::HeldKey;
    use seal::keyfile::issue::{Kind, Subject, generated, self_signed};
    use seal::verdict::fingerprint;
    use std::path::PathBuf;
    use std::sync::Arc;

    struct Chance;

    impl Random for Chance {
        fn fill(&mut self, bytes: &mut [u8]) {
            aws_lc_rs::rand::fill(bytes).unwrap();
        }
    }

    /// A table with a key of ours of RSA, its fingerprint, and the same certificate found outside with these capabilities.
    fn table(capabilities: Option<Capabilities>) -> (Table, String, Beyond) {
        let pkcs8 = generated(Kind::Rsa2048).unwrap();
        let subject = Subject { name: "Ann", addresses: &["ann@a.example"] };
        let der = self_signed(&pkcs8, subject, (1_700_000_000, 1_900_000_000), &mut Chance).unwrap();
        let certificate = Certificate::from_der(&der).unwrap();
        let print = fingerprint(&certificate);
        let key = Arc::new(HeldKey::from_pkcs8(&pkcs8, certificate.key()).unwrap());
        let (file, mut folder, mut beyond) = (PathBuf::from("own.pem"), KeyFolder::default(), Beyond::default());
        let origin = Origin { file: file.clone(), place: 0 };
        folder.own.push(OwnKey { certificate: certificate.clone(), key, chain: Vec::new(), origin, key_file: file });
        let found = SmimeFound { certificate, authorities: Arc::default(), capabilities };
        beyond.smime.insert(print.clone(), found);
        (Table::new(folder), print, beyond)
    }

    #[test]
    fn an_order_has_no_weaker_cipher_and_the_padding_that_rules_say() {
        let oaep = Transport::Oaep(Digest::Sha256);
        let gcm = || {
            Some(Capabilities { ciphers: vec![ContentCipher::Aes128Gcm], oaep: vec![Digest::Sha256], agrees: false })
        };
        let (pkcs1, pss) = (SignatureScheme::RsaPkcs1(Digest::Sha256), SignatureScheme::RsaPss(Digest::Sha256));
        for (capabilities, rules, expected, told) in [
            (
                None,
                (Cipher::Aes128Cbc, RsaPadding::Auto),
                (ContentCipher::Aes256Cbc, Transport::Pkcs1, pkcs1),
                "encrypted with aes-256-cbc, rsa-pkcs1: what every program opens, ",
            ),
            (
                gcm(),
                (Cipher::Aes128Cbc, RsaPadding::Auto),
                (ContentCipher::Aes128Gcm, oaep, pkcs1),
                "encrypted with aes-128-gcm, rsa-oaep-sha256: what is known of each recipient's programs",
            ),
            (
                gcm(),
                (Cipher::Aes256Gcm, RsaPadding::Pkcs1),
                (ContentCipher::Aes256Gcm, Transport::Pkcs1, pkcs1),
                "encrypted with aes-256-gcm, rsa-pkcs1: no less is allowed (cipher_min = aes-256-gcm); signed with rsa-pkcs1-sha256",
            ),
            (
                None,
                (Cipher::Aes128Gcm, RsaPadding::Modern),
                (ContentCipher::Aes128Gcm, oaep, pss),
                "encrypted with aes-128-gcm, rsa-oaep-sha256: no less is allowed (cipher_min = aes-128-gcm); signed with rsa-pss-sha256",
            ),
        ] {
            let (table, print, beyond) = table(capabilities);
            let choice = Choice {
                scheme: Scheme::Smime,
                sign: Some(&print),
                encrypt_to: std::slice::from_ref(&print),
                suite: Suite { cipher_min: rules.0, rsa_padding: rules.1 },
                is_opaque: false,
            };
            let with = table.with_beyond(&beyond, &choice);
            let Some((With::Smime { signer: Some(signer), recipients, cipher, .. }, _)) = with else {
                panic!("no order")
            };
            let transports: Vec<Transport> = recipients.into_iter().map(|(_, transport)| transport).collect();
            assert_eq!((cipher, transports, signer.scheme), (expected.0, vec![expected.1], expected.2));
            let said = table.algorithms(&beyond, &choice, 1_800_000_000).unwrap();
            assert!(said.starts_with(told), "{said}");
        }
    }

    #[test]
    fn of_a_signature_alone_its_algorithm_is_told_and_of_a_key_that_is_gone_nothing() {
        let (table, print, beyond) = table(None);
        let suite = Suite { rsa_padding: RsaPadding::Modern, ..Suite::default() };
        let said = table.algorithms(&beyond, &Choice::signature(Scheme::Smime, &print, suite), 1_800_000_000);
        assert_eq!(said.as_deref(), Some("signed with rsa-pss-sha256"));
        assert_eq!(table.algorithms(&beyond, &Choice::signature(Scheme::Smime, "gone", suite), 1_800_000_000), None);
    }

    /// OpenPGP counts the bits alone, and at 128 its owner's word.
    #[test]
    fn an_order_of_openpgp_has_the_bits_that_rules_say() {
        for (cipher_min, bits) in
            [(Cipher::Aes128Cbc, 0), (Cipher::Aes128Gcm, 0), (Cipher::Aes256Cbc, 256), (Cipher::Aes256Gcm, 256)]
        {
            assert_eq!(cipher_bits_min(Suite { cipher_min, ..Suite::default() }), bits);
        }
    }
}
