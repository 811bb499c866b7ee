//! Rules of sealing: which mail is encrypted and signed for whom, with which keys, and what becomes of it when that cannot be done.
//!
//! Pure: [`ask`] says which keys have to be looked up, [`decide()`] makes a plan for each recipient of what was found. Whatever goes wrong, a mail
//! that has to be sealed does not leave plain: it is held.

mod coverage;
mod decide;
mod exemption;
mod facts;
mod judge;
mod needs;
mod place;
mod plan;
mod report;
mod settings;
mod values;
mod words;

pub use coverage::{Coverage, Covered, KeyReach, Person, Reach};
pub use decide::{ROUNDS_MAX, ask, decide, may_be_told};
pub use facts::{Distrust, Key, KeyFacts, MailFacts, OwnKeys, Question, RecipientKeys, Trust};
pub use judge::KeyRule;
pub use needs::Needs;
pub use place::{Place, Signs, Source, recognise};
pub use plan::{
    ExemptionTrace, Fate, KeyTrace, Notice, Purpose, RecipientPlan, RuleTrace, Seal, SealingPlan, Suite, Trace,
};
pub use settings::{ROOMS, RSA_BITS_LEAST};
pub use words::{
    Algorithm, BySubject, Cipher, Demand, Fallback, LookupFailed, NoSigningKey, NoticeKind, Origin, Platform, Preset,
    Priority, Revocation, RsaPadding, Scheme, Spares,
};

use crate::profile::reader::{self, Reader, Section};
use crate::profile::{Pattern, Setting};
use crate::{Fault, FaultCode};
use exemption::Exemption;
use report::Report;
use settings::TABLES;
use std::collections::HashMap;
use values::{Holding, Level, Say, Values};

/// The largest file of rules, in bytes.
pub const RULES_BYTES_MAX: usize = 1024 * 1024;
/// The most tables of one kind in one file.
pub const TABLES_MAX: usize = 2000;

/// Rules that have been read and found consistent. [`ROOMS`] say what can stand in them.
#[derive(Debug, Clone)]
pub struct SealingRules {
    /// Of the stored version; 0 when it did not come out of the store.
    pub version: u32,
    default: Values,
    sites: Vec<(String, Values)>,
    places: Vec<PlaceRule>,
    domains: Vec<Values>,
    /// Which of `domains`, by the domain.
    by_domain: HashMap<String, usize>,
    recipients: Vec<Values>,
    /// Which of `recipients`, by the address in lower case.
    by_address: HashMap<String, usize>,
    exemptions: Vec<Exemption>,
    reports: Vec<Report>,
    /// Addresses, or `*@domain`.
    published: Vec<String>,
}

/// What holds for some projects, spaces or repositories.
#[derive(Debug, Clone)]
struct PlaceRule {
    keys: Vec<String>,
    names: Vec<String>,
    platform: Option<Platform>,
    site: Option<String>,
    headers: Vec<Pattern>,
    senders: Vec<Pattern>,
    by_subject: BySubject,
    values: Values,
}

/// Where a mail belongs: what it is about, and the tables of places that are heard, the most specific first.
#[derive(Debug, Clone, Default)]
struct Belonging {
    place: Option<Place>,
    /// The number of each table, and what it has a say in.
    rules: Vec<(usize, Say)>,
}

/// Every setting of a file of rules.
pub fn settings() -> impl Iterator<Item = &'static Setting> {
    TABLES.settings()
}

impl SealingRules {
    /// Reads a file. The fault's public text names the file (`origin`) and the line, the key, the value and the remedy, one line for
    /// everything that is wrong.
    ///
    /// # Errors
    /// `FaultCode::SealingRulesWrong` when anything is wrong: half a file of rules would leave mail plain.
    pub fn from_toml(text: &str, origin: &str) -> Result<SealingRules, Fault> {
        if text.len() > RULES_BYTES_MAX {
            let public = format!("{origin}: the file is larger than {RULES_BYTES_MAX} bytes; make it smaller");
            return Err(Fault::permanent(FaultCode::SealingRulesWrong, "too large").with_public(public));
        }
        let of_rules = |fault: Fault| Fault { code: FaultCode::SealingRulesWrong, ..fault };
        let document = reader::parse(text, origin).map_err(of_rules)?;
        let mut reader = Reader::of(&TABLES);
        let rules = SealingRules::read(&document, &mut reader);
        match reader.complaints() {
            complaints if complaints.is_empty() => Ok(rules),
            complaints => Err(of_rules(reader::told(&complaints, text, origin))),
        }
    }

