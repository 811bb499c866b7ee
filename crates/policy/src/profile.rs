//! A profile: how the mails of some mailboxes are treated, as an administrator writes it in TOML.

#[macro_use]
mod words;
mod automatic;
mod directive;
mod directive_set;
mod exclusion;
mod idle;
mod limits;
mod lines;
mod mapped;
mod mapping_file;
mod nearest;
mod network;
mod notice;
mod pattern;
pub(crate) mod reader;
mod rule;
mod settings;
pub(crate) mod values;
mod workflow;
mod written;
mod wrong;

pub use directive_set::{DirectiveSet, profile_of_set, set_named, with_links};
pub use mapping_file::{MappingFile, mapping_files, with_mapping_files};
pub use nearest::{meant, nearest};
pub use rule::CONDITION_NAMES;
pub use settings::{Default, Form, ROOMS, Room, Setting, settings};

pub(crate) use directive::{DirectiveRule, Directives, Processor};
pub(crate) use directive_set::{is_name_of_set, named_in};
pub(crate) use exclusion::Exclusion;
pub(crate) use limits::Limits;
pub(crate) use lines::Lines;
pub(crate) use mapped::Mapped;
pub(crate) use network::Network;
pub(crate) use notice::{CUSTOMER, NOT_CREATED, Notices};
pub(crate) use pattern::{Pattern, Purse};
pub(crate) use reader::Complaint;
pub(crate) use rule::Rule;
pub(crate) use settings::{Tables, setting};
pub(crate) use values::{Mapping, Values};
pub(crate) use words::{
    Addressees, Alert, Apply, Assignee, Duplicates, Mode, Occasion, OnReject, Overflow, Reporter, RestrictedFiles,
    RightsOf, RuleOrder, SealingNote, Strangers, Treatment, Word,
};
pub(crate) use workflow::{Workflow, due};
pub(crate) use written::{document, written};
pub(crate) use wrong::is_project_key;

use crate::{Fault, FaultCode, UPLOAD_LINK, reply_token};
use automatic::AutomaticMail;
use reader::{Reader, Section};

/// The largest profile, in bytes.
pub const PROFILE_BYTES_MAX: usize = 1024 * 1024;
/// The most rules in one profile.
pub const RULES_MAX: usize = 1000;
/// The most mappings in one profile.
pub const MAPPINGS_MAX: usize = 1000;
/// The most `[[directive]]` tables in one profile.
pub const DIRECTIVES_MAX: usize = 100;
/// The most workflows in one profile.
pub const WORKFLOWS_MAX: usize = 1000;
/// The most patterns in all rules of one profile: each may be tried on each recipient of each mail.
pub const PATTERNS_MAX: usize = 1000;

/// A profile that has been read and found consistent. [`ROOMS`] say what can stand in it.
#[derive(Debug, Clone)]
pub struct Profile {
    pub name: String,
    /// Of the stored version; 0 when it did not come out of the store.
    pub version: u32,
    /// A label; empty for none.
    pub(crate) environment: String,
    pub(crate) catch: Vec<String>,
    pub(crate) catch_patterns: Vec<Pattern>,
    pub(crate) recipient_headers: Vec<String>,
    /// Proved authors who write for whom they name in Reply-To.
    pub(crate) reply_to_from: Vec<Pattern>,
    /// A trusted signature proves its author, too.
    pub(crate) signed_is_authentic: bool,
    pub(crate) uncaught: Treatment,
    pub(crate) forward_to: Vec<String>,
    /// Of what those in `forward_to` are told beside.
    pub(crate) alerts: Vec<Alert>,
    pub(crate) loops: Treatment,
    pub(crate) duplicates: Duplicates,
    pub(crate) attachments_max: u32,
    pub(crate) default: Values,
    pub(crate) mappings: Vec<Mapped>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) rule_order: RuleOrder,
    pub(crate) workflows: Vec<Workflow>,
    pub(crate) directives: Directives,
    pub(crate) limits: Limits,
    pub(crate) projects: Projects,
    automatic: AutomaticMail,
    reply_prefix: String,
    reply_domains: Vec<String>,
    pub(crate) thread_headers: Vec<String>,
    pub(crate) never: Vec<Pattern>,
    pub(crate) strangers: Strangers,
    pub(crate) require_authentic: bool,
    pub(crate) verification: Treatment,
    pub(crate) incumbent: Incumbent,
    pub(crate) notices: Notices,
    pub(crate) exclusions: Vec<Exclusion>,
    directive_sets: Vec<DirectiveSet>,
    /// Whether the pictures of Jira's own notifications go along like any others.
    pub(crate) jira_pictures: bool,
}

