//! A Dovecot of its own for a test: IMAP and POP3 on free ports of loopback, gone when dropped.

#![allow(clippy::unwrap_used, reason = "a test that cannot start its server must stop at once and say where")]

use crate::keeper::{Keeper, START_TIMEOUT, wait_until_it_listens};
use crate::port;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// The password of every user; every name is one.
pub const PASSWORD: &str = "a-secret-of-tests";

/// A running server. Every user has a Maildir.
pub struct Dovecot {
    /// Before its folder: it is stopped before that goes.
    _keeper: Keeper,
    folder: TempDir,
    owner: Owner,
    mails: AtomicU32,
    pub imap: SocketAddr,
    pub imaps: SocketAddr,
    pub pop3: SocketAddr,
    pub pop3s: SocketAddr,
}

/// Whose the mails are: ourselves, or, when we are root, somebody whom Dovecot lets in.
struct Owner {
    is_root: bool,
    user: u32,
    group: u32,
    name: String,
    group_name: String,
}

impl Dovecot {
    /// Starts a server with this certificate and key in PEM; `more` is added to its settings.
    ///
    /// # Panics
    /// With the reason, when Dovecot is not installed or does not start.
    pub fn start(certificate: &str, key: &str, more: &str) -> Dovecot {
        let folder = tempfile::Builder::new().prefix("rig-dovecot-").tempdir().unwrap();
        let path = folder.path();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        let owner = owner();
        for name in ["mail", "run", "state"] {
            fs::create_dir(path.join(name)).unwrap();
        }
        chown(path.join("mail"), Some(owner.user), Some(owner.group)).unwrap();
        fs::write(path.join("certificate.pem"), certificate).unwrap();
        fs::write(path.join("key.pem"), key).unwrap();
        let [imap, imaps, pop3, pop3s] = [(); 4].map(|()| port::free());
        fs::write(path.join("dovecot.conf"), settings(path, &owner, [imap, imaps, pop3, pop3s], more)).unwrap();
        let settings = path.join("dovecot.conf").into_os_string();
        let keeper =
            Keeper::start([program().into(), "-F".into(), "-c".into(), settings], Some(&path.join("started.log")));
        let server = Dovecot { folder, _keeper: keeper, owner, mails: AtomicU32::new(0), imap, imaps, pop3, pop3s };
        server.wait_until_it_listens(&[imap, imaps, pop3, pop3s]);
        server
    }

    /// The same that takes mail in over LMTP (RFC 2033), each into the Maildir of its whole address; where.
    ///
    /// # Panics
    /// As [`Dovecot::start`].
    pub fn start_with_lmtp(certificate: &str, key: &str) -> (Dovecot, SocketAddr) {
        let lmtp = port::free();
        let more = format!(
            "protocols = imap pop3 lmtp\nservice lmtp {{\n  chroot =\n  inet_listener lmtp {{\n    port = {}\n  }}\n}}\n\
             protocol lmtp {{\n  postmaster_address = postmaster@people.example\n}}\n",
            lmtp.port()
        );
        let server = Dovecot::start(certificate, key, &more);
        server.wait_until_it_listens(&[lmtp]);
        (server, lmtp)
    }

    /// Delivers a mail as it is, and gives the name of its file.
    pub fn put(&self, user: &str, mail: &[u8]) -> String {
        let maildir = self.maildir(user);
        let name = format!("{}.{:07}.rig", 1_700_000_000, self.mails.fetch_add(1, Ordering::Relaxed));
        let (written, put) = (maildir.join("tmp").join(&name), maildir.join("new").join(&name));
        fs::write(&written, mail).unwrap();
        chown(&written, Some(self.owner.user), Some(self.owner.group)).unwrap();
        fs::rename(written, put).unwrap();
        name
    }

