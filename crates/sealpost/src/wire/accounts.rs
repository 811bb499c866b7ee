//! The accounts that may hand mail to a listener, in front of the engine's gate.

use crate::settings::Secret;
use aws_lc_rs::{constant_time, digest};
use courier::smtp_in::{Gate, Refusal};
use engine::{MailIntake, MailboxGate};
use mail::Envelope;

/// A mailbox's gate that knows its accounts.
pub struct AccountsGate {
    inner: MailboxGate,
    /// User and the SHA-256 of the password, so that comparing takes the same time for any length (SEC-48).
    accounts: Vec<(String, digest::Digest)>,
}

impl AccountsGate {
    pub fn new(inner: MailboxGate, accounts: &[(String, Secret)]) -> AccountsGate {
        let hashed = |(user, password): &(String, Secret)| {
            (user.clone(), digest::digest(&digest::SHA256, password.0.as_bytes()))
        };
        AccountsGate { inner, accounts: accounts.iter().map(hashed).collect() }
    }
}

impl Gate for AccountsGate {
    type Intake = MailIntake;

    async fn recipient(&self, address: &str) -> Result<(), Refusal> {
        self.inner.recipient(address).await
    }

    async fn open(&self, envelope: Envelope) -> Result<MailIntake, Refusal> {
        self.inner.open(envelope).await
    }

    /// Looks at every account, so that the time does not tell which users exist.
    async fn authenticate(&self, user: &str, password: &str) -> bool {
        let given = digest::digest(&digest::SHA256, password.as_bytes());
        self.accounts.iter().fold(false, |found, (name, hash)| {
            let same = constant_time::verify_slices_are_equal(hash.as_ref(), given.as_ref()).is_ok();
            found | (same & (name == user))
        })
    }
}
