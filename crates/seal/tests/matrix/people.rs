//! A certification authority of OpenSSL in a temporary folder, and people with a key of each kind.

use seal::Random;
use seal::key::HeldKey;
use seal::smime::Certificate;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// How `openssl genpkey` makes each kind of key.
const KINDS: [(&str, &[&str]); 6] = [
    ("rsa2048", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]),
    ("rsa3072", &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"]),
    ("p256", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("p384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]),
    ("ed25519", &["-algorithm", "ED25519"]),
    ("x25519", &["-algorithm", "X25519"]),
];

/// The password of each PKCS#12.
pub const PASSWORD: &str = "matrix";

/// The chance of the machine.
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

/// Where the tools work; each person's files are `NAME.pem`, `.cer`, `.key`, `.p8` and `.p12`.
pub struct Folder {
    dir: TempDir,
    people: Vec<Person>,
}

impl Folder {
    /// A folder with everybody in it, and the content that is sealed in the file `content`.
    pub fn start() -> Folder {
        Folder::with(&KINDS.map(|(name, _)| name))
    }

    /// Only some of them.
    pub fn with(names: &[&'static str]) -> Folder {
        let mut folder = Folder { dir: tempfile::tempdir().expect("a folder"), people: Vec::new() };
        folder.run(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "request.key"]);
        folder.run(&["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "ca.key"]);
        let subject = "/O=Example/CN=Test authority";
        folder.run(&["req", "-x509", "-new", "-key", "ca.key", "-subj", subject, "-days", "30", "-out", "ca.pem"]);
        folder.people = names.iter().map(|name| folder.certified(name)).collect();
        folder.write("content", &entity());
        folder
    }

    pub fn person(&self, name: &str) -> &Person {
        self.people.iter().find(|person| person.name == name).expect("somebody who is there")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("the folder takes files");
    }

    /// A file of the folder, which is gone then: nobody is to find the one of the job before.
    pub fn take(&self, name: &str) -> Vec<u8> {
        let bytes = std::fs::read(self.path(name)).unwrap_or_default();
        let _ = std::fs::remove_file(self.path(name));
        bytes
    }

    /// Whatever comes of `openssl ARGS`, in the folder.
    pub fn tried(&self, args: &[&str]) -> Output {
        Command::new("openssl").args(args).current_dir(self.dir.path()).output().expect("openssl is installed")
    }

    fn run(&self, args: &[&str]) {
        let output = self.tried(args);
        assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A person with a key of this kind, certified for `NAME@example.com`.
    fn certified(&self, name: &'static str) -> Person {
        let (_, kind) = KINDS.iter().find(|(kind, _)| *kind == name).expect("a kind that is known");
        let file = |ending: &str| format!("{name}.{ending}");
        let (key, public, pem, der, pkcs8) = (file("key"), file("pub"), file("pem"), file("cer"), file("p8"));
        self.run(&[&["genpkey"], *kind, &["-out", &key]].concat());
        self.run(&["pkey", "-in", &key, "-pubout", "-out", &public]);
        let extensions = format!(
            "subjectAltName=email:{name}@example.com\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n\
             basicConstraints=CA:false\nextendedKeyUsage=emailProtection\n\
             keyUsage=digitalSignature,keyEncipherment,keyAgreement\n"
        );
        self.write("extensions", extensions.as_bytes());
        self.run(&["req", "-new", "-key", "request.key", "-subj", &format!("/CN={name}"), "-out", "request"]);
        let mut args = vec!["x509", "-req", "-in", "request", "-force_pubkey", &public, "-CA", "ca.pem"];
        args.extend(["-CAkey", "ca.key", "-CAcreateserial", "-days", "30", "-extfile", "extensions", "-out", &pem]);
        self.run(&args);
        self.run(&["x509", "-in", &pem, "-outform", "DER", "-out", &der]);
        self.run(&["pkcs8", "-topk8", "-nocrypt", "-in", &key, "-outform", "DER", "-out", &pkcs8]);
        let (p12, password) = (file("p12"), format!("pass:{PASSWORD}"));
        let mut args = vec!["pkcs12", "-export", "-legacy", "-inkey", &key, "-in", &pem, "-certfile", "ca.pem"];
        args.extend(["-passout", &password, "-out", &p12]);
        self.run(&args);
        let read = |name: &str| std::fs::read(self.path(name)).expect("what openssl wrote");
        let certificate = Certificate::from_der(&read(&der)).expect("a certificate");
        let key = HeldKey::from_pkcs8(&read(&pkcs8), certificate.key()).expect("its key");
        Person { name, certificate, key }
    }
}

/// A MIME entity of several lines with CRLF.
pub fn entity() -> Vec<u8> {
    let mut entity = b"Content-Type: text/plain; charset=utf-8\r\n\r\n".to_vec();
    for line in 0..200 {
        entity
            .extend_from_slice(format!("Line {line}: the printer on floor {} prints again.\r\n", line % 7).as_bytes());
    }
    entity
}
