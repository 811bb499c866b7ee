//! What the matrix asks for: signatures, encryption, and whole mails.

use crate::people::{Chance, Folder, Person, entity};
use crate::tool::{Encrypting, Signing, cipher_name, digest_name};
use seal::entity::Entity;
use seal::key::PrivateKey;
use seal::smime::{
    Certificate, ContentCipher, Digest, Layer, Legacy, Opening, Orders, Recipient, Scheme, Signer, Transport, decrypt,
    decrypt_with, encrypt, open_with, seal, sign, verify,
};

/// After the certificates were made, and before they end.
fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    since.as_secs()
}

pub struct Row {
    pub name: String,
    pub what: What,
}

/// One row's job.
pub enum What {
    Signature(Signing),
    Encryption {
        encrypting: Encrypting,
        /// Whose key opens it.
        opener: &'static str,
    },
    Mail {
        who: &'static str,
        cipher: ContentCipher,
        is_opaque: bool,
    },
}

const FOUR: [ContentCipher; 4] =
    [ContentCipher::Aes128Cbc, ContentCipher::Aes256Cbc, ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm];
const OF_OLD: [ContentCipher; 4] =
    [ContentCipher::TripleDesCbc, ContentCipher::Rc2Cbc(128), ContentCipher::Rc2Cbc(64), ContentCipher::Rc2Cbc(40)];

fn key_name(who: &str) -> &'static str {
    match who {
        "rsa2048" => "RSA-2048",
        "rsa3072" => "RSA-3072",
        "p256" => "P-256",
        "p384" => "P-384",
        "ed25519" => "Ed25519",
        _ => "X25519",
    }
}

/// All of them, in the order of the page.
pub fn rows() -> Vec<Row> {
    let mut rows = signatures();
    rows.extend(encryptions());
    for (who, cipher, is_opaque) in [
        ("rsa2048", ContentCipher::Aes256Cbc, false),
        ("rsa2048", ContentCipher::Aes256Gcm, true),
        ("rsa3072", ContentCipher::Aes128Cbc, true),
        ("p256", ContentCipher::Aes256Cbc, false),
    ] {
        let form = if is_opaque { "opaque" } else { "detached" };
        let cipher_name = cipher_name(cipher).to_uppercase();
        let name = format!("mail signed ({form}), then encrypted, {} {cipher_name}", key_name(who));
        rows.push(Row { name, what: What::Mail { who, cipher, is_opaque } });
    }
    rows
}

fn signatures() -> Vec<Row> {
    let mut rows = Vec::new();
    for (who, scheme) in [
        ("rsa2048", Scheme::RsaPkcs1(Digest::Sha256)),
        ("rsa2048", Scheme::RsaPkcs1(Digest::Sha512)),
        ("rsa2048", Scheme::RsaPss(Digest::Sha256)),
        ("rsa3072", Scheme::RsaPkcs1(Digest::Sha256)),
        ("rsa3072", Scheme::RsaPss(Digest::Sha384)),
        ("p256", Scheme::Ecdsa(Digest::Sha256)),
        ("p384", Scheme::Ecdsa(Digest::Sha384)),
        ("ed25519", Scheme::Ed25519),
    ] {
        let way = match scheme {
            Scheme::RsaPkcs1(digest) => format!(" PKCS#1 {}", digest_name(digest)),
            Scheme::RsaPss(digest) => format!(" PSS {}", digest_name(digest)),
            Scheme::Ecdsa(digest) => format!(" ECDSA {}", digest_name(digest)),
            Scheme::Ed25519 => String::new(),
        };
        for (form, is_opaque) in [("detached", false), ("opaque", true)] {
            let what = What::Signature(Signing { who, scheme, is_opaque, is_streamed: false });
            rows.push(Row { name: format!("sign, {form}, {}{way}", key_name(who)), what });
        }
    }
    rows
}

fn encryptions() -> Vec<Row> {
    const SHA1: Transport = Transport::Oaep(Digest::Sha1);
    const SHA256: Transport = Transport::Oaep(Digest::Sha256);
    let mut rows = Vec::new();
    let mut add = |who: &'static [&'static str], opener, transport, cipher, many: &str| {
        let way = match transport {
            Transport::Oaep(digest) => format!(" OAEP {}", digest_name(digest)),
            Transport::Pkcs1 if opener == "rsa2048" || opener == "rsa3072" => " PKCS#1".to_owned(),
            Transport::Pkcs1 => " ECDH".to_owned(),
        };
        let name = format!("encrypt, {}{way} {}{many}", key_name(opener), cipher_name(cipher).to_uppercase());
        let encrypting = Encrypting { whom: who, transport, cipher, is_streamed: false };
        rows.push(Row { name, what: What::Encryption { encrypting, opener } });
    };
    for cipher in FOUR {
        add(&["rsa2048"], "rsa2048", Transport::Pkcs1, cipher, "");
        add(&["rsa2048"], "rsa2048", SHA1, cipher, "");
        add(&["rsa2048"], "rsa2048", SHA256, cipher, "");
        add(&["rsa3072"], "rsa3072", Transport::Pkcs1, cipher, "");
        add(&["rsa3072"], "rsa3072", SHA256, cipher, "");
        add(&["p256"], "p256", Transport::Pkcs1, cipher, "");
        add(&["p384"], "p384", Transport::Pkcs1, cipher, "");
        add(&["x25519"], "x25519", Transport::Pkcs1, cipher, "");
    }
    add(&["rsa2048"], "rsa2048", Transport::Pkcs1, ContentCipher::Aes192Cbc, "");
    add(&["p256"], "p256", Transport::Pkcs1, ContentCipher::Aes192Cbc, "");
    for cipher in OF_OLD {
        add(&["rsa2048"], "rsa2048", Transport::Pkcs1, cipher, "");
    }
    for opener in ["rsa2048", "rsa3072"] {
        let many = ", one of two";
        add(&["rsa2048", "rsa3072"], opener, Transport::Pkcs1, ContentCipher::Aes256Cbc, many);
    }
    for (opener, cipher) in
        [("rsa2048", ContentCipher::Aes256Cbc), ("p256", ContentCipher::Aes256Cbc), ("p384", ContentCipher::Aes256Gcm)]
    {
        add(&["rsa2048", "p256", "p384"], opener, Transport::Pkcs1, cipher, ", one of three kinds");
    }
    rows
}