/// The mail handler that was there before.
#[derive(Debug, Clone)]
pub(crate) struct Incumbent {
    pub(crate) message_ids: bool,
    pub(crate) domains: Vec<String>,
    pub(crate) people_fields: Vec<String>,
}

/// Which addresses name projects, and which projects they can name beside those of mappings.
#[derive(Debug, Clone)]
pub(crate) struct Projects {
    pub(crate) plus_address: bool,
    pub(crate) local_part: bool,
    pub(crate) keys: Vec<String>,
}

impl Profile {
    /// Reads a profile. The fault's public text names the file (`origin`) and the line, the key, the value and the remedy, one line
    /// for everything that is wrong.
    pub fn from_toml(name: &str, text: &str, origin: &str) -> Result<Profile, Fault> {
        if text.len() > PROFILE_BYTES_MAX {
            let public = format!("{origin}: the profile is larger than {PROFILE_BYTES_MAX} bytes; make it smaller");
            return Err(Fault::permanent(FaultCode::ProfileWrong, "too large").with_public(public));
        }
        let (profile, complaints) = Profile::read_all(name, text, origin)?;
        if complaints.is_empty() {
            return Ok(profile);
        }
        Err(reader::told(&complaints, text, origin))
    }

    /// Everything that [`Profile::from_toml`] would refuse a document for, with the keys.
    pub(crate) fn complaints(name: &str, text: &str) -> Vec<Complaint> {
        match Profile::read_all(name, text, name) {
            Err(fault) => vec![Complaint { key: String::new(), said: fault.public }],
            Ok((_, complaints)) => complaints,
        }
    }

    /// The profile, with something harmless for whatever is complained of.
    fn read_all(name: &str, text: &str, origin: &str) -> Result<(Profile, Vec<Complaint>), Fault> {
        let document = reader::parse(text, origin)?;
        let mut reader = Reader::of(&settings::PROFILE);
        let profile = Profile::read(name, &document, &mut reader);
        Ok((profile, reader.complaints()))
    }

    /// The default, each mapping, each rule that lets mail through and each project of `projects.keys`, with what holds for the mail that
    /// comes there; a rule without a mapping is taken with the default. Said as `[default]`, `mapping "it"`, `rule "outage"`,
    /// `projects.keys`.
    pub(crate) fn places(&self) -> impl Iterator<Item = (String, Mapping)> {
        let default = std::iter::once(("[default]".to_owned(), self.mapping(None, None, None)));
        let mapped = self.mappings.iter();
        let mapped =
            mapped.map(|mapped| (format!("mapping {:?}", mapped.name), self.mapping(Some(mapped), None, None)));
        let ruled = self.rules.iter().filter(|rule| !rule.stops()).map(|rule| {
            let mapping = self.mapping(self.mapped(rule.mapping.as_deref()), None, Some(rule));
            (format!("rule {:?}", rule.name), mapping)
        });
        let named = self.projects.keys.iter();
        let named = named.map(|key| ("projects.keys".to_owned(), self.mapping(self.of_project(key), Some(key), None)));
        default.chain(mapped).chain(ruled).chain(named)
    }

    /// The projects in which this profile can make issues, with the issue type, each pair once.
    pub fn projects(&self) -> Vec<(String, String)> {
        let mut projects = Vec::new();
        for (_, mapping) in self.places() {
            let pair = (mapping.project, mapping.issue_type);
            if !projects.contains(&pair) {
                projects.push(pair);
            }
        }
        projects
    }

    /// Whether letters are written because of its mail, so that its site needs a way out for them.
    pub fn writes_letters(&self) -> bool {
        self.uncaught == Treatment::Forward
            || !self.forward_to.is_empty() && !self.alerts.is_empty()
            || self.makes_customers() && self.levels().any(|level| level.tells_of(CUSTOMER))
            || matches!(self.limits.on_flood, Treatment::Forward | Treatment::Reject)
            || self.rules.iter().any(|rule| rule.outcome == Some(Treatment::Forward))
            || self.levels().any(Values::writes_letters)
            || self.stops_for_rights(Treatment::Reject)
            || self.stops_for_rights(Treatment::Forward)
    }

    fn makes_customers(&self) -> bool {
        self.levels().any(|level| level.customers.as_ref().is_some_and(|sides| !sides.is_empty()))
    }

