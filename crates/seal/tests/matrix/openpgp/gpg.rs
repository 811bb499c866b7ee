//! `gpg` with a home of its own, a process for each job.

use super::{Ring, Tool};
use crate::tool::{Made, said};
use std::os::unix::fs::DirBuilderExt;
use std::process::Output;

pub const NAME: &str = "gpg";

pub struct Gpg<'a>(pub &'a Ring);

fn run(ring: &Ring, args: &[&str]) -> Output {
    let always = ["--batch", "--yes", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""];
    ring.tried("gpg", &[&always[..], &["--trust-model", "always", "--status-fd", "2"], args].concat())
}

pub fn home(ring: &Ring) {
    std::fs::DirBuilder::new().mode(0o700).create(ring.path("home")).expect("the folder takes folders");
}

/// Ends its agent.
pub fn end(ring: &Ring) {
    ring.tried("gpgconf", &["--kill", "all"]);
}

/// A key for `NAME@example.com`: one that signs, and below it one that is encrypted to.
pub fn made_key(ring: &Ring, name: &str, signs: &str, encrypts: &str) -> Vec<u8> {
    let id = format!("{name} <{name}@example.com>");
    said(&run(ring, &["--quick-gen-key", &id, signs, "sign", "never"])).expect("gpg makes a key");
    let listed = run(ring, &["--with-colons", "--list-keys", &id]).stdout;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let print = listed.lines().find(|line| line.starts_with("fpr")).and_then(|line| line.split(':').nth(9));
    said(&run(ring, &["--quick-add-key", print.expect("a fingerprint"), encrypts, "encr", "never"]))
        .expect("and another");
    run(ring, &["--armor", "--export-secret-keys", &id]).stdout
}

impl Gpg<'_> {
    /// Keys that it did not make have to be brought in; what it says of them is what it says of the job.
    fn with_keys(&self, whom: &[&str]) -> Result<(), crate::tool::Failing> {
        for who in whom.iter().filter(|who| who.starts_with("own-") || who.starts_with("js-")) {
            said(&run(self.0, &["--import", &format!("{who}.key.asc")]))?;
        }
        Ok(())
    }

    fn made(&self, args: &[&str]) -> Made {
        said(&run(self.0, &[&["-o", "gpg.out"], args].concat()))?;
        Ok(self.0.take("gpg.out"))
    }
}

impl Tool for Gpg<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        let text = String::from_utf8_lossy(&run(self.0, &["--version"]).stdout).into_owned();
        text.lines().next().and_then(|line| line.rsplit(' ').next()).unwrap_or_default().to_owned()
    }

    fn sign(&self, who: &str) -> Made {
        self.with_keys(&[who])?;
        self.made(&["-u", &format!("{who}@example.com"), "--detach-sign", "content"])
    }

    fn verify(&self, who: &str, signature: &[u8]) -> Made {
        self.with_keys(&[who])?;
        self.0.write("gpg.in", signature);
        said(&run(self.0, &["--verify", "gpg.in", "content"]))?;
        Ok(std::fs::read(self.0.path("content")).expect("the content"))
    }

    fn seal(&self, whom: &[&str]) -> Made {
        self.with_keys(whom)?;
        let addresses: Vec<String> = whom.iter().map(|who| format!("{who}@example.com")).collect();
        let mut args = vec!["--armor", "-u", &addresses[0]];
        args.extend(addresses.iter().flat_map(|address| ["-r", address]));
        args.extend(["--sign", "--encrypt", "content"]);
        self.made(&args)
    }

    fn open(&self, who: &str, signer: &str, message: &[u8]) -> Made {
        self.with_keys(&[who, signer])?;
        self.0.write("gpg.in", message);
        let output = run(self.0, &["-o", "gpg.out", "--decrypt", "gpg.in"]);
        said(&output)?;
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(words.contains("GOODSIG") && words.contains("GOODMDC"), "it says that all is good: {words}");
        Ok(self.0.take("gpg.out"))
    }
}
