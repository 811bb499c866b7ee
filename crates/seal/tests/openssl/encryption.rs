//! Mail of ours that OpenSSL opens, and of OpenSSL that we open.

use crate::authority::{Authority, Chance, Person, entity};
use seal::Trouble;
use seal::key::PrivateKey;
use seal::smime::{Certificate, ContentCipher, Digest, Opened, Recipient, Transport, decrypt, encrypt};

const CIPHERS: [ContentCipher; 5] = [
    ContentCipher::Aes128Cbc,
    ContentCipher::Aes192Cbc,
    ContentCipher::Aes256Cbc,
    ContentCipher::Aes128Gcm,
    ContentCipher::Aes256Gcm,
];
/// The same as OpenSSL names them.
const CIPHER_NAMES: [&str; 5] = ["-aes-128-cbc", "-aes-192-cbc", "-aes-256-cbc", "-aes-128-gcm", "-aes-256-gcm"];
const OAEP: Transport = Transport::Oaep(Digest::Sha256);

fn opened(cms: &[u8], person: &Person) -> Result<Opened, Trouble> {
    let keys: [(&Certificate, &dyn PrivateKey); 1] = [(&person.certificate, &person.key)];
    decrypt(cms, &keys, &mut Chance)
}

fn opened_by_openssl(authority: &Authority, name: &str) -> Vec<u8> {
    let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
    authority.run(&[
        "cms",
        "-decrypt",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "sealed",
        "-recip",
        &certificate,
        "-inkey",
        &key,
        "-out",
        "out",
    ]);
    authority.read("out")
}

#[test]
fn openssl_opens_what_we_encrypt() {
    let (authority, entity) = (Authority::start(), entity());
    for name in ["rsa2048", "rsa3072", "p256", "p384", "p521"] {
        let person = authority.person(name);
        let transports: &[Transport] =
            if name.starts_with("rsa") { &[Transport::Pkcs1, OAEP, Transport::Oaep(Digest::Sha512)] } else { &[OAEP] };
        for (transport, cipher) in transports.iter().flat_map(|transport| CIPHERS.map(|cipher| (*transport, cipher))) {
            let recipient = Recipient { certificate: &person.certificate, transport };
            let cms = encrypt(&entity, &[recipient], cipher, &mut Chance).expect("it is encrypted");
            authority.write("sealed", &cms);
            assert_eq!(opened_by_openssl(&authority, name), entity, "{name} {transport:?} {cipher:?}");
        }
    }
}

#[test]
fn each_of_several_opens_the_same_mail() {
    let (authority, entity) = (Authority::start(), entity());
    let people = ["rsa2048", "p256", "p384", "x25519"].map(|name| authority.person(name));
    let recipients = people.iter().map(|one| Recipient { certificate: &one.certificate, transport: OAEP });
    let recipients: Vec<Recipient<'_>> = recipients.collect();
    for cipher in [ContentCipher::Aes256Cbc, ContentCipher::Aes256Gcm] {
        let cms = encrypt(&entity, &recipients, cipher, &mut Chance).expect("it is encrypted");
        authority.write("sealed", &cms);
        for person in &people {
            assert_eq!(opened(&cms, person).map(|opened| opened.content), Ok(entity.clone()), "{}", person.name);
            // OpenSSL 3.0 knows no recipients with X25519.
            if person.name != "x25519" {
                assert_eq!(opened_by_openssl(&authority, person.name), entity, "{}", person.name);
            }
        }
        assert_eq!(opened(&cms, &authority.person("p521")), Err(Trouble::NotForUs));
    }
    assert!(encrypt(&entity, &[], ContentCipher::Aes256Gcm, &mut Chance).is_err(), "for nobody is no encryption");
}

#[test]
fn we_open_what_openssl_encrypts() {
    const OAEP_SHA256: [&str; 4] = ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"];
    let (authority, entity) = (Authority::start(), entity());
    authority.write("content", &entity);
    let cases: [(&'static str, &[&[&str]]); 5] = [
        ("rsa2048", &[&[], &["-keyopt", "rsa_padding_mode:oaep"], &OAEP_SHA256]),
        ("rsa3072", &[&[], &OAEP_SHA256]),
        ("p256", &[&[], &["-keyopt", "ecdh_kdf_md:sha256"], &["-keyopt", "ecdh_cofactor_mode:0"]]),
        ("p384", &[&[], &["-keyopt", "ecdh_kdf_md:sha384"]]),
        ("p521", &[&["-keyopt", "ecdh_kdf_md:sha512"]]),
    ];
    for (name, all) in cases {
        let person = authority.person(name);
        let certificate = format!("{name}.pem");
        // A key of 192 bits is wrapped by one of 192 bits over a curve, which our primitives do not do.
        let ciphers: &[&str] = if name.starts_with("rsa") {
            &CIPHER_NAMES
        } else {
            &[CIPHER_NAMES[0], CIPHER_NAMES[2], CIPHER_NAMES[3], CIPHER_NAMES[4]]
        };
        for (more, cipher) in all.iter().flat_map(|more| ciphers.iter().map(|cipher| (*more, *cipher))) {
            for streamed in [&[][..], &["-stream"], &["-keyid"]] {
                let mut args =
                    vec!["cms", "-encrypt", "-binary", "-in", "content", "-outform", "DER", "-out", "sealed", cipher];
                args.extend(["-recip", &certificate]);
                args.extend(more);
                args.extend(streamed);
                authority.run(&args);
                let opened = opened(&authority.read("sealed"), &person);
                let content = opened.map(|opened| opened.content);
                assert_eq!(content.as_ref(), Ok(&entity), "{name} {more:?} {cipher} {streamed:?}");
            }
        }
    }
}

#[test]
fn what_was_changed_does_not_open_and_does_not_say_why() {
    let (authority, entity) = (Authority::start(), entity());
    let person = authority.person("rsa2048");
    for transport in [Transport::Pkcs1, OAEP] {
        let recipient = Recipient { certificate: &person.certificate, transport };
        let cms = encrypt(&entity, &[recipient], ContentCipher::Aes256Gcm, &mut Chance).expect("it is encrypted");
        // The encrypted key, the content, and the proof at the end.
        for at in [cms.len() - 1, cms.len() / 2, 250, 300] {
            let mut changed = cms.clone();
            changed[at] ^= 0x40;
            assert_eq!(opened(&changed, &person), Err(Trouble::CannotOpen), "{transport:?} at {at}");
        }
    }
    let recipient = Recipient { certificate: &person.certificate, transport: Transport::Pkcs1 };
    let cms = encrypt(&entity, &[recipient], ContentCipher::Aes256Cbc, &mut Chance).expect("it is encrypted");
    let opened_unproved = opened(&cms, &person).expect("it opens");
    assert!(!opened_unproved.cipher.is_authenticated(), "nothing proves what CBC holds");
    let mut changed = cms.clone();
    let end = changed.len() - 1;
    changed[end] ^= 0x40;
    assert_eq!(opened(&changed, &person), Err(Trouble::CannotOpen));
}
