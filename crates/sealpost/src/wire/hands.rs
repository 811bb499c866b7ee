//! What the console's pages have done beyond the store: mailboxes tested and looked into, test cases and letters for a look made, under
//! the settings of the moment.

use super::fetching::ask_how_many;
use super::{Lasting, previewing};
use crate::command::cases::{self, Asking};
use crate::command::letter::captured::Looking;
use crate::command::{fault_in_words, key, mailbox};
use crate::settings::{Mailbox, Settings};
use console::hands::{Case, CoverageNow, Hands, MailboxLine, Preview, Round, RoundLine, Wanted};
use console::reader::Answer;
use engine::cell::Cells;
use engine::fetch::{Line, OnServer, Outcome};
use engine::portal::{KeptFor, keep_brought};
use policy::portal::Brought;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use store::Store;
use tokio::sync::Semaphore;

/// Letters that are made for a look at the same time: each asks the tracker about everybody who may be told.
static LOOKS: Semaphore = Semaphore::const_new(2);

/// Coverage that is counted at the same time: each reads the letters of a site.
static COUNTS: Semaphore = Semaphore::const_new(1);

/// A page waits so long at most; the console answers every request within 30 seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// The settings in force, and what they are done with.
pub struct PageHands {
    settings: RwLock<Arc<Settings>>,
    store: Store,
    cells: Cells,
    lasting: Lasting,
    /// Those that this gateway was started with: only a restart changes them.
    relays: Vec<(String, String)>,
}

impl PageHands {
    pub fn new(settings: Settings, store: Store, cells: Cells, lasting: Lasting) -> PageHands {
        let relays = settings.relays_with_site();
        PageHands { settings: RwLock::new(Arc::new(settings)), store, cells, lasting, relays }
    }

    /// Puts other settings in place.
    pub fn swap(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    fn settings(&self) -> Arc<Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Hands for PageHands {
    fn mailboxes(&self) -> Vec<MailboxLine> {
        let mut lines: Vec<MailboxLine> = self.settings().mailboxes.iter().map(line).collect();
        lines.sort_by(|one, other| one.name.cmp(&other.name));
        lines
    }

    fn test<'a>(&'a self, name: &'a str) -> Answer<'a, Result<String, String>> {
        Box::pin(async move {
            let settings = self.settings();
            let mailbox = settings.mailbox(name);
            let Some((mailbox, fetched)) = mailbox.and_then(|one| Some((one, one.fetched.as_ref()?))) else {
                return Ok(Err(gone(name)));
            };
            let asked = ask_how_many(&settings, Some(&self.store), mailbox, fetched);
            Ok(match tokio::time::timeout(PATIENCE, asked).await {
                Ok(answer) => answer,
                Err(_) => {
                    Err(format!("{}:{} did not answer within {} s", fetched.host, fetched.port, PATIENCE.as_secs()))
                }
            })
        })
    }

    fn poll<'a>(&'a self, name: &'a str) -> Answer<'a, Result<Round, String>> {
        Box::pin(async move {
            let settings = self.settings();
            let Some(mailbox) = settings.mailbox(name) else { return Ok(Err(gone(name))) };
            Ok(match mailbox::wait_for_report(&self.store, mailbox, PATIENCE).await {
                Ok(report) => Ok(Round {
                    mails: report.lines.iter().map(round_line).collect(),
                    more: report.more,
                    goes_on: report.goes_on,
                    error: report.fault.as_ref().map(fault_in_words),
                }),
                Err(failure) => Err(failure.text),
            })
        })
    }

    fn relays(&self) -> Vec<(String, String)> {
        self.relays.clone()
    }

    fn coverage<'a>(&'a self, site: &'a str, project: Option<&'a str>) -> Answer<'a, Result<CoverageNow, String>> {
        Box::pin(async move {
            let settings = self.settings();
            let counted = async {
                let _turn = COUNTS.acquire().await;
                key::coverage_now((&settings, &self.store, &self.cells), site, project).await
            };
            Ok(match tokio::time::timeout(PATIENCE, counted).await {
                Ok(counted) => counted.map_err(|failure| failure.text),
                Err(_) => Err(format!(
                    "It could not be counted within {} s; `sealpost key coverage` takes as long as it needs.",
                    PATIENCE.as_secs()
                )),
            })
        })
    }

