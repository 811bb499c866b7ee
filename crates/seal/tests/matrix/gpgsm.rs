//! `gpgsm` with a home of its own, a process for each job.

use crate::people::{Folder, PASSWORD};
use crate::tool::{Encrypting, Failing, Made, Signing, Tool, digest_name, said};
use data_encoding::BASE64_MIME_PERMISSIVE as BASE64;
use seal::entity::Entity;
use seal::smime::{ContentCipher, Digest, Scheme, Transport};
use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output, Stdio};

pub const NAME: &str = "gpgsm";
const HOME: &str = "gpgsm";

pub struct Gpgsm<'a> {
    folder: &'a Folder,
    /// What it said when the person's key was brought in.
    keys: BTreeMap<&'static str, Result<(), Failing>>,
}

impl<'a> Gpgsm<'a> {
    pub fn start(folder: &'a Folder) -> Gpgsm<'a> {
        let home = folder.path(HOME);
        std::fs::create_dir(&home).expect("the folder takes folders");
        std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o700)).expect("it is ours");
        folder.write("gpgsm/gpgsm.conf", b"disable-crl-checks\ndisable-dirmngr\n");
        // A password that is asked ten thousand times takes its time; this one protects nothing.
        folder.write("gpgsm/gpg-agent.conf", b"allow-loopback-pinentry\ns2k-count 65536\n");
        let fingerprint = folder.tried(&["x509", "-in", "ca.pem", "-noout", "-fingerprint", "-sha1"]).stdout;
        let fingerprint = String::from_utf8_lossy(&fingerprint).trim().rsplit('=').next().map(str::to_owned);
        let root = fingerprint.expect("a fingerprint").replace(':', "");
        folder.write("gpgsm/trustlist.txt", format!("{root} S relax\n").as_bytes());
        let mut gpgsm = Gpgsm { folder, keys: BTreeMap::new() };
        said(&gpgsm.run(&["--import", "ca.pem"])).expect("an authority is taken");
        for who in ["rsa2048", "rsa3072", "p256", "p384", "ed25519", "x25519"] {
            said(&gpgsm.run(&["--import", &format!("{who}.pem")])).expect("a certificate is taken");
            gpgsm.keys.insert(who, said(&gpgsm.run(&["--import", &format!("{who}.p12")])));
        }
        gpgsm
    }

    fn run(&self, args: &[&str]) -> Output {
        let mut child = Command::new("gpgsm")
            .args(["--batch", "--yes", "--no-tty", "--pinentry-mode", "loopback", "--passphrase-fd", "0"])
            .args(args)
            .env("GNUPGHOME", self.folder.path(HOME))
            .current_dir(self.folder.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("gpgsm is installed");
        let mut input = child.stdin.take().expect("a pipe");
        // It reads it when it needs it.
        let _ = input.write_all(format!("{PASSWORD}\n").as_bytes());
        drop(input);
        child.wait_with_output().expect("it ends")
    }

    fn made(&self, args: &[&str]) -> Made {
        said(&self.run(&[&["--output", "gpgsm.out"], args].concat()))?;
        Ok(self.folder.take("gpgsm.out"))
    }

    fn key(&self, who: &str) -> Result<(), Failing> {
        self.keys.get(who).cloned().expect("somebody who is there")
    }
}

impl Drop for Gpgsm<'_> {
    fn drop(&mut self) {
        let home = self.folder.path(HOME);
        let _ = Command::new("gpgconf").arg("--homedir").arg(home).args(["--kill", "all"]).output();
    }
}

impl Tool for Gpgsm<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        let output = self.run(&["--version"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().next().and_then(|line| line.rsplit(' ').next()).unwrap_or_default().to_owned()
    }

    fn sign(&self, signing: &Signing) -> Made {
        let digest = match signing.scheme {
            Scheme::RsaPkcs1(digest) | Scheme::Ecdsa(digest) => digest,
            Scheme::RsaPss(_) => return Err(Failing::NoSuchThing),
            Scheme::Ed25519 => Digest::Sha512,
        };
        // It writes as it reads: lengths are never said.
        if !signing.is_streamed {
            return Err(Failing::NoSuchThing);
        }
        self.key(signing.who)?;
        let (user, form) =
            (format!("{}@example.com", signing.who), if signing.is_opaque { "--sign" } else { "--detach-sign" });
        self.made(&["--digest-algo", digest_name(digest), "-u", &user, form, "content"])
    }

    fn verify(&self, signing: &Signing, cms: &[u8]) -> Made {
        self.folder.write("gpgsm.in", cms);
        if signing.is_opaque {
            return self.made(&["--verify", "gpgsm.in"]);
        }
        said(&self.run(&["--verify", "gpgsm.in", "content"]))?;
        Ok(std::fs::read(self.folder.path("content")).expect("the content"))
    }

    fn encrypt(&self, encrypting: &Encrypting) -> Made {
        let cipher = match encrypting.cipher {
            ContentCipher::Aes128Cbc => "AES",
            ContentCipher::Aes192Cbc => "AES192",
            ContentCipher::Aes256Cbc => "AES256",
            ContentCipher::TripleDesCbc => "3DES",
            _ => return Err(Failing::NoSuchThing),
        };
        if !encrypting.is_streamed || encrypting.transport != Transport::Pkcs1 {
            return Err(Failing::NoSuchThing);
        }
        let whom: Vec<String> = encrypting.whom.iter().map(|who| format!("{who}@example.com")).collect();
        let mut args = vec!["--cipher-algo", cipher];
        args.extend(whom.iter().flat_map(|who| ["-r", who]));
        args.extend(["--encrypt", "content"]);
        self.made(&args)
    }

    fn decrypt(&self, who: &'static str, cms: &[u8]) -> Made {
        self.key(who)?;
        self.folder.write("gpgsm.in", cms);
        self.made(&["--decrypt", "gpgsm.in"])
    }

    /// It makes no mails; what a mail program makes of it is written here.
    fn seal_mail(&self, who: &'static str, entity: &[u8]) -> Made {
        self.key(who)?;
        let mime = |kind: &str, cms: &[u8]| {
            let text = data_encoding::BASE64_MIME.encode(cms);
            format!(
                "Content-Type: application/x-pkcs7-mime; smime-type={kind}; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n{text}"
            )
        };
        self.folder.write("gpgsm.entity", entity);
        let user = format!("{who}@example.com");
        let signed = mime("signed-data", &self.made(&["-u", &user, "--sign", "gpgsm.entity"])?);
        self.folder.write("gpgsm.entity", signed.as_bytes());
        let sealed = self.made(&["-r", &user, "--encrypt", "gpgsm.entity"])?;
        Ok(format!("From: a@example.com\r\nSubject: Help\r\n{}", mime("enveloped-data", &sealed)).into_bytes())
    }

    fn open_mail(&self, who: &'static str, mail: &[u8]) -> Made {
        let none = || Failing::Said("no part where it should be".to_owned());
        let bytes = |entity: &[u8]| BASE64.decode(Entity::read(entity).body).map_err(|_| none());
        let inner = self.decrypt(who, &bytes(mail)?)?;
        let Some(parts) = Entity::read(&inner).parts() else {
            self.folder.write("gpgsm.in", &bytes(&inner)?);
            return self.made(&["--verify", "gpgsm.in"]);
        };
        let [content, signature] = parts.parts[..] else { return Err(none()) };
        self.folder.write("gpgsm.in", &bytes(signature)?);
        self.folder.write("gpgsm.content", content);
        said(&self.run(&["--verify", "gpgsm.in", "gpgsm.content"]))?;
        Ok(content.to_vec())
    }
}
