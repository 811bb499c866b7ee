//! A certificate as it is judged: read once, kept byte for byte.

use super::verdict::Link;
use crate::Trouble;
use crate::smime::issued::{Issued, Made};
use crate::smime::{PublicKey, public_key};
use crate::verdict::fingerprint_of;
use certval::PDVCertificate;
use der::{Decode, Encode};
use x509_cert::certificate::{Raw, TbsCertificateInner};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, SubjectKeyIdentifier};
use x509_cert::name::Name;

/// Names are shown up to this many characters.
const NAME_CHARS_MAX: usize = 300;

/// A certificate larger than this is none that anybody issued.
const CERTIFICATE_BYTES_MAX: usize = 1 << 20;

#[derive(Clone)]
pub(super) struct Parsed {
    pub(super) pdv: PDVCertificate,
    pub(super) made: Made,
    key: Result<PublicKey, Trouble>,
    fingerprint: String,
}

impl Parsed {
    pub(super) fn read(der: &[u8]) -> Result<Parsed, Trouble> {
        const NONE: Trouble = Trouble::Malformed("a certificate is none");
        if der.len() > CERTIFICATE_BYTES_MAX {
            return Err(Trouble::Malformed("a certificate has more than 1 MiB"));
        }
        let pdv = PDVCertificate::try_from(der).map_err(|_| NONE)?;
        let made = Made::by(Issued::read(der)?.algorithm);
        let spki = pdv.decoded().tbs_certificate().subject_public_key_info().to_der().map_err(|_| NONE)?;
        let parsed = Parsed { made, key: public_key(&spki), fingerprint: fingerprint_of(der), pdv };
        let extensions = parsed.tbs().extensions().map(Vec::as_slice).unwrap_or_default();
        let mut ids: Vec<_> = extensions.iter().map(|extension| extension.extn_id).collect();
        ids.sort();
        ids.dedup();
        // Each reader would take another one of the two (RFC 5280, section 4.2).
        if ids.len() != extensions.len() {
            return Err(Trouble::Malformed("a certificate has an extension twice"));
        }
        Ok(parsed)
    }

    pub(super) fn der(&self) -> &[u8] {
        self.pdv.as_bytes()
    }

    pub(super) fn tbs(&self) -> &TbsCertificateInner<Raw> {
        self.pdv.decoded().tbs_certificate()
    }

    pub(super) fn subject(&self) -> &Name {
        self.tbs().subject()
    }

    pub(super) fn issuer(&self) -> &Name {
        self.tbs().issuer()
    }

    pub(super) fn key(&self) -> Result<&PublicKey, Trouble> {
        self.key.as_ref().map_err(|trouble| *trouble)
    }

    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub(super) fn extension<'a, T: Decode<'a> + const_oid::AssociatedOid>(&'a self) -> Result<Option<T>, Trouble> {
        let found = self.tbs().get_extension::<T>().map_err(|_| Trouble::Malformed("an extension is none"))?;
        Ok(found.map(|(_, extension)| extension))
    }

    /// Seconds since 1970, both included.
    pub(super) fn valid(&self) -> (u64, u64) {
        let validity = self.tbs().validity();
        (validity.not_before.to_unix_duration().as_secs(), validity.not_after.to_unix_duration().as_secs())
    }

    /// The bits of an RSA key that are too few.
    pub(super) fn weak_bits(&self, bits_min: usize) -> Option<usize> {
        match &self.key {
            Ok(PublicKey::Rsa { bits, .. }) if *bits < bits_min.max(2048) => Some(*bits),
            _ => None,
        }
    }

    /// Whether it names the key of `issuer` as the one that signed it; a hint, which anybody can write.
    pub(super) fn names_key_of(&self, issuer: &Parsed) -> bool {
        let wanted = self.extension::<AuthorityKeyIdentifier>().ok().flatten().and_then(|id| id.key_identifier);
        let has = issuer.extension::<SubjectKeyIdentifier>().ok().flatten();
        matches!((wanted, has), (Some(wanted), Some(has)) if wanted.as_bytes() == has.0.as_bytes())
    }

    /// Whether the key of `issuer` signed it; `None` where we cannot say.
    pub(super) fn is_signed_by(&self, issuer: &Parsed) -> Option<bool> {
        let issued = Issued::read(self.der()).ok()?;
        self.made.is_right(issuer.key().ok()?, issued.signed, issued.signature)
    }

    pub(super) fn link(&self) -> Link {
        Link {
            subject: shown(self.subject()),
            issuer: shown(self.issuer()),
            fingerprint: self.fingerprint.clone(),
            valid: self.valid(),
        }
    }
}

/// A name without what would move a cursor or break a line.
fn shown(name: &Name) -> String {
    let text = certval::name_to_string(name);
    text.chars().take(NAME_CHARS_MAX).map(|one| if one.is_control() { '\u{fffd}' } else { one }).collect()
}
