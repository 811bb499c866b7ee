//! `sealpost file`: the files that the gateway keeps for issues.

use super::{Failure, WHO, time};
use crate::settings::Settings;
use policy::is_plain_address;
use std::path::Path;
use store::{KeptLine, LinkUse, Store};

/// The longest that an invitation is good: whoever holds it writes in another's name.
const INVITED_DAYS_MAX: u32 = 90;

/// The longest that a link made here is good.
const LINK_DAYS_MAX: u32 = 3650;

#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// One JSON object per file, newest first; files that went are told of too.
    List {
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Print a new link to a file, for an issue whose link has run out.
    Link {
        id: String,
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=i64::from(LINK_DAYS_MAX)))]
        days: u32,
    },
    /// Delete a file for good.
    Delete { id: String },
    /// Print a link by which a person who takes part in an issue adds files to it.
    Invite {
        /// The mailbox whose profile treats the files.
        #[arg(long)]
        mailbox: String,
        /// The key of an issue that the gateway has touched, or the numeric id of any.
        #[arg(long)]
        issue: String,
        /// The person's address.
        #[arg(long)]
        to: String,
        #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=i64::from(INVITED_DAYS_MAX)))]
        days: u32,
    },
}

/// Opens the store of these settings and answers.
pub async fn run(config: &Path, what: What) -> Result<(), Failure> {
    super::with_store(config, async |settings, store| answer(settings, store, what).await).await
}

async fn answer(settings: &Settings, store: &Store, what: What) -> Result<(), Failure> {
    match what {
        What::List { limit } => list(store, limit).await,
        What::Link { id, days } => link(settings, store, &id, days).await,
        What::Delete { id } => match store.delete_file_by(&id, WHO).await? {
            true => super::print(&format!("{id}: is deleted\n")),
            false => Err(unknown(&id)),
        },
        What::Invite { mailbox, issue, to, days } => invite(settings, store, &mailbox, &issue, &to, days).await,
    }
}

async fn invite(
    settings: &Settings,
    store: &Store,
    mailbox: &str,
    issue: &str,
    to: &str,
    days: u32,
) -> Result<(), Failure> {
    let Some(public) = &settings.public else {
        return Err(Failure::new("no link can be made without public.listen and public.url in the settings"));
    };
    let named = super::mailbox_named(settings, mailbox)?;
    if named.shadow {
        let why = "is in shadow, and files that come into it reach no issue; name another mailbox";
        return Err(Failure::new(format!("{mailbox} {why}")));
    }
    let to = to.trim();
    if !to.is_ascii() || !is_plain_address(to) {
        return Err(Failure::new(format!("{to:?} is no plain address; write one such as ann@example.org")));
    }
    let issue_id = match issue.bytes().all(|byte| byte.is_ascii_digit()) {
        true => issue.to_owned(),
        false => store.issue_named(&named.site, issue).await?.ok_or_else(|| {
            Failure::new(format!("the gateway has not touched an issue {issue:?}; name it by its numeric id"))
        })?,
    };
    let (site, mailbox) = (named.site.clone(), named.name.clone());
    let of = store::Invitation { site, mailbox, issue_id, address: to.to_owned() };
    let id = store.invite(&of, days, WHO).await?;
    let token = store.sign_link(&of.site, LinkUse::Upload, &id, u64::from(days) * 86_400).await?;
    let token = token.ok_or_else(|| Failure::new("the link could not be signed"))?;
    super::print(&format!("{}{}{token}\n", public.url, LinkUse::Upload.path()))
}

async fn list(store: &Store, limit: u32) -> Result<(), Failure> {
    let (mut left, mut before) = (limit as usize, None);
    while left > 0 {
        let lines = store.kept_files(before.take()).await?;
        for line in lines.iter().take(left) {
            super::print(&format!("{}\n", json(line)))?;
        }
        let Some(last) = lines.last().filter(|_| lines.len() < left) else { break };
        left -= lines.len();
        before = Some((last.kept_at, last.id.clone()));
    }
    Ok(())
}

async fn link(settings: &Settings, store: &Store, id: &str, days: u32) -> Result<(), Failure> {
    let Some(public) = &settings.public else {
        return Err(Failure::new("no link can be made without public.listen and public.url in the settings"));
    };
    let Some(line) = store.kept_file(id).await?.filter(|line| line.gone.is_none()) else { return Err(unknown(id)) };
    let token = store.sign_link(&line.site, LinkUse::Fetch, id, u64::from(days) * 86_400).await?;
    let Some(token) = token else { return Err(unknown(id)) };
    super::print(&format!("{}{}{token}\n", public.url, LinkUse::Fetch.path()))
}

fn unknown(id: &str) -> Failure {
    Failure::new(format!("{id}: no file is kept under this id; `sealpost file list --config FILE` shows them"))
}

fn json(line: &KeptLine) -> serde_json::Value {
    let about = line.about.as_ref();
    serde_json::json!({
        "id": line.id, "site": line.site, "mailbox": line.mailbox, "message": line.message, "issue_id": line.issue_id,
        "name": about.map(|about| &about.name), "type": about.map(|about| &about.content_type),
        "sha256": about.map(|about| &about.sha256), "size_bytes": line.size_bytes, "kept_at": time(line.kept_at),
        "issue_over_since": line.over_since.map(time), "deleted_at": line.gone.as_ref().map(|(at, _)| time(*at)),
        "deleted_because": line.gone.as_ref().map(|(_, why)| why),
    })
}
