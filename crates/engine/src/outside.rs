//! Whoever is asked beyond the folder of keys: Web Key Directories, key servers, directories and DNS for keys of people, authorities for
//! news of revocation.
//!
//! Nobody is asked whom the settings do not name. What is learned is kept in memory, and nothing of it is ever written down.

mod directory;
mod found;
mod learning;
mod memory;
mod names;
mod news;
mod source;
mod web;
pub(crate) mod wkd;

pub use directory::{DirectoryPlace, directory_url};
pub use found::{Discovered, Found, SmimeFound};
pub(crate) use learning::{Judging, Learning};
pub use memory::Lives;
pub(crate) use news::Piece;
pub use news::{News, NewsSettings};
pub use source::{SourceFigures, SourceKind, SourceSettings, Unfound, Way};
pub use web::server_url;
pub use wkd::parted;

use crate::cell::Cells;
use futures_util::future::join_all;
use policy::sealing::{Origin, Scheme};
use policy::{Fault, FaultCode, Told};
use source::Source;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// For so long a mail waits for all sources of one recipient together; the client of a relay waits for 50 s by default.
pub(crate) const LOOK_UP_WITHIN: Duration = Duration::from_secs(15);

/// Everybody who may be asked.
#[derive(Clone)]
pub struct Outside {
    pub keys: KeySources,
    /// `None` where authorities are not asked.
    pub news: Option<News>,
}

impl Outside {
    /// Whether there is nobody to be asked about anybody.
    pub fn is_nobody(&self) -> bool {
        self.keys.all.is_empty() && self.news.is_none()
    }
}

/// The sources of keys that may be asked, in the order in which keys are taken. Cheap to clone; clones share what is remembered.
#[derive(Clone)]
pub struct KeySources {
    all: Arc<[Arc<Source>]>,
    cells: Cells,
}

/// What one source said of an address.
pub struct Said {
    /// The name of the source in the settings.
    pub source: String,
    pub kind: SourceKind,
    pub origin: Origin,
    /// Where it is, without what names the address.
    pub asked: String,
    pub found: Result<Vec<Discovered>, Unfound>,
}

impl KeySources {
    /// # Errors
    /// `SettingsWrong` when the proxy or the authorities of one of them cannot be used.
    pub fn new(sources: Vec<SourceSettings>, cells: Cells) -> Result<KeySources, Fault> {
        KeySources::nobody(cells).renewed(sources)
    }

    /// Those of other settings. Of whom these say the same, what was learned stays known, but for failures: they are asked again at once.
    ///
    /// # Errors
    /// As [`KeySources::new`].
    pub fn renewed(&self, sources: Vec<SourceSettings>) -> Result<KeySources, Fault> {
        let known = |one: &SourceSettings| self.all.iter().find(|source| source.settings() == one).cloned();
        let made = |one: SourceSettings| known(&one).map_or_else(|| Source::new(one).map(Arc::new), Ok);
        let mut all = sources.into_iter().map(made).collect::<Result<Vec<_>, _>>()?;
        all.iter().for_each(|source| source.forgive());
        // Of one origin they stay as the settings have them.
        all.sort_by_key(|source| source.origin());
        Ok(KeySources { all: all.into(), cells: self.cells.clone() })
    }

    /// Nobody is asked.
    pub fn nobody(cells: Cells) -> KeySources {
        KeySources { all: Vec::new().into(), cells }
    }

    /// Those of these names alone, which share what they remember with all others.
    ///
    /// # Errors
    /// `SettingsWrong` when one of them is not there: who is to be asked and is not would make it seem that there is no key.
    pub fn named(&self, names: &[String]) -> Result<KeySources, Fault> {
        let is_missing = |name: &&String| !self.all.iter().any(|source| source.name() == **name);
        if let Some(missing) = names.iter().find(is_missing) {
            let public = format!("{missing:?} is no [[key_source]]; write one, or leave it out of `key_sources`.");
            return Err(Fault::permanent(FaultCode::SettingsWrong, "a source of keys is missing").with_public(public));
        }
        let all = self.all.iter().filter(|source| names.iter().any(|name| name == source.name()));
        Ok(KeySources { all: all.cloned().collect(), cells: self.cells.clone() })
    }

    /// Those that may be asked for keys of a scheme for an address, one after the other; sources of origins that are not taken, and those
    /// whose keys nobody may use, are not asked.
    pub fn looking(&self, address: &str, scheme: Scheme, takes: impl Fn(Origin) -> bool) -> Looking {
        let may_be_asked =
            |source: &&Arc<Source>| takes(source.origin()) && source.serves(address) && source.offers(scheme);
        Looking {
            left: self.all.iter().filter(may_be_asked).cloned().collect(),
            cells: self.cells.clone(),
            address: address.to_owned(),
            scheme,
            deadline: Instant::now() + LOOK_UP_WITHIN,
        }
    }

    /// What each of them says of an address; all are asked at once, whether others have found a key or not.
    pub async fn ask_each(&self, address: &str) -> Vec<Said> {
        let asking = self.all.iter().map(async |source| {
            let found = match source.serves(address) {
                true => all_of(source, address, &self.cells).await,
                false => Err(Unfound::NotServed),
            };
            said(source, source.place(address), found)
        });
        join_all(asking).await
    }

    /// Whether each of them answers at all, in words; nobody is asked about anybody.
    pub async fn greet_each(&self) -> Vec<(String, SourceKind, Result<String, Unfound>)> {
        let greeting = self.all.iter().map(async |source| {
            let greeted = timeout(LOOK_UP_WITHIN, source.greet()).await.unwrap_or(Err(Unfound::Late));
            (source.name().to_owned(), source.kind(), greeted)
        });
        join_all(greeting).await
    }

    /// What each did since the start.
    pub fn figures(&self) -> Vec<SourceFigures> {
        self.all.iter().map(|source| source.figures()).collect()
    }
}

async fn all_of(source: &Arc<Source>, address: &str, cells: &Cells) -> Result<Vec<Discovered>, Unfound> {
    let mut all = Vec::new();
    for scheme in source.holds() {
        all.extend(source.clone().look_up(address, *scheme, cells).await?);
    }
    Ok(all)
}

fn said(source: &Source, asked: String, found: Result<Vec<Discovered>, Unfound>) -> Said {
    Said { source: source.name().to_owned(), kind: source.kind(), origin: source.origin(), asked, found }
}

/// Sources that are asked one after the other.
pub struct Looking {
    left: VecDeque<Arc<Source>>,
    cells: Cells,
    address: String,
    scheme: Scheme,
    /// For all together.
    deadline: Instant,
}

impl Looking {
    /// Whether nobody is left to be asked.
    pub fn is_over(&self) -> bool {
        self.left.is_empty()
    }

    /// What the next one has; `None` when all were asked. Nothing is known where one could not be asked, and nobody behind it is: it might
    /// have had the key that goes first.
    pub async fn next(&mut self) -> Option<Told<Vec<Discovered>>> {
        let source = self.left.pop_front()?;
        let asked = source.look_up(&self.address, self.scheme, &self.cells);
        let told = match timeout_at(self.deadline, asked).await {
            Ok(Ok(found)) => return Some(Told::Known(found)),
            Ok(Err(unfound)) => Told::Untold(format!("a source of keys: {}", unfound.why())),
            Err(_) => Told::Untold("a source of keys did not answer in time".to_owned()),
        };
        self.left.clear();
        Some(told)
    }
}
