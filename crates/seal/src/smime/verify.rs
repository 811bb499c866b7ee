//! Signatures of others (RFC 5652, section 5; RFC 8551, section 2.5).
//!
//! It is told who signed which bytes, and with which certificate; whether that certificate is to be believed is asked elsewhere.

use super::capabilities::Capabilities;
use super::certificate::Certificate;
use super::signature::{Digest, Scheme};
use crate::Trouble;
use crate::asn1::normalised;
use crate::asn1::oid;
use crate::asn1::tlv::{self, Algorithm, Element, Elements, OCTETS, OID, SEQUENCE, SET};
use der::Decode;
use der::asn1::{GeneralizedTime, UtcTime};

/// Signers of one mail that are looked at, and certificates that it brings along.
const SIGNERS_MAX: usize = 16;
const CERTIFICATES_MAX: usize = 64;

/// What a signed mail holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Signed {
    /// The content within an opaque signature.
    pub content: Option<Vec<u8>>,
    pub signatures: Vec<Signature>,
    /// The certificates that came along, without those that cannot be read.
    pub certificates: Vec<Certificate>,
}

/// One signer's word.
#[derive(Debug, PartialEq, Eq)]
pub struct Signature {
    /// Which of [`Signed::certificates`], or behind them of those that were known already, made it; where it is had.
    pub by: Option<Certificate>,
    /// When he says that he signed, in seconds since 1970.
    pub at: Option<u64>,
    /// What he says that his program can do; worth something only where the signature is good.
    pub capabilities: Option<Capabilities>,
    /// `None` when it is good: these bytes are as the holder of the certificate's key signed them.
    pub flaw: Option<Flaw>,
}

/// Why a signature proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The content is not what was signed.
    ContentChanged,
    /// The signature was not made by the key of its certificate, or what it covers was changed.
    Wrong,
    /// Its certificate did not come along and is not known.
    CertificateMissing,
    /// It was made for another certificate than the one that came along.
    CertificateExchanged,
    /// An algorithm that proves nothing any more, or one that we do not do.
    Algorithm,
    /// Its form.
    Malformed,
}

/// Checks the signatures of CMS in DER or BER over `content`, which is `None` where the content stands within.
///
/// `known` are certificates that may have signed without coming along.
///
/// # Errors
/// [`Trouble::Malformed`] when it is no signature, or has content within and beside it: nobody could say which was signed.
pub fn verify(cms: &[u8], content: Option<&[u8]>, known: &[Certificate]) -> Result<Signed, Trouble> {
    let der = normalised(cms)?;
    let mut info = Elements::of(&der, SEQUENCE)?;
    if info.expect(OID)?.oid()? != oid::SIGNED_DATA {
        return Err(Trouble::Malformed("it is no signature"));
    }
    let mut data = info.expect(tlv::within(0))?.elements().expect(SEQUENCE)?.elements();
    data.expect(tlv::INTEGER)?;
    data.expect(SET)?;
    let (kind, within) = content_within(&data.expect(SEQUENCE)?)?;
    let certificates = match data.optional(tlv::within(0))? {
        Some(set) => certificates(&set)?,
        None => Vec::new(),
    };
    data.optional(tlv::within(1))?;
    let over = match (content, &within) {
        (Some(beside), None) => beside,
        (None, Some(within)) => within,
        (Some(_), Some(_)) => return Err(Trouble::Malformed("content stands within the signature and beside it")),
        (None, None) => return Err(Trouble::Malformed("the content of a signature is missing")),
    };
    let mut signatures = Vec::new();
    let mut signers = data.expect(SET)?.elements();
    while let Some(signer) = signers.next()? {
        if signatures.len() == SIGNERS_MAX {
            return Err(Trouble::Unsupported("more than 16 signers"));
        }
        signatures.push(signature(&signer, kind.whole, over, &certificates, known));
    }
    Ok(Signed { content: within, signatures, certificates })
}

/// Whether CMS, in whatever encoding, says that it is a signature.
pub(super) fn is_signed_data(cms: &[u8]) -> bool {
    is_of_type(cms, oid::SIGNED_DATA)
}

/// Whether CMS says that its content is of this type (RFC 5652, section 3): behind a tag and a length of any form.
pub(super) fn is_of_type(cms: &[u8], id: const_oid::ObjectIdentifier) -> bool {
    let at = match cms {
        [SEQUENCE, 0..=0x80, ..] => 2,
        [SEQUENCE, long, ..] => 2 + usize::from(long & 0x7f),
        _ => return false,
    };
    cms.get(at..).is_some_and(|rest| rest.starts_with(&tlv::oid(id)))
}

/// What kind of content it is, and the content where it is within.
fn content_within<'a>(info: &Element<'a>) -> Result<(Element<'a>, Option<Vec<u8>>), Trouble> {
    let mut inner = info.elements();
    let kind = inner.expect(OID)?;
    let content = match inner.optional(tlv::within(0))? {
        Some(explicit) => Some(explicit.elements().expect(OCTETS)?.content.to_vec()),
        None => None,
    };
    Ok((kind, content))
}

fn certificates(set: &Element<'_>) -> Result<Vec<Certificate>, Trouble> {
    let (mut found, mut all) = (Vec::new(), set.elements());
    while let Some(one) = all.next()? {
        if found.len() == CERTIFICATES_MAX {
            return Err(Trouble::Unsupported("more than 64 certificates"));
        }
        found.extend(Some(one).filter(|one| one.tag == SEQUENCE).and_then(|one| Certificate::from_der(one.whole).ok()));
    }
    Ok(found)
}

