//! Keys of people in figures: what came with mail in this process, and what is kept.

use super::{Metrics, head, line};
use policy::sealing::Origin;
use std::sync::PoisonError;
use store::Figures;

impl Metrics {
    /// Counts a key that came with mail: kept, quarantined or refused.
    pub(crate) fn person_key(&self, outcome: &'static str, origin: Origin) {
        let mut counted = self.person_keys.lock().unwrap_or_else(PoisonError::into_inner);
        *counted.entry((outcome, origin)).or_default() += 1;
    }

    pub(super) fn render_harvested(&self, text: &mut String) {
        let metric = "sealpost_harvested_keys_total";
        head(text, metric, "Keys that came with mail, by what became of them.", "counter");
        let counted = self.person_keys.lock().unwrap_or_else(PoisonError::into_inner);
        for ((outcome, origin), count) in counted.iter() {
            line(text, metric, &[("outcome", outcome), ("origin", &origin.to_string())], *count);
        }
    }
}

pub(super) fn render(text: &mut String, figures: &Figures) {
    let metric = "sealpost_person_keys";
    head(
        text,
        metric,
        "Keys of people that are kept; those in quarantine wait for somebody's word (sealpost key list --quarantined).",
        "gauge",
    );
    for one in &figures.person_keys {
        let labels = [("site", one.site.as_str()), ("origin", &one.origin), ("standing", one.standing.word())];
        line(text, metric, &labels, one.number);
    }
    let metric = "sealpost_person_keys_ending";
    head(text, metric, "Of those in use, how many end within 30 days or have ended.", "gauge");
    for one in figures.person_keys.iter().filter(|one| one.standing == store::KeyStanding::Used) {
        line(text, metric, &[("site", one.site.as_str()), ("origin", &one.origin)], one.ending);
    }
}
