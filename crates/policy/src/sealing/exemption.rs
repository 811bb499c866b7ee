//! Which mail is spared: by envelope, submitting account, fields of templates and recipients, never by what it says.

use super::facts::MailFacts;
use super::place;
use super::plan::ExemptionTrace;
use super::words::{Demand, Preset, Spares};
use crate::profile::Pattern;
use crate::profile::reader::{Reader, Section};

/// Fields that hold words of people, or what people can bring about by writing: nobody is spared by them. A name that ends in `-` stands for
/// all that begin so.
pub(super) const FORGEABLE: &[&str] = &[
    "subject",
    "thread-topic",
    "thread-index",
    "comments",
    "keywords",
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "bcc",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "received",
    "return-path",
    "content-",
    "mime-version",
    "summary",
    "resent-",
];

/// One exemption as it is written.
#[derive(Debug, Clone)]
pub(super) struct Exemption {
    name: String,
    enabled: bool,
    spares: Spares,
    preset: Option<Preset>,
    sites: Vec<String>,
    envelope_from: Vec<Pattern>,
    accounts: Vec<String>,
    headers: Vec<Pattern>,
    recipients: Vec<Pattern>,
}

/// All of a file.
pub(super) fn read(top: &Section, reader: &mut Reader) -> Vec<Exemption> {
    let mut exemptions: Vec<Exemption> = Vec::new();
    for section in super::tables(top, "exemption", "exemption[].", reader) {
        let exemption = Exemption {
            name: reader.text(&section, "name").unwrap_or_default(),
            enabled: reader.truth(&section, "enabled").unwrap_or_default(),
            spares: reader.word(&section, "spares").unwrap_or_default(),
            preset: reader.word(&section, "preset"),
            sites: reader.texts(&section, "sites").unwrap_or_default(),
            envelope_from: reader.some_patterns(&section, "envelope_from").unwrap_or_default(),
            accounts: reader.texts(&section, "accounts").unwrap_or_default(),
            headers: field_patterns(&section, reader, FORGEABLE),
            recipients: reader.some_patterns(&section, "recipients").unwrap_or_default(),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !exemption.name.is_empty() && !exemption.name.chars().all(plain) {
            let remedy = "is no name; traces show it, so write letters, digits, - and _ alone";
            reader.refuse(&section, "name", remedy);
        }
        if exemptions.iter().any(|earlier| !exemption.name.is_empty() && earlier.name == exemption.name) {
            reader.refuse(&section, "name", "is the name of another exemption; give each its own");
        }
        if exemption.enabled && !exemption.names_something() {
            let remedy =
                "spares all mail; name envelope_from, accounts, headers or recipients, or write enabled = false";
            reader.refuse(&section, "name", remedy);
        }
        exemptions.push(exemption);
    }
    exemptions
}

/// The patterns of `headers` over `Name: value`. A name stands for itself, and none of `refused` may be named.
pub(super) fn field_patterns(section: &Section, reader: &mut Reader, refused: &[&str]) -> Vec<Pattern> {
    let patterns = reader.some_patterns(section, "headers").unwrap_or_default();
    for pattern in &patterns {
        let source = pattern.source();
        let name = place::field_name(source).to_lowercase();
        let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        let is_refused = refused.iter().any(|known| name == *known || known.ends_with('-') && name.starts_with(known));
        if !is_name {
            let remedy = "names no field; write \"Name: value\", with * and ? in the value alone";
            reader.refuse_entry(section, "headers", source, remedy);
        } else if is_refused {
            let remedy =
                "is a field that people write into, or that mail programs make; name one that a template writes";
            reader.refuse_entry(section, "headers", source, remedy);
        } else if source.split_once(": ").is_some_and(|(_, value)| value.chars().all(|c| c == '*')) {
            let remedy = "matches whatever the field says; write what it says";
            reader.refuse_entry(section, "headers", source, remedy);
        }
    }
    patterns
}

impl Exemption {
    fn names_something(&self) -> bool {
        !self.accounts.is_empty()
            || [&self.envelope_from, &self.headers, &self.recipients].iter().any(|patterns| !patterns.is_empty())
    }

    /// Why it does not hold; nothing where it does.
    fn fails(&self, mail: &MailFacts, recipient: &str) -> Option<&'static str> {
        let any = |patterns: &[Pattern], value: &str| patterns.iter().any(|pattern| pattern.matches(value));
        let sender = mail.envelope_from.as_deref();
        let by_account = |account: &str| self.accounts.iter().any(|known| known == account);
        let by_header = || self.headers.iter().any(|pattern| place::field_matches(pattern, &mail.headers.other));
        match () {
            () if !self.enabled => Some("it is switched off"),
            () if mail.came_sealed => Some("the mail came in sealed"),
            () if !self.sites.is_empty() && !self.sites.contains(&mail.site) => Some("the mail is of another site"),
            () if !self.envelope_from.is_empty() && !sender.is_some_and(|sender| any(&self.envelope_from, sender)) => {
                Some("the sender in the envelope is another")
            }
            () if !self.accounts.is_empty() && !mail.account.as_deref().is_some_and(by_account) => {
                Some("it was submitted by another account")
            }
            () if !self.recipients.is_empty() && !any(&self.recipients, recipient) => Some("the recipient is another"),
            () if !self.headers.is_empty() && !by_header() => Some("no header field says so"),
            () if !self.preset.is_none_or(|preset| holds(preset, &mail.headers)) => {
                Some("it is not as this platform writes about accounts")
            }
            () if !self.names_something() => Some("it names nothing"),
            () => None,
        }
    }
}

