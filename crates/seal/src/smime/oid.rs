//! Object identifiers of CMS and S/MIME, by the documents that assign them.

use const_oid::ObjectIdentifier;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

// Kinds of content: RFC 5652, sections 4 to 6; RFC 5083, section 2.1.
pub(super) const DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.1");
pub(super) const SIGNED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.2");
pub(super) const ENVELOPED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.3");
pub(super) const AUTH_ENVELOPED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.9.16.1.23");

// Attributes: RFC 5652, section 11; RFC 8551, section 2.5; RFC 5035, section 3.
pub(super) const CONTENT_TYPE: ObjectIdentifier = oid("1.2.840.113549.1.9.3");
pub(super) const MESSAGE_DIGEST: ObjectIdentifier = oid("1.2.840.113549.1.9.4");
pub(super) const SIGNING_TIME: ObjectIdentifier = oid("1.2.840.113549.1.9.5");
pub(super) const CAPABILITIES: ObjectIdentifier = oid("1.2.840.113549.1.9.15");
pub(super) const SIGNING_CERTIFICATE_V2: ObjectIdentifier = oid("1.2.840.113549.1.9.16.2.47");

// Digests: RFC 5754, section 2; RFC 3370, section 2.1.
pub(super) const SHA1: ObjectIdentifier = oid("1.3.14.3.2.26");
pub(super) const SHA256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
pub(super) const SHA384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
pub(super) const SHA512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");

// RSA: RFC 8017, appendix C.
pub(super) const RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
pub(super) const RSA_OAEP: ObjectIdentifier = oid("1.2.840.113549.1.1.7");
pub(super) const MGF1: ObjectIdentifier = oid("1.2.840.113549.1.1.8");
pub(super) const P_SPECIFIED: ObjectIdentifier = oid("1.2.840.113549.1.1.9");
pub(super) const RSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
pub(super) const SHA1_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.5");
pub(super) const SHA256_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
pub(super) const SHA384_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
pub(super) const SHA512_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.13");

// Elliptic curves: RFC 5480, section 2.1; RFC 5758, section 3.2; RFC 8410, section 3.
pub(super) const EC: ObjectIdentifier = oid("1.2.840.10045.2.1");
pub(super) const P256: ObjectIdentifier = oid("1.2.840.10045.3.1.7");
pub(super) const P384: ObjectIdentifier = oid("1.3.132.0.34");
pub(super) const P521: ObjectIdentifier = oid("1.3.132.0.35");
pub(super) const ECDSA_SHA1: ObjectIdentifier = oid("1.2.840.10045.4.1");
pub(super) const ECDSA_SHA256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
pub(super) const ECDSA_SHA384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
pub(super) const ECDSA_SHA512: ObjectIdentifier = oid("1.2.840.10045.4.3.4");
pub(super) const X25519: ObjectIdentifier = oid("1.3.101.110");
pub(super) const ED25519: ObjectIdentifier = oid("1.3.101.112");

// How keys are agreed on: RFC 5753, section 7.1.4; RFC 8418, section 6.
pub(super) const ECDH_SHA1: ObjectIdentifier = oid("1.3.133.16.840.63.0.2");
pub(super) const ECDH_SHA256: ObjectIdentifier = oid("1.3.132.1.11.1");
pub(super) const ECDH_SHA384: ObjectIdentifier = oid("1.3.132.1.11.2");
pub(super) const ECDH_SHA512: ObjectIdentifier = oid("1.3.132.1.11.3");
pub(super) const ECDH_HKDF_SHA256: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.19");
pub(super) const ECDH_HKDF_SHA384: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.20");
pub(super) const ECDH_HKDF_SHA512: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.21");

// Ciphers: RFC 3565, sections 4.1 and 4.2; RFC 5084, section 3.2; RFC 3370, section 5.1.
pub(super) const AES192_WRAP: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.25");
pub(super) const AES128_WRAP: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.5");
pub(super) const AES256_WRAP: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.45");
pub(super) const AES128_CBC: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.2");
pub(super) const AES192_CBC: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.22");
pub(super) const AES256_CBC: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.42");
pub(super) const AES128_GCM: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.6");
// Ciphers of old: RFC 3370, section 5.
pub(super) const TRIPLE_DES_CBC: ObjectIdentifier = oid("1.2.840.113549.3.7");
pub(super) const RC2_CBC: ObjectIdentifier = oid("1.2.840.113549.3.2");
pub(super) const AES256_GCM: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.46");

// Names and usage of certificates: RFC 5280, section 4.2.1.12 and appendix A; RFC 9598, section 3.
pub(super) const EMAIL_ADDRESS: ObjectIdentifier = oid("1.2.840.113549.1.9.1");
pub(super) const SMTP_UTF8_MAILBOX: ObjectIdentifier = oid("1.3.6.1.5.5.7.8.9");
pub(super) const EMAIL_PROTECTION: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.4");
pub(super) const ANY_USAGE: ObjectIdentifier = oid("2.5.29.37.0");
