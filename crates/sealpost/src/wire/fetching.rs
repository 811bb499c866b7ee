//! Fetched mailboxes: settings turned into what the engine wants, and the test of their connection.

use crate::settings::{Fetched, Settings};
use courier::fetch::{MailSource, Pop3};
use engine::fetch::{Account, Fetching};
use std::time::Duration;
use zeroize::Zeroizing;

const DAY_S: u64 = 24 * 3600;

/// How the engine fetches a mailbox.
pub fn fetching(settings: &Settings, fetched: &Fetched) -> Fetching {
    Fetching {
        account: account(settings, fetched),
        start: fetched.start,
        keep: fetched.delete_after_days.map(|days| Duration::from_secs(days * DAY_S)),
        poll: Duration::from_secs(fetched.poll_s),
    }
}

fn account(settings: &Settings, fetched: &Fetched) -> Account {
    let answer_timeout = Duration::from_secs(fetched.answer_timeout_s);
    Account {
        host: fetched.host.clone(),
        port: fetched.port,
        security: fetched.security,
        authorities: fetched.authorities.clone(),
        user: fetched.user.clone(),
        password: Zeroizing::new(fetched.password.0.clone()),
        mail_bytes_max: settings.size_bytes_max,
        connect_timeout: answer_timeout,
        answer_timeout,
        mail_timeout: Duration::from_secs(fetched.mail_timeout_s),
    }
}

/// Logs in, counts the mails and leaves without changing anything: what the server has, or what is wrong and what to do.
pub async fn ask_how_many(settings: &Settings, fetched: &Fetched) -> Result<String, String> {
    let server = format!("{}:{}", fetched.host, fetched.port);
    let asked = async {
        let mut mailbox = Pop3::open(&account(settings, fetched)).await?;
        mailbox.offers().await
    };
    match asked.await {
        Ok(offers) => Ok(format!("{server} answers over POP3, and {} mails lie there", offers.len())),
        Err(fault) => Err(format!("{server}: {fault} ({})", fault.detail)),
    }
}
