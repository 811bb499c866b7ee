//! Links that end letters about an issue (RFC 8058): looked at without effect, used as often as somebody likes, taken back by the same link.

use crate::facts::rfc3339;
use crate::gateway::{Gateway, Shared};
use policy::Fault;
use policy::reply_token::TokenKey;
use policy::silence_link::{self, LinkedLetter};
use store::Subscription;

/// Where these links lead to on the public listener.
pub const LETTERS_PATH: &str = "/letters/";

impl Gateway {
    /// Whether the recipient of the letter that a link names wants more about its issue; nothing is changed. `None` for every link that
    /// cannot be used, whatever the cause.
    ///
    /// # Errors
    /// Those of the store, here and below.
    pub async fn subscription(&self, token: &str) -> Result<Option<Subscription>, Fault> {
        match named(self.shared(), token).await? {
            Some((site, letter)) => self.shared().store.subscription(&site, &letter).await,
            None => Ok(None),
        }
    }

    /// Ends letters about the issue to the address that the letter went to; durable when it returns. Used again it changes nothing.
    pub async fn unsubscribe(&self, token: &str) -> Result<Option<Subscription>, Fault> {
        match named(self.shared(), token).await? {
            Some((site, letter)) => self.shared().store.silence(&site, &letter).await,
            None => Ok(None),
        }
    }

    /// Takes that back.
    pub async fn watch_again(&self, token: &str) -> Result<Option<Subscription>, Fault> {
        match named(self.shared(), token).await? {
            Some((site, letter)) => self.shared().store.take_back_silence(&site, &letter).await,
            None => Ok(None),
        }
    }
}

/// The link for a letter; `None` where nothing listens for it.
pub(crate) fn link(shared: &Shared, key: &TokenKey, site: &str, letter: &LinkedLetter) -> Option<String> {
    let base = shared.settings.public_url.as_deref()?;
    let token = silence_link::sign(key, site, letter)?;
    Some(format!("{base}{LETTERS_PATH}{token}"))
}

/// The letter that a token names, and the site that signed it. A token does not say of which site it is, so each is looked at.
async fn named(shared: &Shared, token: &str) -> Result<Option<(String, LinkedLetter)>, Fault> {
    if !silence_link::resembles(token) {
        return Ok(None);
    }
    let now = rfc3339(shared.store.now().await?);
    for site in shared.sites().keys() {
        if let Some(letter) = silence_link::verify(&shared.reply_keys(site).await?, site, token, &now) {
            return Ok(Some((site.clone(), letter)));
        }
    }
    Ok(None)
}
