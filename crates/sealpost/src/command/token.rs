//! `sealpost token`: tokens for programs that hand mail in over HTTP, or write letters.

use super::{Failure, WHO, time};
use crate::settings::Settings;
use std::path::Path;
use store::{Micros, Store, TokenLine};

/// What is to be done with tokens.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Make a token and print it, once: only its hash is kept.
    Create {
        /// What it is for, in words; shown in the list.
        name: String,
        /// A mailbox with `api = true` that mail may be handed in to; may be given several times.
        #[arg(long, required_unless_present = "letters")]
        mailbox: Vec<String>,
        /// The site about whose issues its program may write letters.
        #[arg(long, value_name = "SITE")]
        letters: Option<String>,
        /// How long it is good.
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u64).range(1..=3650))]
        days: u64,
    },
    /// One JSON object per token, newest first; never the token itself.
    List,
    /// End a token at once.
    Revoke { id: String },
}

const DAY_S: u64 = 24 * 3600;

/// # Errors
/// When a mailbox takes no mail over HTTP, several sites are named, or the store does not answer.
pub async fn run(config: &Path, what: &What) -> Result<(), Failure> {
    super::with_store(config, async |settings, store| answer(settings, store, what).await).await
}

async fn answer(settings: &Settings, store: &Store, what: &What) -> Result<(), Failure> {
    match what {
        What::Create { name, mailbox, letters, days } => {
            super::check_name(name)?;
            let site = site_of(settings, mailbox, letters.as_deref())?;
            let token = match letters {
                Some(_) => store.new_letter_token(&site, name, mailbox, days * DAY_S, WHO).await?,
                None => store.new_token(&site, name, mailbox, days * DAY_S, WHO).await?,
            };
            eprintln!("sealpost: keep it where only the program can read it; it is shown this once");
            super::print(&format!("{token}\n"))
        }
        What::List => {
            let now = store.now().await?;
            store.tokens().await?.iter().try_for_each(|line| super::print(&format!("{}\n", json(line, now))))
        }
        What::Revoke { id } => match store.revoke_token(id, WHO).await? {
            true => super::print(&format!("{id}: is good no more\n")),
            false => {
                Err(Failure::new(format!("{id}: no token that is good has this id; `sealpost token list` shows them")))
            }
        },
    }
}

/// The one site of these mailboxes, each of which takes mail over HTTP, and of the letters.
fn site_of(settings: &Settings, names: &[String], letters: Option<&str>) -> Result<String, Failure> {
    let mut sites = Vec::new();
    if let Some(site) = letters {
        sites.push(super::site_named(settings, site)?.name.clone());
    }
    for name in names {
        let mailbox = super::mailbox_named(settings, name)?;
        if !mailbox.api {
            return Err(Failure::new(format!("{name} takes no mail over HTTP; name a mailbox with api = true")));
        }
        sites.push(mailbox.site.clone());
    }
    sites.dedup();
    match sites.as_slice() {
        [site] => Ok(site.clone()),
        _ => Err(Failure::new("they are of several sites; make a token for each site")),
    }
}

fn json(line: &TokenLine, now: Micros) -> serde_json::Value {
    let state = match line.revoked_at {
        Some(_) => "revoked",
        None if line.valid_until <= now => "ended",
        None => "good",
    };
    serde_json::json!({
        "id": line.id, "name": line.name, "site": line.site, "mailboxes": line.mailboxes, "letters": line.letters, "state": state,
        "created_at": time(line.created_at), "valid_until": time(line.valid_until),
        "revoked_at": line.revoked_at.map(time), "used_at": line.used_at.map(time),
    })
}
