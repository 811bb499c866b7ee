//! A token in software (SoftHSM) in a folder of its own, which speaks PKCS#11.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Where Debian and others put the module.
const MODULES: [&str; 3] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

/// A token with a label and a PIN.
pub struct SoftToken {
    folder: TempDir,
    label: String,
    pin: String,
}

impl SoftToken {
    pub fn new(label: &str, pin: &str) -> SoftToken {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir(folder.path().join("tokens")).expect("a folder of tokens");
        let settings =
            format!("directories.tokendir = {}\nobjectstore.backend = file\n", folder.path().join("tokens").display());
        fs::write(folder.path().join("softhsm2.conf"), settings).expect("its settings");
        let token = SoftToken { folder, label: label.to_owned(), pin: pin.to_owned() };
        run(
            "softhsm2-util",
            &token,
            &["--init-token", "--free", "--label", label, "--so-pin", "58585858", "--pin", pin],
        );
        token
    }

    /// The library that speaks to it.
    pub fn module(&self) -> PathBuf {
        MODULES.into_iter().map(PathBuf::from).find(|path| path.is_file()).expect("SoftHSM's module")
    }

    /// What a process that loads the module needs to find this token.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![("SOFTHSM2_CONF", self.folder.path().join("softhsm2.conf").display().to_string())]
    }

    /// Brings a private key, unencrypted in PKCS#8, under this name and number.
    pub fn bring(&self, name: &str, number: usize, file: &Path) {
        let (number, file) = (format!("{number:02x}"), file.display().to_string());
        run(
            "softhsm2-util",
            self,
            &["--import", &file, "--token", &self.label, "--label", name, "--id", &number, "--pin", &self.pin],
        );
    }

    /// Has it make a key pair of a kind such as `EC:prime256v1`, under this name and number.
    pub fn make(&self, name: &str, number: usize, kind: &str) {
        let number = format!("{number:02x}");
        self.tool(&["--keypairgen", "--key-type", kind, "--label", name, "--id", &number]);
    }

    /// Takes a private key away.
    pub fn remove(&self, name: &str) {
        self.tool(&["--delete-object", "--type", "privkey", "--label", name]);
    }

    fn tool(&self, words: &[&str]) {
        let module = self.module().display().to_string();
        let of_token = ["--module", &module, "--token-label", &self.label, "--login", "--pin", &self.pin];
        run("pkcs11-tool", self, &[&of_token[..], words].concat());
    }
}

fn run(program: &str, token: &SoftToken, words: &[&str]) {
    let output = Command::new(program).args(words).envs(token.environment()).output().expect(program);
    assert!(output.status.success(), "{program} {words:?}: {}", String::from_utf8_lossy(&output.stderr));
}
