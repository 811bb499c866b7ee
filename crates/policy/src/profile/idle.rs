//! What a profile says that can never come about: each part is right by itself, and together they do nothing.

use super::reader::{Reader, Section};
use super::words::{Apply, Mode, Occasion, Treatment, Word};
use super::{Mapping, Processor, Profile, mapped};

/// How the causes of notices call that only comments are made.
const COMMENT_ONLY: &str = "comment_only";

impl Profile {
    /// Refuses settings that can never have an effect, whatever mail comes.
    pub(super) fn refuse_idle(&self, top: &Section, default: &Section, reader: &mut Reader) {
        if reader.wrong_lines() > 0 {
            // What could not be read stands as something else here.
            return;
        }
        super::directive_set::refuse_idle(&self.directive_sets, &self.notices, top, reader);
        let reachable: Vec<Mapping> = self.reachable().collect();
        self.refuse_idle_workflows(top, &reachable, reader);
        self.refuse_idle_directives(top, &reachable, reader);
        let named = |level: &super::Values| level.foreign_key_regex.as_ref().is_some_and(|some| !some.is_empty());
        let field = |level: &super::Values| level.foreign_key_field.as_ref().is_some_and(|field| !field.is_empty());
        if self.levels().any(named) && !self.levels().any(field) {
            let remedy = "is missing, so that foreign_key_regex finds nothing; name the field that holds the number";
            reader.refuse(default, "foreign_key_field", remedy);
        }
        self.refuse_idle_customers(default, reader);
        let told = self.default.notices.iter().flatten().any(|cause| cause == COMMENT_ONLY);
        let mut only_comments = reachable.iter().filter(|mapping| mapping.mode == Mode::Comment).peekable();
        if told && reader.is_said(default, "notices") && only_comments.peek().is_some() {
            let tells = |mapping: &Mapping| matches!(mapping.unplaced, Treatment::Reject | Treatment::Forward);
            if !only_comments.any(tells) {
                let remedy = "names comment_only, but nobody is told of mail that is held or ignored; write unplaced = \"reject\", or \
                              leave comment_only out";
                reader.refuse(default, "notices", remedy);
            }
        }
    }

    /// Every set of values that some mail can come under.
    fn reachable(&self) -> impl Iterator<Item = Mapping> {
        let mapped = self.mappings.iter().map(|mapped| self.mapping(Some(mapped), None, None));
        let mut ruled = Vec::new();
        for rule in self.rules.iter().filter(|rule| !rule.stops()) {
            let chosen = rule.mapping.as_deref();
            ruled.push(self.mapping(self.mapped(chosen), None, Some(rule)));
            if chosen.is_none() {
                // An address can choose any of them.
                ruled.extend(self.mappings.iter().map(|mapped| self.mapping(Some(mapped), None, Some(rule))));
            }
        }
        std::iter::once(self.mapping(None, None, None)).chain(mapped).chain(ruled)
    }

    fn refuse_idle_customers(&self, default: &Section, reader: &mut Reader) {
        let any = |list: &Option<Vec<String>>| list.as_ref().is_some_and(|list| !list.is_empty());
        let patterns = |list: &Option<Vec<super::Pattern>>| list.as_ref().is_some_and(|list| !list.is_empty());
        if self.levels().any(|level| any(&level.customers)) {
            return;
        }
        let idle = [
            ("customers_allow", self.levels().any(|level| patterns(&level.customers_allow))),
            ("customers_block", self.levels().any(|level| patterns(&level.customers_block))),
            ("customer_organisations", self.levels().any(|level| any(&level.customer_organisations))),
        ];
        for (key, _) in idle.into_iter().filter(|(_, is_said)| *is_said) {
            reader.refuse(
                default,
                key,
                "is about customers, and nobody becomes one; write customers = [\"sender\"], or leave it out",
            );
        }
    }

    fn refuse_idle_workflows(&self, top: &Section, reachable: &[Mapping], reader: &mut Reader) {
        for (index, workflow) in self.workflows.iter().enumerate() {
            let section = reader.section_again(top, "workflow", "workflow[].", index);
            for name in &workflow.mappings {
                if let Some(remedy) = mapped::unknown(name, &self.mappings) {
                    reader.refuse_entry(&section, "mappings", name, &remedy);
                }
            }
            if workflow.statuses.is_empty() {
                continue;
            }
            if workflow.on == Occasion::Create {
                let remedy =
                    "never holds, since a new issue has no status before; leave it out, or write on = \"comment\"";
                reader.refuse(&section, "statuses", remedy);
                continue;
            }
            let is_refused = |mapping: &Mapping, status: &String| {
                mapping.reject_status.iter().any(|one| one.trim().to_lowercase() == status.trim().to_lowercase())
            };
            let never = |status: &String| reachable.iter().all(|mapping| is_refused(mapping, status));
            if workflow.statuses.iter().all(never) {
                let remedy = "never holds, since no comment is made in these statuses; take them out of reject_status, or out of here";
                reader.refuse(&section, "statuses", remedy);
            }
        }
    }

    fn refuse_idle_directives(&self, top: &Section, reachable: &[Mapping], reader: &mut Reader) {
        let directives = &self.directives;
        let section = &reader.table_again(top, "directives", "directives.");
        let reads = |processor: Processor| directives.processors.contains(&processor);
        if reads(Processor::Rules) && directives.rules.is_empty() {
            let word = Processor::Rules.word();
            reader.refuse_entry(
                section,
                "processors",
                word,
                "finds nothing without a [[directive]]; add one, or leave it out",
            );
        }
        let is_on = reachable.iter().any(|mapping| mapping.directives != Apply::Off);
        let is_closed = directives.senders.is_empty() && directives.groups.is_empty();
        let by_clients = reads(Processor::Headers) && !directives.submitters.is_empty();
        if is_on && is_closed && !by_clients {
            let remedy = "is missing, and so are groups, so that nobody's directives count; name whose do, or leave directives off";
            reader.refuse(section, "senders", remedy);
        }
    }
}