    /// Values that could not be read stand as something harmless: the reader's verdict refuses the file as a whole.
    fn read(document: &toml::Table, reader: &mut Reader) -> SealingRules {
        let top = reader.top(document);
        match reader.is_said(&top, "version") {
            false => reader.refuse(&top, "version", "is missing; write version = 1 at the top"),
            true if reader.number(&top, "version") == Some(0) => {
                reader.refuse(&top, "version", "is no version that is known here; write version = 1");
            }
            true => {}
        }
        let default = reader.section(&top, "default", "default.");
        let (domains, by_domain) = named(&top, ["domain", "domain[].", "names"], reader);
        let (recipients, by_address) = named(&top, ["recipient", "recipient[].", "addresses"], reader);
        let publish = reader.section(&top, "publish", "publish.");
        SealingRules {
            version: 0,
            default: level(&default, reader),
            sites: sites(&top, reader),
            places: places(&top, reader),
            domains,
            by_domain,
            recipients,
            by_address,
            exemptions: exemption::read(&top, reader),
            reports: report::read(&top, reader),
            published: reader.names(&publish, "wkd"),
        }
    }

    /// Whether any key of ours is published.
    pub fn publishes_any(&self) -> bool {
        !self.published.is_empty()
    }

    /// Whether the OpenPGP key of ours for this address is published by WKD.
    pub fn publishes(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        let domain = address.rsplit_once('@').map(|(_, domain)| format!("*@{domain}"));
        self.published.iter().any(|known| *known == address || Some(known) == domain.as_ref())
    }

    /// What a mail is about, and which tables of places have a say.
    fn belonging(&self, mail: &MailFacts, signs: &Signs) -> Belonging {
        let about = |(_, rule): &(usize, &PlaceRule)| {
            rule.platform.is_none_or(|platform| signs.platform == Some(platform))
                && rule.site.as_ref().is_none_or(|site| *site == mail.site)
        };
        let rules: Vec<(usize, &PlaceRule)> = self.places.iter().enumerate().filter(about).collect();
        let mut belonging = self.by_header(mail, signs, &rules);
        for key in &mail.projects {
            let place = Place { key: key.clone(), name: String::new(), issue: None, source: Source::Subject };
            belonging.rules.extend(of_place(&place, &rules, false));
        }
        belonging
    }

    /// The same by the header alone.
    fn by_header(&self, mail: &MailFacts, signs: &Signs, rules: &[(usize, &PlaceRule)]) -> Belonging {
        let by = |source: Source, holds: &dyn Fn(&PlaceRule) -> bool| {
            let (number, rule) = rules.iter().find(|(_, rule)| holds(rule))?;
            let key = rule.keys.first().cloned().unwrap_or_default();
            let issue = signs.places.iter().find(|place| place.project() == key).and_then(|place| place.issue.clone());
            let place = Place { key, name: String::new(), issue, source };
            Some(Belonging { place: Some(place), rules: vec![(*number, Say::All)] })
        };
        let in_header =
            |rule: &PlaceRule| rule.headers.iter().any(|pattern| place::field_matches(pattern, &mail.headers.other));
        let from = mail.from().unwrap_or_default();
        let by_sender = |rule: &PlaceRule| rule.senders.iter().any(|pattern| pattern.matches(from));
        let written = || signs.places.iter().filter(|place| place.source < Source::Sender);
        if let Some(belonging) = by(Source::Header, &in_header) {
            return belonging;
        }
        if let Some(place) = written().next() {
            return Belonging { place: Some(place.clone()), rules: of_place(place, rules, true) };
        }
        by(Source::Sender, &by_sender).unwrap_or_else(|| Belonging {
            place: signs.places.first().cloned(),
            rules: signs
                .places
                .iter()
                .enumerate()
                .flat_map(|(number, place)| of_place(place, rules, number == 0))
                .collect(),
        })
    }