/// A mail around the entity that is sealed everywhere here.
fn mail() -> Vec<u8> {
    [&b"From: a@example.com\r\nTo: b@example.com\r\nSubject: Help\r\nMIME-Version: 1.0\r\n"[..], &entity()].concat()
}

fn signer(person: &Person, scheme: Scheme) -> Signer<'_> {
    Signer { certificate: &person.certificate, key: &person.key, scheme, intermediates: &[] }
}

fn own_scheme(who: &str) -> Scheme {
    if who.starts_with("rsa") { Scheme::RsaPkcs1(Digest::Sha256) } else { Scheme::Ecdsa(Digest::Sha256) }
}

impl Row {
    /// What we make of it; `None` for what we only read.
    pub fn sealed(&self, folder: &Folder) -> Option<Vec<u8>> {
        let made = match &self.what {
            What::Signature(signing) => {
                let signer = signer(folder.person(signing.who), signing.scheme);
                sign(&entity(), &signer, now(), signing.is_opaque)
            }
            What::Encryption { encrypting: Encrypting { cipher, .. }, .. } if cipher.is_legacy() => return None,
            What::Encryption { encrypting, .. } => {
                let recipients: Vec<Recipient<'_>> = encrypting
                    .whom
                    .iter()
                    .map(|who| Recipient {
                        certificate: &folder.person(who).certificate,
                        transport: encrypting.transport,
                    })
                    .collect();
                encrypt(&entity(), &recipients, encrypting.cipher, &mut Chance)
            }
            What::Mail { who, cipher, is_opaque } => {
                let person = folder.person(who);
                let recipients = [Recipient { certificate: &person.certificate, transport: Transport::Pkcs1 }];
                let orders = Orders {
                    signer: Some(signer(person, own_scheme(who))),
                    recipients: &recipients,
                    cipher: *cipher,
                    is_opaque: *is_opaque,
                    now: now(),
                    protection: None,
                };
                seal(&mail(), &orders, &mut Chance)
            }
        };
        Some(made.expect("it is sealed"))
    }

    /// What is not right about what we make of a tool's.
    pub fn opened(&self, theirs: &[u8], folder: &Folder) -> Result<(), String> {
        match &self.what {
            What::Signature(signing) => {
                let content = entity();
                let person = folder.person(signing.who);
                let signed = verify(theirs, (!signing.is_opaque).then_some(&content[..]), &[]).map_err(debug)?;
                let [one] = &signed.signatures[..] else { return Err("other than one signer".to_owned()) };
                let is_right = one.flaw.is_none() && one.by.as_ref() == Some(&person.certificate);
                let within = signed.content.as_ref().is_none_or(|within| *within == content);
                if is_right && within { Ok(()) } else { Err(debug((one.flaw, within))) }
            }
            What::Encryption { encrypting, opener } => {
                let person = folder.person(opener);
                let keys: [(&Certificate, &dyn PrivateKey); 1] = [(&person.certificate, &person.key)];
                let legacy = if encrypting.cipher.is_legacy() { Legacy::Opened } else { Legacy::Refused };
                let opened = decrypt_with(theirs, &keys, legacy, &mut Chance).map_err(debug)?;
                if legacy == Legacy::Opened && decrypt(theirs, &keys, &mut Chance).is_ok() {
                    return Err("a cipher of old opens although nobody asked for it".to_owned());
                }
                let is_right = opened.content == entity() && opened.cipher == encrypting.cipher;
                if is_right { Ok(()) } else { Err(format!("other content, or {:?}", opened.cipher)) }
            }
            What::Mail { who, .. } => opened_mail(theirs, folder.person(who)),
        }
    }
}

fn debug(what: impl std::fmt::Debug) -> String {
    format!("{what:?}")
}

fn opened_mail(theirs: &[u8], person: &Person) -> Result<(), String> {
    let keys: [(&Certificate, &dyn PrivateKey); 1] = [(&person.certificate, &person.key)];
    let opening = Opening { keys: &keys, known: &[], legacy: Legacy::Refused };
    let opened = open_with(theirs, &opening, &mut Chance).map_err(debug)?;
    let [Layer::Encrypted { .. }, Layer::Signed(signed)] = &opened.layers[..] else {
        return Err("it is not signed within encrypted".to_owned());
    };
    let is_good =
        signed.signatures.iter().all(|one| one.flaw.is_none() && one.by.as_ref() == Some(&person.certificate));
    let whole = entity();
    let is_same = Entity::read(&opened.mail).body == Entity::read(&whole).body;
    if is_good && !signed.signatures.is_empty() && is_same { Ok(()) } else { Err(debug((&signed.signatures, is_same))) }
}