/// One signer's parts.
struct Signer<'a> {
    name: Element<'a>,
    digest: Digest,
    attributes: Option<Element<'a>>,
    scheme: Scheme,
    made: &'a [u8],
}

impl<'a> Signer<'a> {
    fn read(element: &Element<'a>) -> Result<Signer<'a>, Trouble> {
        let mut inner = element.elements();
        inner.expect(tlv::INTEGER)?;
        let name = inner.next()?.ok_or(Trouble::Malformed("a signer has no name"))?;
        let digest = Digest::of(Algorithm::read(&inner.expect(SEQUENCE)?)?.oid)?;
        let attributes = inner.optional(tlv::within(0))?;
        let scheme = Scheme::of(&Algorithm::read(&inner.expect(SEQUENCE)?)?, digest)?;
        let made = inner.expect(OCTETS)?.content;
        Ok(Signer { name, digest, attributes, scheme, made })
    }
}

fn signature(
    element: &Element<'_>,
    kind: &[u8],
    over: &[u8],
    certificates: &[Certificate],
    known: &[Certificate],
) -> Signature {
    let nothing = |flaw| Signature { by: None, at: None, capabilities: None, flaw: Some(flaw) };
    let signer = match Signer::read(element) {
        Ok(signer) => signer,
        Err(Trouble::Unsupported(_)) => return nothing(Flaw::Algorithm),
        Err(_) => return nothing(Flaw::Malformed),
    };
    let at = signer.attributes.as_ref().and_then(signing_time);
    let capabilities = signer.attributes.as_ref().and_then(capabilities);
    let Some(by) = certificates.iter().chain(known).find(|one| one.is_named(&signer.name)) else {
        return Signature { by: None, at, capabilities, flaw: Some(Flaw::CertificateMissing) };
    };
    Signature { by: Some(by.clone()), at, capabilities, flaw: flaw(&signer, by, kind, over).err() }
}

fn flaw(signer: &Signer<'_>, by: &Certificate, kind: &[u8], over: &[u8]) -> Result<(), Flaw> {
    // SHA-1 has been broken for signatures since 2017 (RFC 8551, section 2.2, and its appendix B).
    if signer.digest == Digest::Sha1 || signer.scheme.digest() == Digest::Sha1 {
        return Err(Flaw::Algorithm);
    }
    let signed = match &signer.attributes {
        // Such a signature also fits the attributes of another mail, taken for content.
        None if over.first() == Some(&SET) => return Err(Flaw::Malformed),
        None => over.to_vec(),
        Some(attributes) => {
            let values = Attributes(attributes);
            if values.one(oid::CONTENT_TYPE)?.map(|value| value.whole) != Some(kind) {
                return Err(Flaw::Malformed);
            }
            let hash = values.one(oid::MESSAGE_DIGEST)?.ok_or(Flaw::Malformed)?;
            if hash.content != signer.digest.hash(over) {
                return Err(Flaw::ContentChanged);
            }
            if let Some(value) = values.one(oid::SIGNING_CERTIFICATE_V2)?
                && !is_this(&value, by).map_err(|_| Flaw::Malformed)?
            {
                return Err(Flaw::CertificateExchanged);
            }
            tlv::element(SET, &[attributes.content])
        }
    };
    match signer.scheme.is_right(by.key(), &signed, signer.made) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Flaw::Wrong),
        Err(_) => Err(Flaw::Algorithm),
    }
}

/// The attributes that a signature covers.
struct Attributes<'a, 'b>(&'b Element<'a>);

impl<'a> Attributes<'a, '_> {
    /// The one value of an attribute; one that is there twice, or has several values, is none (RFC 5652, section 11).
    fn one(&self, id: const_oid::ObjectIdentifier) -> Result<Option<Element<'a>>, Flaw> {
        let mut found = None;
        let mut all = self.0.elements();
        while let Some(attribute) = all.next().map_err(|_| Flaw::Malformed)? {
            let mut inner = attribute.elements();
            let name = inner.expect(OID).and_then(|name| name.oid()).map_err(|_| Flaw::Malformed)?;
            if name != id {
                continue;
            }
            let mut values = inner.expect(SET).map_err(|_| Flaw::Malformed)?.elements();
            let value = values.next().map_err(|_| Flaw::Malformed)?.ok_or(Flaw::Malformed)?;
            if found.is_some() || values.end().is_err() {
                return Err(Flaw::Malformed);
            }
            found = Some(value);
        }
        Ok(found)
    }
}

fn capabilities(attributes: &Element<'_>) -> Option<Capabilities> {
    let value = Attributes(attributes).one(oid::CAPABILITIES).ok()??;
    Capabilities::read(value.whole).ok()
}

fn signing_time(attributes: &Element<'_>) -> Option<u64> {
    let value = Attributes(attributes).one(oid::SIGNING_TIME).ok()??;
    match value.tag {
        tlv::UTC_TIME => UtcTime::from_der(value.whole).ok().map(|time| time.to_unix_duration().as_secs()),
        tlv::GENERALIZED_TIME => {
            GeneralizedTime::from_der(value.whole).ok().map(|time| time.to_unix_duration().as_secs())
        }
        _ => None,
    }
}

/// Whether the first certificate that SigningCertificateV2 names is this one (RFC 5035, section 3).
fn is_this(value: &Element<'_>, by: &Certificate) -> Result<bool, Trouble> {
    let mut id = value.elements().expect(SEQUENCE)?.elements().expect(SEQUENCE)?.elements();
    let digest = match id.optional(SEQUENCE)? {
        Some(algorithm) => Digest::of(Algorithm::read(&algorithm)?.oid)?,
        None => Digest::Sha256,
    };
    Ok(id.expect(OCTETS)?.content == digest.hash(by.der()))
}
