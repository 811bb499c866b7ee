//! Sealing and opening as orders that travel: a cell gets one with a mail, does it, and asks whoever holds the keys.

use crate::header_protection::Protection;
use crate::key::PrivateKey;
use crate::key::asked::{AskedKey, Holder};
use crate::smime::{self, Certificate, ContentCipher, Legacy, Opening, Orders, Recipient, Scheme, Signer, Transport};
use crate::verdict::Verdict;
use crate::{Random, Trouble};
use serde::{Deserialize, Serialize};
use std::fmt;

/// To open a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrder {
    /// Certificates of ours, in DER; their keys are asked for by their place in this list.
    pub own: Vec<Vec<u8>>,
    /// Certificates of others, in DER, that may have signed without coming along.
    pub known: Vec<Vec<u8>>,
    /// Mail in ciphers that protect nothing any more (3DES, RC2) is opened, too.
    pub opens_legacy: bool,
}

/// To seal a mail with S/MIME. Key number 0 signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealOrder {
    pub signer: Option<SignerOrder>,
    /// Certificates, in DER, of all for whom it is encrypted.
    pub recipients: Vec<(Vec<u8>, Transport)>,
    pub cipher: ContentCipher,
    pub is_opaque: bool,
    pub protection: Option<ProtectionOrder>,
    /// Seconds since 1970.
    pub now: u64,
}

/// Who signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignerOrder {
    pub certificate: Vec<u8>,
    pub scheme: Scheme,
    pub intermediates: Vec<Vec<u8>>,
}

/// [`Protection`] with words of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProtectionOrder {
    pub outer_subject: Option<String>,
    pub is_displayed: bool,
}

/// A mail that was opened, and what is known of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Opened {
    pub mail: Vec<u8>,
    pub verdict: Verdict,
}

/// [`Trouble`] as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    Malformed(String),
    NotForUs,
    CannotOpen,
    Unsupported(String),
    KeyRefused,
}

impl From<Trouble> for Refusal {
    fn from(trouble: Trouble) -> Refusal {
        match trouble {
            Trouble::Malformed(what) => Refusal::Malformed(what.to_owned()),
            Trouble::NotForUs => Refusal::NotForUs,
            Trouble::CannotOpen => Refusal::CannotOpen,
            Trouble::Unsupported(what) => Refusal::Unsupported(what.to_owned()),
            Trouble::KeyRefused => Refusal::KeyRefused,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Malformed(what) => write!(f, "it is malformed: {what}"),
            Refusal::NotForUs => Trouble::NotForUs.fmt(f),
            Refusal::CannotOpen => Trouble::CannotOpen.fmt(f),
            Refusal::Unsupported(what) => write!(f, "it is not supported: {what}"),
            Refusal::KeyRefused => Trouble::KeyRefused.fmt(f),
        }
    }
}

impl OpenOrder {
    /// # Errors
    /// Those of [`smime::open`].
    pub fn carry_out(&self, mail: &[u8], holder: &Holder<'_>, random: &mut dyn Random) -> Result<Opened, Trouble> {
        let (own, known) = (certificates(&self.own)?, certificates(&self.known)?);
        let asked: Vec<AskedKey<'_>> = (0..own.len()).map(|number| AskedKey::new(number, holder)).collect();
        let keys: Vec<(&Certificate, &dyn PrivateKey)> =
            own.iter().zip(&asked).map(|(certificate, key)| (certificate, key as &dyn PrivateKey)).collect();
        let legacy = if self.opens_legacy { Legacy::Opened } else { Legacy::Refused };
        let opened = smime::open_with(mail, &Opening { keys: &keys, known: &known, legacy }, random)?;
        let verdict = Verdict::of_smime(&opened.layers, &own, opened.protected);
        Ok(Opened { mail: opened.mail, verdict })
    }
}

impl SealOrder {
    /// # Errors
    /// Those of [`smime::seal`]; nothing of the mail is given back then.
    pub fn carry_out(&self, mail: &[u8], holder: &Holder<'_>, random: &mut dyn Random) -> Result<Vec<u8>, Trouble> {
        if self.signer.is_none() && self.recipients.is_empty() {
            return Err(Trouble::Malformed("an order that seals nothing"));
        }
        let key = AskedKey::new(0, holder);
        let own = self.signer.as_ref().map(|signer| Certificate::from_der(&signer.certificate)).transpose()?;
        let along = self.signer.as_ref().map(|signer| certificates(&signer.intermediates)).transpose()?;
        let along = along.unwrap_or_default();
        let signer = self.signer.as_ref().zip(own.as_ref()).map(|(signer, certificate)| Signer {
            certificate,
            key: &key,
            scheme: signer.scheme,
            intermediates: &along,
        });
        let others: Vec<(Certificate, Transport)> = self
            .recipients
            .iter()
            .map(|(der, transport)| Certificate::from_der(der).map(|one| (one, *transport)))
            .collect::<Result<_, _>>()?;
        let recipients: Vec<Recipient<'_>> =
            others.iter().map(|(certificate, transport)| Recipient { certificate, transport: *transport }).collect();
        let protection = self.protection.as_ref().map(|order| Protection {
            outer_subject: order.outer_subject.as_deref(),
            is_displayed: order.is_displayed,
        });
        let (cipher, is_opaque) = (self.cipher, self.is_opaque);
        let orders = Orders { signer, recipients: &recipients, cipher, is_opaque, protection, now: self.now };
        smime::seal(mail, &orders, random)
    }
}

fn certificates(ders: &[Vec<u8>]) -> Result<Vec<Certificate>, Trouble> {
    ders.iter().map(|der| Certificate::from_der(der)).collect()
}
