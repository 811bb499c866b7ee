//! A certification authority of OpenSSL, people with a key of each kind, and what they seal.

use crate::folder::Folder;
use seal::Trouble;
use seal::key::{HeldKey, PrivateKey};
use seal::smime::{Certificate, ContentCipher, Digest, OpenedMail, Orders, Recipient, Scheme, Signer, Transport, open};

pub use crate::chance::Chance;

/// Somebody with a certificate and its key.
pub struct Person {
    pub name: &'static str,
    pub certificate: Certificate,
    pub key: HeldKey,
}

/// How `openssl genpkey` makes each kind of key.
const KINDS: [(&str, &[&str]); 7] = [
    ("rsa2048", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ("rsa3072", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"]),
    ("p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
    ("p521", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"]),
    ("ed25519", &["-algorithm", "ED25519"]),
    ("x25519", &["-algorithm", "X25519"]),
];

impl Folder {
    /// With `ca.pem` and `ca.key`.
    pub fn of_authority() -> Folder {
        let folder = Folder::new();
        // What asks for certificates: some keys cannot sign that themselves.
        folder.run(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "request.key"]);
        folder.run(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "ca.key"]);
        let subject = "/O=Example/CN=Test authority";
        folder.run(&["req", "-x509", "-new", "-key", "ca.key", "-subj", subject, "-days", "30", "-out", "ca.pem"]);
        folder
    }

    /// A person with a key of this kind, certified for `NAME@example.com`; the files are `NAME.key`, `.pem`, and in DER `.p8` and `.cer`.
    pub fn certified(&self, name: &'static str, extensions: &str) -> Person {
        let (_, kind) = KINDS.iter().find(|(kind, _)| *kind == name).expect("a kind that is known");
        let [key, public, pem, der, pkcs8] =
            ["key", "pub", "pem", "cer", "p8"].map(|ending| format!("{name}.{ending}"));
        self.run(&[&["genpkey"], *kind, &["-out", &key]].concat());
        self.run(&["pkey", "-in", &key, "-pubout", "-out", &public]);
        let names = format!("subjectAltName=email:{name}@example.com\nsubjectKeyIdentifier=hash\n{extensions}");
        self.write("extensions", names.as_bytes());
        self.run(&["req", "-new", "-key", "request.key", "-subj", &format!("/CN={name}"), "-out", "request"]);
        let mut args = vec!["x509", "-req", "-in", "request", "-force_pubkey", &public, "-CA", "ca.pem"];
        args.extend(["-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "extensions", "-out", &pem]);
        self.run(&args);
        self.run(&["x509", "-in", &pem, "-outform", "DER", "-out", &der]);
        self.run(&["pkcs8", "-topk8", "-nocrypt", "-in", &key, "-outform", "DER", "-out", &pkcs8]);
        let certificate = Certificate::from_der(&self.read(&der)).expect("a certificate");
        let key = HeldKey::from_pkcs8(&self.read(&pkcs8), certificate.key()).expect("its key");
        Person { name, certificate, key }
    }
}

impl Person {
    /// Who signs, with RSA.
    pub fn signer(&self) -> Signer<'_> {
        let scheme = Scheme::RsaPkcs1(Digest::Sha256);
        Signer { certificate: &self.certificate, key: &self.key, scheme, intermediates: &[] }
    }

    pub fn recipient(&self) -> Recipient<'_> {
        Recipient { certificate: &self.certificate, transport: Transport::Pkcs1 }
    }

    /// A mail, opened with this person's key.
    pub fn opened(&self, mail: &[u8]) -> Result<OpenedMail, Trouble> {
        let keys: [(&Certificate, &dyn PrivateKey); 1] = [(&self.certificate, &self.key)];
        open(mail, &keys, &[], &mut Chance)
    }
}

/// How mail is sealed where nothing else is said.
pub fn orders<'a>(signer: Option<Signer<'a>>, recipients: &'a [Recipient<'a>]) -> Orders<'a> {
    let cipher = ContentCipher::Aes256Cbc;
    Orders { signer, recipients, cipher, is_opaque: false, protection: None, now: 1_790_000_000 }
}

/// A MIME entity of several lines with CRLF.
pub fn entity() -> Vec<u8> {
    let mut entity = b"Content-Type: text/plain; charset=utf-8\r\n\r\n".to_vec();
    for line in 0..300 {
        entity
            .extend_from_slice(format!("Line {line}: the printer on floor {} prints again.\r\n", line % 7).as_bytes());
    }
    entity
}
