//! A profile: how the mails of some mailboxes are treated, as an administrator writes it in TOML.

mod nearest;
mod notice;
mod pattern;
mod reader;
mod rule;
mod settings;
mod words;

pub use nearest::nearest;
pub use settings::{Default, Form, SETTINGS, Setting};

pub(crate) use notice::{Notice, Notices};
pub(crate) use rule::{Mapping, Rule};
pub(crate) use words::{Addressees, Duplicates, Mode, NoticeCause, Strangers, Treatment, Word};

use crate::{Fault, FaultCode, reply_token};
use mail::AutomaticKind;
use reader::{Reader, Section};

/// The largest profile, in bytes.
pub const PROFILE_BYTES_MAX: usize = 1024 * 1024;
/// The most rules in one profile.
pub const RULES_MAX: usize = 1000;
/// The most patterns in all rules of one profile: each may be tried on each recipient of each mail.
pub const PATTERNS_MAX: usize = 1000;

/// A profile that has been read and found consistent. [`SETTINGS`] says what can stand in it.
#[derive(Debug, Clone)]
pub struct Profile {
    pub name: String,
    /// Of the stored version; 0 when it did not come out of the store.
    pub version: u32,
    pub(crate) catch: Vec<String>,
    pub(crate) uncaught: Treatment,
    pub(crate) loops: Treatment,
    pub(crate) duplicates: Duplicates,
    pub(crate) attachments_max: u32,
    pub(crate) mapping: Mapping,
    pub(crate) rules: Vec<Rule>,
    automatic: AutomaticMail,
    reply_prefix: String,
    reply_domains: Vec<String>,
    pub(crate) strangers: Strangers,
    pub(crate) require_authentic: bool,
    pub(crate) verification: Treatment,
    pub(crate) notices: Notices,
}

/// What becomes of each kind of automatic mail.
#[derive(Debug, Clone)]
struct AutomaticMail {
    auto_reply: Treatment,
    bulk: Treatment,
    list: Treatment,
    bounce: Treatment,
    feedback_report: Treatment,
    read_receipt: Treatment,
}

impl Profile {
    /// Reads a profile. The fault's public text names the key, the value, the file (`origin`) and the remedy, one line
    /// for everything that is wrong.
    pub fn from_toml(name: &str, text: &str, origin: &str) -> Result<Profile, Fault> {
        if text.len() > PROFILE_BYTES_MAX {
            let public = format!("{origin}: the profile is larger than {PROFILE_BYTES_MAX} bytes; make it smaller");
            return Err(Fault::permanent(FaultCode::ProfileWrong, "too large").with_public(public));
        }
        let document = reader::parse(text, origin)?;
        let mut reader = Reader::new(origin);
        let profile = Profile::read(name, &document, &mut reader);
        reader.verdict()?;
        Ok(profile)
    }

    /// The projects in which this profile can make issues, with the issue type, each pair once.
    pub fn projects(&self) -> Vec<(&str, &str)> {
        let mapped = self.rules.iter().filter(|rule| !rule.stops()).map(|rule| {
            let project = rule.project.as_ref().unwrap_or(&self.mapping.project);
            (project.as_str(), rule.issue_type.as_ref().unwrap_or(&self.mapping.issue_type).as_str())
        });
        let mut projects = vec![(self.mapping.project.as_str(), self.mapping.issue_type.as_str())];
        for pair in mapped {
            if !projects.contains(&pair) {
                projects.push(pair);
            }
        }
        projects
    }

    /// Whether letters are written because of its mail, so that its site needs a way out for them.
    pub fn writes_letters(&self) -> bool {
        self.notices.any()
    }

    /// Whether it asks for proved authors, so that it makes sense only for mailboxes that verify them.
    pub fn needs_authenticity(&self) -> bool {
        self.require_authentic || self.rules.iter().any(|rule| rule.authentic.is_some())
    }

