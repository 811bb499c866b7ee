//! Mailboxes on servers that we did not write, and on one that means harm.
#![allow(clippy::unwrap_used)]

mod flips;
mod hostile;
mod hostile_imap;
mod imap;
mod pop3;
mod script;
mod tokens;

use std::path::PathBuf;
use std::time::Duration;

use courier::fetch::{Account, Secret, Security};
use rcgen::{CertificateParams, KeyPair};
use rig::dovecot::{Dovecot, PASSWORD};
use zeroize::Zeroizing;

/// A server with a certificate for localhost, and the file of whoever is to trust it.
pub struct Server {
    pub dovecot: Dovecot,
    folder: tempfile::TempDir,
}

impl Server {
    pub fn start(more: &str) -> Server {
        let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap().pem();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), &certificate).unwrap();
        Server { dovecot: Dovecot::start(&certificate, &key.serialize_pem(), more), folder }
    }

    pub fn authorities(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub fn account(&self, port: u16, security: Security) -> Account {
        Account { authorities: Some(self.authorities()), security, ..account(port) }
    }
}

/// An account of a server on this machine, spoken to in the clear.
pub fn account(port: u16) -> Account {
    Account {
        host: "localhost".to_owned(),
        port,
        security: Security::None,
        authorities: None,
        user: "desk".to_owned(),
        secret: password(PASSWORD),
        mail_bytes_max: 50 * 1024 * 1024,
        connect_timeout: Duration::from_secs(20),
        answer_timeout: Duration::from_secs(20),
        mail_timeout: Duration::from_secs(60),
    }
}

pub fn password(text: &str) -> Secret {
    Secret::Password(Zeroizing::new(text.to_owned()))
}