    /// The same with a mail that came an hour ago.
    pub fn put_old(&self, user: &str, mail: &[u8]) -> String {
        let name = self.put(user, mail);
        let file = fs::File::open(self.maildir(user).join("new").join(&name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
        name
    }

    /// How many mails lie in the inbox of a user.
    pub fn count(&self, user: &str) -> usize {
        let maildir = self.maildir(user);
        ["new", "cur"].iter().map(|folder| fs::read_dir(maildir.join(folder)).unwrap().count()).sum()
    }

    /// Every mail in the inbox of a user.
    pub fn mails(&self, user: &str) -> Vec<Vec<u8>> {
        let maildir = self.maildir(user);
        let files = ["new", "cur"].into_iter().flat_map(|folder| fs::read_dir(maildir.join(folder)).unwrap());
        files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
    }

    /// The marks of each mail in the inbox of a user, as letters of Maildir (`S` seen, `T` deleted), in ascending order.
    pub fn flags(&self, user: &str) -> Vec<String> {
        let flags = |file: std::io::Result<fs::DirEntry>| {
            let name = file.unwrap().file_name().into_string().unwrap();
            name.split_once(":2,").map(|(_, flags)| flags.to_owned()).unwrap_or_default()
        };
        let maildir = self.maildir(user);
        let mut found: Vec<String> =
            ["new", "cur"].iter().flat_map(|folder| fs::read_dir(maildir.join(folder)).unwrap().map(flags)).collect();
        found.sort();
        found
    }

    /// Takes away a mail that was put there, behind the server's back.
    pub fn remove(&self, user: &str, name: &str) {
        for folder in ["new", "cur"] {
            for file in fs::read_dir(self.maildir(user).join(folder)).unwrap() {
                let path = file.unwrap().path();
                if path.file_name().unwrap().to_string_lossy().starts_with(name) {
                    fs::remove_file(path).unwrap();
                }
            }
        }
    }

    /// Has the server forget the numbers of a user's mails, so that it gives them new ones under another UIDVALIDITY.
    pub fn forget_numbers(&self, user: &str) {
        let maildir = self.maildir(user);
        for file in fs::read_dir(&maildir).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("dovecot") && path.is_file() {
                fs::remove_file(path).unwrap();
            }
        }
    }

    fn maildir(&self, user: &str) -> PathBuf {
        let maildir = self.folder.path().join("mail").join(user);
        for folder in ["", "tmp", "new", "cur"] {
            let folder = maildir.join(folder);
            if !folder.is_dir() {
                fs::create_dir(&folder).unwrap();
                chown(&folder, Some(self.owner.user), Some(self.owner.group)).unwrap();
            }
        }
        maildir
    }

    fn wait_until_it_listens(&self, at: &[SocketAddr]) {
        let read = |name: &str| fs::read_to_string(self.folder.path().join(name)).unwrap_or_default();
        wait_until_it_listens("Dovecot", at, START_TIMEOUT, || read("started.log") + &read("dovecot.log"));
    }
}

fn settings(path: &Path, owner: &Owner, [imap, imaps, pop3, pop3s]: [SocketAddr; 4], more: &str) -> String {
    let at = path.display();
    let Owner { name, group_name, user, group, is_root } = owner;
    let login = |protocol: &str, plain: SocketAddr, tls: SocketAddr| {
        format!(
            "service {protocol}-login {{\n  chroot =\n  inet_listener {protocol} {{\n    port = {}\n  }}\n  \
             inet_listener {protocol}s {{\n    port = {}\n    ssl = yes\n  }}\n}}\n",
            plain.port(),
            tls.port()
        )
    };
    // Without root there is nobody else to become.
    let internal = match is_root {
        true => String::new(),
        false => format!(
            "default_internal_user = {name}\ndefault_login_user = {name}\ndefault_internal_group = {group_name}\n"
        ),
    };
    format!(
        "protocols = imap pop3\nlisten = 127.0.0.1\nbase_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/dovecot.log\n\
         {internal}ssl = yes\nssl_cert = <{at}/certificate.pem\nssl_key = <{at}/key.pem\n\
         disable_plaintext_auth = no\nfirst_valid_uid = 1\nmail_location = maildir:{at}/mail/%u\n\
         passdb {{\n  driver = static\n  args = password={PASSWORD}\n}}\n\
         userdb {{\n  driver = static\n  args = uid={user} gid={group} home={at}/mail/%u allow_all_users=yes\n}}\n\
         service anvil {{\n  chroot =\n}}\nservice stats {{\n  chroot =\n}}\n\
         {}{}{more}\n",
        login("imap", imap, imaps),
        login("pop3", pop3, pop3s)
    )
}

fn program() -> &'static str {
    const PROGRAM: &str = "/usr/sbin/dovecot";
    assert!(
        Path::new(PROGRAM).is_file(),
        "Dovecot is not installed; `./test` installs it (Debian: dovecot-imapd dovecot-pop3d dovecot-lmtpd)"
    );
    PROGRAM
}

fn owner() -> Owner {
    let id = |words: &[&str]| {
        let output = Command::new("id").args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let is_root = id(&["-u"]) == "0";
    let whom: &[&str] = if is_root { &["nobody"] } else { &[] };
    let ask = |what: &[&str]| id(&[what, whom].concat());
    Owner {
        is_root,
        user: ask(&["-u"]).parse().unwrap(),
        group: ask(&["-g"]).parse().unwrap(),
        name: ask(&["-un"]),
        group_name: ask(&["-gn"]),
    }
}
