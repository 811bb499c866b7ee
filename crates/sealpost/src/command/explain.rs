//! `sealpost explain`: how a mail would be sealed for each recipient and why, without any effect.

use super::key::{Keys, reference};
use super::{Failure, files, site_named};
use crate::settings;
use engine::cell::Cells;
use engine::outside::{KeySources, News, Outside};
use engine::register::PeopleKeys;
use engine::sealing::{ByRules, SealingSettings};
use policy::sealing::{KeyFacts, MailFacts, Question, ROUNDS_MAX, SealingPlan, ask, decide};
use policy::{SealingRules, Told, is_plain_address};
use serde::Serialize;
use std::path::PathBuf;
use store::Store;

/// What is said of the mails on the command line.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file of rules.
    #[arg(long)]
    rules: PathBuf,
    /// Keys, as JSON; who is not in it has none.
    #[arg(long)]
    facts: Option<PathBuf>,
    /// The folder of keys that a relay has, in place of facts; nobody is asked outside but by `--ask`.
    #[arg(long, value_name = "DIR", conflicts_with = "facts")]
    keys: Option<PathBuf>,
    /// Where a password stands that opens keys: file:PATH, env:NAME or credential:NAME; may be given several times.
    #[arg(long = "password", value_name = "REF", value_parser = reference, requires = "keys")]
    passwords: Vec<String>,
    /// The settings of the gateway: its vault opens files of keys that it sealed, with `--site` its store has keys of people, too, and `--ask` names
    /// `[[key_source]]` sections of them.
    #[arg(long, value_name = "FILE", requires = "keys")]
    config: Option<PathBuf>,
    /// Ask this `[[key_source]]` too, as a relay does that names it; it learns the recipients. May be given several times.
    #[arg(long = "ask", value_name = "NAME", requires = "config")]
    asked: Vec<String>,
    /// Fetch news of revocation too, as with `fetch_revocation`.
    #[arg(long, requires = "config")]
    fetch_revocation: bool,
    /// The sender in the envelope; without it, the null reverse-path.
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
    /// A recipient in the envelope; may be given several times.
    #[arg(long = "rcpt", value_name = "ADDRESS", required = true)]
    recipients: Vec<String>,
    /// The account by which the mail was submitted.
    #[arg(long)]
    account: Option<String>,
    /// The name of the site whose mail it is; with `--config`, of those settings: the keys of people that it keeps are looked at, too.
    #[arg(long, default_value = "")]
    site: String,
    /// What the mail tells came in sealed.
    #[arg(long)]
    came_sealed: bool,
    /// Say it in words: what becomes of the mail for each recipient, and how it came to that, in place of the whole record as JSON.
    #[arg(long)]
    words: bool,
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

impl Line {
    /// For each recipient what becomes of his copy, and the steps that led there.
    fn in_words(&self, recipients: &[String]) -> String {
        let mut text = String::new();
        for plan in &self.plan.recipients {
            let whose = recipients.get(plan.recipient as usize).map_or("?", String::as_str);
            text += &format!("  {whose}: {}\n", plan.fate.in_words());
            for (step, number) in plan.trace.steps.iter().zip(1..) {
                text += &format!("    {number}. {step}\n");
            }
        }
        text
    }
}

/// Prints one object per file, or the same in words.
///
/// # Errors
/// When a recipient is no address, rules, keys or settings cannot be used, or a file could not be explained.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    if let Some(wrong) = arguments.recipients.iter().find(|address| !is_plain_address(address)) {
        return Err(Failure::new(format!("{wrong:?} is not a whole address; write one such as ann@example.org")));
    }
    let cells = files::cells().await?;
    let people = arguments.people().await?;
    let source = arguments.source(&cells, people).await?;
    let Arguments { from, recipients, account, site, came_sealed, words, files, .. } = arguments;
    let now_s = jiff::Timestamp::now().as_second();
    let mail = MailFacts { now_s, site, envelope_from: from, account, recipients, came_sealed, ..MailFacts::default() };
    let limits = mail::Limits::default();
    let line = async |bytes: Vec<u8>, shown: &str| {
        let reading = cells.read(bytes.as_slice(), &limits).await.map_err(|fault| fault.to_string())?;
        if let Some(why) = reading.too_complex {
            return Err(format!("is too complex: {why}; the gateway seals no such mail"));
        }
        let mail = MailFacts { headers: reading.message.headers, ..mail.clone() };
        let (questions, plan) = source.explained(&mail).await;
        Ok::<Line, String>(Line { file: shown.to_owned(), questions, plan })
    };
    match words {
        true => {
            let told = async |bytes: Vec<u8>, shown: &str| Ok(line(bytes, shown).await?.in_words(&mail.recipients));
            files::each_in_words(files, told).await
        }
        false => files::each(files, line).await,
    }
}

