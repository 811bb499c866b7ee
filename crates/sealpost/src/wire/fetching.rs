//! Fetched mailboxes: settings turned into what the engine wants, and the test of their connection.

use crate::command::fault_in_words;
use crate::settings::{Fetched, Mailbox, Settings};
use courier::fetch::{Imap, Pop3};
use engine::fetch::{Account, Fetching, Protocol, Secret};
use engine::tokens::Tokens;
use policy::{Fault, FaultCode};
use std::time::Duration;
use store::{GrantOf, Store};
use zeroize::Zeroizing;

const DAY_S: u64 = 24 * 3600;

/// How the engine fetches a mailbox.
pub fn fetching(settings: &Settings, fetched: &Fetched) -> Fetching {
    Fetching {
        account: account(settings, fetched),
        protocol: fetched.protocol.clone(),
        authorization: fetched.oauth.as_ref().map(|oauth| oauth.authorization.clone()),
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

/// Tokens that nobody can read at present.
pub(super) fn out_of_reach() -> Fault {
    Fault::temporary(FaultCode::StoreUnavailable, "the store, which holds its tokens, does not open")
}

/// Whether mail came lately, as the mailbox's settings want it.
pub async fn listen_for_silence(store: &Store, mailbox: &Mailbox, hours: u64) -> Result<String, String> {
    match engine::silence::look(store, &mailbox.site, &mailbox.name, Duration::from_secs(hours * 3600)).await {
        Ok(None) => Ok(format!("mail came within the last {hours} hours, or has not begun to")),
        Ok(Some(alarm)) => {
            Err(format!("{alarm} (silent_after_h = {hours}); see whether mail still reaches this mailbox"))
        }
        Err(fault) => Err(fault_in_words(&fault)),
    }
}

/// Logs in, counts the mails and leaves without changing anything: what the server has, or what is wrong and what to do. Tokens are
/// in the store.
pub async fn ask_how_many(
    settings: &Settings,
    store: Option<&Store>,
    mailbox: &Mailbox,
    fetched: &Fetched,
) -> Result<String, String> {
    let server = format!("{}:{}", fetched.host, fetched.port);
    let mut account = account(settings, fetched);
    let asked = async {
        if let Some(oauth) = &fetched.oauth {
            let tokens = Tokens::new(store.ok_or_else(out_of_reach)?.clone());
            let of = GrantOf::mailbox(&mailbox.site, &mailbox.name);
            account.secret = Secret::Token(tokens.pass(&of, &oauth.authorization).await?.access);
        }
        match &fetched.protocol {
            Protocol::Pop3 => Ok(("POP3", Pop3::open(&account).await?.offers().await?.len())),
            Protocol::Imap(folder) => {
                let place = Imap::look(&account, &folder.name).await?;
                Ok(("IMAP", usize::try_from(place.mails).unwrap_or(usize::MAX)))
            }
            Protocol::Graph(graph) => {
                let mails = engine::fetch::look(&account, graph).await?;
                Ok(("Microsoft Graph", usize::try_from(mails).unwrap_or(usize::MAX)))
            }
        }
    };
    let asked: Result<_, Fault> = asked.await;
    match asked {
        Ok((protocol, 1)) => Ok(format!("{server} answers over {protocol}, and 1 mail lies there")),
        Ok((protocol, mails)) => Ok(format!("{server} answers over {protocol}, and {mails} mails lie there")),
        Err(fault) => Err(format!("{server}: {}", fault_in_words(&fault))),
    }
}
