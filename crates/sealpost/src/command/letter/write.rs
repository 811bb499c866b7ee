//! `sealpost letter write`: a letter about an issue that somebody writes on purpose, and what became of those that were written.

use super::super::{Failure, WHO, fault_in_words, files, print, print_object, site_named, time, with_store};
use engine::{LetterOrder, LetterOrderFile, Ordered};
use policy::Mappings;
use policy::notify::{Writing, WrittenBy};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use store::{OutboxLine, Store, WrittenLine, WrittenState};

/// How often `--wait` looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Rows that the store gives at once.
const PAGE: u32 = 200;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The site that has the issue.
    #[arg(long)]
    site: String,
    /// The issue's key or numeric id.
    #[arg(long, value_name = "KEY")]
    issue: String,
    /// To whom: an address, or a word such as reporter, watchers, role:NAME, group:NAME, field:NAME, account:ID; may be given several
    /// times.
    #[arg(long, required = true, value_name = "WHOM")]
    to: Vec<String>,
    /// What stands behind the issue's key; without it, the issue's summary, for whoever may see that.
    #[arg(long, default_value = "")]
    subject: String,
    /// The site's template that makes it, by name ([written.NAME] in its templates); without it, that of letters on purpose.
    #[arg(long, value_name = "NAME", default_value = "")]
    template: String,
    /// What it says, in Markdown.
    #[arg(long, required_unless_present = "text_file", conflicts_with = "text_file")]
    text: Option<String>,
    /// The same from a file, or - for standard input.
    #[arg(long, value_name = "FILE")]
    text_file: Option<PathBuf>,
    /// A file of the issue that goes along, by name or id; may be given several times.
    #[arg(long, value_name = "NAME")]
    attach: Vec<String>,
    /// A file of your own that goes along; may be given several times.
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// In whose name, as the letter says it; without it, the name that letters of the site are from.
    #[arg(long, value_name = "NAME", default_value = "")]
    writer: String,
    /// To those as well who want no more letters about the issue.
    #[arg(long)]
    anyway: bool,
    /// What makes it another letter than one that says the same; without it the same letter is written once.
    #[arg(long)]
    key: Option<String>,
    /// Decide and make it, but send nothing before `sealpost letter send ID`.
    #[arg(long)]
    preview: bool,
    /// Wait until it is decided who gets it, and print that.
    #[arg(long)]
    wait: bool,
    /// How long `--wait` waits.
    #[arg(long, default_value_t = 60)]
    wait_s: u64,
}

/// Has the gateway write one; prints its id, or with `--wait` what became of it.
pub async fn run(config: &Path, arguments: Arguments) -> Result<(), Failure> {
    let order = order(&arguments)?;
    with_store(config, async |settings, store| {
        let site = site_named(settings, &arguments.site)?;
        let mappings = site.mappings.as_deref().map(|text| Mappings::from_toml(text, "mappings")).transpose()?;
        let templates = site.templates.clone().unwrap_or_default();
        let rules = (mappings.as_ref(), &templates);
        let (id, known) = match engine::write::write(store, &site.name, rules, order, WHO).await? {
            Ordered::New { id } => (id, false),
            Ordered::Known { id } => (id, true),
            Ordered::KeyReused => return Err(Failure::new("another letter was written with this key before")),
            Ordered::TooMany => {
                let why = "as many letters were asked for within an hour as may be (written.per_hour); try again later";
                return Err(Failure::new(why));
            }
            Ordered::Refused(why) => return Err(Failure::new(format!("nothing is sent: {why}"))),
        };
        if known {
            eprintln!("sealpost: the same letter was asked for before, nothing new is done; --key makes it another");
        }
        match arguments.wait {
            true => wait(store, &id, Duration::from_secs(arguments.wait_s)).await,
            false => print(&format!("{id}\n")),
        }
    })
    .await
}

fn order(arguments: &Arguments) -> Result<LetterOrder, Failure> {
    let read = |path: &Path| files::bytes(path).map_err(|why| Failure::new(format!("{}: {why}", path.display())));
    let text = match (&arguments.text, &arguments.text_file) {
        (Some(text), _) => text.clone(),
        (None, Some(path)) => String::from_utf8(read(path)?)
            .map_err(|_| Failure::new(format!("{}: is not text in UTF-8", path.display())))?,
        (None, None) => String::new(),
    };
    let own = arguments.file.iter().map(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok(LetterOrderFile { name, content_type: String::new(), bytes: read(path)? })
    });
    let writing = Writing {
        issue: arguments.issue.clone(),
        to: arguments.to.clone(),
        subject: arguments.subject.clone(),
        text,
        template: arguments.template.clone(),
        files: arguments.attach.clone(),
        writer: arguments.writer.clone(),
        anyway: arguments.anyway,
    };
    Ok(LetterOrder {
        by: WrittenBy::Command,
        writing,
        files: own.collect::<Result<Vec<_>, Failure>>()?,
        request: arguments.key.clone(),
        token: None,
        preview: arguments.preview,
    })
}

