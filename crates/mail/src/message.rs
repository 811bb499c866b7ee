//! The values that reading a mail yields; their JSON is the contract of `sealpost read` and `sealpost reply`.

mod replied;

use crate::Opened;
pub use replied::{Hidden, HiddenKind, Reply};
use serde::{Deserialize, Serialize};

/// One mailbox of an address list (RFC 5322, section 3.4).
///
/// `address` is `local@domain` as it stood, without angle brackets; comparing is done on
/// [`Address::normalised`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub name: Option<String>,
    pub address: String,
}

/// The form under which two spellings of one plain address are equal: see [`Address::normalised`].
pub fn normalised(address: &str) -> String {
    Address { name: None, address: address.to_owned() }.normalised()
}

impl Address {
    /// The form under which two spellings of one address are equal: lower case, no surrounding white space, no dot after
    /// the domain, an international domain in Unicode whichever way it was written (RFC 5891, section 4.4).
    ///
    /// RFC 5321 section 2.4 leaves the local part's case to its host; no host in use tells them apart, and treating
    /// them apart would open second identities.
    pub fn normalised(&self) -> String {
        let lower = self.address.trim().to_lowercase();
        match lower.rsplit_once('@') {
            Some((local, domain)) => format!("{local}@{}", crate::address::to_unicode(domain.trim_end_matches('.'))),
            None => lower,
        }
    }
}

/// Who handed the mail over and for whom (RFC 5321, section 2.3.1).
///
/// `mail_from` is `None` for the null reverse-path `<>`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    pub mail_from: Option<String>,
    pub rcpt_to: Vec<String>,
    /// Who handed it to our listener; `None` when that is not known, as in envelopes that were stored before it was kept.
    #[serde(default)]
    pub client: Option<Client>,
}

/// The client of an SMTP conversation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    /// Its address as text; `None` for a local socket.
    pub ip: Option<String>,
    /// What it called itself (RFC 5321, section 4.1.1.1), unverified.
    pub hello: String,
}

/// The header fields that decisions need; dates are RFC 3339 in UTC, ids stand without angle brackets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headers {
    pub subject: String,
    pub from: Vec<Address>,
    pub sender: Option<Address>,
    pub reply_to: Vec<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    pub date: Option<String>,
    pub message_id: Option<String>,
    pub in_reply_to: Vec<String>,
    /// At most the last 20, oldest first (SEC-24).
    pub references: Vec<String>,
    /// Addresses in `Delivered-To`, `X-Original-To` and `Envelope-To`, topmost first: where a mail read from a mailbox was sent.
    pub delivered_to: Vec<String>,
    /// How many `Received` fields the mail carries; more than 50 is a loop (RFC 5321, section 6.3).
    pub received_count: u32,
    /// The fields that nothing else here tells of, in their order; the first 100, 1000 characters of each. Whoever sent the mail
    /// wrote them, so they prove nothing.
    #[serde(default)]
    pub other: Vec<OtherField>,
}

/// A header field by its name in lower case, decoded and on one line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherField {
    pub name: String,
    pub value: String,
}

/// One node of the MIME tree, depth first; see CLI.md for `path`.
///
/// A file inside a part that is no container of MIME has the path of that part, how it stood there, and a number from 1:
/// `1.2/tnef/1` is the first file in the winmail.dat `1.2` (the versions of its text follow its files), `1.2/tnef/2/tnef/1`
/// one of a message embedded in it, `1/uu/1` the first uuencoded file in the text `1`, `1.2/data/1` the first picture that
/// stands in the page `1.2` itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    pub path: String,
    pub leaf: bool,
    #[serde(rename = "type")]
    pub content_type: String,
    pub charset: Option<String>,
    /// `inline`, `attachment` or what else stood there, lower case.
    pub disposition: Option<String>,
    /// The name as it was sent: data, never a path.
    pub name: Option<String>,
    pub content_id: Option<String>,
    /// Of the decoded content; text parts are transfer-decoded with their charset untouched.
    pub size_bytes: u64,
    /// Lower-case hex, of the same bytes; empty for multiparts, and for messages inside those of an attached one.
    pub sha256: String,
    /// The part is (one of) the body texts and not a file that goes along.
    #[serde(default)]
    pub body: bool,
    /// The media type by the first bytes of the content, where they tell one.
    #[serde(default)]
    pub true_type: Option<String>,
    /// Of a picture, as its head says.
    #[serde(default)]
    pub pixels: Option<Pixels>,
    #[serde(default)]
    pub class: PartClass,
    /// What the class was told by, in words; `None` where the type alone says it.
    #[serde(default)]
    pub why: Option<String>,
    /// The path of an earlier part with the same content.
    #[serde(default)]
    pub same_as: Option<String>,
}

/// The size of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pixels {
    pub width: u32,
    pub height: u32,
}

