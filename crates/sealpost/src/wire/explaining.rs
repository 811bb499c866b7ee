//! The engine and its relays as what says to programs how a mail would be sealed.

use super::relays::RelayListeners;
use console::public::{Explained, Explainer};
use console::reader::Answer;
use engine::sealing::ByRules;
use policy::sealing::MailFacts;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Mails that are decided about for nothing at the same time: letters and relays ask the same cells and the same store.
static TURNS: Semaphore = Semaphore::const_new(2);

/// The engine of this process, and what seals the mail of each of its relays.
pub struct EngineExplainer {
    engine: Arc<engine::Gateway>,
    relays: Vec<OfRelay>,
}

struct OfRelay {
    name: String,
    site: String,
    by_rules: ByRules,
}

impl EngineExplainer {
    pub fn new(engine: Arc<engine::Gateway>, relays: &[RelayListeners]) -> EngineExplainer {
        let of_relay = |one: &RelayListeners| {
            let (name, site) = (one.relay.name().to_owned(), one.relay.site().to_owned());
            Some(OfRelay { name, site, by_rules: one.by_rules()?.clone() })
        };
        EngineExplainer { engine, relays: relays.iter().filter_map(of_relay).collect() }
    }

    /// Those of a relay of this site; relays of others are not there for it.
    fn by_rules(&self, site: &str, relay: &str) -> Option<&ByRules> {
        let found = self.relays.iter().find(|one| one.site == site && one.name == relay);
        found.map(|one| &one.by_rules)
    }
}

impl Explainer for EngineExplainer {
    fn explain<'a>(
        &'a self,
        relay: Option<&'a str>,
        facts: MailFacts,
        mail: &'a [u8],
    ) -> Answer<'a, Option<Explained>> {
        Box::pin(async move {
            let _turn = TURNS.acquire().await;
            let told = match relay {
                None => self.engine.explained(facts, mail).await?,
                Some(name) => match self.by_rules(&facts.site, name) {
                    Some(by_rules) => Some(by_rules.explained_here(facts, mail).await?),
                    None => None,
                },
            };
            Ok(told.map(|(questions, plan)| Explained { questions, plan }))
        })
    }
}
