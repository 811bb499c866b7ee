//! `sealpost explain`: how a mail would be sealed for each recipient and why, without any effect.

use super::{Failure, files};
use policy::SealingRules;
use policy::sealing::{KeyFacts, MailFacts, Question, ROUNDS_MAX, SealingPlan, ask, decide};
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
    let Arguments { rules, facts, from, recipients, account, site, came_sealed, files } = arguments;
    let shown = rules.display().to_string();
    let rules = SealingRules::from_toml(&files::text(&rules)?, &shown).map_err(|fault| Failure::new(fault.public))?;
    let given: KeyFacts = match facts {
        Some(file) => files::facts(&file, "sealing")?,
        None => KeyFacts::default(),
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
        let (questions, known) = find_out(&mail, &rules, given.clone());
        Ok(Line { file: shown.to_owned(), questions, plan: decide(&mail, &rules, &known) })
    })
    .await
}

/// What would be asked, and what is known then: what was given, and nothing beyond.
fn find_out(mail: &MailFacts, rules: &SealingRules, given: KeyFacts) -> (Vec<Question>, KeyFacts) {
    let (mut questions, mut known) = (Vec::new(), KeyFacts::default());
    for _ in 0..ROUNDS_MAX {
        let open = ask(mail, rules, &known);
        if open.is_empty() {
            break;
        }
        for question in open {
            match given.told(&question) {
                Some(told) => known.answer(&question, told.clone()),
                None => known.answer_with_nothing(&question),
            }
            questions.push(question);
        }
    }
    (questions, known)
}
