//! Whoever is asked beyond the folders of keys. What was learned is remembered over changes of the settings.

use crate::settings::{Sealing, Settings};
use engine::cell::Cells;
use engine::outside::{KeySources, News, NewsSettings, Outside, SourceFigures};
use policy::Fault;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Everybody who may be asked by a process. Cheap to clone; clones share what is remembered.
#[derive(Clone, Default)]
pub struct Outsiders(Arc<Mutex<Known>>);

#[derive(Default)]
struct Known {
    sources: Option<KeySources>,
    /// Authorities, by how they are asked.
    news: Vec<(NewsSettings, News)>,
}

impl Outsiders {
    /// Who is asked by what seals so.
    ///
    /// # Errors
    /// `SettingsWrong` when somebody named is not there, or cannot be asked by these settings.
    pub fn of(&self, sealing: &Sealing, settings: &Settings, cells: &Cells) -> Result<Outside, Fault> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.sources.take().unwrap_or_else(|| KeySources::nobody(cells.clone()));
        let renewed = before.renewed(settings.key_sources.clone());
        let sources = known.sources.insert(renewed.as_ref().map_or(before, Clone::clone));
        let keys = renewed.map(|_| &*sources)?.named(&sealing.key_sources)?;
        let news = sealing.news.as_ref().map(|settings| known.news(settings, cells)).transpose()?;
        Ok(Outside { keys, news })
    }

    /// Who is asked so for news of revocation; `None` where nobody is.
    ///
    /// # Errors
    /// `SettingsWrong` when nobody can be asked by these settings.
    pub fn news(&self, settings: Option<&NewsSettings>, cells: &Cells) -> Result<Option<News>, Fault> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        settings.map(|settings| known.news(settings, cells)).transpose()
    }

    /// What each source did since the start.
    pub fn figures(&self) -> Vec<SourceFigures> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.sources.as_ref().map(KeySources::figures).unwrap_or_default()
    }
}

impl Known {
    fn news(&mut self, settings: &NewsSettings, cells: &Cells) -> Result<News, Fault> {
        if let Some((_, news)) = self.news.iter().find(|(of, _)| of == settings) {
            return Ok(news.clone());
        }
        let news = News::new(settings.clone(), cells.clone())?;
        self.news.push((settings.clone(), news.clone()));
        Ok(news)
    }
}

/// Figures of sources of keys, as Prometheus takes them; no address is among them.
pub fn figures_in_text(figures: &[SourceFigures]) -> String {
    let mut text = String::new();
    if figures.is_empty() {
        return text;
    }
    let _ = writeln!(
        text,
        "# HELP sealpost_key_source_questions_total Questions to a source of keys that nothing remembered answered.\n\
         # TYPE sealpost_key_source_questions_total counter"
    );
    for of in figures {
        let _ = writeln!(text, "sealpost_key_source_questions_total{{source={:?}}} {}", of.name, of.asked);
    }
    let _ = writeln!(
        text,
        "# HELP sealpost_key_source_answers_total How they ended.\n# TYPE sealpost_key_source_answers_total counter"
    );
    for of in figures {
        for (outcome, count) in of.outcomes {
            let _ = writeln!(
                text,
                "sealpost_key_source_answers_total{{source={:?},outcome=\"{outcome}\"}} {count}",
                of.name
            );
        }
    }
    text
}