    /// What holds for this recipient of a mail that belongs there.
    fn holding(&self, site: &str, belonging: &Belonging, recipient: &str, is_spared: bool) -> Holding {
        let level = |name: String, values| Level { name, values, say: Say::All };
        let address = comparable(recipient);
        let of_recipient = self.by_address.get(&address).and_then(|at| Some((at, self.recipients.get(*at)?)));
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let suffixes = std::iter::successors(Some(domain), |domain| domain.split_once('.').map(|(_, rest)| rest));
        let of_domain = suffixes.filter_map(|domain| self.by_domain.get(domain)).next();
        let of_domain = of_domain.and_then(|at| Some((at, self.domains.get(*at)?)));
        let recipient = of_recipient.map(|(at, values)| level(format!("recipient[{}]", at + 1), values));
        let domain = of_domain.map(|(at, values)| level(format!("domain[{}]", at + 1), values));
        let of_places = belonging.rules.iter().filter_map(|(number, say)| {
            let values = &self.places.get(*number)?.values;
            Some(Level { name: format!("place[{}]", number + 1), values, say: *say })
        });
        let of_site = self.sites.iter().enumerate().find(|(_, (name, _))| name == site);
        let of_site = of_site.map(|(number, (_, values))| level(format!("site[{}]", number + 1), values));
        let default = level("default".to_owned(), &self.default);
        let recipient: Vec<_> = recipient.into_iter().chain(domain).collect();
        let site: Vec<_> = of_site.into_iter().chain([default]).collect();
        Holding::of(&recipient, &of_places.collect::<Vec<_>>(), &site, is_spared)
    }
}

/// The tables that are about this place: of its repository, then of its project. Of several the one that names more of site and platform.
/// One that only the subject names may only tighten, unless it says otherwise and stands where platforms write it.
fn of_place(place: &Place, rules: &[(usize, &PlaceRule)], is_first: bool) -> Vec<(usize, Say)> {
    let best = |holds: &dyn Fn(&PlaceRule) -> bool| {
        let qualifiers = |rule: &PlaceRule| u8::from(rule.platform.is_some()) + u8::from(rule.site.is_some());
        let found = rules.iter().filter(|(_, rule)| holds(rule));
        let (number, rule) = found.max_by_key(|(number, rule)| (qualifiers(rule), std::cmp::Reverse(*number)))?;
        let say = match (place.source, is_first) {
            (Source::Subject, false) => Say::More,
            (Source::Subject, true) if rule.by_subject == BySubject::Tighten => Say::NoLess,
            _ => Say::All,
        };
        Some((*number, say))
    };
    let is_named = |names: &[String], name: &str| !name.is_empty() && names.iter().any(|known| known == name);
    let whole = best(&|rule| is_named(&rule.keys, &place.key) || is_named(&rule.names, &place.name));
    let project = if place.is_repository() { best(&|rule| is_named(&rule.keys, place.project())) } else { None };
    whole.into_iter().chain(project).collect()
}

/// The values of one level, looked through for what no level may say.
fn level(section: &Section, reader: &mut Reader) -> Values {
    let values = Values::read(section, reader);
    if values.rsa_bits_min.is_some_and(|bits| bits < RSA_BITS_LEAST) {
        let remedy = "is too few, because such keys can be broken and are never used; write 2048 or more";
        reader.refuse(section, "rsa_bits_min", remedy);
    }
    for (key, list) in [("algorithms", &values.algorithms), ("origins", &values.origins)] {
        if list.as_ref().is_some_and(Vec::is_empty) {
            reader.refuse(section, key, "is empty, so no key may be used; name some, or leave it out");
        }
    }
    if values.outer_subject.as_ref().is_some_and(String::is_empty) {
        reader.refuse(section, "outer_subject", "is empty, and many programs hide such mail; write such as \"[...]\"");
    }
    values
}

