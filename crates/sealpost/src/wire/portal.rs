//! The engine as the portal's pages ask for it.

use console::public::portal::Portal;
use console::reader::Answer;
use engine::portal::Language;
use policy::portal::{Brought, Followed, Proves};
use std::sync::Arc;
use store::Visit;

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
        Box::pin(self.0.proves(link))
    }

    fn follow<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Followed>> {
        Box::pin(self.0.follow(link))
    }

    fn visit<'a>(&'a self, pass: &'a str) -> Answer<'a, Option<Visit>> {
        Box::pin(self.0.visit(pass))
    }

    fn bring<'a>(&'a self, pass: &'a str, file: &'a [u8]) -> Answer<'a, Option<Brought>> {
        Box::pin(self.0.bring(pass, file))
    }

    fn take_away<'a>(&'a self, pass: &'a str, key: &'a str) -> Answer<'a, Option<bool>> {
        Box::pin(self.0.take_away(pass, key))
    }
}
