//! A home of GnuPG in a temporary folder, with its own agent.

use seal::pgp::{Certificate, Key, NewKey, Policy, generate};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

pub use crate::chance::Chance;

/// November 2026. The clock of GnuPG is set to it.
pub const NOW: u64 = 1_795_000_000;
pub const POLICY: Policy = Policy { sha1_bindings_before: None, rsa_bits_min: 2_048, cipher_bits_min: 0 };

pub struct Home {
    dir: TempDir,
    /// What GnuPG takes for now.
    pub now: u64,
}

impl Home {
    pub fn new() -> Home {
        let home = Home { dir: tempfile::tempdir().expect("a folder"), now: NOW };
        std::fs::set_permissions(home.path(""), Permissions::from_mode(0o700)).expect("it is its owner's");
        home
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).expect("it is written");
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).expect("it is there")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("gpg");
        command.current_dir(self.dir.path()).env("GNUPGHOME", self.dir.path()).env("LC_ALL", "C");
        let time = format!("{}!", self.now);
        command.args(["--batch", "--yes", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""]);
        command.args(["--trust-model", "always", "--status-fd", "2", "--faked-system-time", &time]);
        command.args(arguments);
        command
    }

    pub fn try_run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).stdin(Stdio::null()).output().expect("gpg starts")
    }

    /// What it says of what it did.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.try_run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "gpg {arguments:?}: {said}");
        said
    }

    /// Runs it with answers to its questions.
    pub fn run_with(&self, answers: &str, arguments: &[&str]) {
        self.write("answers", answers.as_bytes());
        let answers = std::fs::File::open(self.path("answers")).expect("answers");
        let mut command = Command::new("gpg");
        let time = format!("{}!", self.now);
        command.current_dir(self.dir.path()).env("GNUPGHOME", self.dir.path()).env("LC_ALL", "C");
        command.args(["--yes", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""]);
        command.args(["--status-fd", "2", "--faked-system-time", &time, "--command-fd", "0"]);
        let output = command.args(arguments).stdin(answers).output().expect("gpg starts");
        assert!(output.status.success(), "gpg {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// A key of GnuPG's own making for `NAME@example.com`: one that signs, and below it one that is encrypted to.
    pub fn key(&self, name: &str, signs: &str, encrypts: &str, more: &[&str]) -> String {
        let id = format!("{name} <{name}@example.com>");
        let mut arguments = more.to_vec();
        arguments.extend(["--quick-gen-key", &id, signs, "sign", "never"]);
        self.run(&arguments);
        let fingerprint = self.fingerprint(name);
        let mut arguments = more.to_vec();
        arguments.extend(["--quick-add-key", &fingerprint, encrypts, "encr", "never"]);
        self.run(&arguments);
        fingerprint
    }

    pub fn fingerprint(&self, name: &str) -> String {
        let output = self.try_run(&["--with-colons", "--list-keys", &format!("{name}@example.com")]);
        let list = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = list.lines().find(|line| line.starts_with("fpr")).expect("a fingerprint");
        line.split(':').nth(9).expect("a fingerprint").to_owned()
    }

    /// The private key as GnuPG gives it away.
    pub fn private(&self, name: &str) -> Key<'static> {
        let bytes = self.try_run(&["--export-secret-keys", &format!("{name}@example.com")]).stdout;
        Key::read_all(&bytes, b"").expect("a private key").remove(0)
    }

    pub fn certificate(&self, name: &str) -> Certificate {
        let bytes = self.try_run(&["--armor", "--export", &format!("{name}@example.com")]).stdout;
        Certificate::read_all(&bytes).expect("a certificate").remove(0)
    }

    /// A key of our making that GnuPG has too.
    pub fn ours(&self, kind: NewKey, name: &str) -> Key<'static> {
        let id = format!("{name} <{name}@example.com>");
        let armor = generate(kind, &id, NOW - 1_000, None, None, &mut Chance).expect("a key");
        self.write("own.asc", armor.as_bytes());
        self.run(&["--import", "own.asc"]);
        Key::read_all(armor.as_bytes(), b"").expect("it is read").remove(0)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let kill = Command::new("gpgconf").arg("--homedir").arg(self.dir.path()).args(["--kill", "all"]).status();
        assert!(kill.is_ok() || std::thread::panicking(), "its agent ends");
    }
}
