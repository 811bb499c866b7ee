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
        token.run(&["--init-token", "--free", "--label", label, "--so-pin", "58585858", "--pin", pin]);
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
        self.run(&["--import", &file, "--token", &self.label, "--label", name, "--id", &number, "--pin", &self.pin]);
    }

    /// Takes away all keys that it has.
    pub fn empty(&self) {
        for token in fs::read_dir(self.folder.path().join("tokens")).expect("its tokens").flatten() {
            for object in fs::read_dir(token.path()).expect("its objects").flatten() {
                let name = object.file_name();
                if name != "token.object" && name.to_string_lossy().ends_with(".object") {
                    fs::remove_file(object.path()).expect("an object that goes");
                }
            }
        }
    }

    fn run(&self, words: &[&str]) {
        let output =
            Command::new("softhsm2-util").args(words).envs(self.environment()).output().expect("softhsm2-util");
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
