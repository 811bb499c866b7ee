//! Python's `cryptography`, by its module pkcs7.

use crate::people::Folder;
use crate::spoken::Spoken;
use crate::tool::{Encrypting, Failing, Made, Signing, Tool, cipher_name, digest_name};
use seal::smime::{ContentCipher, Scheme, Transport};
use std::path::{Path, PathBuf};
use std::process::Command;

pub const NAME: &str = "Python cryptography";

pub struct Pyca<'a> {
    folder: &'a Folder,
    python: Spoken,
}

/// `python3`, which also looks where `./test` puts what the machine's own does not have.
fn python(folder: &Folder) -> Command {
    let beside: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../python");
    let mut command = Command::new("python3");
    command.current_dir(folder.path(""));
    if beside.is_dir() {
        command.env("PYTHONPATH", beside);
    }
    command
}

impl<'a> Pyca<'a> {
    pub fn start(folder: &'a Folder) -> Pyca<'a> {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/matrix/pyca.py");
        Pyca { folder, python: Spoken::start(python(folder).arg(script), "python3 with cryptography 48") }
    }

    fn made(&self, job: &[&str]) -> Made {
        let (name, words) = job.split_first().expect("a job has a name");
        self.python.ask(&[&[*name, "pyca.out"], words].concat())?;
        Ok(self.folder.take("pyca.out"))
    }
}

/// The content that was encrypted for a key on X25519, by RFC 8418 written down anew (see `pyca.py`).
pub fn opened_by_rfc_8418(folder: &Folder, cms: &[u8]) -> Made {
    Pyca::start(folder).agreed(cms)
}

/// Recipients with ML-KEM, by RFC 9936 written down anew; its ML-KEM is OpenSSL's, of the sets 768 and 1024.
impl Pyca<'_> {
    pub fn decapsulated(&self, key: &str, cms: &[u8]) -> Made {
        self.folder.write("pyca.in", cms);
        self.made(&["decapsulated", key, "pyca.in"])
    }

    /// Of the file `content`; `ukm` is user keying material, `-` stands for none.
    pub fn encapsulated(&self, certificate: &str, ukm: &str) -> Made {
        self.made(&["encapsulated", certificate, ukm, "content"])
    }
}

impl Pyca<'_> {
    fn agreed(&self, cms: &[u8]) -> Made {
        self.folder.write("pyca.in", cms);
        self.made(&["agreed", "x25519.p8", "pyca.in"])
    }
}

impl Tool for Pyca<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        let script = "import cryptography; print(cryptography.__version__)";
        let output = python(self.folder).args(["-c", script]).output().expect("python3 is installed");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    fn sign(&self, signing: &Signing) -> Made {
        if signing.is_streamed {
            return Err(Failing::NoSuchThing);
        }
        let scheme = match signing.scheme {
            Scheme::RsaPkcs1(digest) => format!("rsa-{}", digest_name(digest)),
            Scheme::RsaPss(digest) => format!("pss-{}", digest_name(digest)),
            Scheme::Ecdsa(digest) => format!("ecdsa-{}", digest_name(digest)),
            Scheme::Ed25519 => "ed25519-sha512".to_owned(),
        };
        let form = if signing.is_opaque { "opaque" } else { "detached" };
        let (key, certificate) = (format!("{}.p8", signing.who), format!("{}.cer", signing.who));
        self.made(&["sign", &scheme, &key, &certificate, form, "content"])
    }

    /// It checks no signatures in CMS.
    fn verify(&self, _: &Signing, _: &[u8]) -> Made {
        Err(Failing::NoSuchThing)
    }

    fn encrypt(&self, encrypting: &Encrypting) -> Made {
        let has_cipher = matches!(encrypting.cipher, ContentCipher::Aes128Cbc | ContentCipher::Aes256Cbc);
        if encrypting.is_streamed || !has_cipher || encrypting.transport != Transport::Pkcs1 {
            return Err(Failing::NoSuchThing);
        }
        let certificates: Vec<String> = encrypting.whom.iter().map(|who| format!("{who}.cer")).collect();
        let mut job = vec!["encrypt", cipher_name(encrypting.cipher), "content"];
        job.extend(certificates.iter().map(String::as_str));
        self.made(&job)
    }

    fn decrypt(&self, who: &'static str, cms: &[u8]) -> Made {
        self.folder.write("pyca.in", cms);
        self.made(&["decrypt", &format!("{who}.p8"), &format!("{who}.cer"), "pyca.in"])
    }

    fn seal_mail(&self, who: &'static str, entity: &[u8]) -> Made {
        self.folder.write("pyca.in", entity);
        self.made(&["seal", &format!("{who}.p8"), &format!("{who}.cer"), "pyca.in"])
    }

    fn open_mail(&self, _: &'static str, _: &[u8]) -> Made {
        Err(Failing::NoSuchThing)
    }
}
