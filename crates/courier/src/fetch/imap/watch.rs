//! A folder that is watched: the server says when mail comes (IDLE, RFC 2177), at the price of one quiet connection.

use std::time::Duration;

use policy::fault::Fault;
use tokio::time::Instant;

use super::super::Account;
use super::response::Response;
use super::talk::{LINE_BYTES_MAX, Talk};
use super::{Place, open_folder};

/// IDLE is begun anew this often: servers may end it after 29 minutes, and routers forget quiet connections sooner.
const RENEW_AFTER: Duration = Duration::from_secs(9 * 60);

/// A connection that waits for mail. It opens the folder for looking only.
pub struct Watch {
    talk: Talk,
    place: Place,
}

impl Watch {
    /// Connects and opens the folder; `None` when the server cannot tell of news.
    ///
    /// # Errors
    /// As [`super::Imap::open`].
    pub async fn open(account: &Account, folder: &str) -> Result<Option<Watch>, Fault> {
        let mut talk = Talk::open(account, LINE_BYTES_MAX).await?;
        if !talk.has("IDLE") {
            talk.close().await;
            return Ok(None);
        }
        let place = open_folder(&mut talk, "EXAMINE", folder).await?;
        Ok(Some(Watch { talk, place }))
    }

    /// How the folder was when the watch began: what came before is not told any more.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Waits until mail comes, for hours when none does.
    ///
    /// # Errors
    /// As [`super::Imap::open`]; then the watch is of no more use. A server that is gone is noticed after 9 minutes and the
    /// time for an answer.
    pub async fn wait(&mut self) -> Result<(), Fault> {
        loop {
            let renewal = Instant::now() + RENEW_AFTER;
            if self.talk.idle(renewal, |response| matches!(response, Response::Exists(_))).await? {
                return Ok(());
            }
        }
    }
}
