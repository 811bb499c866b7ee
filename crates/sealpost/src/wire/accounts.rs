//! The accounts that may hand mail to a listener, in front of the engine's gate.

use crate::settings::Secret;
use aws_lc_rs::{constant_time, digest};
use courier::smtp_in::{Extensions, Gate, Opening, Refusal};
use mail::Envelope;
use std::net::IpAddr;

/// A gate of a mailbox or a relay that knows its accounts.
pub struct AccountsGate<G> {
    inner: G,
    /// User and the SHA-256 of the password, so that comparing takes the same time for any length (SEC-48).
    accounts: Vec<(String, digest::Digest)>,
}

impl<G> AccountsGate<G> {
    pub fn new(inner: G, accounts: &[(String, Secret)]) -> AccountsGate<G> {
        let hashed = |(user, password): &(String, Secret)| {
            (user.clone(), digest::digest(&digest::SHA256, password.0.as_bytes()))
        };
        AccountsGate { inner, accounts: accounts.iter().map(hashed).collect() }
    }
}

impl<G: Gate> Gate for AccountsGate<G> {
    type Intake = G::Intake;
    type Begun = G::Begun;

    fn admits(&self, ip: Option<IpAddr>) -> bool {
        self.inner.admits(ip)
    }

    fn extensions(&self) -> Extensions {
        self.inner.extensions()
    }

    async fn begin(&self, opening: Opening) -> Result<G::Begun, Refusal> {
        self.inner.begin(opening).await
    }

    async fn recipient(&self, begun: &mut G::Begun, address: &str) -> Result<(), Refusal> {
        self.inner.recipient(begun, address).await
    }

    async fn open(&self, begun: G::Begun, envelope: Envelope) -> Result<G::Intake, Refusal> {
        self.inner.open(begun, envelope).await
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