/// What a part is to its mail; only told, nothing is left out because of it here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartClass {
    /// A multipart or an attached message.
    Container,
    /// One of the body texts.
    Body,
    /// A file that the sender sent along.
    #[default]
    File,
    /// A picture that the text shows.
    InlinePicture,
    /// A picture of the quoted text: an earlier mail brought it.
    QuotedPicture,
    /// A logo or icon that every mail of the sender brings.
    SignaturePicture,
    /// A picture too small to be seen, which tells that the mail was read or keeps a layout apart.
    TrackingPixel,
    /// The signature of the mail (S/MIME or OpenPGP).
    Signature,
    /// A calendar object.
    Calendar,
    /// What stands sealed, and the control part beside it.
    Sealed,
    /// Keys or certificates alone.
    Key,
    /// All that it holds is listed as parts of its own (a winmail.dat that was read whole), or the next part says it
    /// better.
    Unpacked,
}

/// How mail is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealScheme {
    Smime,
    #[serde(rename = "openpgp")]
    OpenPgp,
}

/// In what form a seal stands in a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SealForm {
    /// Enveloped data, or PGP/MIME encrypted.
    Encrypted,
    /// Authenticated-enveloped data (RFC 5083).
    AuthEncrypted,
    /// Signed data that holds the signed content.
    OpaqueSigned,
    /// multipart/signed: the content can be read without opening anything.
    ClearSigned,
    /// Compressed data (RFC 3274).
    Compressed,
    /// Certificates alone.
    Certificates,
    /// An armoured OpenPGP message in the text: encrypted, signed or both.
    InlineMessage,
    /// A cleartext signature around (a part of) the text.
    InlineSigned,
    /// An OpenPGP key that goes along.
    PublicKey,
    /// Declared as sealed, but the content is nothing of the kind.
    Unreadable,
}

/// One seal of a mail, named but not opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed {
    pub scheme: SealScheme,
    pub form: SealForm,
    /// The container or leaf that is sealed.
    pub part: String,
    /// What told it, for example `multipart/signed with application/pgp-signature`.
    pub why: String,
}

/// A key that the author offers in the header (Autocrypt, level 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Autocrypt {
    /// Lower case; equal to the author's.
    pub address: String,
    /// The author asks for encrypted answers.
    pub prefer_encrypt: bool,
}

/// What kind of machine wrote a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutomaticKind {
    AutoReply,
    Bulk,
    List,
    Bounce,
    FeedbackReport,
    ReadReceipt,
}

/// A mail that no person wrote to us, and the sign that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Automatic {
    pub kind: AutomaticKind,
    /// For example `Auto-Submitted: auto-replied`.
    pub why: String,
}

/// A delivery status notification (RFC 3464).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounce {
    pub recipients: Vec<BouncedRecipient>,
    pub returned_message_id: Option<String>,
}

/// The mark of a letter, as whoever quotes or forwards one quotes it: see [`crate::letter_mark`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundMark {
    pub mark: String,
    /// The part that it stands in; empty for the text, however that came to be.
    pub part: String,
}

