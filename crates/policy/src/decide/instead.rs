//! What stands in a new issue in place of what the mail says: a summary and a text of the profile, or of a directive.

use super::body;
use super::directives::Given;
use super::evidence::Evidence;
use super::filling::filled;
use super::verdict::Trace;
use crate::field::{DESCRIPTION, SUMMARY};
use crate::profile::Mapping;
use crate::{Body, FieldSetting, FieldValue};
use mail::Reply;

/// The fields of a new issue, without the two that are no fields like others.
#[derive(Debug, Default)]
pub(super) struct Instead {
    pub(super) set: Vec<FieldSetting>,
    pub(super) summary: Option<String>,
    description: Option<String>,
}

impl Instead {
    /// An issue is made with a summary and a text of its own; a field that is one of them, whatever the tracker calls it, is that.
    pub(super) fn of(set: &[FieldSetting]) -> Instead {
        let mut instead = Instead::default();
        for setting in set {
            match (setting.id.as_str(), &setting.value) {
                (SUMMARY, FieldValue::Text(words)) => instead.summary = Some(words.clone()),
                (DESCRIPTION, FieldValue::Text(words) | FieldValue::LongText(words)) => {
                    instead.description = Some(words.clone());
                }
                _ => instead.set.push(setting.clone()),
            }
        }
        instead
    }

    /// The text of a new issue, and whether what the mail says is no longer in it, so that it has to go along as a file.
    pub(super) fn text(
        &self,
        evidence: &Evidence,
        (mapping, spoken): (&Mapping, &Given),
        (body, said): (Body, &Reply),
        trace: &mut Trace,
    ) -> (Body, bool) {
        const QUESTION: &str = "What stands in its text?";
        let is_lost = !said.visible.trim().is_empty() || !said.hidden.is_empty();
        let aside = if is_lost { "what the mail says goes along as a file" } else { "the mail says nothing" };
        if let Some(words) = spoken.value("description").filter(|words| !words.trim().is_empty()) {
            trace.note(QUESTION, "what a directive says", aside);
            return (body::saying(body, words), is_lost);
        }
        match (&mapping.description, &self.description) {
            (Some(template), _) => match template.around("text") {
                Some((above, below)) => {
                    trace.note(QUESTION, "what the profile says (description)", "with what the mail says in it");
                    let body = body::under(body, &filled(evidence, &above));
                    (body::over(body, &filled(evidence, &below)), false)
                }
                None => {
                    let words = filled(evidence, template);
                    if words.trim().is_empty() {
                        trace.note(
                            QUESTION,
                            "the profile's text comes to nothing here (description)",
                            "what the mail says",
                        );
                        return (body, false);
                    }
                    trace.note(QUESTION, "what the profile says (description)", aside);
                    (body::saying(body, &words), is_lost)
                }
            },
            (None, Some(words)) => {
                trace.note(QUESTION, "what the profile says (fields)", aside);
                (body::saying(body, words), is_lost)
            }
            (None, None) => (body, false),
        }
    }
}