    /// Values that could not be read stand as something harmless: the reader's verdict refuses the profile as a whole.
    fn read(name: &str, document: &toml::Table, reader: &mut Reader) -> Profile {
        let top = reader.top(document);
        let automatic = reader.section(&top, "automatic", "automatic.");
        let reply = reader.section(&top, "reply", "reply.");
        let threads = reader.section(&top, "threads", "threads.");
        let default = reader.section(&top, "default", "default.");
        Profile {
            name: name.to_owned(),
            version: 0,
            catch: reader.names(&top, "catch"),
            uncaught: reader.word(&top, "uncaught").unwrap_or(Treatment::Hold),
            loops: reader.word(&top, "loops").unwrap_or(Treatment::Hold),
            duplicates: reader.word(&top, "duplicates").unwrap_or(Duplicates::Keep),
            attachments_max: reader.number(&top, "attachments_max"),
            mapping: Mapping::read(&default, reader),
            rules: rule::read_all(&top, reader),
            automatic: AutomaticMail::read(&automatic, reader),
            reply_prefix: reader.text(&reply, "prefix").unwrap_or_default(),
            reply_domains: reader.names(&reply, "domains"),
            strangers: reader.word(&threads, "strangers").unwrap_or(Strangers::Create),
            require_authentic: reader.truth(&threads, "require_authentic").unwrap_or_default(),
            verification: reader.word(&threads, "verification").unwrap_or(Treatment::Hold),
            notices: Notices::read(&top, reader),
        }
    }

    /// Whether mail to this normalised address is awaited.
    pub(crate) fn catches(&self, address: &str) -> bool {
        self.catch.is_empty()
            || self.is_reply_address(address)
            || self.catch.iter().any(|caught| match caught.strip_prefix('*') {
                Some(at_domain) => address.ends_with(at_domain),
                None => address == caught,
            })
    }

    /// Whether this normalised address is one of ours, so that it can never be a person who takes part.
    ///
    /// A whole caught domain does not count: the people of a firm that catches everything are still people.
    pub(crate) fn is_own_address(&self, address: &str) -> bool {
        self.catch.iter().any(|caught| caught == address) || self.is_reply_address(address)
    }

    /// Whether this normalised address has the form of a signed reply address; only the signature tells whether it is.
    pub(crate) fn is_reply_address(&self, address: &str) -> bool {
        let Some((local, domain)) = address.split_once('@') else { return false };
        local.starts_with(&self.reply_prefix)
            && (self.reply_domains.is_empty() || self.reply_domains.iter().any(|known| known == domain))
            && reply_token::resembles(address)
    }

    /// The key of the setting that says what becomes of this kind of automatic mail, and what it says.
    pub(crate) fn automatic(&self, kind: AutomaticKind) -> (&'static str, Treatment) {
        match kind {
            AutomaticKind::AutoReply => ("automatic.auto_reply", self.automatic.auto_reply),
            AutomaticKind::Bulk => ("automatic.bulk", self.automatic.bulk),
            AutomaticKind::List => ("automatic.list", self.automatic.list),
            AutomaticKind::Bounce => ("automatic.bounce", self.automatic.bounce),
            AutomaticKind::FeedbackReport => ("automatic.feedback_report", self.automatic.feedback_report),
            AutomaticKind::ReadReceipt => ("automatic.read_receipt", self.automatic.read_receipt),
        }
    }
}

impl AutomaticMail {
    fn read(section: &Section, reader: &mut Reader) -> AutomaticMail {
        let mut treatment = |key| reader.word(section, key).unwrap_or(Treatment::Hold);
        AutomaticMail {
            auto_reply: treatment("auto_reply"),
            bulk: treatment("bulk"),
            list: treatment("list"),
            bounce: treatment("bounce"),
            feedback_report: treatment("feedback_report"),
            read_receipt: treatment("read_receipt"),
        }
    }
}
