//! What is known of a mail that came sealed, as values that can be shown, written down and decided by.

use crate::header_protection::Protected;
use crate::pgp::{self, Unfit};
use crate::smime::{Certificate, ContentCipher, Flaw, Layer, PublicKey, Signature};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

/// The flaw of a signature whose certificate or key is not had, so that it cannot be checked.
pub const CERTIFICATE_MISSING: &str = "certificate_missing";

/// What was around a mail, the outermost first, and what that proves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    pub layers: Vec<LayerVerdict>,
    /// The content is as somebody with a key made it: its cipher proves it, or a signature within that holds. Where it is false for an
    /// encrypted mail, it may have been changed on its way, and no more than its text may be shown (EFAIL).
    pub is_proved: bool,
    /// How its fields were protected; `null` where they were not.
    pub protected: Option<Protected>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerVerdict {
    Encrypted {
        scheme: SchemeName,
        cipher: String,
        /// The cipher proves that nothing was changed.
        is_proved: bool,
        /// Fingerprint of the key of ours that opened it.
        with: String,
    },
    Signed {
        scheme: SchemeName,
        signatures: Vec<SignatureVerdict>,
    },
}

/// How mail is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SchemeName {
    Smime,
    Pgp,
}

/// One signer's word, and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureVerdict {
    /// Who made it; `null` where his certificate is not had.
    pub by: Option<Signatory>,
    /// When he says that he signed, in seconds since 1970.
    pub at: Option<u64>,
    /// Why it proves nothing, as a word; `null` when it holds.
    pub flaw: Option<String>,
}

/// Whose key signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signatory {
    /// Of the certificate, in small hex: SHA-256, or what OpenPGP has.
    pub fingerprint: String,
    /// The addresses that it speaks for. Who vouches for that is another question.
    pub addresses: Vec<String>,
    /// Of the key that signed: `rsa-2048`, `p256`, … or, with OpenPGP, `RSA-2048`, `Ed25519`, …
    pub algorithm: String,
}

/// SHA-256 of a certificate in small hex.
pub fn fingerprint(certificate: &Certificate) -> String {
    fingerprint_of(certificate.der())
}

/// The same of a certificate in DER, or of whatever else the bytes are.
pub fn fingerprint_of(der: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, der).as_ref())
}

fn pgp_fingerprint(certificate: &pgp::Certificate) -> String {
    certificate.fingerprint().to_ascii_lowercase()
}

/// `rsa-2048`, `p256`, `ml-kem-768`, …
pub fn algorithm(key: &PublicKey) -> String {
    match key {
        PublicKey::Rsa { bits, .. } => format!("rsa-{bits}"),
        PublicKey::Ec { curve, .. } => format!("{curve:?}").to_ascii_lowercase(),
        PublicKey::Ed25519(_) => "ed25519".to_owned(),
        PublicKey::MlKem { kem, .. } => kem.name().to_owned(),
    }
}

impl Verdict {
    /// Of what was opened with S/MIME; `own` are the certificates that were handed in.
    pub(crate) fn of_smime(layers: &[Layer], own: &[Certificate], protected: Option<Protected>) -> Verdict {
        let verdict = |layer: &Layer| match layer {
            Layer::Encrypted { cipher, with } => LayerVerdict::Encrypted {
                scheme: SchemeName::Smime,
                cipher: cipher.name().to_owned(),
                is_proved: cipher.is_authenticated(),
                with: own.get(*with).map(fingerprint).unwrap_or_default(),
            },
            Layer::Signed(signed) => LayerVerdict::Signed {
                scheme: SchemeName::Smime,
                signatures: signed.signatures.iter().map(SignatureVerdict::of_smime).collect(),
            },
        };
        Verdict::of(layers.iter().map(verdict).collect(), protected)
    }

    /// Of what was opened with OpenPGP at this time, which opens nothing whose cipher does not prove it.
    pub(crate) fn of_pgp(
        layers: &[pgp::Layer],
        own: &[&pgp::Key<'_>],
        protected: Option<Protected>,
        now: u64,
    ) -> Verdict {
        let verdict = |layer: &pgp::Layer| match layer {
            pgp::Layer::Encrypted { suite, with } => LayerVerdict::Encrypted {
                scheme: SchemeName::Pgp,
                cipher: suite.to_string(),
                is_proved: true,
                with: own.get(*with).map(|key| pgp_fingerprint(key.certificate())).unwrap_or_default(),
            },
            pgp::Layer::Signed(signatures) => LayerVerdict::Signed {
                scheme: SchemeName::Pgp,
                signatures: signatures.iter().map(|one| SignatureVerdict::of_pgp(one, now)).collect(),
            },
        };
        Verdict::of(layers.iter().map(verdict).collect(), protected)
    }

    fn of(layers: Vec<LayerVerdict>, protected: Option<Protected>) -> Verdict {
        // Anybody can sign or encrypt what he found, so only the innermost proves something: a signature right around the content, or the
        // cipher of the last layer that is encrypted.
        let is_signed = layers.last().is_some_and(|layer| match layer {
            LayerVerdict::Signed { signatures, .. } => signatures.iter().any(|one| one.flaw.is_none()),
            LayerVerdict::Encrypted { .. } => false,
        });
        let by_cipher = layers.iter().rev().find_map(|layer| match layer {
            LayerVerdict::Encrypted { is_proved, .. } => Some(*is_proved),
            LayerVerdict::Signed { .. } => None,
        });
        Verdict { layers, is_proved: is_signed || by_cipher == Some(true), protected }
    }
}

impl SignatureVerdict {
    fn of_smime(signature: &Signature) -> SignatureVerdict {
        let by = signature.by.as_ref().map(|by| Signatory {
            fingerprint: fingerprint(by),
            addresses: by.addresses().to_vec(),
            algorithm: algorithm(by.key()),
        });
        SignatureVerdict { by, at: signature.at, flaw: signature.flaw.map(|flaw| word(flaw).to_owned()) }
    }

