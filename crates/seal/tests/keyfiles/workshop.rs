//! A temporary folder in which other programs make files of keys.

use seal::keyfile::{Found, FoundKey, Item, Password, read};
use seal::smime::Certificate;
use std::process::{Command, Output};
use tempfile::TempDir;
use zeroize::Zeroizing;

pub use crate::chance::Chance;

/// What opens whatever a test makes.
pub const PASSWORD: &str = "correct horse";

pub struct Workshop {
    dir: TempDir,
}

impl Workshop {
    pub fn open() -> Workshop {
        Workshop { dir: tempfile::tempdir().unwrap() }
    }

    /// With `ca.pem`, and of Ann `ann.key` (PKCS#8, P-256) and `ann.pem`, which that authority signed.
    pub fn with_ann() -> Workshop {
        let workshop = Workshop::open();
        workshop.self_signed("ca", "Test authority", "P-256");
        workshop.run(
            "openssl",
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ann.key -subj /CN=Ann -out ann.csr",
        );
        workshop.write("extensions", b"subjectAltName=email:ann@example.com\n");
        workshop.run(
            "openssl",
            "x509 -req -in ann.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile extensions -out ann.pem",
        );
        workshop
    }

    /// `NAME.key` and `NAME.pem`.
    pub fn self_signed(&self, name: &str, subject: &str, curve: &str) {
        let words = format!(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:{curve} -nodes -days 30 -keyout {name}.key -out {name}.pem"
        );
        let mut words: Vec<&str> = words.split(' ').collect();
        let subject = format!("/CN={subject}");
        words.extend(["-subj", &subject]);
        self.told("openssl", &words);
    }

    pub fn tried(&self, program: &str, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.dir.path()).env("GNUPGHOME", self.dir.path().join("gnupg"));
        command.output().unwrap_or_else(|error| panic!("{program} is installed: {error}"))
    }

    pub fn told(&self, program: &str, args: &[&str]) -> Vec<u8> {
        let output = self.tried(program, args);
        assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// Words that are separated by single spaces; `PASSWORD` stands for the password.
    pub fn run(&self, program: &str, words: &str) -> Vec<u8> {
        let words: Vec<&str> =
            words.split(' ').map(|word| if word == "PASSWORD" { "correct horse" } else { word }).collect();
        self.told(program, &words)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.dir.path().join(name), bytes).unwrap();
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.dir.path().join(name)).unwrap()
    }

    /// GnuPG with a home of its own in the folder; `done` ends its agent.
    pub fn gnupg(&self) {
        use std::os::unix::fs::DirBuilderExt;
        std::fs::DirBuilder::new().mode(0o700).create(self.dir.path().join("gnupg")).unwrap();
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        if self.dir.path().join("gnupg").exists() {
            self.tried("gpgconf", &["--kill", "all"]);
        }
    }
}

pub fn passwords(all: &[&str]) -> Vec<Password> {
    all.iter().map(|one| Zeroizing::new((*one).to_owned())).collect()
}

/// What a file holds that opens with the password and has no fault.
pub fn opened(bytes: &[u8]) -> Found {
    let found = read(bytes, &passwords(&["another", PASSWORD]));
    assert!(found.faults.is_empty(), "{:?}", found.faults);
    found
}

pub fn certificates(found: &Found) -> Vec<&Certificate> {
    found.items.iter().filter_map(|item| if let Item::Certificate(one) = item { Some(one) } else { None }).collect()
}

pub fn private_keys(found: &Found) -> Vec<&FoundKey> {
    found.items.iter().filter_map(|item| if let Item::PrivateKey(one) = item { Some(one) } else { None }).collect()
}

/// One private key, and it goes with the certificate of this address.
#[track_caller]
pub fn assert_key_of(found: &Found, address: &str) {
    let keys = private_keys(found);
    assert_eq!(keys.len(), 1, "{found:?}");
    match keys[0].certificate.map(|place| &found.items[place]) {
        Some(Item::Certificate(of)) => assert_eq!(of.addresses(), [address]),
        other => panic!("the key goes with {other:?}"),
    }
    seal::key::HeldKey::from_pkcs8(&keys[0].pkcs8, &keys[0].public).expect("a key that works");
}