/// The tables of this kind, as many as there may be.
fn tables<'t>(top: &Section<'t>, name: &'static str, row: &'static str, reader: &mut Reader) -> Vec<Section<'t>> {
    let sections = reader.sections(top, name, row);
    if sections.len() > TABLES_MAX {
        reader.refuse(top, name, &format!("holds more than {TABLES_MAX} tables; write fewer"));
        return Vec::new();
    }
    sections
}

fn sites(top: &Section, reader: &mut Reader) -> Vec<(String, Values)> {
    let mut sites: Vec<(String, Values)> = Vec::new();
    for section in tables(top, "site", "site[].", reader) {
        let name = reader.text(&section, "name").unwrap_or_default();
        if sites.iter().any(|(earlier, _)| !name.is_empty() && *earlier == name) {
            reader.refuse(&section, "name", "is the name of another [[site]]; write one table for each site");
        }
        sites.push((name, level(&section, reader)));
    }
    sites
}

/// The tables that are known by one of the names in a list, and which of them each name means.
fn named(
    top: &Section,
    [name, row, list]: [&'static str; 3],
    reader: &mut Reader,
) -> (Vec<Values>, HashMap<String, usize>) {
    let (mut all, mut by_name) = (Vec::new(), HashMap::new());
    for (number, section) in tables(top, name, row, reader).iter().enumerate() {
        let names = reader.names(section, list);
        if names.is_empty() {
            reader.refuse(section, list, "is empty, so the table is about nobody; name some");
        }
        for one in names {
            let one = comparable(&one);
            if by_name.insert(one.clone(), number).is_some() {
                reader.refuse_entry(section, list, &one, &format!("stands in a [[{name}]] already; write it once"));
            }
        }
        all.push(level(section, reader));
    }
    (all, by_name)
}

/// An address or a domain in the form in which spellings of one are equal: as [`mail::normalised`] has it, without quotes that are not needed.
fn comparable(written: &str) -> String {
    let normalised = match written.contains('@') {
        true => mail::normalised(written),
        // Only addresses are normalised: a domain is one behind a local part.
        false => mail::normalised(&format!("a@{written}")).split_off(2),
    };
    let Some((local, domain)) = normalised.rsplit_once('@') else { return normalised };
    let plain = local.strip_prefix('"').and_then(|local| local.strip_suffix('"'));
    let is_plain = |sign: char| sign.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(sign);
    match plain.filter(|local| !local.is_empty() && local.chars().all(is_plain)) {
        Some(local) => format!("{local}@{domain}"),
        None => normalised,
    }
}

fn places(top: &Section, reader: &mut Reader) -> Vec<PlaceRule> {
    let mut places: Vec<PlaceRule> = Vec::new();
    for section in tables(top, "place", "place[].", reader) {
        let rule = PlaceRule {
            keys: reader.texts(&section, "keys").unwrap_or_default(),
            names: reader.texts(&section, "names").unwrap_or_default(),
            platform: reader.word(&section, "platform"),
            site: reader.text(&section, "site"),
            headers: exemption::field_patterns(&section, reader, exemption::FORGEABLE),
            senders: reader.some_patterns(&section, "senders").unwrap_or_default(),
            by_subject: reader.word(&section, "by_subject").unwrap_or_default(),
            values: level(&section, reader),
        };
        if [&rule.keys, &rule.names].iter().all(|texts| texts.is_empty())
            && [&rule.headers, &rule.senders].iter().all(|patterns| patterns.is_empty())
        {
            let remedy = "is empty, so the table is about nothing; name keys, names, headers or senders";
            reader.refuse(&section, "keys", remedy);
        }
        for key in rule.keys.iter().chain(&rule.names) {
            let is_same = |other: &PlaceRule| {
                other.platform == rule.platform
                    && other.site == rule.site
                    && other.keys.iter().chain(&other.names).any(|known| known == key)
            };
            if places.iter().any(is_same) {
                reader.refuse_entry(
                    &section,
                    "keys",
                    key,
                    "stands in another [[place]] of the same site and platform; write it once",
                );
            }
        }
        places.push(rule);
    }
    places
}
