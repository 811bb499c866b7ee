//! `sealpost explain`: how a mail would be sealed for each recipient and why, without any effect.

use super::key::{Keys, reference};
use super::{Failure, files};
use engine::sealing::AskedFolder;
use policy::sealing::{Key, KeyFacts, MailFacts, Question, ROUNDS_MAX, SealingPlan, ask, decide};
use policy::{SealingRules, Told};
use serde::Serialize;
use std::path::PathBuf;

/// What is said of the mails on the command line.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file of rules.
    #[arg(long)]
    rules: PathBuf,
    /// Keys, as JSON; who is not in it has none.
    #[arg(long)]
    facts: Option<PathBuf>,
    /// The folder of keys that a relay has, in place of facts; nobody is asked outside.
    #[arg(long, value_name = "DIR", conflicts_with = "facts")]
    keys: Option<PathBuf>,
    /// Where a password stands that opens keys: file:PATH, env:NAME or credential:NAME; may be given several times.
    #[arg(long = "password", value_name = "REF", value_parser = reference, requires = "keys")]
    passwords: Vec<String>,
    /// The sender in the envelope; without it, the null reverse-path.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// A recipient in the envelope; may be given several times.
    #[arg(long = "rcpt", value_name = "ADDRESS", required = true)]
    recipients: Vec<String>,
    /// The account by which the mail was submitted.
    #[arg(long)]
    account: Option<String>,
    /// The name of the site whose mail it is.
    #[arg(long, default_value = "")]
    site: String,
    /// What the mail tells came in sealed.
    #[arg(long)]
    came_sealed: bool,
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Line {
    file: String,
    /// What was asked for, in order.
    questions: Vec<Question>,
    #[serde(flatten)]
    plan: SealingPlan,
}

/// Prints one object per file.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { rules, facts, keys, passwords, from, recipients, account, site, came_sealed, files } = arguments;
    let shown = rules.display().to_string();
    let rules = SealingRules::from_toml(&files::text(&rules)?, &shown).map_err(|fault| Failure::new(fault.public))?;
    let source = match (keys, facts) {
        (Some(folder), _) => {
            let keys = Keys { folder, passwords };
            let folder = tokio::task::spawn_blocking(move || keys.read().map(AskedFolder::new)).await;
            let folder = folder.map_err(|error| Failure::new(format!("the folder of keys cannot be read: {error}")))?;
            Source::Folder(Box::new(folder?))
        }
        (None, Some(file)) => Source::Facts(files::facts(&file, "sealing")?),
        (None, None) => Source::Facts(KeyFacts::default()),
    };
    let now_s = jiff::Timestamp::now().as_second();
    let mail = MailFacts { now_s, site, envelope_from: from, account, recipients, came_sealed, ..MailFacts::default() };
    let cells = files::cells().await?;
    let limits = mail::Limits::default();
    files::each(files, async |bytes, shown| {
        let reading = cells.read(bytes.as_slice(), &limits).await.map_err(|fault| fault.to_string())?;
        if let Some(why) = reading.too_complex {
            return Err(format!("is too complex: {why}; the gateway seals no such mail"));
        }
        let mail = MailFacts { headers: reading.message.headers, ..mail.clone() };
        let (questions, known) = find_out(&mail, &rules, &source);
        Ok(Line { file: shown.to_owned(), questions, plan: decide(&mail, &rules, &known) })
    })
    .await
}

/// Where keys are known from.
enum Source {
    Facts(KeyFacts),
    Folder(Box<AskedFolder>),
}

impl Source {
    fn told(&self, mail: &MailFacts, question: &Question) -> Told<Vec<Key>> {
        match self {
            Source::Facts(given) => given.told(question).cloned().unwrap_or_else(|| Told::Known(Vec::new())),
            Source::Folder(folder) => folder.answer(mail, question),
        }
    }
}

/// What would be asked, and what is known then: what the source has, and nothing beyond.
fn find_out(mail: &MailFacts, rules: &SealingRules, source: &Source) -> (Vec<Question>, KeyFacts) {
    let (mut questions, mut known) = (Vec::new(), KeyFacts::default());
    for _ in 0..ROUNDS_MAX {
        let open = ask(mail, rules, &known);
        if open.is_empty() {
            break;
        }
        for question in open {
            known.answer(&question, source.told(mail, &question));
            questions.push(question);
        }
    }
    (questions, known)
}
