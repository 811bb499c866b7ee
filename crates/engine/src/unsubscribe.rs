//! Links that end letters about an issue (RFC 8058): looked at without effect, used as often as somebody likes, taken back by the same link.

use crate::facts::rfc3339;
use crate::gateway::{Gateway, Shared};
use mail::normalised;
use policy::Fault;
use policy::reply_token::TokenKey;
use policy::silence_link::{self, LinkedLetter};
use store::Subscription;

/// Where these links lead to on the public listener.
pub const LETTERS_PATH: &str = "/letters/";

/// What stands behind a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub subscription: Subscription,
    /// Several have its letter, so whoever uses the link names the address that his went to.
    pub shared: bool,
}

impl Gateway {
    /// Whether the recipient of the letter that a link names wants more about its issue; nothing is changed. `None` for every link that
    /// cannot be used, whatever the cause.
    ///
    /// # Errors
    /// Those of the store, here and below.
    pub async fn subscription(&self, token: &str) -> Result<Option<Standing>, Fault> {
        let Some((site, letter)) = named(self.shared(), token).await? else { return Ok(None) };
        Ok(standing(&letter, self.shared().store.subscription(&site, &letter).await?))
    }

    /// Ends letters about the issue to the address that the letter went to; durable when it returns. Used again it changes nothing. Of a letter
    /// that several have it is the `address` that its reader names, and without one nothing is changed.
    pub async fn unsubscribe(&self, token: &str, address: Option<&str>) -> Result<Option<Standing>, Fault> {
        let Some((site, letter)) = named(self.shared(), token).await? else { return Ok(None) };
        let store = &self.shared().store;
        let said = match (letter.shared, address.map(normalised)) {
            (true, None) => store.subscription(&site, &letter).await?,
            (true, to) => store.silence(&site, &letter, to.as_deref()).await?,
            (false, _) => store.silence(&site, &letter, None).await?,
        };
        Ok(standing(&letter, said))
    }

    /// Takes that back.
    pub async fn watch_again(&self, token: &str, address: Option<&str>) -> Result<Option<Standing>, Fault> {
        let Some((site, letter)) = named(self.shared(), token).await? else { return Ok(None) };
        let store = &self.shared().store;
        let said = match (letter.shared, address.map(normalised)) {
            (true, None) => store.subscription(&site, &letter).await?,
            (true, to) => store.take_back_silence(&site, &letter, to.as_deref()).await?,
            (false, _) => store.take_back_silence(&site, &letter, None).await?,
        };
        Ok(standing(&letter, said))
    }
}

fn standing(letter: &LinkedLetter, found: Option<Subscription>) -> Option<Standing> {
    found.map(|subscription| Standing { subscription, shared: letter.shared })
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
