//! The webhooks that are registered at a site, by its own interface.

use super::adapters::speaker;
use super::site_check::ask;
use crate::command::Failure;
use crate::settings::Site;
use engine::speak::Speaker;
use engine::tokens::Tokens;
use policy::Fault;
use store::Store;
use tracker::webhook::Hidden;
use tracker::{Answer, Dialect, Operation, Registered};

/// A line to one site.
pub struct Webhooks {
    speaker: Speaker,
    dialect: Dialect,
}

impl Webhooks {
    /// # Errors
    /// When the site's settings give no connection.
    pub fn of(store: &Store, site: &Site) -> Result<Webhooks, Failure> {
        Ok(Webhooks { speaker: speaker(site, &Tokens::new(store.clone()))?, dialect: site.dialect })
    }

    /// Those that are registered.
    ///
    /// # Errors
    /// When the site does not answer, or shows them not to this account.
    pub async fn all(&self) -> Result<Vec<Registered>, Fault> {
        match ask(&self.speaker, self.dialect, &Operation::ReadWebhooks).await? {
            Answer::Webhooks(all) => Ok(all),
            _ => Ok(Vec::new()),
        }
    }

    /// Registers one.
    ///
    /// # Errors
    /// As [`Webhooks::all`].
    pub async fn register(&self, name: &str, url: &str, secret: &Hidden) -> Result<(), Fault> {
        let (name, url, secret) = (name.to_owned(), url.to_owned(), secret.clone());
        ask(&self.speaker, self.dialect, &Operation::RegisterWebhook { name, url, secret }).await.map(|_| ())
    }
}
