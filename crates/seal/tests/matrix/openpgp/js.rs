//! OpenPGP.js, the one of these tools that reads RFC 9580, in a process of Node.js that stays warm.

use super::{Ring, Tool, aead};
use crate::spoken::Spoken;
use crate::tool::Made;
use std::path::Path;
use std::process::Command;

pub const NAME: &str = "OpenPGP.js";

/// Keys that it makes, and what its script calls their kinds.
const KEYS: [(&str, &str); 6] = [
    ("js-rsa2048", "rsa2048"),
    ("js-curve", "curve"),
    ("js-nist256", "nist256"),
    ("js-v6", "v6"),
    ("js-v6-gcm", "v6-gcm"),
    ("js-v6-eax", "v6-eax"),
];

pub struct Js<'a> {
    pub ring: &'a Ring,
    pub node: &'a Spoken,
}

/// The script in a process that works in this folder. `None` where Node.js is not there, or OpenPGP.js not where `./test` puts it,
/// and then the test is noted as not run.
pub fn node(folder: &Path) -> Option<Spoken> {
    let modules = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../openpgpjs/node_modules");
    let has_node = Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success());
    if !has_node || !modules.join("openpgp").is_dir() {
        let needs = "Node.js and OpenPGP.js; ./test installs the latter where npm is";
        rig::shared::not_run(&rig::shared::this_test(), needs);
        return None;
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/matrix/openpgpjs.cjs");
    let mut command = Command::new("node");
    command.arg(script).current_dir(folder).env("NODE_PATH", modules);
    Some(Spoken::start(&mut command, "Node.js"))
}

/// Private keys in armor; none where it is not there.
pub fn made_keys(ring: &Ring) -> Vec<(&'static str, Vec<u8>)> {
    let Some(node) = &ring.js else { return Vec::new() };
    let made = |name: &str, kind: &str| {
        node.ask(&["key", kind, name, "js.out"]).expect("it makes a key");
        ring.take("js.out")
    };
    KEYS.iter().map(|&(name, kind)| (name, made(name, kind))).collect()
}

impl Js<'_> {
    fn made(&self, job: &[&str]) -> Made {
        self.node.ask(job)?;
        Ok(self.ring.take("js.out"))
    }
}

impl Tool for Js<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> String {
        let said = self.made(&["version", "js.out"]).expect("it has a version");
        String::from_utf8_lossy(&said).into_owned()
    }

    fn sign(&self, who: &str) -> Made {
        self.made(&["sign", &format!("{who}.key.asc"), "content", "js.out"])
    }

    fn verify(&self, who: &str, signature: &[u8]) -> Made {
        self.ring.write("js.in", signature);
        self.node.ask(&["verify", &format!("{who}.cert.asc"), "js.in", "content"])?;
        Ok(std::fs::read(self.ring.path("content")).expect("the content"))
    }

    fn seal(&self, whom: &[&str]) -> Made {
        let certificates: Vec<String> = whom.iter().map(|who| format!("{who}.cert.asc")).collect();
        let (by, signer) = (aead(whom[0]).to_lowercase(), format!("{}.key.asc", whom[0]));
        let mut job = vec!["seal", &by, &signer, "content", "js.out"];
        job.extend(certificates.iter().map(String::as_str));
        self.made(&job)
    }

    fn open(&self, who: &str, signer: &str, message: &[u8]) -> Made {
        self.ring.write("js.in", message);
        let (key, certificate) = (format!("{who}.key.asc"), format!("{signer}.cert.asc"));
        self.made(&["open", &key, &certificate, "js.in", "js.out"])
    }
}