/// One recipient of a delivery status notification; `status` as RFC 3463 writes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BouncedRecipient {
    /// The address that the mail was sent to: `Original-Recipient` where the report has one.
    pub address: String,
    /// As reported, else derived from the words of the server.
    pub status: Option<String>,
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded` (RFC 3464, section 2.3.3); the last three are no failure.
    pub action: Option<String>,
    /// The address itself is at fault, so that later mail to it must be expected to fail too.
    pub permanent: bool,
    #[serde(default)]
    pub cause: Option<BounceCause>,
    /// What the server said, as the report's `Diagnostic-Code` has it: one line, cut.
    pub said: Option<String>,
    /// Where a forwarding of `address` ended, when the failure happened there.
    #[serde(default)]
    pub forwarded_to: Option<String>,
}

/// Why a delivery failed, as far as codes and words tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceCause {
    /// The domain has no such recipient.
    AddressUnknown,
    /// The domain does not exist.
    HostUnknown,
    /// The recipient has another address now.
    Moved,
    /// The domain declares that it takes no mail (RFC 7505).
    NoMailAccepted,
    MailboxFull,
    /// The account exists but is blocked or inactive.
    Suspended,
    TooLarge,
    /// The sender, its server or the text of the mail was not wanted.
    Refused,
    /// Nobody answered in time, or the way there is a loop.
    Unreachable,
    /// The receiving server had a trouble of its own.
    ServerFault,
}

/// A complaint in the Abuse Reporting Format (RFC 5965).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// `Feedback-Type`, lower case: `abuse`, `fraud`, `not-spam`, `auth-failure` …
    pub kind: String,
    /// `Original-Rcpt-To`: whose complaint it is; often removed by the reporter.
    pub recipients: Vec<String>,
    pub source_ip: Option<String>,
    /// Of the mail that is complained about.
    pub message_id: Option<String>,
}

/// A message disposition notification (RFC 8098).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// `displayed`, `deleted`, `dispatched` or `processed`, lower case.
    pub disposition: String,
    pub recipient: Option<String>,
    /// Of the mail that was shown or deleted.
    pub message_id: Option<String>,
}

/// A forwarded message and what the forwarder wrote before it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forward {
    pub from: Option<Address>,
    pub to: Vec<Address>,
    pub date: Option<String>,
    pub subject: Option<String>,
    pub text: String,
    pub before: String,
}

/// An invitation, an answer to one, a cancellation or an event to look at (RFC 5545, RFC 5546).
///
/// Times have three forms. Where the zone is known: RFC 3339 in UTC, `2026-11-22T10:00:00Z`. A time that means that hour
/// wherever one is, or in a zone that nobody knows: the same without `Z`. All day: `2026-11-22`, with an `end` that is the
/// day after the last one, as RFC 5545 counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// Upper case; `PUBLISH` when neither the object nor its part names one.
    pub method: String,
    pub uid: String,
    pub summary: Option<String>,
    pub start: Option<String>,
    pub end: Option<String>,
    /// The address, without `mailto:`.
    pub organizer: Option<String>,
    /// At most 500.
    pub attendees: Vec<Attendee>,
    /// `VEVENT`, `VTODO`, `VJOURNAL` or `VFREEBUSY`.
    #[serde(default)]
    pub component: String,
    #[serde(default)]
    pub organizer_name: Option<String>,
    #[serde(default)]
    pub location: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    /// What whoever answers or cancels adds.
    #[serde(default)]
    pub comment: Option<String>,
    /// `CONFIRMED`, `TENTATIVE`, `CANCELLED` or what else stood there, upper case.
    #[serde(default)]
    pub status: Option<String>,
    /// Counts the organizer's changes, from 0.
    #[serde(default)]
    pub sequence: u32,
    #[serde(default)]
    pub all_day: bool,
    /// The zone as the sender named it, `UTC`, or nothing for floating times and whole days.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// What clocks in `time_zone` show, without an offset.
    #[serde(default)]
    pub start_local: Option<String>,
    #[serde(default)]
    pub end_local: Option<String>,
    /// The rule in words, `every week on Monday`, or as it stood when words would blur it.
    #[serde(default)]
    pub recurrence: Option<String>,
    /// The rule as it stood (RFC 5545, section 3.3.10).
    #[serde(default)]
    pub recurrence_rule: Option<String>,
    /// Days or times that the rule names and the entry leaves out: as clocks in `time_zone` show them, without an offset, or
    /// in UTC. At most 500.
    #[serde(default)]
    pub except: Vec<String>,
    /// Those that it adds to its rule, in the same form.
    #[serde(default)]
    pub also: Vec<String>,
    /// Which occurrence of a recurring entry this is about, as a time like `start`.
    #[serde(default)]
    pub recurrence_id: Option<String>,
    /// Entries in the same object that are not told here, such as further occurrences.
    #[serde(default)]
    pub more_entries: u32,
    /// The part that holds the object; empty for a meeting in winmail.dat.
    #[serde(default)]
    pub part: String,
}

/// One attendee of a calendar object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attendee {
    /// Without `mailto:`; empty where winmail.dat names a person and no address.
    pub address: String,
    /// The answer as PARTSTAT says it, upper case: `ACCEPTED`, `DECLINED`, `TENTATIVE`, `DELEGATED`, `NEEDS-ACTION` …
    pub status: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
    /// `CHAIR`, `REQ-PARTICIPANT`, `OPT-PARTICIPANT`, `NON-PARTICIPANT` or what else stood there, upper case.
    #[serde(default)]
    pub role: Option<String>,
    /// To whom the invitation was handed on.
    #[serde(default)]
    pub delegated_to: Option<String>,
}

/// What a mail says. Reading is total: a mail that cannot be understood still becomes one, with `faults`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub headers: Headers,
    pub parts: Vec<Part>,
    /// The body as Markdown-like text.
    pub text: String,
    /// The body as safe HTML.
    pub html: Option<String>,
    pub automatic: Option<Automatic>,
    pub bounce: Option<Bounce>,
    #[serde(default)]
    pub feedback: Option<Feedback>,
    #[serde(default)]
    pub receipt: Option<Receipt>,
    pub forward: Option<Forward>,
    pub calendar: Option<Calendar>,
    /// Outermost first, at most 20.
    #[serde(default)]
    pub sealed: Vec<Sealed>,
    /// What opening it has shown, where it came sealed and there were keys; reading alone leaves it out.
    #[serde(default)]
    pub opened: Option<Opened>,
    #[serde(default)]
    pub autocrypt: Option<Autocrypt>,
    /// What resembles the mark of a letter of ours, wherever in the mail it stands; unverified, at most 100.
    #[serde(default)]
    pub letter_marks: Vec<FoundMark>,
    /// What was malformed, in words.
    pub faults: Vec<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_envelope_that_was_stored_before_clients_were_kept_is_still_read() {
        let stored = r#"{"mail_from":"ann@example.org","rcpt_to":["help@desk.example"]}"#;
        let envelope: Envelope = serde_json::from_str(stored).unwrap();
        assert_eq!(envelope.mail_from.as_deref(), Some("ann@example.org"));
        assert_eq!(envelope.client, None);
    }
}
