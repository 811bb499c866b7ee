//! A Dovecot to measure against: an instance of its own in a temporary folder, whose mails are written beforehand.

use super::child::Measured;
use super::intake::free_port;
use crate::command::Failure;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The password of every user; every name is one.
pub const PASSWORD: &str = "bench";

const PROGRAM: &str = "/usr/sbin/dovecot";

/// A running server.
pub struct Dovecot {
    /// Stops the server when it is dropped.
    _running: Measured,
    pub imap: u16,
    pub pop3: u16,
}

/// How the server keeps mails.
#[derive(Debug, Clone, Copy)]
pub enum Kept {
    /// A file each.
    Maildir,
    /// All in one file, which is written quickly.
    Mbox,
}

impl Dovecot {
    /// Starts it over a folder that [`fill`] wrote; `None` where it is not installed or this is not root.
    pub async fn start(folder: &Path, kept: Kept) -> Result<Option<Dovecot>, Failure> {
        if !Path::new(PROGRAM).exists() || !super::postfix::is_root() {
            return Ok(None);
        }
        let failed = |error: std::io::Error| Failure::new(format!("cannot prepare Dovecot: {error}"));
        for name in ["run", "state"] {
            std::fs::create_dir_all(folder.join(name)).map_err(failed)?;
        }
        let owned = Command::new("chown").args(["-R", "nobody:nogroup"]).arg(folder.join("mail")).status();
        if !owned.map_err(failed)?.success() {
            return Err(Failure::new("cannot give Dovecot its mails"));
        }
        let (imap, pop3) = (free_port()?, free_port()?);
        let file = folder.join("dovecot.conf");
        std::fs::write(&file, settings(folder, kept, imap, pop3)).map_err(failed)?;
        let mut command = Command::new(PROGRAM);
        command.arg("-F").arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = Measured::start(&mut command)?;
        running.listens(&format!("127.0.0.1:{imap}")).await?;
        Ok(Some(Dovecot { _running: running, imap, pop3 }))
    }
}

/// Writes the inbox of a user.
pub fn fill(folder: &Path, user: &str, kept: Kept, mails: impl Iterator<Item = Vec<u8>>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot write mails: {error}"));
    let home = folder.join("mail").join(user);
    match kept {
        Kept::Maildir => {
            let new = home.join("new");
            for name in ["new", "cur", "tmp"] {
                std::fs::create_dir_all(home.join(name)).map_err(failed)?;
            }
            for (number, mail) in mails.enumerate() {
                std::fs::write(new.join(format!("1700000000.{number:07}.bench")), mail).map_err(failed)?;
            }
        }
        Kept::Mbox => {
            std::fs::create_dir_all(&home).map_err(failed)?;
            let mut file = std::io::BufWriter::new(std::fs::File::create(home.join("inbox")).map_err(failed)?);
            for mail in mails {
                use std::io::Write;
                let text = String::from_utf8_lossy(&mail).replace("\r\n", "\n");
                write!(file, "From bench@example.org Mon Nov 16 08:12:44 2026\n{text}\n\n").map_err(failed)?;
            }
        }
    }
    Ok(())
}

fn settings(folder: &Path, kept: Kept, imap: u16, pop3: u16) -> String {
    let at = folder.display();
    let location = match kept {
        Kept::Maildir => format!("maildir:{at}/mail/%u"),
        Kept::Mbox => format!("mbox:{at}/mail/%u/folders:INBOX={at}/mail/%u/inbox"),
    };
    let login = |protocol: &str, port: u16| {
        format!(
            "service {protocol}-login {{\n chroot =\n service_count = 0\n process_min_avail = 1\n client_limit = 4000\n inet_listener {protocol} {{\n port = {port}\n }}\n \
             inet_listener {protocol}s {{\n port = 0\n }}\n}}\n"
        )
    };
    format!(
        "protocols = imap pop3\nlisten = 127.0.0.1\nbase_dir = {at}/run\nstate_dir = {at}/state\nlog_path = {at}/dovecot.log\n\
         ssl = no\ndisable_plaintext_auth = no\nfirst_valid_uid = 1\nmail_max_userip_connections = 0\nmail_location = {location}\n\
         passdb {{\n driver = static\n args = password={PASSWORD}\n}}\n\
         userdb {{\n driver = static\n args = uid=nobody gid=nogroup home={at}/mail/%u\n}}\n\
         default_client_limit = 8000\ndefault_process_limit = 3000\n\
         service imap {{\n process_limit = 3000\n}}\nservice anvil {{\n chroot =\n client_limit = 9000\n}}\nservice stats {{\n chroot =\n}}\n\
         service auth {{\n client_limit = 8000\n}}\n{}{}",
        login("imap", imap),
        login("pop3", pop3)
    )
}

/// A configuration of mbsync that copies the inbox into a Maildir with fsync.
pub fn mbsync_settings(folder: &Path, imap: u16) -> Result<PathBuf, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot prepare mbsync: {error}"));
    let copy = folder.join("copy");
    std::fs::create_dir_all(&copy).map_err(failed)?;
    let text = format!(
        "FSync yes\n\nIMAPAccount bench\nHost 127.0.0.1\nPort {imap}\nUser user\nPass {PASSWORD}\nSSLType None\nAuthMechs LOGIN\n\n\
         IMAPStore far\nAccount bench\n\nMaildirStore near\nInbox {copy}/inbox\nPath {copy}/\n\n\
         Channel bench\nFar :far:\nNear :near:\nCreate Near\nSync Pull\nSyncState *\n",
        copy = copy.display()
    );
    let file = folder.join("mbsyncrc");
    std::fs::write(&file, text).map_err(failed)?;
    Ok(file)
}
