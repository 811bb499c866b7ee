//! A temporary folder in which OpenSSL works.

use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

pub struct Folder {
    dir: TempDir,
}

impl Folder {
    pub fn new() -> Folder {
        Folder { dir: tempfile::tempdir().expect("a folder") }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("the folder takes files");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("a file that was written")
    }

    /// Whatever comes of `openssl ARGS`, in the folder.
    pub fn tried(&self, args: &[&str]) -> Output {
        Command::new("openssl").args(args).current_dir(self.dir.path()).output().expect("openssl is installed")
    }

    pub fn run(&self, args: &[&str]) {
        let output = self.tried(args);
        assert!(output.status.success(), "openssl {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
