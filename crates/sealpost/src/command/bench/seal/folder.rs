//! Keys and certificates for the bench, made by openssl in a folder of its own, and the mail that is sealed.

use crate::command::Failure;
use seal::key::HeldKey;
use seal::smime::{Certificate, Digest, Scheme};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A pair of keys that go together.
pub struct Kind {
    pub name: &'static str,
    pub signs: &'static str,
    pub opens: &'static str,
    pub scheme: Scheme,
}

pub const KINDS: [Kind; 4] = [
    Kind { name: "RSA-2048", signs: "rsa2048", opens: "rsa2048", scheme: Scheme::RsaPkcs1(Digest::Sha256) },
    Kind { name: "RSA-3072", signs: "rsa3072", opens: "rsa3072", scheme: Scheme::RsaPkcs1(Digest::Sha256) },
    Kind { name: "P-256", signs: "p256", opens: "p256", scheme: Scheme::Ecdsa(Digest::Sha256) },
    Kind { name: "Ed25519/X25519", signs: "ed25519", opens: "x25519", scheme: Scheme::Ed25519 },
];

/// How `openssl genpkey` makes each key.
const KEYS: [(&str, &[&str]); 5] = [
    ("rsa2048", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ("rsa3072", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"]),
    ("p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("ed25519", &["-algorithm", "ED25519"]),
    ("x25519", &["-algorithm", "X25519"]),
];

/// A certificate and its key.
pub struct Person {
    pub certificate: Certificate,
    pub key: HeldKey,
}

pub struct Folder(PathBuf);

impl Folder {
    pub fn at(path: &Path) -> Folder {
        Folder(path.to_owned())
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    pub fn read(&self, name: &str) -> Result<Vec<u8>, Failure> {
        let file = self.0.join(name);
        std::fs::read(&file).map_err(|error| Failure::new(format!("cannot read {}: {error}", file.display())))
    }

    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let file = self.0.join(name);
        std::fs::write(&file, bytes).map_err(|error| Failure::new(format!("cannot write {}: {error}", file.display())))
    }

    /// A command in this folder, which says nothing.
    pub fn command(&self, program: &str, words: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(words).current_dir(&self.0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    fn openssl(&self, words: &[&str]) -> Result<(), Failure> {
        let status = self.command("openssl", words).status().map_err(|error| {
            Failure::new(format!("the keys cannot be made: openssl is not there ({error}); install it"))
        })?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("openssl {} failed", words.join(" ")))) }
    }

    /// Makes everybody, and the mail.
    pub fn fill(&self, size_bytes: usize) -> Result<(), Failure> {
        const EC: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
        self.openssl(&[&["genpkey"][..], &EC, &["-out", "ca.key"]].concat())?;
        self.openssl(&[
            "req",
            "-x509",
            "-new",
            "-key",
            "ca.key",
            "-subj",
            "/CN=bench",
            "-days",
            "2",
            "-out",
            "ca.pem",
        ])?;
        self.openssl(&["req", "-new", "-key", "ca.key", "-subj", "/CN=somebody", "-out", "request"])?;
        for (name, how) in KEYS {
            let file = |ending: &str| format!("{name}.{ending}");
            let (key, public, pem, der, pkcs8) = (file("key"), file("pub"), file("pem"), file("cer"), file("p8"));
            self.openssl(&[&["genpkey"], how, &["-out", &key]].concat())?;
            self.openssl(&["pkey", "-in", &key, "-pubout", "-out", &public])?;
            self.write("extensions", b"subjectAltName=email:somebody@example.com\nsubjectKeyIdentifier=hash\n")?;
            let mut words = vec!["x509", "-req", "-in", "request", "-force_pubkey", &public, "-CA", "ca.pem"];
            words.extend(["-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "extensions", "-out", &pem]);
            self.openssl(&words)?;
            self.openssl(&["x509", "-in", &pem, "-outform", "DER", "-out", &der])?;
            self.openssl(&["pkcs8", "-topk8", "-nocrypt", "-in", &key, "-outform", "DER", "-out", &pkcs8])?;
        }
        let line = "The printer on the third floor prints again, and everybody is glad.\r\n";
        let mail = format!(
            "From: a@example.com\r\nTo: b@example.com\r\nSubject: Help\r\nMIME-Version: 1.0\r\n\
             Content-Type: text/plain; charset=us-ascii\r\n\r\n{}",
            line.repeat(size_bytes.div_ceil(line.len()))
        );
        self.write("mail", mail.as_bytes())
    }

    pub fn person(&self, name: &str) -> Result<Person, Failure> {
        let broken = |trouble: seal::Trouble| Failure::new(format!("the key {name} of openssl: {trouble}"));
        let certificate = Certificate::from_der(&self.read(&format!("{name}.cer"))?).map_err(broken)?;
        let key = HeldKey::from_pkcs8(&self.read(&format!("{name}.p8"))?, certificate.key()).map_err(broken)?;
        Ok(Person { certificate, key })
    }
}
