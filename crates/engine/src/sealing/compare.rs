//! Rules beside another program that seals: each mail is handed on as it came, and what the rules would have done with it is recorded.
//!
//! Nothing that goes wrong here keeps a mail back: what is sealed is the other program's business until it is switched off.

use super::ByRules;
use crate::relay::{Fate, Sealer, Sealing, Submitted};
use futures_util::future::BoxFuture;
use policy::sealing::{self, NoticeKind, Scheme};
use policy::{Fault, FaultCode};
use seal::entity::Entity;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A record grows to so many bytes; what would be written after that is counted and not recorded.
pub const RECORD_BYTES_MAX: u64 = 256 << 20;

/// How a mail is sealed, by its outer form or by a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealedAs {
    Encrypted,
    /// Readable, and signed.
    Signed,
    /// As it was written; a notice of the other program looks like this, too.
    Plain,
    ProblemReport,
    LinkOnly,
    Held,
    Refused,
    /// It could not be decided.
    Unknown,
}

impl SealedAs {
    /// What the outermost part of a mail says that it is (RFC 8551, section 3.2; RFC 3156, sections 4 and 5; RFC 9580, section 7).
    pub fn form_of(mail: &[u8]) -> (SealedAs, Option<Scheme>) {
        let entity = Entity::read(mail);
        let Some(kind) = entity.kind() else { return inline(&entity) };
        let parameter = |name: &str| kind.parameter(name).map(str::to_ascii_lowercase).unwrap_or_default();
        match kind.essence.as_str() {
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => match parameter("smime-type").as_str() {
                "signed-data" | "certs-only" => (SealedAs::Signed, Some(Scheme::Smime)),
                _ => (SealedAs::Encrypted, Some(Scheme::Smime)),
            },
            "multipart/encrypted" => (SealedAs::Encrypted, Some(Scheme::Pgp)),
            "multipart/signed" => match parameter("protocol").as_str() {
                "application/pgp-signature" => (SealedAs::Signed, Some(Scheme::Pgp)),
                _ => (SealedAs::Signed, Some(Scheme::Smime)),
            },
            _ => inline(&entity),
        }
    }

    fn of_fate(fate: &sealing::Fate) -> (SealedAs, Option<Scheme>) {
        match fate {
            sealing::Fate::Seal(seal) if seal.encrypt_to.is_empty() => (SealedAs::Signed, Some(seal.scheme)),
            sealing::Fate::Seal(seal) => (SealedAs::Encrypted, Some(seal.scheme)),
            sealing::Fate::Plain { .. } => (SealedAs::Plain, None),
            sealing::Fate::Notice(notice) if notice.kind == NoticeKind::LinkOnly => (SealedAs::LinkOnly, None),
            sealing::Fate::Notice(_) => (SealedAs::ProblemReport, None),
            sealing::Fate::Hold { .. } => (SealedAs::Held, None),
            sealing::Fate::Refuse { .. } => (SealedAs::Refused, None),
        }
    }
}

/// OpenPGP in the text of a mail.
fn inline(entity: &Entity<'_>) -> (SealedAs, Option<Scheme>) {
    let body = entity.decoded().unwrap_or_default();
    let body = body.trim_ascii_start();
    match body {
        _ if body.starts_with(b"-----BEGIN PGP MESSAGE-----") => (SealedAs::Encrypted, Some(Scheme::Pgp)),
        _ if body.starts_with(b"-----BEGIN PGP SIGNED MESSAGE-----") => (SealedAs::Signed, Some(Scheme::Pgp)),
        _ => (SealedAs::Plain, None),
    }
}

/// A line of a record: one mail for one recipient. It holds his address and nothing of the mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compared {
    /// RFC 3339, in UTC.
    pub at: String,
    pub relay: String,
    pub recipient: String,
    /// As the mail came, by its form.
    pub was: SealedAs,
    pub was_scheme: Option<Scheme>,
    /// As the rules would have had it.
    pub would: SealedAs,
    pub would_scheme: Option<Scheme>,
    /// The sentence of the decision, or what went wrong.
    pub why: String,
}

impl Compared {
    /// Whether both say the same.
    pub fn is_alike(&self) -> bool {
        self.was == self.would && self.was_scheme == self.would_scheme
    }
}

/// Hands each mail on as it came and records what its rules say. Cheap to clone.
#[derive(Clone)]
pub struct Comparing {
    by_rules: ByRules,
    record: Arc<Mutex<Record>>,
}

struct Record {
    file: File,
    bytes: u64,
    is_full: bool,
}

