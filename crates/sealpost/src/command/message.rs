//! `sealpost message`: the story of each mail, on the command line.

mod filter;

use super::{Failure, WHO, time};
use std::path::Path;
use store::{MessageFilter, MessageLine, Story};

#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// One JSON object per message, newest first.
    List {
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
        #[command(flatten)]
        filter: filter::Filter,
    },
    /// Everything that is known of one message, as one JSON object; on a terminal over several lines.
    Show { id: String },
    /// The raw bytes of one message; or, with --case, a test case for its profile, for which the running gateway finds out
    /// what is known today.
    Export {
        id: String,
        /// Writes FOLDER/NAME.eml and FOLDER/NAME.json. They hold the mail as it came.
        #[arg(long, value_name = "FOLDER/NAME")]
        case: Option<std::path::PathBuf>,
        /// With stand-ins for addresses, names and hosts, the same in mail and facts, and files without their content; says what is
        /// left of people.
        #[arg(long, requires = "case")]
        anonymous: bool,
    },
    /// Try a held or dead message again.
    Wake { id: String },
    /// What today's rules, or others, would make of a message: what of it is done already, and what is otherwise than in the plan
    /// before. With --yes it is then done; the running gateway does the work.
    Replay {
        id: String,
        #[command(flatten)]
        under: super::replay::Under,
        /// Carry out what is new in the plan, after showing it.
        #[arg(long)]
        yes: bool,
    },
    /// Erase the content of a message now, as the sweep would at its time.
    Erase { id: String },
    /// Let people of the support look at a message for some days.
    Flag {
        id: String,
        /// Why they are to look at it.
        #[arg(long)]
        reason: String,
        #[arg(long, default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=i64::from(store::FLAG_DAYS_MAX)))]
        days: u32,
    },
    /// Take a flag back.
    Unflag { id: String },
}

/// Rows that the store gives at once.
const PAGE: u32 = 200;

/// Opens the store of these settings and answers.
pub async fn run(config: &Path, what: What) -> Result<(), Failure> {
    super::with_store(config, async |settings, store| answer(settings, store, what).await).await
}

async fn answer(settings: &crate::settings::Settings, store: &store::Store, what: What) -> Result<(), Failure> {
    match what {
        What::List { limit, filter } => list(store, limit, filter.into_store()).await,
        What::Show { id } => match store.story(&id).await? {
            Some(story) => super::print_object(&story_json(&story)),
            None => Err(unknown(&id)),
        },
        What::Export { id, case: None, .. } => export(store, &id).await,
        What::Export { id, case: Some(case), anonymous } => {
            super::cases::export(settings, store, &id, &case, anonymous).await
        }
        What::Wake { id } => match store.wake(&id, WHO).await? {
            true => super::print(&format!("{id}: is tried again\n")),
            false => Err(Failure::new(format!("{id}: is not a message that is held or dead"))),
        },
        What::Replay { id, under, yes } => super::replay::run(settings, store, &id, &under, yes).await,
        What::Flag { id, reason, days } => match store.flag(&id, &reason, days, WHO).await? {
            None => super::print(&flagged(store, &id, days).await?),
            Some(why) => Err(Failure::new(format!("{id}: {}", why.in_words()))),
        },
        What::Unflag { id } => match store.unflag(&id, WHO).await? {
            true => super::print(&format!("{id}: is not flagged any more\n")),
            false => Err(Failure::new(format!("{id}: is not flagged"))),
        },
        What::Erase { id } => match store.erase(&id, WHO).await? {
            None => super::print(&format!("{id}: its content is erased\n")),
            Some(why) => Err(Failure::new(format!("{id}: {}", why.in_words()))),
        },
    }
}

/// Until when the flag lasts, and why not for as long as was asked.
async fn flagged(store: &store::Store, id: &str, days: u32) -> Result<String, Failure> {
    let Some(flag) = store.flag_of(id).await? else { return Ok(format!("{id}: its flag is taken back already\n")) };
    let most = store.flag_days_max(&flag.site);
    let cut = match days > most {
        true => format!("; no flag of site {} lasts longer than {most} days (keep_flags_days)", flag.site),
        false => String::new(),
    };
    Ok(format!("{id}: is flagged until {}{cut}\n", time(flag.until)))
}

fn unknown(id: &str) -> Failure {
    Failure::new(format!("{id}: no message has this id; `sealpost message list --config FILE` shows them"))
}

async fn list(store: &store::Store, limit: u32, mut filter: MessageFilter) -> Result<(), Failure> {
    let mut left = limit;
    while left > 0 {
        filter.limit = left.min(PAGE);
        let page = store.message_page(&filter).await?;
        for line in &page.lines {
            super::print(&format!("{}\n", line_json(line)))?;
        }
        left -= u32::try_from(page.lines.len()).unwrap_or(left).min(left);
        match page.next {
            Some(next) => filter.before = Some(next),
            None => break,
        }
    }
    Ok(())
}

async fn export(store: &store::Store, id: &str) -> Result<(), Failure> {
    let Some(message) = store.message(id).await? else {
        return match store.story(id).await? {
            Some(_) => Err(Failure::new(format!("{id}: its content was erased, so nothing of it is left to export"))),
            None => Err(unknown(id)),
        };
    };
    store.note_look(&message.site, id, store::Look::Whole, None, WHO).await?;
    let mut raw = store.raw(id).await?;
    let mut out = tokio::io::stdout();
    while let Some(piece) = raw.next().await? {
        tokio::io::AsyncWriteExt::write_all(&mut out, &piece)
            .await
            .map_err(|error| Failure::new(format!("cannot write: {error}")))?;
    }
    tokio::io::AsyncWriteExt::flush(&mut out).await.map_err(|error| Failure::new(format!("cannot write: {error}")))
}

fn line_json(line: &MessageLine) -> serde_json::Value {
    serde_json::json!({
        "id": line.id, "site": line.site, "mailbox": line.mailbox, "received_at": time(line.received_at),
        "size_bytes": line.size_bytes, "subject": line.subject, "sender": line.sender,
        "outcome": line.outcome.map(policy::Outcome::word), "reason": line.reason,
        "rule": line.rule, "job": line.job, "fault": line.fault.as_ref().map(ToString::to_string),
        "issue_id": line.issue_id, "issue_key": line.issue_key,
    })
}

fn story_json(story: &Story) -> serde_json::Value {
    let ledger: Vec<serde_json::Value> = story
        .ledger
        .iter()
        .map(|line| {
            serde_json::json!({
                "key": line.key, "begun_at": time(line.begun_at), "ended_at": line.ended_at.map(time),
                "receipt": line.receipt, "fault": line.fault,
                "taken": line.dialogue.as_ref().map(super::letter::outbox::left_json),
            })
        })
        .collect();
    serde_json::json!({
        "message": line_json(&story.line), "envelope": story.envelope, "plan": story.plan, "faults": story.faults,
        "ledger": ledger, "tries": story.tries, "fault": story.line.fault, "content_kept": story.content_kept, "token": story.token,
    })
}