    fn bring_key<'a>(
        &'a self,
        (site, address): (&'a str, &'a str),
        file: &'a [u8],
        who: &'a str,
    ) -> Answer<'a, Result<Brought, String>> {
        Box::pin(async move {
            let of = KeptFor { site, address, who };
            Ok(Ok(keep_brought(&self.cells, &self.store, of, file).await?))
        })
    }

    fn case<'a>(&'a self, id: &'a str, anonymous: bool, who: &'a str) -> Answer<'a, Result<Case, String>> {
        Box::pin(async move {
            let settings = self.settings();
            let asking = Asking { settings: &settings, store: &self.store, who, patience: PATIENCE };
            let made = match anonymous {
                true => cases::made_anonymous(&asking, &self.cells, id).await,
                false => cases::made(&asking, &self.cells, id).await,
            };
            Ok(match made {
                Ok(made) => {
                    let said = format!("{id}: {}", made.said).into_bytes();
                    let files = [("eml", made.mail), ("json", made.case), ("txt", said)];
                    Ok(Case { files: files.map(|(ending, content)| (format!("{id}.{ending}"), content)).into() })
                }
                Err(failure) => Err(failure.text),
            })
        })
    }

    fn mappings(&self, site: &str) -> Vec<String> {
        let settings = self.settings();
        let text = settings.site(site).and_then(|site| site.mappings.as_deref());
        let mappings = text.and_then(|text| policy::Mappings::from_toml(text, "").ok());
        mappings.iter().flat_map(policy::Mappings::names).map(str::to_owned).collect()
    }

    fn preview<'a>(&'a self, wanted: Wanted<'a>) -> Answer<'a, Result<Preview, String>> {
        Box::pin(async move {
            let (settings, who) = (self.settings(), wanted.who);
            let looking =
                Looking { settings: &settings, store: &self.store, cells: &self.cells, lasting: &self.lasting, who };
            let made = async {
                let _turn = LOOKS.acquire().await;
                previewing::preview(&looking, &wanted).await
            };
            Ok(match tokio::time::timeout(PATIENCE, made).await {
                Ok(made) => made.map_err(|failure| failure.text),
                Err(_) => Err(format!("The letter could not be made within {} s; try again.", PATIENCE.as_secs())),
            })
        })
    }
}

fn gone(name: &str) -> String {
    format!("The mailbox {name} is not in the settings any more, or not fetched.")
}

fn line(mailbox: &Mailbox) -> MailboxLine {
    MailboxLine {
        name: mailbox.name.clone(),
        site: mailbox.site.clone(),
        profile: mailbox.profile.clone(),
        server: mailbox.fetched.as_ref().map(|fetched| format!("{}:{}", fetched.host, fetched.port)),
        is_shadow: mailbox.shadow,
    }
}

fn round_line(line: &Line) -> RoundLine {
    RoundLine {
        outcome: match line.outcome {
            Outcome::TakenIn => "taken in",
            Outcome::Known => "known already",
            Outcome::LeftBehind => "left alone, because it lay there at the first opening",
            Outcome::TooLarge => "too large",
            Outcome::Failed => "could not be had",
            Outcome::Waits => "could not be had before, and is asked for later",
            Outcome::Gone => "taken away by somebody before it could be had",
        },
        failed: matches!(line.outcome, Outcome::TooLarge | Outcome::Failed),
        message: line.message.clone(),
        size_bytes: line.size_bytes,
        on_server: match line.on_server {
            OnServer::Left => "left there",
            OnServer::Marked => "marked as read",
            OnServer::Moved => "moved",
            OnServer::Deleted => "deleted there",
        },
        error: line.fault.as_ref().map(fault_in_words),
    }
}
