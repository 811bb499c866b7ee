//! Object identifiers of CMS, certificates and files of keys, by the documents that assign them.

use const_oid::ObjectIdentifier;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

// Kinds of content: RFC 5652, sections 4 to 6 and 8; RFC 5083, section 2.1.
pub(crate) const DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.1");
pub(crate) const SIGNED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.2");
pub(crate) const ENVELOPED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.3");
pub(crate) const ENCRYPTED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.7.6");
pub(crate) const AUTH_ENVELOPED_DATA: ObjectIdentifier = oid("1.2.840.113549.1.9.16.1.23");

// Attributes: RFC 5652, section 11; RFC 8551, section 2.5; RFC 5035, section 3.
pub(crate) const CONTENT_TYPE: ObjectIdentifier = oid("1.2.840.113549.1.9.3");
pub(crate) const MESSAGE_DIGEST: ObjectIdentifier = oid("1.2.840.113549.1.9.4");
pub(crate) const SIGNING_TIME: ObjectIdentifier = oid("1.2.840.113549.1.9.5");
pub(crate) const CAPABILITIES: ObjectIdentifier = oid("1.2.840.113549.1.9.15");
pub(crate) const SIGNING_CERTIFICATE_V2: ObjectIdentifier = oid("1.2.840.113549.1.9.16.2.47");

// Digests: RFC 5754, section 2; RFC 3370, section 2.1.
pub(crate) const SHA1: ObjectIdentifier = oid("1.3.14.3.2.26");
pub(crate) const SHA256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
pub(crate) const SHA384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
pub(crate) const SHA512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");

// RSA: RFC 8017, appendix C.
pub(crate) const RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
pub(crate) const RSA_OAEP: ObjectIdentifier = oid("1.2.840.113549.1.1.7");
pub(crate) const MGF1: ObjectIdentifier = oid("1.2.840.113549.1.1.8");
pub(crate) const P_SPECIFIED: ObjectIdentifier = oid("1.2.840.113549.1.1.9");
pub(crate) const RSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
pub(crate) const SHA1_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.5");
pub(crate) const SHA256_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.11");
pub(crate) const SHA384_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.12");
pub(crate) const SHA512_WITH_RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.13");

// Elliptic curves: RFC 5480, section 2.1; RFC 5758, section 3.2; RFC 8410, section 3.
pub(crate) const EC: ObjectIdentifier = oid("1.2.840.10045.2.1");
pub(crate) const P256: ObjectIdentifier = oid("1.2.840.10045.3.1.7");
pub(crate) const P384: ObjectIdentifier = oid("1.3.132.0.34");
pub(crate) const P521: ObjectIdentifier = oid("1.3.132.0.35");
pub(crate) const ECDSA_SHA1: ObjectIdentifier = oid("1.2.840.10045.4.1");
pub(crate) const ECDSA_SHA256: ObjectIdentifier = oid("1.2.840.10045.4.3.2");
pub(crate) const ECDSA_SHA384: ObjectIdentifier = oid("1.2.840.10045.4.3.3");
pub(crate) const ECDSA_SHA512: ObjectIdentifier = oid("1.2.840.10045.4.3.4");
pub(crate) const X25519: ObjectIdentifier = oid("1.3.101.110");
pub(crate) const ED25519: ObjectIdentifier = oid("1.3.101.112");

// How keys are agreed on: RFC 5753, section 7.1.4; RFC 8418, section 6.
pub(crate) const ECDH_SHA1: ObjectIdentifier = oid("1.3.133.16.840.63.0.2");
pub(crate) const ECDH_SHA256: ObjectIdentifier = oid("1.3.132.1.11.1");
pub(crate) const ECDH_SHA384: ObjectIdentifier = oid("1.3.132.1.11.2");
pub(crate) const ECDH_SHA512: ObjectIdentifier = oid("1.3.132.1.11.3");
pub(crate) const ECDH_HKDF_SHA256: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.19");
pub(crate) const ECDH_HKDF_SHA384: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.20");
pub(crate) const ECDH_HKDF_SHA512: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.21");

// ML-KEM, and what makes its secrets keys: RFC 9935, section 3; RFC 9629, section 3; RFC 8619, section 2.
pub(crate) const ML_KEM_512: ObjectIdentifier = oid("2.16.840.1.101.3.4.4.1");
pub(crate) const ML_KEM_768: ObjectIdentifier = oid("2.16.840.1.101.3.4.4.2");
pub(crate) const ML_KEM_1024: ObjectIdentifier = oid("2.16.840.1.101.3.4.4.3");
pub(crate) const KEM_RECIPIENT: ObjectIdentifier = oid("1.2.840.113549.1.9.16.13.3");
pub(crate) const HKDF_SHA256: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.28");
pub(crate) const HKDF_SHA384: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.29");
pub(crate) const HKDF_SHA512: ObjectIdentifier = oid("1.2.840.113549.1.9.16.3.30");