    /// Whether a sender's lack of rights may lead to this.
    fn stops_for_rights(&self, what: Treatment) -> bool {
        self.levels().any(Values::asks_for_rights) && self.levels().any(|level| level.tells_of_rights(what))
    }

    /// The fields that hold addresses of people who take part: those of the former mail handler, and those that are written.
    pub fn people_fields(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for field in self.incumbent.people_fields.iter().chain(self.levels().flat_map(Values::people_fields)) {
            if !all.iter().any(|known| known.eq_ignore_ascii_case(field)) {
                all.push(field.clone());
            }
        }
        all
    }

    /// The fields in which people without an account are wanted: for one line each, and for several.
    pub fn wanted_people_fields(&self) -> (Vec<String>, Vec<String>) {
        let named = |field: fn(&Values) -> &Option<String>| {
            let all = self.levels().filter_map(move |level| field(level).clone()).filter(|name| !name.is_empty());
            all.collect::<Vec<_>>()
        };
        let mut lines = named(|level| &level.sender_address_field);
        lines.extend(named(|level| &level.sender_name_field));
        let mut texts = named(|level| &level.participants_field);
        for fields in [&mut lines, &mut texts] {
            fields.sort_unstable();
            fields.dedup();
        }
        (lines, texts)
    }

    /// What holds for mail that came under the mapping and the rule of these names. A rule that is no longer there says nothing.
    pub(crate) fn mapping_under(&self, mapping: &str, rule: Option<&str>) -> Mapping {
        let rule = rule.and_then(|name| self.rules.iter().find(|rule| rule.name == name));
        self.mapping(self.mapped(Some(mapping)), None, rule)
    }

    /// The values of the default, of each mapping and of each rule.
    fn levels(&self) -> impl Iterator<Item = &Values> {
        let mapped = self.mappings.iter().map(|mapped| &mapped.values);
        std::iter::once(&self.default).chain(mapped).chain(self.rules.iter().map(|rule| &rule.values))
    }

    /// The mapping of this name; `None` for the default one.
    pub(crate) fn mapped(&self, name: Option<&str>) -> Option<&Mapped> {
        self.mappings.iter().find(|mapped| Some(mapped.name.as_str()) == name)
    }

    /// The first mapping that makes issues in this project.
    pub(crate) fn of_project(&self, key: &str) -> Option<&Mapped> {
        self.mappings.iter().find(|mapped| mapped.values.project.as_deref() == Some(key))
    }

    /// What holds for an issue of this project, whatever rule may hold for a mail.
    pub(crate) fn mapping_of_project(&self, key: &str) -> Mapping {
        self.mapping(self.of_project(key), None, None)
    }

    /// What holds for a mail: the rule's values before the mapping's before the default's. A project that an address named
    /// stands between the rule and the mapping.
    pub(crate) fn mapping(&self, mapped: Option<&Mapped>, project: Option<&str>, rule: Option<&Rule>) -> Mapping {
        let named = Values { project: project.map(str::to_owned), ..Values::NOTHING };
        let rule = rule.map(|rule| &rule.values);
        let levels = [rule, Some(&named), mapped.map(|mapped| &mapped.values), Some(&self.default)];
        let levels: Vec<&Values> = levels.into_iter().flatten().collect();
        Mapping::of(mapped.map_or("default", |mapped| &mapped.name), &levels)
    }

    /// The label of the profile; `None` when it has none.
    pub fn environment(&self) -> Option<&str> {
        Some(self.environment.as_str()).filter(|label| !label.is_empty())
    }

    /// The label of the profile where it differs from the one of a site; whoever has none belongs everywhere.
    pub fn is_of_another(&self, environment: Option<&str>) -> Option<&str> {
        self.environment().filter(|label| environment.is_some_and(|of_site| !of_site.eq_ignore_ascii_case(label)))
    }

    /// The directive set of this name, unless it is switched off.
    pub fn directive_set(&self, name: &str) -> Option<&DirectiveSet> {
        self.directive_sets.iter().find(|set| set.name == name && set.enabled)
    }

    /// The names of all its directive sets, also of those that are switched off.
    pub fn sets(&self) -> impl Iterator<Item = &str> {
        self.directive_sets.iter().map(|set| set.name.as_str())
    }

    /// Whether a notice of it offers the directive set of this name.
    pub fn offers_in_notices(&self, set: &str) -> bool {
        self.notices.own_texts().any(|(_, text)| named_in(text).any(|named| named == set))
    }

    /// Whether letters carry links, so that they need a public listener to lead to.
    pub fn offers_links(&self) -> bool {
        let leads_to_uploads = || self.notices.own_texts().any(|(_, text)| text.contains(UPLOAD_LINK));
        self.directive_sets.iter().any(|set| set.enabled) || leads_to_uploads()
    }

