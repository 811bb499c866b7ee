//! Sealing and opening as orders that travel: a cell gets one with a mail, does it, and asks whoever holds the keys.

use crate::entity::{Entity, name_of, tells_of_plain, with_crlf};
use crate::header_protection::{Protection, one_line};
use crate::key::PrivateKey;
use crate::key::asked::{AskedKey, Holder};
use crate::smime::{self, Certificate, ContentCipher, Legacy, Opening, Recipient, Scheme, Signer, Transport};
use crate::verdict::Verdict;
use crate::{Random, Trouble, pgp, texts};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// To open a mail. Keys are asked for by their number: first those of `own`, in their order, then those of each of `own_pgp`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenOrder {
    /// Certificates of ours, in DER.
    pub own: Vec<Vec<u8>>,
    /// Certificates of others, in DER, that may have signed without coming along.
    pub known: Vec<Vec<u8>>,
    pub own_pgp: Vec<OwnPgp>,
    /// Certificates of OpenPGP of others, each as its packets.
    pub known_pgp: Vec<Vec<u8>>,
    /// Mail in ciphers that protect nothing any more (3DES, RC2) is opened, too.
    pub opens_legacy: bool,
    /// Seconds since 1970.
    pub now: u64,
}

/// A certificate of ours of OpenPGP, as its packets, with the fingerprints of those of its keys whose private parts we hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnPgp {
    pub certificate: Vec<u8>,
    pub keys: Vec<String>,
}

/// To seal a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealOrder {
    pub with: With,
    pub protection: Option<ProtectionOrder>,
    /// A line below its text.
    pub footer: Option<String>,
    /// Seconds since 1970.
    pub now: u64,
}

/// In which scheme, and for whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum With {
    /// Key number 0 signs.
    Smime {
        signer: Option<SignerOrder>,
        /// Certificates, in DER, of all for whom it is encrypted.
        recipients: Vec<(Vec<u8>, Transport)>,
        cipher: ContentCipher,
        is_opaque: bool,
    },
    /// Keys are asked for by their place in the signer's list.
    Pgp {
        signer: Option<OwnPgp>,
        /// Certificates, as their packets, of all for whom it is encrypted.
        recipients: Vec<Vec<u8>>,
        /// As in [`pgp::Policy`].
        cipher_bits_min: u16,
    },
}

/// Who signs with S/MIME.
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

/// Whose certificates the signatures right around a content name, so that somebody can ask who vouches for them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Signers {
    /// In the order of the signatures, in DER; `None` where it is not had, and with OpenPGP.
    pub certificates: Vec<Option<Vec<u8>>>,
    /// All that came along, in DER.
    pub along: Vec<Vec<u8>>,
    /// What each of them says that his program can do, as `SMIMECapabilities` in DER; it counts where his signature holds.
    pub capabilities: Vec<Option<Vec<u8>>>,
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
            Trouble::KeyRefused | Trouble::KeyAway => Refusal::KeyRefused,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Refusal::Malformed(what) | Refusal::Unsupported(what) => write!(f, ": {what}"),
            Refusal::NotForUs | Refusal::CannotOpen | Refusal::KeyRefused => Ok(()),
        }
    }
}

impl Refusal {
    /// Which it is, without words that came from elsewhere.
    pub fn word(&self) -> &'static str {
        match self {
            Refusal::Malformed(_) => "it is malformed",
            Refusal::NotForUs => "it is encrypted for none of our keys",
            Refusal::CannotOpen => "it does not open",
            Refusal::Unsupported(_) => "it is not supported",
            Refusal::KeyRefused => "the key did not do what it was asked for",
        }
    }
}

impl OpenOrder {
    /// The mail without what it was sealed in; one that was not sealed comes back as it is, with an empty verdict.
    ///
    /// # Errors
    /// Those of [`smime::open`] and [`pgp::open`].
    pub fn carry_out(&self, mail: &[u8], holder: &Holder<'_>, random: &mut dyn Random) -> Result<Opened, Trouble> {
        self.carry_out_naming_signers(mail, holder, random).map(|(opened, _)| opened)
    }

    /// The same, with the certificates of those who signed the content itself.
    ///
    /// # Errors
    /// Those of [`OpenOrder::carry_out`].
    pub fn carry_out_naming_signers(
        &self,
        mail: &[u8],
        holder: &Holder<'_>,
        random: &mut dyn Random,
    ) -> Result<(Opened, Signers), Trouble> {
        let (opened, signers) = self.with_smime(mail, holder, random)?;
        if !opened.verdict.layers.is_empty() {
            return Ok((opened, signers));
        }
        Ok((self.with_pgp(mail, holder, random)?, Signers::default()))
    }

