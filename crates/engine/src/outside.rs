//! Whoever is asked beyond the folder of keys: Web Key Directories and key servers for keys of people, authorities for news of revocation.
//!
//! Nobody is asked whom the settings do not name. What is learned is kept in memory, and nothing of it is ever written down.

mod memory;
mod news;
mod source;
mod wkd;

pub use memory::Lives;
pub(crate) use news::{FRESH_S, Piece};
pub use news::{News, NewsSettings};
pub use source::{Discovered, SourceKind, SourceSettings, Unfound, server_url};

use crate::cell::Cells;
use futures_util::future::join_all;
use policy::sealing::Origin;
use policy::{Fault, Told};
use source::Source;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

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
        let mut all = sources.into_iter().map(|one| Source::new(one).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
        // Of one origin they stay as the settings have them.
        all.sort_by_key(|source| source.origin());
        Ok(KeySources { all: all.into(), cells })
    }

    /// Nobody is asked.
    pub fn nobody(cells: Cells) -> KeySources {
        KeySources { all: Vec::new().into(), cells }
    }

    /// Whether there is nobody to be asked about this address.
    pub fn is_nobody(&self, address: &str, takes: impl Fn(Origin) -> bool) -> bool {
        !self.all.iter().any(|source| takes(source.origin()) && source.serves(address) && source.vouches())
    }

    /// The keys for an address, from one source after the other until there is enough; sources of origins that are not taken, and those
    /// that vouch for nothing, are not asked. Nothing is known where one that comes before could not be asked: it might have had the key that goes first.
    pub async fn find(
        &self,
        address: &str,
        takes: impl Fn(Origin) -> bool,
        is_enough: impl Fn(&Discovered) -> bool,
    ) -> Told<Vec<Discovered>> {
        let deadline = Instant::now() + LOOK_UP_WITHIN;
        let mut all = Vec::new();
        for source in
            self.all.iter().filter(|source| takes(source.origin()) && source.serves(address) && source.vouches())
        {
            let found = match timeout_at(deadline, source.clone().look_up(address, &self.cells)).await {
                Ok(Ok(found)) => found,
                Ok(Err(unfound)) => return Told::Untold(format!("a source of keys: {}", unfound.why())),
                Err(_) => return Told::Untold("a source of keys did not answer in time".to_owned()),
            };
            let is_found = found.iter().any(&is_enough);
            all.extend(found);
            if is_found {
                break;
            }
        }
        Told::Known(all)
    }

    /// What each of them says of an address; all are asked at once, whether others have found a key or not.
    pub async fn ask_each(&self, address: &str) -> Vec<Said> {
        let asking = self.all.iter().map(async |source| Said {
            source: source.name().to_owned(),
            kind: source.kind(),
            origin: source.origin(),
            asked: source.place(address),
            found: match source.serves(address) {
                true => source.clone().look_up(address, &self.cells).await,
                false => Err(Unfound::NotServed),
            },
        });
        join_all(asking).await
    }
}