impl Arguments {
    /// The register of the site, where settings say where it is kept.
    async fn people(&self) -> Result<Option<PeopleKeys>, Failure> {
        let Some(config) = self.config.as_ref().filter(|_| !self.site.is_empty()) else { return Ok(None) };
        let settings = settings::load(config)?;
        site_named(&settings, &self.site)?;
        Ok(Some(PeopleKeys::new(Store::open(&settings.store).await?)))
    }

    async fn source(&self, cells: &Cells, people: Option<PeopleKeys>) -> Result<Source, Failure> {
        let Some(folder) = &self.keys else {
            let shown = self.rules.display().to_string();
            let rules = SealingRules::from_toml(&files::text(&self.rules)?, &shown);
            let facts = match &self.facts {
                Some(file) => files::facts(file, "sealing")?,
                None => KeyFacts::default(),
            };
            return Ok(Source::Facts(Box::new(rules.map_err(|fault| Failure::new(fault.public))?), facts));
        };
        let keys = Keys { folder: folder.clone(), passwords: self.passwords.clone(), config: self.config.clone() };
        let settings = SealingSettings {
            rules: self.rules.clone(),
            keys: folder.clone(),
            passwords: keys.passwords()?,
            openers: keys.openers().await?,
            trusts_system: false,
            hostname: String::new(),
            people,
        };
        let (outside, of_cells) = (self.outside(cells)?, cells.clone());
        let started = tokio::task::spawn_blocking(move || ByRules::start_asking(settings, of_cells, outside)).await;
        let started = started.map_err(|error| Failure::new(format!("rules and keys cannot be read: {error}")))?;
        Ok(Source::Folder(started?))
    }

    /// Who is asked; nobody who was not named.
    fn outside(&self, cells: &Cells) -> Result<Outside, Failure> {
        let Some(config) = &self.config else {
            return Ok(Outside { keys: KeySources::nobody(cells.clone()), news: None });
        };
        let settings = settings::load(config)?;
        let keys = KeySources::new(settings.key_sources, cells.clone())?.named(&self.asked)?;
        let of_relays = settings.relays.into_iter().filter_map(|relay| relay.sealing);
        let of_sites = settings.sites.into_iter().filter_map(|site| site.sealing);
        // Which proxy and which private hosts are meant, whoever fetches says.
        let news = of_relays.chain(of_sites).find_map(|sealing| sealing.news).unwrap_or_default();
        let news = self.fetch_revocation.then(|| News::new(news, cells.clone())).transpose()?;
        Ok(Outside { keys, news })
    }
}

/// Where keys are known from.
enum Source {
    Facts(Box<SealingRules>, KeyFacts),
    Folder(ByRules),
}

impl Source {
    /// What would be asked, and what becomes of the mail by what is known then.
    async fn explained(&self, mail: &MailFacts) -> (Vec<Question>, SealingPlan) {
        let (rules, given) = match self {
            Source::Facts(rules, given) => (rules, given),
            Source::Folder(by_rules) => return by_rules.explained(mail).await,
        };
        let (mut questions, mut known) = (Vec::new(), KeyFacts::default());
        for _ in 0..ROUNDS_MAX {
            let open = ask(mail, rules, &known);
            if open.is_empty() {
                break;
            }
            for question in open {
                known.answer(&question, given.told(&question).cloned().unwrap_or_else(|| Told::Known(Vec::new())));
                questions.push(question);
            }
        }
        (questions, decide(mail, rules, &known))
    }
}