    fn with_smime(
        &self,
        mail: &[u8],
        holder: &Holder<'_>,
        random: &mut dyn Random,
    ) -> Result<(Opened, Signers), Trouble> {
        let (own, known) = (certificates(&self.own)?, certificates(&self.known)?);
        let asked: Vec<AskedKey<'_>> = (0..own.len()).map(|number| AskedKey::new(number, holder)).collect();
        let keys: Vec<(&Certificate, &dyn PrivateKey)> =
            own.iter().zip(&asked).map(|(certificate, key)| (certificate, key as &dyn PrivateKey)).collect();
        let legacy = if self.opens_legacy { Legacy::Opened } else { Legacy::Refused };
        let opened = smime::open_with(mail, &Opening { keys: &keys, known: &known, legacy }, random)?;
        let verdict = Verdict::of_smime(&opened.layers, &own, opened.protected);
        let signers = match opened.layers.last() {
            Some(smime::Layer::Signed(signed)) => Signers::of(signed),
            _ => Signers::default(),
        };
        Ok((Opened { mail: opened.mail, verdict }, signers))
    }

    fn with_pgp(&self, mail: &[u8], holder: &Holder<'_>, random: &mut dyn Random) -> Result<Opened, Trouble> {
        let mut number = self.own.len();
        let mut keys = Vec::new();
        for own in &self.own_pgp {
            keys.push(own.key(number, holder)?);
            number += own.keys.len();
        }
        let keys: Vec<&pgp::Key<'_>> = keys.iter().collect();
        let known = self.known_pgp.iter().map(|one| pgp_certificate(one)).collect::<Result<Vec<_>, _>>()?;
        let means = pgp::Means { keys: &keys, known: &known, policy: &pgp::Policy::default(), now: self.now };
        let opened = pgp::open(mail, &means, random)?;
        let verdict = Verdict::of_pgp(&opened.layers, &keys, opened.protected, self.now);
        Ok(Opened { mail: opened.mail, verdict })
    }
}

impl Signers {
    fn of(signed: &smime::Signed) -> Signers {
        let der = |one: &Certificate| one.der().to_vec();
        Signers {
            certificates: signed.signatures.iter().map(|one| one.by.as_ref().map(der)).collect(),
            along: signed.certificates.iter().map(der).collect(),
            capabilities: signed
                .signatures
                .iter()
                .map(|one| one.capabilities.as_ref().map(|said| said.der()))
                .collect(),
        }
    }
}

impl OwnPgp {
    /// With keys that are asked for by the numbers from `first` on.
    fn key<'h>(&self, first: usize, holder: &'h Holder<'h>) -> Result<pgp::Key<'h>, Trouble> {
        let behind = self.keys.iter().enumerate().map(|(at, fingerprint)| {
            let key: pgp::Behind<'h> = Box::new(AskedKey::new(first + at, holder));
            (fingerprint.clone(), key)
        });
        Ok(pgp::Key::behind(pgp_certificate(&self.certificate)?, behind.collect()))
    }
}

impl With {
    /// Whether it seals anything.
    fn is_empty(&self) -> bool {
        match self {
            With::Smime { signer, recipients, .. } => signer.is_none() && recipients.is_empty(),
            With::Pgp { signer, recipients, .. } => signer.is_none() && recipients.is_empty(),
        }
    }

    fn encrypts(&self) -> bool {
        match self {
            With::Smime { recipients, .. } => !recipients.is_empty(),
            With::Pgp { recipients, .. } => !recipients.is_empty(),
        }
    }

    fn is_form_of(&self, mail: &[u8]) -> bool {
        let Some(kind) = Entity::read(mail).kind() else { return false };
        let has = |name: &str, value: &str| kind.parameter(name).is_some_and(|said| said.eq_ignore_ascii_case(value));
        match (self, kind.essence.as_str()) {
            (With::Smime { recipients, .. }, "application/pkcs7-mime") if recipients.is_empty() => {
                has("smime-type", "signed-data")
            }
            (With::Smime { .. }, "application/pkcs7-mime") => {
                has("smime-type", "enveloped-data") || has("smime-type", "authEnveloped-data")
            }
            (With::Smime { recipients, .. }, "multipart/signed") => {
                recipients.is_empty() && has("protocol", "application/pkcs7-signature")
            }
            (With::Pgp { recipients, .. }, "multipart/encrypted") => {
                !recipients.is_empty() && has("protocol", "application/pgp-encrypted")
            }
            (With::Pgp { recipients, .. }, "multipart/signed") => {
                recipients.is_empty() && has("protocol", "application/pgp-signature")
            }
            _ => false,
        }
    }
}