/// A letter that nobody gets is work that failed.
async fn wait(store: &Store, id: &str, patience: Duration) -> Result<(), Failure> {
    let begun = Instant::now();
    loop {
        let line = store.written(id).await?.ok_or_else(|| unknown(id))?;
        match line.state {
            WrittenState::Asked if line.fault.is_none() && begun.elapsed() < patience => {
                tokio::time::sleep(LOOK_EVERY).await;
            }
            state => {
                print_object(&shown(&line, &store.written_letters(id).await?))?;
                return match state {
                    WrittenState::Refused => Err(Failure::told()),
                    WrittenState::Asked => {
                        Err(Failure::new(format!("{id} is not decided; see `sealpost letter written {id}`")))
                    }
                    _ => Ok(()),
                };
            }
        }
    }
}

/// One that was written, as one JSON object; without an id the newest, one object per line.
pub async fn written(config: &Path, id: Option<&str>, limit: u32) -> Result<(), Failure> {
    with_store(config, async |_, store: &Store| {
        if let Some(id) = id {
            let line = store.written(id).await?.ok_or_else(|| unknown(id))?;
            return print_object(&shown(&line, &store.written_letters(id).await?));
        }
        let (mut left, mut before) = (limit, None);
        while left > 0 {
            let asked = left.min(PAGE);
            let lines = store.all_written(before, asked).await?;
            for line in &lines {
                let letters = store.written_letters(&line.id).await?;
                print(&format!("{}\n", shown(line, &letters)))?;
            }
            let got = u32::try_from(lines.len()).unwrap_or(u32::MAX);
            if got < asked {
                break;
            }
            left -= got;
            before = lines.last().map(|line| (line.asked_at, line.id.clone()));
        }
        Ok(())
    })
    .await
}

/// Has one sent that was looked at.
pub async fn send(config: &Path, id: &str) -> Result<(), Failure> {
    with_store(config, async |_, store: &Store| match store.send_written(id, WHO).await? {
        true => print(&format!("{id}: is sent to those who may get it; `sealpost letter written {id}` shows them\n")),
        false => Err(waits_not(store, id).await?),
    })
    .await
}

/// Has one not sent that was looked at.
pub async fn drop(config: &Path, id: &str) -> Result<(), Failure> {
    with_store(config, async |_, store: &Store| match store.drop_written(id, WHO).await? {
        true => print(&format!("{id}: is not sent\n")),
        false => Err(waits_not(store, id).await?),
    })
    .await
}

/// Why nobody's word is awaited about it.
async fn waits_not(store: &Store, id: &str) -> Result<Failure, Failure> {
    let Some(line) = store.written(id).await? else { return Ok(unknown(id)) };
    let is = match line.state {
        WrittenState::Asked if line.fault.is_some() => "the work on it stopped before it was decided who gets it",
        WrittenState::Asked if line.approved => "it is on its way: who may get it is found out once more",
        WrittenState::Asked => "it is not decided yet who gets it",
        WrittenState::Drafted => "nobody is left who would get it",
        WrittenState::Posted => "it was sent already, or is on its way",
        WrittenState::Refused => "nobody gets it",
        WrittenState::Dropped => "it was dropped",
    };
    Ok(Failure::new(format!("{id}: {is}, so nothing was done; `sealpost letter written {id}` says more")))
}

fn unknown(id: &str) -> Failure {
    Failure::new(format!("{id}: no such letter was written; `sealpost letter written` lists them"))
}

fn shown(line: &WrittenLine, letters: &[OutboxLine]) -> Value {
    let writing = line.asked.as_ref().map(|asked| &asked.writing);
    json!({
        "id": line.id, "site": line.site, "by": line.by.word(), "token": line.token, "state": line.state.word(),
        "preview": line.preview, "approved": line.approved, "issue_id": line.issue_id, "asked_at": time(line.asked_at),
        "decided_at": line.decided_at.map(time), "writing": writing,
        "given": line.asked.as_ref().map(|asked| asked.files.iter().map(|given| &given.file).collect::<Vec<_>>()),
        "decision": line.decision, "fault": line.fault.as_ref().map(fault_in_words),
        "letters": letters.iter().map(super::outbox::line_json).collect::<Vec<_>>(),
    })
}