/// What is known of such mails. It says what they are not; other mail can be so as well.
fn holds(preset: Preset, headers: &mail::Headers) -> bool {
    let begins = headers.in_reply_to.is_empty() && headers.references.is_empty();
    let of_platform = match preset {
        Preset::Jira => place::has_fingerprint(headers) && !place::names_issue(headers),
        Preset::Confluence => !place::is_notification(headers),
        Preset::Bitbucket => true,
    };
    begins && of_platform
}

/// What is left of what rules demand of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    /// At most this of encryption.
    pub(super) encrypt: Demand,
    /// And of a signature.
    pub(super) sign: Demand,
}

/// What is left of the demands of a mail to this recipient, and each exemption with why.
pub(super) fn look(exemptions: &[Exemption], mail: &MailFacts, recipient: &str) -> (Vec<ExemptionTrace>, Left) {
    let (mut seen, mut left) = (Vec::new(), Left { encrypt: Demand::Always, sign: Demand::Always });
    // By it somebody brings a key, so who has one gets it sealed: else whoever reads his plain mail brings a key of his own.
    let least = if is_of_portal(&mail.headers) { Demand::WhenPossible } else { Demand::Never };
    for (exemption, number) in exemptions.iter().zip(1u32..) {
        let fails = exemption.fails(mail, recipient);
        if fails.is_none() {
            let (encrypt, sign) = match exemption.spares {
                Spares::Encrypt => (Demand::Never, Demand::Always),
                Spares::Sign => (Demand::Always, Demand::Never),
                Spares::Both => (Demand::Never, Demand::Never),
                Spares::WithoutKey => (Demand::WhenPossible, Demand::Always),
            };
            left = Left { encrypt: left.encrypt.min(encrypt.max(least)), sign: left.sign.min(sign) };
        }
        let why = fails.unwrap_or("everything that it names holds").to_owned();
        seen.push(ExemptionTrace { number, name: exemption.name.clone(), holds: fails.is_none(), why });
    }
    (seen, left)
}

/// Whether it is a letter of ours by which an address is proved. Mail of others has no such field: it is taken away where mail comes in.
fn is_of_portal(headers: &mail::Headers) -> bool {
    headers.other.iter().any(|field| field.name.eq_ignore_ascii_case("x-sealpost-letter") && field.value == "portal")
}
