//! What is known of a mail that came sealed, as values that can be shown, written down and decided by.

use crate::header_protection::Protected;
use crate::pgp;
use crate::smime::{Certificate, ContentCipher, Flaw, Layer, PublicKey, Signature};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};

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
    pub algorithm: String,
}

/// SHA-256 of a certificate in small hex.
pub fn fingerprint(certificate: &Certificate) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, certificate.der()).as_ref())
}

/// `rsa-2048`, `p256`, …
pub fn algorithm(key: &PublicKey) -> String {
    match key {
        PublicKey::Rsa { bits, .. } => format!("rsa-{bits}"),
        PublicKey::Ec { curve, .. } => format!("{curve:?}").to_ascii_lowercase(),
        PublicKey::Ed25519(_) => "ed25519".to_owned(),
    }
}

impl Verdict {
    /// Of what was opened with S/MIME; `own` are the certificates that were handed in.
    pub(crate) fn of_smime(layers: &[Layer], own: &[Certificate], protected: Option<Protected>) -> Verdict {
        // A signature proves what is within it: one around an encrypted layer says nothing of who encrypted what.
        let inner = layers.last();
        let is_proved = inner.is_some_and(|layer| match layer {
            Layer::Signed(signed) => signed.signatures.iter().any(|one| one.flaw.is_none()),
            Layer::Encrypted { cipher, .. } => cipher.is_authenticated(),
        });
        Verdict { layers: layers.iter().map(|layer| LayerVerdict::of(layer, own)).collect(), is_proved, protected }
    }
}

impl Verdict {
    /// Of what was opened with OpenPGP. It opens nothing whose cipher does not prove it.
    pub(crate) fn of_pgp(layers: &[pgp::Layer], own: &[&pgp::Key<'_>], protected: Option<Protected>) -> Verdict {
        let is_proved = layers.last().is_some_and(|layer| match layer {
            pgp::Layer::Signed(signatures) => signatures.iter().any(|one| one.flaw.is_none()),
            pgp::Layer::Encrypted { .. } => true,
        }) || layers.iter().any(|layer| matches!(layer, pgp::Layer::Encrypted { .. }));
        let verdicts = layers.iter().map(|layer| match layer {
            pgp::Layer::Encrypted { suite, with } => LayerVerdict::Encrypted {
                scheme: SchemeName::Pgp,
                cipher: suite.to_string(),
                is_proved: true,
                with: own
                    .get(*with)
                    .map(|key| key.certificate().fingerprint().to_ascii_lowercase())
                    .unwrap_or_default(),
            },
            pgp::Layer::Signed(signatures) => LayerVerdict::Signed {
                scheme: SchemeName::Pgp,
                signatures: signatures.iter().map(SignatureVerdict::of_pgp).collect(),
            },
        });
        Verdict { layers: verdicts.collect(), is_proved, protected }
    }
}

impl LayerVerdict {
    fn of(layer: &Layer, own: &[Certificate]) -> LayerVerdict {
        match layer {
            Layer::Encrypted { cipher, with } => LayerVerdict::Encrypted {
                scheme: SchemeName::Smime,
                cipher: cipher.name().to_owned(),
                is_proved: cipher.is_authenticated(),
                with: own.get(*with).map(fingerprint).unwrap_or_default(),
            },
            Layer::Signed(signed) => LayerVerdict::Signed {
                scheme: SchemeName::Smime,
                signatures: signed.signatures.iter().map(SignatureVerdict::of).collect(),
            },
        }
    }
}

impl SignatureVerdict {
    fn of(signature: &Signature) -> SignatureVerdict {
        let by = signature.by.as_ref().map(|by| Signatory {
            fingerprint: fingerprint(by),
            addresses: by.addresses().to_vec(),
            algorithm: algorithm(by.key()),
        });
        SignatureVerdict { by, at: signature.at, flaw: signature.flaw.map(|flaw| word(flaw).to_owned()) }
    }

    fn of_pgp(signature: &pgp::Signature) -> SignatureVerdict {
        let by = signature.by.as_ref().map(|by| Signatory {
            fingerprint: by.fingerprint().to_ascii_lowercase(),
            addresses: by
                .standing(&pgp::Policy::default(), signature.at.unwrap_or(0))
                .addresses()
                .map(str::to_owned)
                .collect(),
            algorithm: String::new(),
        });
        SignatureVerdict { by, at: signature.at, flaw: signature.flaw.map(|flaw| pgp_word(flaw).to_owned()) }
    }
}

fn word(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::ContentChanged => "content_changed",
        Flaw::Wrong => "wrong",
        Flaw::CertificateMissing => "certificate_missing",
        Flaw::CertificateExchanged => "certificate_exchanged",
        Flaw::Algorithm => "algorithm",
        Flaw::Malformed => "malformed",
    }
}

fn pgp_word(flaw: pgp::Flaw) -> &'static str {
    match flaw {
        pgp::Flaw::Wrong => "wrong",
        pgp::Flaw::CertificateMissing => "certificate_missing",
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