    /// Whether it asks for proved authors, so that it makes sense only for mailboxes that verify them.
    pub fn needs_authenticity(&self) -> bool {
        self.require_authentic
            || self.rules.iter().any(|rule| rule.authentic.is_some() || !rule.groups.is_empty())
            || !self.directives.senders.is_empty()
            || !self.reply_to_from.is_empty()
            || !self.directives.groups.is_empty()
            || self.levels().any(|level| level.asks_for_rights() || level.brings_people())
            || (self.notices.to == Addressees::Authentic && self.levels().any(Values::tells_senders))
    }

    /// Values that could not be read stand as something harmless: the reader's verdict refuses the profile as a whole.
    fn read(name: &str, document: &toml::Table, reader: &mut Reader) -> Profile {
        let top = reader.top(document);
        let automatic = reader.section(&top, "automatic", "automatic.");
        let reply = reader.section(&top, "reply", "reply.");
        let threads = reader.section(&top, "threads", "threads.");
        let default = reader.section(&top, "default", "default.");
        let projects = reader.section(&top, "projects", "projects.");
        let incumbent = reader.section(&top, "incumbent", "incumbent.");
        let mappings = mapped::read_all(&top, reader);
        let profile = Profile {
            name: name.to_owned(),
            version: 0,
            environment: reader.text(&top, "environment").unwrap_or_default(),
            catch: reader.names(&top, "catch"),
            catch_patterns: reader.regexes(&top, "catch_regex").unwrap_or_default(),
            recipient_headers: reader.names(&top, "recipient_headers"),
            reply_to_from: reader.patterns(&top, "reply_to_from"),
            signed_is_authentic: reader.truth(&top, "signed_is_authentic").unwrap_or_default(),
            uncaught: reader.word(&top, "uncaught").unwrap_or_default(),
            forward_to: reader.names(&top, "forward_to"),
            alerts: reader.texts(&top, "alerts").iter().flatten().filter_map(|word| Alert::from_word(word)).collect(),
            loops: reader.word(&top, "loops").unwrap_or_default(),
            duplicates: reader.word(&top, "duplicates").unwrap_or(Duplicates::Keep),
            attachments_max: reader.number(&top, "attachments_max").unwrap_or_default(),
            default: Values::read(&default, reader),
            rules: rule::read_all(&top, &mappings, reader),
            exclusions: exclusion::read_all(&top, &mappings, reader),
            notices: Notices::read(&top, &mappings, reader),
            mappings,
            directives: Directives::read(&top, reader),
            limits: Limits::read(&top, reader),
            workflows: workflow::read_all(&top, reader),
            rule_order: reader.word(&top, "rule_order").unwrap_or_default(),
            projects: Projects::read(&projects, reader),
            automatic: AutomaticMail::read(&automatic, reader),
            reply_prefix: reader.text(&reply, "prefix").unwrap_or_default(),
            reply_domains: reader.names(&reply, "domains"),
            thread_headers: reader.names(&threads, "headers"),
            never: reader.patterns(&threads, "never"),
            strangers: reader.word(&threads, "strangers").unwrap_or_default(),
            require_authentic: reader.truth(&threads, "require_authentic").unwrap_or_default(),
            verification: reader.word(&threads, "verification").unwrap_or_default(),
            incumbent: Incumbent::read(&incumbent, reader),
            directive_sets: directive_set::read_all(&top, reader),
            jira_pictures: reader.truth(&top, "jira_pictures").unwrap_or_default(),
        };
        profile.refuse_loops(&top, reader);
        profile.refuse_idle(&top, &default, reader);
        profile
    }

