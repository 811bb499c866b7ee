//! Bouncy Castle as Debian has it, in one JVM that stays warm.

use crate::people::Folder;
use crate::spoken::Spoken;
use crate::tool::{Encrypting, Failing, Made, Signing, Tool, cipher_name};
use seal::smime::{Digest, Scheme, Transport};
use std::path::Path;
use std::process::Command;

pub const NAME: &str = "Bouncy Castle";

/// The classes that it needs, from Debian's libbcmail-java and what that depends on.
const JARS: &str = "/usr/share/java/bcmail.jar:/usr/share/java/bcpkix.jar:/usr/share/java/bcprov.jar:\
    /usr/share/java/bcutil.jar:/usr/share/java/bcpg.jar:/usr/share/java/javax.mail.jar";
/// The same program that `sealpost bench seal` measures.
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bench/seal/BouncyCastle.java");

pub struct BouncyCastle<'a> {
    folder: &'a Folder,
    jvm: Spoken,
}

impl<'a> BouncyCastle<'a> {
    pub fn start(folder: &'a Folder) -> BouncyCastle<'a> {
        BouncyCastle { folder, jvm: jvm(&folder.path("")) }
    }

    fn made(&self, job: &[&str]) -> Made {
        self.jvm.ask(job)?;
        Ok(self.folder.take("bouncy.out"))
    }
}

/// The program in a JVM that works in this folder.
pub fn jvm(folder: &Path) -> Spoken {
    let mut command = Command::new("java");
    command.args(["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-cp", JARS, PROGRAM]);
    Spoken::start(command.current_dir(folder), "a JDK with libbcmail-java and libbcpg-java")
}

/// The jar is a link to one that has its version in its name.
pub fn version() -> String {
    let jar = std::fs::canonicalize("/usr/share/java/bcmail.jar").expect("libbcmail-java is installed");
    let name = jar.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    name.trim_start_matches("bcmail-").to_owned()
}

fn algorithm(scheme: Scheme) -> String {
    let digest = |digest: Digest| match digest {
        Digest::Sha1 => "SHA1",
        Digest::Sha256 => "SHA256",
        Digest::Sha384 => "SHA384",
        Digest::Sha512 => "SHA512",
    };
    match scheme {
        Scheme::RsaPkcs1(one) => format!("{}withRSA", digest(one)),
        Scheme::RsaPss(one) => format!("{}withRSAandMGF1", digest(one)),
        Scheme::Ecdsa(one) => format!("{}withECDSA", digest(one)),
        Scheme::Ed25519 => "Ed25519".to_owned(),
    }
}

fn encoding(is_streamed: bool) -> &'static str {
    if is_streamed { "ber" } else { "der" }
}

impl Tool for BouncyCastle<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        version()
    }

    fn sign(&self, signing: &Signing) -> Made {
        let (key, certificate) = (format!("{}.p8", signing.who), format!("{}.cer", signing.who));
        let form = if signing.is_opaque { "opaque" } else { "detached" };
        let (algorithm, encoding) = (algorithm(signing.scheme), encoding(signing.is_streamed));
        self.made(&["sign", &algorithm, &key, &certificate, form, encoding, "content", "bouncy.out"])
    }

    fn verify(&self, signing: &Signing, cms: &[u8]) -> Made {
        self.folder.write("bouncy.in", cms);
        self.made(&["verify", "bouncy.in", if signing.is_opaque { "-" } else { "content" }, "bouncy.out"])
    }

    fn encrypt(&self, encrypting: &Encrypting) -> Made {
        let certificates: Vec<String> = encrypting.whom.iter().map(|who| format!("{who}.cer")).collect();
        let transport = match encrypting.transport {
            Transport::Pkcs1 => "pkcs1",
            Transport::Oaep(Digest::Sha1) => "oaep-sha1",
            Transport::Oaep(Digest::Sha256) => "oaep-sha256",
            Transport::Oaep(_) => return Err(Failing::NoSuchThing),
        };
        let cipher = cipher_name(encrypting.cipher);
        let mut job = vec!["encrypt", cipher, transport, encoding(encrypting.is_streamed), "content", "bouncy.out"];
        job.extend(certificates.iter().map(String::as_str));
        self.made(&job)
    }

    fn decrypt(&self, who: &'static str, cms: &[u8]) -> Made {
        self.folder.write("bouncy.in", cms);
        self.made(&["decrypt", &format!("{who}.p8"), &format!("{who}.cer"), "bouncy.in", "bouncy.out"])
    }

    fn seal_mail(&self, who: &'static str, entity: &[u8]) -> Made {
        let mail = [&b"From: a@example.com\r\nTo: b@example.com\r\nSubject: Help\r\nMIME-Version: 1.0\r\n"[..], entity];
        self.folder.write("bouncy.in", &mail.concat());
        self.mail_job("seal", who)
    }

    fn open_mail(&self, who: &'static str, mail: &[u8]) -> Made {
        self.folder.write("bouncy.in", mail);
        self.mail_job("open", who)
    }
}

impl BouncyCastle<'_> {
    fn mail_job(&self, job: &str, who: &'static str) -> Made {
        let algorithm = if who.starts_with("rsa") { "SHA256withRSA" } else { "SHA256withECDSA" };
        let (key, certificate) = (format!("{who}.p8"), format!("{who}.cer"));
        self.made(&[job, algorithm, "aes-256-cbc", &key, &certificate, "bouncy.in", "bouncy.out"])
    }
}