impl Comparing {
    /// Lines are added to the file at `record`, which is made for its owner alone where it is not there.
    ///
    /// # Errors
    /// Permanent `SettingsWrong` when the file cannot be written.
    pub fn start(by_rules: ByRules, record: &Path) -> Result<Comparing, Fault> {
        let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(record);
        let opened = opened.and_then(|file| file.metadata().map(|about| (about.len(), file)));
        let (bytes, file) = opened.map_err(|error| {
            let public =
                format!("{}: the record cannot be written: {error}; name a file in `record`", record.display());
            Fault::permanent(FaultCode::SettingsWrong, "the record of a comparison").with_public(public)
        })?;
        Ok(Comparing { by_rules, record: Arc::new(Mutex::new(Record { file, bytes, is_full: false })) })
    }

    async fn compare(&self, mail: &Submitted, recipient: &str) {
        let (was, was_scheme) = SealedAs::form_of(&mail.bytes);
        let (would, would_scheme, why) = match self.by_rules.planned(mail, recipient).await {
            Ok(plan) => {
                let (would, scheme) = SealedAs::of_fate(&plan.fate);
                (would, scheme, plan.fate.why().to_owned())
            }
            Err(fault) => (SealedAs::Unknown, None, format!("{}: {}", fault.code, fault.logged())),
        };
        let at = jiff::Timestamp::now().to_string();
        let (relay, recipient) = (mail.relay.clone(), recipient.to_owned());
        let line = Compared { at, relay, recipient, was, was_scheme, would, would_scheme, why };
        let record = self.record.clone();
        let written =
            tokio::task::spawn_blocking(move || record.lock().unwrap_or_else(PoisonError::into_inner).add(&line));
        if !matches!(written.await, Ok(Ok(()))) {
            tracing::error!(relay = mail.relay, "what rules would have done with a mail could not be recorded");
        }
    }
}

impl Record {
    fn add(&mut self, line: &Compared) -> std::io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        if self.bytes + text.len() as u64 > RECORD_BYTES_MAX {
            if !std::mem::replace(&mut self.is_full, true) {
                tracing::error!("the record of a comparison is full; move it away and start again");
            }
            return Ok(());
        }
        self.bytes += text.len() as u64;
        self.file.write_all(&text)
    }
}

impl Sealer for Comparing {
    fn look_up<'a>(&'a self, mail: &'a Submitted, recipient: &'a str) -> BoxFuture<'a, ()> {
        self.by_rules.look_up(mail, recipient)
    }

    fn seal<'a>(&'a self, mail: &'a Submitted, recipient: &'a str) -> BoxFuture<'a, Result<Fate, Fault>> {
        Box::pin(async move {
            self.compare(mail, recipient).await;
            Ok(Fate::HandOn { copy: mail.bytes.clone(), sealing: Sealing::Plain })
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn form(head: &str, body: &str) -> (SealedAs, Option<Scheme>) {
        SealedAs::form_of(format!("From: a@b.example\r\n{head}\r\n{body}").as_bytes())
    }

    #[test]
    fn mails_are_known_by_their_form() {
        let (smime, pgp) = (Some(Scheme::Smime), Some(Scheme::Pgp));
        for (head, body, expected) in [
            ("Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n", "x", (SealedAs::Encrypted, smime)),
            ("Content-Type: application/x-pkcs7-mime; name=smime.p7m\r\n", "x", (SealedAs::Encrypted, smime)),
            ("Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n", "x", (SealedAs::Signed, smime)),
            (
                "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=b\r\n",
                "--b\r\n\r\nx\r\n--b--\r\n",
                (SealedAs::Signed, smime),
            ),
            (
                "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"; boundary=b\r\n",
                "--b\r\n\r\nx\r\n--b--\r\n",
                (SealedAs::Signed, pgp),
            ),
            (
                "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n",
                "--b\r\n\r\nx\r\n--b--\r\n",
                (SealedAs::Encrypted, pgp),
            ),
            ("Content-Type: text/plain\r\n", "\r\n-----BEGIN PGP MESSAGE-----\r\n", (SealedAs::Encrypted, pgp)),
            ("", "-----BEGIN PGP SIGNED MESSAGE-----\r\n", (SealedAs::Signed, pgp)),
            ("", "Hello -----BEGIN PGP MESSAGE-----\r\n", (SealedAs::Plain, None)),
            ("Content-Type: multipart/mixed; boundary=b\r\n", "--b\r\n\r\nx\r\n--b--\r\n", (SealedAs::Plain, None)),
        ] {
            assert_eq!(form(head, body), expected, "{head}{body}");
        }
    }
}