    /// Mail that is forwarded to where mail is awaited would go round for ever, and mail that is forwarded to nobody is lost.
    fn refuse_loops(&self, top: &Section, reader: &mut Reader) {
        let awaits_some = !self.catch.is_empty() || !self.catch_patterns.is_empty();
        let ruled = |address: &String| {
            self.rules.iter().flat_map(|rule| &rule.to).any(|pattern| pattern.source().eq_ignore_ascii_case(address))
        };
        for address in &self.forward_to {
            // `support+x@` usually reaches the same mailbox as `support@`.
            let plain = without_tag(address).map_or_else(|| address.clone(), |(plain, _)| plain);
            if awaits_some && (self.catches(address) || self.catches(&plain)) || ruled(address) || ruled(&plain) {
                let remedy = "is awaited by this very profile, so mail would go round for ever; name somebody else";
                reader.refuse_entry(top, "forward_to", address, remedy);
            }
            if self.notices.never.iter().any(|pattern| pattern.matches(&address.to_lowercase())) {
                let remedy = "is never written to (notices.never), so the mail would be handed to nobody; take it out of one of the two";
                reader.refuse_entry(top, "forward_to", address, remedy);
            }
        }
        let forwards = self.uncaught == Treatment::Forward
            || self.limits.on_flood == Treatment::Forward
            || self.rules.iter().any(|rule| rule.outcome == Some(Treatment::Forward))
            || self.levels().any(Values::forwards)
            || self.stops_for_rights(Treatment::Forward);
        if forwards && self.forward_to.is_empty() {
            reader.refuse(top, "forward_to", "is missing, and a setting says \"forward\"; name somebody");
        }
    }

    /// Whether mail to this normalised address is awaited.
    pub(crate) fn catches(&self, address: &str) -> bool {
        self.catch.is_empty() && self.catch_patterns.is_empty()
            || self.is_reply_address(address)
            || self.is_caught(address)
            || self.projects.plus_address && without_tag(address).is_some_and(|(bare, _)| self.is_caught(&bare))
    }

    fn is_caught(&self, address: &str) -> bool {
        let named = self.catch.iter().any(|caught| match caught.strip_prefix('*') {
            Some(at_domain) => address.ends_with(at_domain),
            None => address == caught,
        });
        named || self.is_caught_by_pattern(address)
    }

    /// Whether an expression catches this normalised address. It never takes part in an issue then, but mail from it is no sign of
    /// a loop: the expression may catch a whole firm.
    pub(crate) fn is_caught_by_pattern(&self, address: &str) -> bool {
        self.catch_patterns.iter().any(|pattern| pattern.matches(address))
    }

    /// Whether this normalised address is one of ours, so that it can never be a person who takes part.
    ///
    /// A whole caught domain does not count: the people of a firm that catches everything are still people.
    pub fn is_own_address(&self, address: &str) -> bool {
        let is_named = |address: &str| self.catch.iter().any(|caught| caught == address);
        let is_tagged = || without_tag(address).is_some_and(|(bare, _)| is_named(&bare));
        is_named(address) || self.is_reply_address(address) || self.projects.plus_address && is_tagged()
    }

    /// Whether this normalised address has the form of a signed reply address; only the signature tells whether it is.
    pub(crate) fn is_reply_address(&self, address: &str) -> bool {
        let Some((local, domain)) = address.split_once('@') else { return false };
        local.starts_with(&self.reply_prefix)
            && (self.reply_domains.is_empty() || self.reply_domains.iter().any(|known| known == domain))
            && reply_token::resembles(address)
    }

    /// The name of the mapping that makes issues in this project.
    pub fn mapping_name_of(&self, project: &str) -> &str {
        self.of_project(project).map_or("default", |mapped| &mapped.name)
    }

    /// A reply address for a letter: `None` where no domain takes answers.
    pub fn letter_reply_address(&self, token: &str) -> Option<String> {
        self.reply_domains.first().map(|domain| format!("{}{token}@{domain}", self.reply_prefix))
    }

    /// An address of this profile with a signed token in it; where every domain is ours at one that is nobody's (RFC 2606).
    pub fn reply_address(&self, token: &str) -> String {
        self.letter_reply_address(token).unwrap_or_else(|| format!("{}{token}@upload.invalid", self.reply_prefix))
    }
}

/// The address without what stands behind the last `+` of its local part, and that (RFC 5233, section 1).
pub(crate) fn without_tag(address: &str) -> Option<(String, &str)> {
    let (local, domain) = address.split_once('@')?;
    let (user, tag) = local.rsplit_once('+')?;
    Some((format!("{user}@{domain}"), tag))
}

impl Incumbent {
    fn read(section: &Section, reader: &mut Reader) -> Incumbent {
        Incumbent {
            message_ids: reader.truth(section, "message_ids").unwrap_or_default(),
            domains: reader.names(section, "domains"),
            people_fields: reader.texts(section, "people_fields").unwrap_or_default(),
        }
    }
}

impl Projects {
    fn read(section: &Section, reader: &mut Reader) -> Projects {
        Projects {
            plus_address: reader.truth(section, "plus_address").unwrap_or_default(),
            local_part: reader.truth(section, "local_part").unwrap_or_default(),
            keys: reader.texts(section, "keys").unwrap_or_default(),
        }
    }
}
