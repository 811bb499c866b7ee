//! The same in OpenPGP: ours, and a process of `gpg` for each mail, with a key of GnuPG's making.

use super::folder::Folder;
use super::processes::repeated;
use super::{Rate, Row, measured};
use crate::command::key::Chance;
use crate::command::{Failure, now_s};
use seal::pgp::{Key, Layer, Means, NewKey, Orders, Policy, generate, open, seal};
use std::hint::black_box;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The key as a file, for us and for Bouncy Castle.
pub const KEY: &str = "pgp.key.asc";
pub const CERTIFICATE: &str = "pgp.cert.asc";
/// The row by which the aim is measured.
pub const SEALED: &str = "Sealpost: OpenPGP, signed and encrypted, RSA-2048";
const USER: &str = "somebody@example.com";

fn broken(trouble: seal::Trouble) -> Failure {
    Failure::new(format!("a mail cannot be sealed or opened in OpenPGP: {trouble}"))
}

/// A home of GnuPG with a key in it.
pub struct Gpg {
    home: PathBuf,
    has_gpg: bool,
}

impl Gpg {
    /// Makes it; where there is no gpg, the key is one of ours.
    pub fn start(folder: &Folder) -> Result<Gpg, Failure> {
        use std::os::unix::fs::DirBuilderExt;
        let home = folder.path().join("gnupg");
        std::fs::DirBuilder::new()
            .mode(0o700)
            .create(&home)
            .map_err(|error| Failure::new(format!("cannot make {}: {error}", home.display())))?;
        let mut gpg = Gpg { home, has_gpg: true };
        let made = ["--passphrase", "", "--quick-generate-key", USER, "rsa2048", "sign", "1d"];
        match folder.command("gpg", &gpg.words(&made)).status() {
            Ok(status) if status.success() => {
                let listed = gpg.output(&["--with-colons", "--list-keys", USER])?;
                let listed = String::from_utf8_lossy(&listed).into_owned();
                let print =
                    listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap_or_default().trim_matches(':');
                let added = ["--passphrase", "", "--quick-add-key", print, "rsa2048", "encr", "1d"];
                let _ = folder.command("gpg", &gpg.words(&added)).status();
                folder.write(KEY, &gpg.output(&["--armor", "--export-secret-keys", USER])?)?;
                folder.write(CERTIFICATE, &gpg.output(&["--armor", "--export", USER])?)?;
            }
            _ => {
                gpg.has_gpg = false;
                let key = generate(NewKey::Rsa2048, USER, now_s().saturating_sub(10), None, None, &mut Chance);
                folder.write(KEY, key.map_err(broken)?.as_bytes())?;
                let key = own_key(folder)?;
                folder.write(CERTIFICATE, key.certificate().to_armor().map_err(broken)?.as_bytes())?;
            }
        }
        Ok(gpg)
    }

    fn words<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        let home = self.home.to_str().unwrap_or_default();
        [&["--homedir", home, "--batch", "--yes", "--quiet", "--trust-model", "always"], more].concat()
    }

    fn output(&self, words: &[&str]) -> Result<Vec<u8>, Failure> {
        let output = Command::new("gpg").args(self.words(words)).output();
        output.map(|output| output.stdout).map_err(|error| Failure::new(format!("gpg cannot be run: {error}")))
    }

    /// What a process of it for each mail does. Its agent does the private operation in a process of its own, so only the clock counts.
    pub fn rows(&self, folder: &Folder, long: Duration) -> Result<Vec<Row>, Failure> {
        let jobs: [(&str, &[&str]); 2] = [
            ("signed and encrypted", &["--armor", "--sign", "--encrypt", "-r", USER, "-o", "sealed.asc", "mail"]),
            ("decrypted and checked", &["--decrypt", "-o", "checked", "sealed.asc"]),
        ];
        let mut rows = Vec::new();
        for (done, words) in jobs {
            let rate = match self.has_gpg {
                true => repeated(folder, "gpg", &[&self.words(words)], long)?,
                false => None,
            };
            let rate = rate.map(|rate| Rate { per_cpu_s: None, ..rate });
            rows.push(Row { name: format!("gpg, a process: OpenPGP, {done}, RSA-2048"), rate });
        }
        Ok(rows)
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").arg("--homedir").arg(&self.home).args(["--kill", "all"]).output();
    }
}

fn own_key(folder: &Folder) -> Result<Key<'static>, Failure> {
    let mut keys = Key::read_all(&folder.read(KEY)?, b"").map_err(broken)?;
    keys.pop().ok_or_else(|| Failure::new("the key for OpenPGP is none"))
}

/// Signed and encrypted, and the other way.
pub fn rows(folder: &Folder, long: Duration) -> Result<Vec<Row>, Failure> {
    let (key, mail, policy) = (own_key(folder)?, folder.read("mail")?, Policy::default());
    let (certificates, known) = ([key.certificate()], [key.certificate().clone()]);
    let sealed = || {
        let orders =
            Orders { signer: Some(&key), recipients: &certificates, protection: None, policy: &policy, now: now_s() };
        seal(&mail, &orders, &mut Chance).map_err(broken)
    };
    let sealing = measured(long, || {
        black_box(sealed()?);
        Ok(())
    })?;
    let (given, keys) = (sealed()?, [&key]);
    let opening = measured(long, || {
        let means = Means { keys: &keys, known: &known, policy: &policy, now: now_s() + 1 };
        let opened = open(&given, &means, &mut Chance).map_err(broken)?;
        let is_signed = |layer: &Layer| matches!(layer, Layer::Signed(all) if all.iter().all(|one| one.flaw.is_none()));
        black_box(&opened.mail);
        match opened.layers.iter().any(is_signed) {
            true => Ok(()),
            false => Err(Failure::new("a mail of our own in OpenPGP does not open as it was sealed")),
        }
    })?;
    Ok(vec![
        Row { name: SEALED.to_owned(), rate: Some(sealing) },
        Row { name: "Sealpost: OpenPGP, decrypted and checked, RSA-2048".to_owned(), rate: Some(opening) },
    ])
}
