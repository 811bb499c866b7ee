//! One element of DER or BER, by its form: a certificate, a list of revoked ones, a PKCS#7 of certificates, a private key, a PKCS#12.

use super::finding::Finding;
use super::{Item, Problem, password, pkcs12, private};
use crate::Trouble;
use crate::asn1::normalised;
use crate::asn1::oid;
use crate::asn1::tlv::{
    self, Algorithm, BITS, Elements, GENERALIZED_TIME, INTEGER, OCTETS, OID, SEQUENCE, SET, UTC_TIME,
};
use crate::key::Secret;
use zeroize::Zeroizing;

/// Elements of these kinds, as far as they are needed to tell what it is.
type Form<'a> = [Option<u8>; 4];

/// One element of which nothing else is known.
pub(super) fn element(ber: &[u8], finding: &mut Finding<'_>) -> Result<(), Problem> {
    let der = Zeroizing::new(normalised(ber)?);
    let mut inner = Elements::of(&der, SEQUENCE)?;
    let whole = inner;
    match form(inner) {
        [Some(INTEGER), Some(SEQUENCE), Some(OCTETS), _] => {
            finding.private_key(Zeroizing::new(der.to_vec()));
            Ok(())
        }
        [Some(INTEGER), Some(SEQUENCE), _, _] => pkcs12::store(&mut inner, finding),
        [Some(INTEGER), Some(INTEGER), Some(INTEGER), Some(INTEGER)] => {
            finding.private_key(private::of_rsa(&der));
            Ok(())
        }
        [Some(INTEGER), Some(OCTETS), _, _] => {
            finding.note_private();
            let pkcs8 = private::of_ec(&der)?;
            finding.private_key(pkcs8);
            Ok(())
        }
        [Some(OID), ..] => content(&mut inner, finding),
        [Some(SEQUENCE), Some(OCTETS), None, None] => under_password(whole, finding),
        [Some(SEQUENCE), Some(SEQUENCE), Some(BITS), None] => certified(&der, finding),
        [Some(SEQUENCE), Some(BITS), None, None] => {
            Err(Trouble::Unsupported("a public key without a certificate").into())
        }
        _ => Err(super::binary::NO_KEY_FILE.into()),
    }
}

/// The kinds of the first four elements.
fn form(mut inner: Elements<'_>) -> Form<'_> {
    let mut form = [None; 4];
    for kind in &mut form {
        *kind = inner.next().ok().flatten().map(|element| element.tag);
    }
    form
}

/// What of signed things it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signed {
    Certificate,
    /// Of revoked ones: it has a time where a certificate has a name.
    List,
    /// For a certificate (RFC 2986): it has attributes behind a name and a key.
    Request,
}

fn signed(der: &[u8]) -> Result<Signed, Trouble> {
    let mut outer = Elements::of(der, SEQUENCE)?;
    let inner = outer.expect(SEQUENCE)?.elements();
    outer.expect(SEQUENCE)?;
    outer.expect(BITS)?;
    Ok(match form(inner) {
        [Some(INTEGER), Some(SEQUENCE), Some(SEQUENCE), Some(UTC_TIME | GENERALIZED_TIME)] => Signed::List,
        [Some(SEQUENCE), Some(SEQUENCE), Some(UTC_TIME | GENERALIZED_TIME), _] => Signed::List,
        [Some(INTEGER), Some(SEQUENCE), Some(SEQUENCE), Some(0xa0)] => Signed::Request,
        _ => Signed::Certificate,
    })
}

fn certified(der: &[u8], finding: &mut Finding<'_>) -> Result<(), Problem> {
    match signed(der)? {
        Signed::Certificate => finding.certificate(der),
        Signed::List => revocations(der, finding),
        Signed::Request => {}
    }
    Ok(())
}

/// Only its form is looked at; who goes by it proves it.
pub(super) fn revocations(der: &[u8], finding: &mut Finding<'_>) {
    match signed(der) {
        Ok(Signed::List) => finding.item(Item::RevocationList(der.to_vec())),
        _ => finding.fault(Trouble::Malformed("a list of revoked certificates is none")),
    }
}

/// The certificates and lists of SignedData (RFC 5652, section 5.1).
fn content(info: &mut Elements<'_>, finding: &mut Finding<'_>) -> Result<(), Problem> {
    if info.expect(OID)?.oid()? != oid::SIGNED_DATA {
        return Err(Trouble::Unsupported("a PKCS#7 that is no bundle of certificates").into());
    }
    let mut data = info.expect(tlv::within(0))?.elements().expect(SEQUENCE)?.elements();
    data.expect(INTEGER)?;
    data.expect(SET)?;
    data.expect(SEQUENCE)?;
    if let Some(certificates) = data.optional(tlv::within(0))? {
        let mut all = certificates.elements();
        while let Some(one) = all.next()? {
            match one.tag {
                SEQUENCE => finding.certificate(one.whole),
                _ => finding.fault(Trouble::Unsupported("a certificate of another kind than X.509")),
            }
        }
    }
    if let Some(lists) = data.optional(tlv::within(1))? {
        let mut all = lists.elements();
        while let Some(one) = all.next()? {
            match one.tag {
                SEQUENCE => revocations(one.whole, finding),
                _ => finding.fault(Trouble::Unsupported("revocation by another way than a list")),
            }
        }
    }
    Ok(())
}

/// An EncryptedPrivateKeyInfo (RFC 5958, section 3).
pub(super) fn under_password(mut inner: Elements<'_>, finding: &mut Finding<'_>) -> Result<(), Problem> {
    finding.note_private();
    if finding.is_for_public() {
        return Ok(());
    }
    let algorithm = Algorithm::read(&inner.expect(SEQUENCE)?)?;
    let encrypted = inner.expect(OCTETS)?.content;
    let pkcs8 = finding.with_passwords(|password, work| {
        let opened = password::opened(&algorithm, encrypted, password, work)?;
        whole_pkcs8(opened)
    })?;
    finding.private_key(pkcs8);
    Ok(())
}

/// One in 256 wrong passwords leaves a padding that fits; this tells it.
pub(super) fn whole_pkcs8(opened: Secret) -> Result<Secret, Problem> {
    let fits = Elements::of(&opened, SEQUENCE)
        .map(|inner| matches!(form(inner), [Some(INTEGER), Some(SEQUENCE), Some(OCTETS), _]));
    match fits {
        Ok(true) => Ok(opened),
        _ => Err(Problem::WrongPassword),
    }
}

/// A PKCS#7 that holds nothing but certificates (p7b), in DER.
pub fn bundle(certificates: &[&[u8]]) -> Vec<u8> {
    let all = tlv::set(tlv::within(0), certificates.iter().map(|der| der.to_vec()).collect());
    let nothing = tlv::sequence(&[&tlv::oid(oid::DATA)]);
    let none = tlv::element(SET, &[]);
    let data = tlv::sequence(&[&tlv::number(1), &none, &nothing, &all, &none]);
    tlv::sequence(&[&tlv::oid(oid::SIGNED_DATA), &tlv::element(tlv::within(0), &[&data])])
}
