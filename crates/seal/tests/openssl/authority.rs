//! A certification authority of OpenSSL in a temporary folder, and what its people hold.

use seal::key::HeldKey;
use seal::smime::Certificate;
use seal::{Random, Trouble};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A MIME entity of several lines, some of them long, with CRLF.
pub fn entity() -> Vec<u8> {
    let mut entity = b"Content-Type: text/plain; charset=utf-8\r\n\r\n".to_vec();
    for line in 0..300 {
        entity
            .extend_from_slice(format!("Line {line}: the printer on floor {} prints again.\r\n", line % 7).as_bytes());
    }
    entity
}

pub struct Chance;

impl Random for Chance {
    fn fill(&mut self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the machine has chance");
    }
}

/// Somebody with a certificate and its key.
pub struct Person {
    pub name: &'static str,
    pub certificate: Certificate,
    pub key: HeldKey,
}

pub struct Authority {
    dir: TempDir,
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

impl Authority {
    pub fn start() -> Authority {
        let authority = Authority { dir: tempfile::tempdir().expect("a folder") };
        authority.run(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "ca.key"]);
        authority.run(&[
            "req",
            "-x509",
            "-new",
            "-key",
            "ca.key",
            "-subj",
            "/O=Example/CN=Test authority",
            "-days",
            "30",
            "-out",
            "ca.pem",
        ]);
        authority
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("the folder takes files");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("a file that was written")
    }

    /// Whatever comes of `openssl ARGS`, in the folder.
    pub fn tried(&self, args: &[&str]) -> Output {
        let started = Command::new("openssl").args(args).current_dir(self.dir.path()).output();
        started.expect("openssl is installed")
    }

    pub fn run(&self, args: &[&str]) {
        let output = self.tried(args);
        assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A person with a key of this kind, certified for `NAME@example.com`.
    pub fn person(&self, name: &'static str) -> Person {
        let (_, kind) = KINDS.iter().find(|(kind, _)| *kind == name).expect("a kind that is known");
        let (key, public, certificate) = (format!("{name}.key"), format!("{name}.pub"), format!("{name}.pem"));
        self.run(&[&["genpkey"], *kind, &["-out", &key]].concat());
        self.run(&["pkey", "-in", &key, "-pubout", "-out", &public]);
        self.write(
            "extensions",
            format!("subjectAltName=email:{name}@example.com\nsubjectKeyIdentifier=hash\n").as_bytes(),
        );
        self.run(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "request.key"]);
        self.run(&["req", "-new", "-key", "request.key", "-subj", &format!("/CN={name}"), "-out", "request"]);
        self.run(&[
            "x509",
            "-req",
            "-in",
            "request",
            "-force_pubkey",
            &public,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "30",
            "-extfile",
            "extensions",
            "-out",
            &certificate,
        ]);
        let certificate = Certificate::from_der(&self.der(&["x509"], &certificate)).expect("a certificate");
        let pkcs8 = self.der(&["pkcs8", "-topk8", "-nocrypt"], &key);
        let key = HeldKey::from_pkcs8(&pkcs8, certificate.key()).expect("its key");
        Person { name, certificate, key }
    }

    fn der(&self, command: &[&str], name: &str) -> Vec<u8> {
        self.run(&[command, &["-in", name, "-outform", "DER", "-out", "der"]].concat());
        std::fs::read(self.dir.path().join(Path::new("der"))).expect("what openssl wrote")
    }
}

#[test]
fn a_certificate_is_read_as_openssl_made_it() {
    let authority = Authority::start();
    let person = authority.person("p256");
    assert_eq!(person.certificate.addresses(), ["p256@example.com"]);
    assert!(person.certificate.may_sign() && person.certificate.may_encrypt());
    assert!(!person.certificate.is_valid_at(0), "it is not valid before it was made");
    assert!(!authority.person("ed25519").certificate.may_encrypt(), "a key that only signs is none to encrypt for");
    assert!(matches!(Certificate::from_der(b"no certificate"), Err(Trouble::Malformed(_))));
}