    /// Whoever signs says when, so a name that was taken back since then is none of his.
    fn of_pgp(signature: &pgp::Signature, now: u64) -> SignatureVerdict {
        let by = signature.by.as_ref().map(|by| {
            let standing = by.standing(&pgp::Policy::default(), signature.at.unwrap_or(0));
            let today = by.standing(&pgp::Policy::default(), now);
            let is_taken_back = |address: &str| {
                let mut named = today.users.iter().filter(|user| user.address.as_deref() == Some(address));
                named.all(|user| matches!(user.is, Err(Unfit::Revoked { .. } | Unfit::Compromised { .. })))
            };
            let key = standing.keys.iter().find(|key| Some(&key.fingerprint) == signature.issuer.as_ref());
            Signatory {
                fingerprint: pgp_fingerprint(by),
                addresses: standing.addresses().filter(|one| !is_taken_back(one)).map(str::to_owned).collect(),
                algorithm: key.map(|key| key.algorithm.clone()).unwrap_or_default(),
            }
        });
        SignatureVerdict { by, at: signature.at, flaw: signature.flaw.map(|flaw| pgp_word(flaw).to_owned()) }
    }
}

fn word(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::ContentChanged => "content_changed",
        Flaw::Wrong => "wrong",
        Flaw::CertificateMissing => CERTIFICATE_MISSING,
        Flaw::CertificateExchanged => "certificate_exchanged",
        Flaw::Algorithm => "algorithm",
        Flaw::Malformed => "malformed",
    }
}

fn pgp_word(flaw: pgp::Flaw) -> &'static str {
    match flaw {
        pgp::Flaw::Wrong => "wrong",
        pgp::Flaw::CertificateMissing => CERTIFICATE_MISSING,
        pgp::Flaw::Algorithm => "algorithm",
        pgp::Flaw::Key(_) => "key",
        pgp::Flaw::InFuture => "in_future",
        pgp::Flaw::Expired => "expired",
        pgp::Flaw::MeantForOthers => "meant_for_others",
        pgp::Flaw::Malformed => "malformed",
    }
}

impl ContentCipher {
    /// `aes-256-cbc`, …
    pub fn name(self) -> &'static str {
        match self {
            ContentCipher::Aes128Cbc => "aes-128-cbc",
            ContentCipher::Aes192Cbc => "aes-192-cbc",
            ContentCipher::Aes256Cbc => "aes-256-cbc",
            ContentCipher::Aes128Gcm => "aes-128-gcm",
            ContentCipher::Aes256Gcm => "aes-256-gcm",
            ContentCipher::TripleDesCbc => "3des-cbc",
            ContentCipher::Rc2Cbc(_) => "rc2-cbc",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encrypted(is_proved: bool) -> LayerVerdict {
        LayerVerdict::Encrypted { scheme: SchemeName::Smime, cipher: String::new(), is_proved, with: String::new() }
    }

    fn signed(flaw: Option<Flaw>) -> LayerVerdict {
        let flaw = flaw.map(|flaw| word(flaw).to_owned());
        LayerVerdict::Signed {
            scheme: SchemeName::Smime,
            signatures: vec![SignatureVerdict { by: None, at: None, flaw }],
        }
    }

    #[test]
    fn the_innermost_proof_counts_and_none_around_it() {
        let (good, bad) = (|| signed(None), || signed(Some(Flaw::Wrong)));
        for (layers, is_proved) in [
            (vec![], false),
            (vec![good()], true),
            (vec![bad()], false),
            (vec![good(), bad()], false),
            (vec![encrypted(true)], true),
            (vec![encrypted(false)], false),
            (vec![encrypted(false), good()], true),
            (vec![encrypted(false), bad()], false),
            (vec![encrypted(true), bad()], true),
            (vec![good(), encrypted(false)], false),
            (vec![encrypted(true), encrypted(false)], false),
        ] {
            let verdict = Verdict::of(layers, None);
            assert_eq!(verdict.is_proved, is_proved, "{:?}", verdict.layers);
        }
    }
}
