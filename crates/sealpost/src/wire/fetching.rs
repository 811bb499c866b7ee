//! Fetched mailboxes: settings turned into what the engine wants, and the test of their connection.

use crate::settings::{Fetched, Mailbox, Settings};
use courier::fetch::{Imap, Pop3};
use engine::fetch::{Account, Fetching, Protocol, Secret};
use engine::tokens::Tokens;
use std::time::Duration;
use store::{GrantOf, Store};
use zeroize::Zeroizing;

const DAY_S: u64 = 24 * 3600;

/// How the engine fetches a mailbox.
pub fn fetching(settings: &Settings, fetched: &Fetched) -> Fetching {
    Fetching {
        account: account(settings, fetched),
        protocol: fetched.protocol.clone(),
        authorization: fetched.authorization.clone(),
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
        secret: Secret::Password(Zeroizing::new(fetched.password.0.clone())),
        mail_bytes_max: settings.size_bytes_max,
        connect_timeout: answer_timeout,
        answer_timeout,
        mail_timeout: Duration::from_secs(fetched.mail_timeout_s),
    }
}

/// Logs in, counts the mails and leaves without changing anything: what the server has, or what is wrong and what to do.
pub async fn ask_how_many(settings: &Settings, mailbox: &Mailbox, fetched: &Fetched) -> Result<String, String> {
    let server = format!("{}:{}", fetched.host, fetched.port);
    let mut account = account(settings, fetched);
    let asked = async {
        if let Some(authorization) = &fetched.authorization {
            let store = Store::open(&settings.store).await?;
            let of = GrantOf::mailbox(&mailbox.site, &mailbox.name);
            let pass = Tokens::new(store.clone()).pass(&of, authorization).await;
            store.close().await;
            account.secret = Secret::Token(pass?.access);
        }
        match &fetched.protocol {
            Protocol::Pop3 => Ok(("POP3", Pop3::open(&account).await?.offers().await?.len())),
            Protocol::Imap(folder) => {
                let place = Imap::look(&account, &folder.name).await?;
                Ok(("IMAP", usize::try_from(place.mails).unwrap_or(usize::MAX)))
            }
        }
    };
    let asked: Result<_, policy::Fault> = asked.await;
    match asked {
        Ok((protocol, mails)) => Ok(format!("{server} answers over {protocol}, and {mails} mails lie there")),
        Err(fault) => Err(format!("{server}: {fault} ({})", fault.detail)),
    }
}