// Ciphers: RFC 3565, sections 4.1 and 4.2; RFC 5084, section 3.2; RFC 3370, section 5.
pub(crate) const AES128_WRAP: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.5");
pub(crate) const AES192_WRAP: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.25");
pub(crate) const AES256_WRAP: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.45");
pub(crate) const AES128_CBC: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.2");
pub(crate) const AES192_CBC: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.22");
pub(crate) const AES256_CBC: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.42");
pub(crate) const AES128_GCM: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.6");
pub(crate) const AES256_GCM: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.46");
pub(crate) const TRIPLE_DES_CBC: ObjectIdentifier = oid("1.2.840.113549.3.7");
pub(crate) const RC2_CBC: ObjectIdentifier = oid("1.2.840.113549.3.2");

// What PKCS#12 keeps, and how it encrypts: RFC 7292, section 4.2 and appendix C.
pub(crate) const KEY_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.1");
pub(crate) const SHROUDED_KEY_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.2");
pub(crate) const CERTIFICATE_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.3");
pub(crate) const CRL_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.4");
pub(crate) const SAFE_CONTENTS_BAG: ObjectIdentifier = oid("1.2.840.113549.1.12.10.1.6");
pub(crate) const X509_CERTIFICATE: ObjectIdentifier = oid("1.2.840.113549.1.9.22.1");
pub(crate) const X509_CRL: ObjectIdentifier = oid("1.2.840.113549.1.9.23.1");
pub(crate) const PBE_SHA1_3DES: ObjectIdentifier = oid("1.2.840.113549.1.12.1.3");
pub(crate) const PBE_SHA1_3DES_2KEYS: ObjectIdentifier = oid("1.2.840.113549.1.12.1.4");
pub(crate) const PBE_SHA1_RC2_128: ObjectIdentifier = oid("1.2.840.113549.1.12.1.5");
pub(crate) const PBE_SHA1_RC2_40: ObjectIdentifier = oid("1.2.840.113549.1.12.1.6");
/// Of Java's own store (JKS), which assigns it.
pub(crate) const JAVA_KEY_PROTECTOR: ObjectIdentifier = oid("1.3.6.1.4.1.42.2.17.1.1");

// Passwords: RFC 8018, appendix A and B; RFC 9579, section 3.
pub(crate) const PBKDF2: ObjectIdentifier = oid("1.2.840.113549.1.5.12");
pub(crate) const PBES2: ObjectIdentifier = oid("1.2.840.113549.1.5.13");
pub(crate) const PBMAC1: ObjectIdentifier = oid("1.2.840.113549.1.5.14");
pub(crate) const HMAC_SHA1: ObjectIdentifier = oid("1.2.840.113549.2.7");
pub(crate) const HMAC_SHA256: ObjectIdentifier = oid("1.2.840.113549.2.9");
pub(crate) const HMAC_SHA384: ObjectIdentifier = oid("1.2.840.113549.2.10");
pub(crate) const HMAC_SHA512: ObjectIdentifier = oid("1.2.840.113549.2.11");

// What a certificate says: RFC 5280, sections 4.1.2.4 and 4.2.1, and appendix A; RFC 9598, section 3; RFC 2985, section 5.4.2.
pub(crate) const COMMON_NAME: ObjectIdentifier = oid("2.5.4.3");
pub(crate) const EMAIL_ADDRESS: ObjectIdentifier = oid("1.2.840.113549.1.9.1");
pub(crate) const SUBJECT_KEY_ID: ObjectIdentifier = oid("2.5.29.14");
pub(crate) const KEY_USAGE: ObjectIdentifier = oid("2.5.29.15");
pub(crate) const SUBJECT_ALT_NAME: ObjectIdentifier = oid("2.5.29.17");
pub(crate) const BASIC_CONSTRAINTS: ObjectIdentifier = oid("2.5.29.19");
pub(crate) const AUTHORITY_KEY_ID: ObjectIdentifier = oid("2.5.29.35");
pub(crate) const EXTENDED_KEY_USAGE: ObjectIdentifier = oid("2.5.29.37");
pub(crate) const ANY_USAGE: ObjectIdentifier = oid("2.5.29.37.0");
pub(crate) const EMAIL_PROTECTION: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.4");
pub(crate) const SMTP_UTF8_MAILBOX: ObjectIdentifier = oid("1.3.6.1.5.5.7.8.9");
pub(crate) const EXTENSION_REQUEST: ObjectIdentifier = oid("1.2.840.113549.1.9.14");
