//! Bouncy Castle's part for OpenPGP, in one JVM that stays warm.

use super::{Ring, Tool};
use crate::bouncy_castle;
use crate::spoken::Spoken;
use crate::tool::Made;

pub const NAME: &str = "Bouncy Castle's OpenPGP";

pub struct Castle<'a> {
    ring: &'a Ring,
    jvm: Spoken,
}

impl Castle<'_> {
    pub fn start(ring: &Ring) -> Castle<'_> {
        Castle { ring, jvm: bouncy_castle::jvm(&ring.path("")) }
    }

    fn made(&self, job: &[&str]) -> Made {
        self.jvm.ask(job)?;
        Ok(self.ring.take("castle.out"))
    }
}

impl Tool for Castle<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        bouncy_castle::version()
    }

    fn sign(&self, who: &str) -> Made {
        self.made(&["pgp-sign", &format!("{who}.key.asc"), "content", "castle.out"])
    }

    fn verify(&self, who: &str, signature: &[u8]) -> Made {
        self.ring.write("castle.in", signature);
        self.jvm.ask(&["pgp-verify", &format!("{who}.cert.asc"), "castle.in", "content"])?;
        Ok(std::fs::read(self.ring.path("content")).expect("the content"))
    }

    fn seal(&self, whom: &[&str]) -> Made {
        let certificates: Vec<String> = whom.iter().map(|who| format!("{who}.cert.asc")).collect();
        let signer = format!("{}.key.asc", whom[0]);
        let mut job = vec!["pgp-seal", &signer, "content", "castle.out"];
        job.extend(certificates.iter().map(String::as_str));
        self.made(&job)
    }

    fn open(&self, who: &str, signer: &str, message: &[u8]) -> Made {
        self.ring.write("castle.in", message);
        let (key, certificate) = (format!("{who}.key.asc"), format!("{signer}.cert.asc"));
        self.made(&["pgp-open", &key, &certificate, "castle.in", "castle.out"])
    }
}
