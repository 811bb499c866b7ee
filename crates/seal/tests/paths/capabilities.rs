//! What others say that their programs can do, and what ours say.

use crate::world::{ANN, AUTHORITY, World};
use seal::key::HeldKey;
use seal::smime::{
    Capabilities, Certificate, ContentCipher, Digest, Scheme, Signer, Transport, cipher_for_all, sign, transport,
    verify,
};

/// How a mail for one alone is encrypted.
fn negotiated(certificate: &Certificate, shown: Option<&Capabilities>) -> (ContentCipher, Transport) {
    (cipher_for_all(&[shown]), transport(certificate, shown))
}

#[test]
fn those_of_openssl_are_read_from_its_signature_and_a_certificate_says_its_own() {
    let world = World::new();
    world.authority("root", None, AUTHORITY);
    world.rsa_key("ann", 2048);
    let ann = Certificate::from_der(&world.person("ann", "root", ANN)).expect("a certificate");
    world.write("mail", b"Content-Type: text/plain\r\n\r\nHello\r\n");
    let args = ["cms", "-sign", "-binary", "-in", "mail", "-signer", "ann.pem", "-inkey", "ann.key", "-outform", "DER"];
    world.run(&[&args[..], &["-md", "sha256", "-out", "signature"]].concat());
    let signed = verify(&world.read("signature"), Some(&world.read("mail")), &[]).expect("a signature");
    let theirs = signed.signatures[0].capabilities.clone().expect("openssl says what it can do");
    assert!(theirs.ciphers.starts_with(&[ContentCipher::Aes256Cbc]), "{theirs:?}");
    assert_eq!(negotiated(&ann, Some(&theirs)), (ContentCipher::Aes256Cbc, Transport::Pkcs1));
    assert_eq!(negotiated(&ann, None), (ContentCipher::Aes256Cbc, Transport::Pkcs1));
    let extension = "1.2.840.113549.1.9.15=ASN1:SEQUENCE:all\n[all]\none=SEQUENCE:gcm\ntwo=SEQUENCE:oaep\n\
                     [gcm]\nid=OID:2.16.840.1.101.3.4.1.46\n[oaep]\nid=OID:1.2.840.113549.1.1.7\n";
    let der = world.person("bob", "root", &format!("{ANN}{extension}"));
    let shown = Capabilities::of_certificate(&der).expect("a certificate").expect("it says what it can do");
    // Without parameters OAEP is that with SHA-1 (RFC 4055, section 4.1).
    assert_eq!((&shown.ciphers[..], &shown.oaep[..]), (&[ContentCipher::Aes256Gcm][..], &[Digest::Sha1][..]));
    assert_eq!(negotiated(&ann, Some(&shown)), (ContentCipher::Aes256Gcm, Transport::Oaep(Digest::Sha1)));
    let bob = Certificate::from_der(&der).expect("a certificate");
    assert_eq!(
        negotiated(&bob, Some(&shown)),
        (ContentCipher::Aes256Gcm, Transport::Pkcs1),
        "a key on a curve has no OAEP"
    );
    assert_eq!(Capabilities::of_certificate(ann.der()), Ok(None));
    assert!(Capabilities::of_certificate(b"none").is_err());
}

#[test]
fn ours_stand_in_our_signatures() {
    let world = World::new();
    world.authority("root", None, AUTHORITY);
    world.rsa_key("ann", 2048);
    let certificate = Certificate::from_der(&world.person("ann", "root", ANN)).expect("a certificate");
    world.run(&["pkcs8", "-topk8", "-nocrypt", "-in", "ann.key", "-outform", "DER", "-out", "ann.p8"]);
    let key = HeldKey::from_pkcs8(&world.read("ann.p8"), certificate.key()).expect("its key");
    let scheme = Scheme::RsaPkcs1(Digest::Sha256);
    let signer = Signer { certificate: &certificate, key: &key, scheme, intermediates: &[] };
    let signature = sign(b"Hello", &signer, 1_800_000_000, false).expect("a signature");
    let signed = verify(&signature, Some(b"Hello"), &[]).expect("a signature");
    let ours = signed.signatures[0].capabilities.clone().expect("we say what we can do");
    assert_eq!(signed.signatures[0].flaw, None);
    assert_eq!(negotiated(&certificate, Some(&ours)), (ContentCipher::Aes256Gcm, Transport::Oaep(Digest::Sha256)));
    assert!(!ours.agrees, "with a key of RSA nobody agrees on keys");
}
