//! The public operations of RSA by aws-lc, several times as fast as those of OpenPGP's crate: a certificate is judged anew for each mail, and
//! its owner's signatures are most of the work.

use super::held::number;
use crate::asn1::oid;
use crate::asn1::tlv;
use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, UnparsedPublicKey,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::errors::Result;
use pgp::ser::Serialize;
use pgp::types::{
    EncryptionKey, EskType, Fingerprint, KeyDetails, KeyId, KeyVersion, Mpi, PkeskBytes, PublicParams, SignatureBytes,
    Timestamp, VerifyingKey,
};
use rand_core::{CryptoRng, RngCore};
use std::io::Write;

/// A public key whose RSA aws-lc computes. What aws-lc does not do or does not find right goes the ordinary way, which has the last word.
#[derive(Debug)]
pub(super) struct Quick<'a, K>(pub(super) &'a K);

impl<K: VerifyingKey> VerifyingKey for Quick<'_, K> {
    fn verify(&self, hash: HashAlgorithm, hashed: &[u8], made: &SignatureBytes) -> Result<()> {
        match is_right(self.public_params(), hash, hashed, made) {
            Some(()) => Ok(()),
            None => self.0.verify(hash, hashed, made),
        }
    }
}

impl<K: EncryptionKey> EncryptionKey for Quick<'_, K> {
    fn encrypt<R: CryptoRng + RngCore>(&self, random: R, plain: &[u8], kind: EskType) -> Result<PkeskBytes> {
        match encrypted(self.public_params(), plain) {
            Some(encrypted) => Ok(PkeskBytes::Rsa { mpi: Mpi::from_slice(&encrypted) }),
            None => self.0.encrypt(random, plain, kind),
        }
    }
}

/// Nothing where that is not known.
fn is_right(params: &PublicParams, hash: HashAlgorithm, hashed: &[u8], made: &SignatureBytes) -> Option<()> {
    let (scheme, digest) = match hash {
        HashAlgorithm::Sha256 => (&RSA_PKCS1_2048_8192_SHA256, &digest::SHA256),
        HashAlgorithm::Sha384 => (&RSA_PKCS1_2048_8192_SHA384, &digest::SHA384),
        HashAlgorithm::Sha512 => (&RSA_PKCS1_2048_8192_SHA512, &digest::SHA512),
        _ => return None,
    };
    let Key { length, der } = rsa(params)?;
    let [made] = <&[Mpi]>::try_from(made).ok()? else { return None };
    // OpenPGP leaves out zeros in front.
    let mut padded = vec![0; length.checked_sub(made.len())?];
    padded.extend_from_slice(made.as_ref());
    let hashed = Digest::import_less_safe(hashed, digest).ok()?;
    UnparsedPublicKey::new(scheme, der).verify_digest(&hashed, &padded).ok()
}

fn encrypted(params: &PublicParams, plain: &[u8]) -> Option<Vec<u8>> {
    let Key { length, der } = rsa(params)?;
    let algorithm = tlv::algorithm(oid::RSA, tlv::NO_PARAMETERS);
    let key = PublicEncryptingKey::from_der(&tlv::sequence(&[&algorithm, &tlv::element(tlv::BITS, &[&[0], &der])]));
    let mut space = vec![0; length];
    let made = Pkcs1PublicEncryptingKey::new(key.ok()?).ok()?.encrypt(plain, &mut space).ok()?;
    Some(made.to_vec())
}

/// A public key of RSA in the form of PKCS#1 (RFC 8017, appendix A.1.1), and the bytes of its modulus.
struct Key {
    length: usize,
    der: Vec<u8>,
}

fn rsa(params: &PublicParams) -> Option<Key> {
    let PublicParams::RSA(_) = params else { return None };
    let numbers = params.to_bytes().ok()?;
    let (n, rest) = number(&numbers).ok()?;
    let (e, _) = number(rest).ok()?;
    Some(Key { length: n.len(), der: tlv::sequence(&[&tlv::unsigned(n), &tlv::unsigned(e)]) })
}

impl<K: Serialize> Serialize for Quick<'_, K> {
    fn to_writer<W: Write>(&self, out: &mut W) -> Result<()> {
        self.0.to_writer(out)
    }

    fn write_len(&self) -> usize {
        self.0.write_len()
    }
}

impl<K: KeyDetails> KeyDetails for Quick<'_, K> {
    fn version(&self) -> KeyVersion {
        self.0.version()
    }

    fn legacy_key_id(&self) -> KeyId {
        self.0.legacy_key_id()
    }

    fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint()
    }

    fn algorithm(&self) -> PublicKeyAlgorithm {
        self.0.algorithm()
    }

    fn created_at(&self) -> Timestamp {
        self.0.created_at()
    }

    fn legacy_v3_expiration_days(&self) -> Option<u16> {
        self.0.legacy_v3_expiration_days()
    }

    fn public_params(&self) -> &PublicParams {
        self.0.public_params()
    }
}
