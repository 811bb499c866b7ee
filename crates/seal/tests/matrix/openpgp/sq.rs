//! Sequoia's `sq`, a process for each job.

use super::{Ring, Tool};
use crate::tool::{Made, said};

pub const NAME: &str = "sq";

pub struct Sq<'a>(pub &'a Ring);

impl Sq<'_> {
    fn made(&self, args: &[&str]) -> Made {
        let (job, rest) = args.split_first().expect("a job");
        said(&self.0.tried("sq", &[&["--force", job, "-o", "sq.out"], rest].concat()))?;
        Ok(self.0.take("sq.out"))
    }
}

impl Tool for Sq<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        let text = String::from_utf8_lossy(&self.0.tried("sq", &["--version"]).stdout).into_owned();
        text.split_whitespace().nth(1).unwrap_or_default().to_owned()
    }

    fn sign(&self, who: &str) -> Made {
        self.made(&["sign", "--detached", "--signer-key", &format!("{who}.key.asc"), "content"])
    }

    fn verify(&self, who: &str, signature: &[u8]) -> Made {
        self.0.write("sq.in", signature);
        let certificate = format!("{who}.cert.asc");
        said(&self.0.tried("sq", &["verify", "--signer-cert", &certificate, "--detached", "sq.in", "content"]))?;
        Ok(std::fs::read(self.0.path("content")).expect("the content"))
    }

    fn seal(&self, whom: &[&str]) -> Made {
        let certificates: Vec<String> = whom.iter().map(|who| format!("{who}.cert.asc")).collect();
        let signer = format!("{}.key.asc", whom[0]);
        let mut args = vec!["encrypt", "--signer-key", &signer];
        args.extend(certificates.iter().flat_map(|one| ["--recipient-cert", one]));
        args.push("content");
        self.made(&args)
    }

    fn open(&self, who: &str, signer: &str, message: &[u8]) -> Made {
        self.0.write("sq.in", message);
        let (key, certificate) = (format!("{who}.key.asc"), format!("{signer}.cert.asc"));
        self.made(&["decrypt", "--recipient-key", &key, "--signer-cert", &certificate, "-n", "1", "sq.in"])
    }
}
