//! The engine as the portal's pages ask for it.

use console::public::portal::{Brought, Followed, Portal, Proves, Visit};
use console::reader::Answer;
use engine::portal::Language;
use std::sync::Arc;

/// What stands between the pages and the engine, which do not know each other.
pub struct EnginePortal(pub Arc<engine::Gateway>);

impl Portal for EnginePortal {
    fn is_open(&self, site: &str) -> bool {
        self.0.has_portal(site)
    }

    fn ask<'a>(&'a self, site: &'a str, address: &'a str, language: &'a str) -> Answer<'a, ()> {
        Box::pin(self.0.ask_for_visit(site, address, Language::of_word(language)))
    }

    fn proves<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Proves>> {
        Box::pin(async move {
            Ok(self.0.proves(link).await?.map(|proves| match proves {
                engine::portal::Proves::Address => Proves::Address,
                engine::portal::Proves::Key { scheme, fingerprint } => Proves::Key { scheme, fingerprint },
            }))
        })
    }

    fn follow<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Followed>> {
        Box::pin(async move {
            Ok(self.0.follow(link).await?.map(|followed| match followed {
                engine::portal::Followed::Visit(pass) => Followed::Visit(pass),
                engine::portal::Followed::Used { site } => Followed::Used { site },
                engine::portal::Followed::TooMany { site } => Followed::TooMany { site },
            }))
        })
    }

    fn visit<'a>(&'a self, pass: &'a str) -> Answer<'a, Option<Visit>> {
        Box::pin(async move {
            let found = self.0.visit(pass).await?;
            Ok(found.map(|engine::portal::Visit { site, address, keys }| Visit { site, address, keys }))
        })
    }

    fn bring<'a>(&'a self, pass: &'a str, file: &'a [u8]) -> Answer<'a, Option<Brought>> {
        Box::pin(async move { Ok(self.0.bring(pass, file).await?.map(shown)) })
    }

    fn take_away<'a>(&'a self, pass: &'a str, key: &'a str) -> Answer<'a, Option<bool>> {
        Box::pin(self.0.take_away(pass, key))
    }
}

/// What a file came to, as pages show it.
pub fn shown(brought: engine::portal::Brought) -> Brought {
    let engine::portal::Brought { holds_private, holds_nothing, others, taken, unusable, too_many } = brought;
    Brought { holds_private, holds_nothing, others, taken, unusable, too_many }
}