impl SealOrder {
    /// Whether `sealed` has the form of `mail` sealed so: encrypted where there are recipients, else signed, and outside nothing that did
    /// not stand there before but what such a mail begins with and the subject that was ordered, and of what is encrypted no signature of a
    /// server over the plain mail. What is within is not looked at.
    pub fn is_form_of(&self, mail: &[u8], sealed: &[u8]) -> bool {
        let before = with_crlf(mail);
        let known = Entity::read(&before).fields();
        let subject = self.protection.as_ref().and_then(|order| order.outer_subject.as_deref());
        let subject = subject.map(|subject| format!("Subject: {}", one_line(subject)).into_bytes());
        let is_known = |field: &&[u8]| match &name_of(field)[..] {
            b"mime-version" => true,
            name if name.starts_with(b"content-") => true,
            name if tells_of_plain(name) && self.with.encrypts() => false,
            _ => known.contains(field) || subject.as_ref().is_some_and(|subject| field.trim_ascii_end() == subject),
        };
        self.with.is_form_of(sealed) && Entity::read(sealed).fields().iter().all(is_known)
    }

    /// # Errors
    /// Those of [`smime::seal`] and [`pgp::seal`]; nothing of the mail is given back then.
    pub fn carry_out(&self, mail: &[u8], holder: &Holder<'_>, random: &mut dyn Random) -> Result<Vec<u8>, Trouble> {
        if self.with.is_empty() {
            return Err(Trouble::Malformed("an order that seals nothing"));
        }
        let mail = match &self.footer {
            Some(line) => Cow::Owned(texts::with_footer(mail, line)),
            None => Cow::Borrowed(mail),
        };
        let protection = self.protection.as_ref().map(|order| Protection {
            outer_subject: order.outer_subject.as_deref(),
            is_displayed: order.is_displayed,
        });
        match &self.with {
            With::Smime { signer, recipients, cipher, is_opaque } => {
                let key = AskedKey::new(0, holder);
                let own = signer.as_ref().map(|signer| Certificate::from_der(&signer.certificate)).transpose()?;
                let along = signer.as_ref().map(|signer| certificates(&signer.intermediates)).transpose()?;
                let along = along.unwrap_or_default();
                let signer = signer.as_ref().zip(own.as_ref()).map(|(signer, certificate)| Signer {
                    certificate,
                    key: &key,
                    scheme: signer.scheme,
                    intermediates: &along,
                });
                let others = recipients.iter().map(|(der, transport)| Ok((Certificate::from_der(der)?, *transport)));
                let others = others.collect::<Result<Vec<_>, Trouble>>()?;
                let for_one = |(certificate, transport)| Recipient { certificate, transport };
                let recipients: Vec<Recipient<'_>> =
                    others.iter().map(|(certificate, transport)| for_one((certificate, *transport))).collect();
                let (cipher, is_opaque, now) = (*cipher, *is_opaque, self.now);
                let orders = smime::Orders { signer, recipients: &recipients, cipher, is_opaque, protection, now };
                smime::seal(&mail, &orders, random)
            }
            With::Pgp { signer, recipients, cipher_bits_min } => {
                let key = signer.as_ref().map(|own| own.key(0, holder)).transpose()?;
                let others = recipients.iter().map(|one| pgp_certificate(one)).collect::<Result<Vec<_>, _>>()?;
                let recipients: Vec<&pgp::Certificate> = others.iter().collect();
                let policy = pgp::Policy { cipher_bits_min: *cipher_bits_min, ..pgp::Policy::default() };
                let orders = pgp::Orders {
                    signer: key.as_ref(),
                    recipients: &recipients,
                    protection,
                    policy: &policy,
                    now: self.now,
                };
                pgp::seal(&mail, &orders, random)
            }
        }
    }
}

fn certificates(ders: &[Vec<u8>]) -> Result<Vec<Certificate>, Trouble> {
    ders.iter().map(|der| Certificate::from_der(der)).collect()
}

fn pgp_certificate(packets: &[u8]) -> Result<pgp::Certificate, Trouble> {
    let mut all = pgp::Certificate::read_all(packets)?;
    match all.len() {
        1 => Ok(all.remove(0)),
        _ => Err(Trouble::Malformed("an order names other than one certificate")),
    }
}
