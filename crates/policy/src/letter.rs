//! Letters of our own about a mail: notices to its sender, and the mail itself handed on to people who look after it.
//!
//! A letter is no step: it is sent by a job of its own, so that a mail server that is out of order keeps no issue waiting.

use crate::StepKey;
use serde::{Deserialize, Serialize};

/// The most recipients that a mail is handed on to.
pub const FORWARD_ADDRESSES_MAX: usize = 20;

/// Where a profile's words about a mail to an issue have the link to the page on which its sender adds files to that issue.
pub const UPLOAD_LINK: &str = "{{upload_link}}";

/// Letters of one kind to addresses of one domain within an hour.
pub const DOMAIN_HOUR_MAX: u32 = 20;
/// Letters of one kind of a whole site within an hour: beyond it something is wrong, and silence does least harm.
pub const SITE_HOUR_MAX: u32 = 200;
/// How long a letter that came back for good counts against its address, in days.
pub const RETURNED_DAYS: u32 = 30;

/// Why a letter is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterKind {
    /// Tells the sender what became of the mail.
    Notice,
    /// Hands the mail on, with the whole original in it (RFC 2046, section 5.2.1).
    Forward,
    /// Tells those who look after mail that one waits for them, with the whole original in it.
    Alert,
}

impl LetterKind {
    /// The word that stands in tables, JSON and the database.
    pub fn word(self) -> &'static str {
        match self {
            LetterKind::Notice => "notice",
            LetterKind::Forward => "forward",
            LetterKind::Alert => "alert",
        }
    }

    /// Whether the whole mail goes along.
    pub fn has_the_original(self) -> bool {
        matches!(self, LetterKind::Forward | LetterKind::Alert)
    }

    /// Whether the mail itself is lost to its readers when the letter fails for good; of a notice that its recipient's server
    /// refuses nothing is lost.
    pub fn carries_the_mail(self) -> bool {
        self == LetterKind::Forward
    }
}

/// When a letter is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LetterWhen {
    /// As soon as the plan is written down.
    Decided,
    /// When the plan's issue cannot be made.
    Failed,
    /// When the work on the mail stops before it is done: given up, or held for a person.
    Stopped,
}

/// One letter to one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// From 1 within the plan.
    pub ordinal: u32,
    pub kind: LetterKind,
    pub when: LetterWhen,
    /// A plain address, without a name.
    pub to: String,
    pub subject: String,
    /// Lines end with LF.
    pub text: String,
    /// The Message-ID of the mail that it is about, without angle brackets.
    pub answers: Option<String>,
    pub reason: String,
    /// The directive sets that it offers, by their names in the text, `{{set:NAME}}`; each becomes a link when it is sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<LetterLink>,
    /// The numeric id of the issue whose upload page takes the place of [`UPLOAD_LINK`] in the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload_issue: Option<String>,
    /// What may have gone out before it; counted once more when it is posted. `None` where nothing bounds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound: Option<LetterBound>,
}

/// How much may have been written before one more letter of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterBound {
    /// Letters to its address in 24 hours.
    pub address_day: u32,
    /// Letters that came back from its address for good before nothing more goes there; 0 for no such number.
    pub returned: u32,
}

impl LetterBound {
    /// Why one more letter is too many after this traffic; `None` when it is not.
    pub fn overstepped_by(self, traffic: LetterTraffic) -> Option<String> {
        let LetterTraffic { address_day, domain_hour, site_hour, returned } = traffic;
        if self.returned > 0 && returned >= self.returned {
            return Some(format!(
                "{returned} letters to this address came back for good within {RETURNED_DAYS} days, {} may",
                self.returned
            ));
        }
        if address_day >= self.address_day {
            let most = self.address_day;
            return Some(format!("{address_day} letters went to this address in 24 hours, {most} may"));
        }
        if domain_hour >= DOMAIN_HOUR_MAX {
            return Some(format!("{domain_hour} letters went to its domain within an hour, {DOMAIN_HOUR_MAX} may"));
        }
        (site_hour >= SITE_HOUR_MAX)
            .then(|| format!("{site_hour} letters left this site within an hour, {SITE_HOUR_MAX} may: look for a loop"))
    }
}

/// Whether a server's refusal says that it is we who may not send, whoever the letter is for: it does not know the account (RFC 4954,
/// section 6), or the account has sent as much as it may. `reply` begins with the three digits. What it quotes is not heeded: a recipient's
/// address and the words of his server are his to choose.
pub fn is_about_us(reply: &str) -> bool {
    /// "Authentication required", "mechanism too weak", "credentials invalid", "encryption required".
    const OF_AUTHENTICATION: [&str; 4] = ["530", "534", "535", "538"];
    /// How services that count say that a day's worth is sent.
    const OF_QUOTA: [&str; 8] = [
        "550 5.4.5 ",
        "550 5.1.90 ",
        "daily user sending",
        "daily sending",
        "sending limit",
        "sending quota",
        // With what stands before it, which no name of a server has in it.
        "exception:submissionquota",
        "daily message quota",
    ];
    let code = reply.get(..3).unwrap_or_default();
    let reply = own_words(&reply.to_ascii_lowercase());
    OF_AUTHENTICATION.contains(&code) || OF_QUOTA.iter().any(|words| reply.contains(words))
}

/// Whether a server's refusal says that the mail is too large for it or for the mailbox it is for, so that the same letter without its files
/// may be taken (RFC 3463, X.2.3 and X.3.4; 552 and 523 without such a status are said of mailboxes that are full, too). `reply` is what a fault
/// of sending has as its detail; what it quotes is not heeded.
pub fn is_too_large(reply: &str) -> bool {
    const OF_SIZE: [&str; 5] = ["too large", "too big", "message size", "size limit", "maximum size"];
    /// How Microsoft Graph says it, and we in its place.
    const OF_GRAPH: [&str; 3] = ["status 413", "(errormessagesizeexceeded)", "too large for microsoft graph"];
    let reply = own_words(&reply.to_ascii_lowercase());
    let mut words = reply.split_whitespace();
    let (code, status) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_smtp = code.len() == 3 && code.starts_with('5');
    match status {
        "5.3.4" | "5.2.3" if is_smtp => true,
        // Its own status says what it is about.
        status if is_smtp && status.starts_with("5.") => {
            matches!(status, "5.0.0" | "5.3.0") && code == "552" && OF_SIZE.iter().any(|words| reply.contains(words))
        }
        _ if matches!(code, "552" | "523") => OF_SIZE.iter().any(|words| reply.contains(words)),
        _ => !is_smtp && OF_GRAPH.iter().any(|words| reply.contains(words)),
    }
}

/// A reply without what it quotes: what another server said, and what stands in angle brackets or quotation marks. A quotation that does
/// not end goes on to the end.
fn own_words(reply: &str) -> String {
    let own = reply.split(" said:").next().unwrap_or_default();
    let mut words = String::with_capacity(own.len());
    let (mut in_brackets, mut is_quoted, mut is_escaped) = (false, false, false);
    for letter in own.chars() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            // A quoted bracket, as an address can have it, ends nothing.
            '<' if !is_quoted => in_brackets = true,
            '>' if !is_quoted => in_brackets = false,
            _ if !is_quoted && !in_brackets => words.push(letter),
            _ => {}
        }
    }
    words
}

/// After so many letters that came back for good within [`RETURNED_DAYS`] days no letter about events goes to an address.
const RETURNED_MAX: u32 = 3;

/// Why no more letters about events go to an address from which so many letters came back for good; `None` where nothing is against it.
pub fn no_more_after(returned: u32) -> Option<String> {
    (returned >= RETURNED_MAX)
        .then(|| format!("{returned} letters to this address came back for good within {RETURNED_DAYS} days"))
}

/// A letter of ours that came back, as a delivery report says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnedLetter {
    /// Out of the signature in its Message-ID or return path: [`letter_number`] of its key.
    pub number: u64,
    /// Of the recipient, as reported.
    pub address: String,
    /// Later letters to the address must be expected to come back, too.
    #[serde(default = "for_good")]
    pub permanent: bool,
    /// As RFC 3463 writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What the server said that refused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
    /// The report came to the letter's return path, so it is about that letter whatever address it names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_path: bool,
    /// The return path of one recipient to which the report came. Nobody but him and those who carried the letter to him knows it, so that
    /// alone proves the report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<ReturnPath>,
}

/// Whose return path it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnPath {
    /// The numeric id of the issue that the letter was about.
    pub issue_id: String,
    /// [`letter_number`] of the key of what went to him.
    pub number: u64,
}

/// Plans that say nothing of it name letters that came back for good alone.
fn for_good() -> bool {
    true
}

impl ReturnedLetter {
    /// Status and words of the report, in brackets where there are any.
    pub fn why(&self) -> String {
        let parts: Vec<&str> = [self.status.as_deref(), self.said.as_deref()].into_iter().flatten().collect();
        if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(": ")) }
    }
}

/// What stands for a letter in its Message-ID: the same for every try, and hardly that of another letter. The beginning of a
/// digest of its key.
pub fn letter_number(letter: &StepKey) -> u64 {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, letter.0.as_bytes());
    let mut number = [0; 8];
    number.copy_from_slice(&digest.as_ref()[..8]);
    u64::from_be_bytes(number)
}

/// Who may see the answer to a letter about events. It stands in the letter's number, which is signed, so that it is known for as long as
/// the letter can be answered. The later ones are stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AnswerSeenBy {
    /// Whoever sees the issue.
    Everybody,
    /// The letter told of something internal, and of nothing that is for fewer.
    Agents,
    /// It told of something that is for a role or a group.
    Few,
}

const FOR_FEW: u64 = 1 << 63;
const FOR_AGENTS: u64 = 1 << 62;

impl AnswerSeenBy {
    /// What the number of a letter about events says.
    pub fn of(number: u64) -> AnswerSeenBy {
        match (number & FOR_FEW != 0, number & FOR_AGENTS != 0) {
            (false, _) => AnswerSeenBy::Everybody,
            (true, true) => AnswerSeenBy::Agents,
            (true, false) => AnswerSeenBy::Few,
        }
    }
}

/// [`letter_number`] for a letter about events: 62 bits of the digest, and who may see its answer.
pub fn event_letter_number(letter: &StepKey, answer: AnswerSeenBy) -> u64 {
    let digest = letter_number(letter) >> 2;
    match answer {
        AnswerSeenBy::Everybody => digest,
        AnswerSeenBy::Agents => digest | FOR_FEW | FOR_AGENTS,
        AnswerSeenBy::Few => digest | FOR_FEW,
    }
}

/// A directive set that a letter offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetterLink {
    pub set: String,
    /// The numeric id of the issue that it would be run on.
    pub issue_id: String,
    /// How long it lives after the letter was posted.
    pub days: u32,
}

/// How many letters of one kind went out lately because mail came in, as far as it matters for one more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LetterTraffic {
    /// To the same address in the last 24 hours.
    pub address_day: u32,
    /// To addresses of the same domain in the last hour.
    pub domain_hour: u32,
    /// Of the site in the last hour.
    pub site_hour: u32,
    /// To the same address, and come back for good in the last [`RETURNED_DAYS`] days.
    pub returned: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_letter_has_a_number_of_its_own_that_stays() {
        let number = |key: &str| letter_number(&StepKey(key.to_owned()));
        assert_eq!(number("message:a/1/letter-1"), number("message:a/1/letter-1"));
        assert_ne!(number("message:a/1/letter-1"), number("message:a/2/letter-1"));
        assert_ne!(number("message:a/1/letter-1"), number("message:b/1/letter-1"));
    }

    #[test]
    fn what_a_server_says_of_the_size_of_a_letter_is_told_from_all_else() {
        for reply in [
            "552 5.3.4 Message size exceeds fixed limit",
            "552 5.2.3 Message length exceeds administrative limit for x",
            "523 5.2.3 too long",
            "552 message size exceeds the limit",
            "a letter that is too large for Microsoft Graph",
            "the server answers with status 413",
            "the server answers with status 400 (ErrorMessageSizeExceeded)",
        ] {
            assert!(is_too_large(reply), "{reply}");
        }
        for reply in [
            "552 5.2.2 Mailbox full",
            "552 Mailbox full",
            "552 5.7.0 This message was blocked because its content presents a potential security issue",
            "550 5.7.1 attachment not allowed",
            "554 5.7.1 message too large for our liking",
            "452 4.3.4 message too large for now",
            "550 5.1.1 <\"552 5.3.4 too large\"@x.example>: unknown user",
            "550 host mx said: 552 5.3.4 too large",
            "the server answers with status 400 (ErrorInvalidRecipients)",
            "",
        ] {
            assert!(!is_too_large(reply), "{reply}");
        }
    }

    #[test]
    fn fault_21_what_a_server_says_of_us_is_no_word_about_the_letter() {
        for reply in [
            "530 5.7.0 Authentication required",
            "535 5.7.8 Username and Password not accepted",
            "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail",
            "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
            "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
            "454 Throttling failure: Daily message quota exceeded.",
            "550 5.4.5 <x@example.org>: Daily user sending limit exceeded",
        ] {
            assert!(is_about_us(reply), "{reply}");
        }
        for reply in [
            "550 5.1.1 no such user",
            "552 5.2.2 Mailbox full: the quota of this user is exceeded",
            "451 4.7.1 Greylisted, try again later",
            "554 5.7.1 Message rejected as spam",
            "421 4.7.0 Try again later",
            "",
            "550",
            // What the recipient and his server can choose.
            "450 4.1.2 <x@submissionquota.invalid>: Recipient address rejected: Domain not found",
            "450 4.1.2 x@submissionquota.invalid: Domain not found",
            "450 4.4.1 connect to submissionquota.invalid[192.0.2.1]:25: timed out",
            "host mx.evil said: 550 sending limit",
            "450 host mx.evil[192.0.2.1] said: 550 5.4.5 Daily user sending limit exceeded",
            "550 5.1.1 <\"daily sending\"@evil.invalid>: unknown user",
            "550 5.1.1 \"sending limit\"@evil.invalid: unknown user",
            "550 5.1.1 <\"a> sending limit <\"@evil.invalid>: unknown user",
            "550 5.1.1 <\"a\\\"> sending limit <\"@evil.invalid>: unknown user",
            "550 5.1.1 <x sending limit",
        ] {
            assert!(!is_about_us(reply), "{reply}");
        }
    }

    #[test]
    fn each_limit_counts_what_went_before() {
        let bound = LetterBound { address_day: 2, returned: 3 };
        let quiet = LetterTraffic {
            address_day: 1,
            domain_hour: DOMAIN_HOUR_MAX - 1,
            site_hour: SITE_HOUR_MAX - 1,
            returned: 2,
        };
        assert_eq!(bound.overstepped_by(quiet), None);
        let over = [
            LetterTraffic { address_day: 2, ..quiet },
            LetterTraffic { domain_hour: DOMAIN_HOUR_MAX, ..quiet },
            LetterTraffic { site_hour: SITE_HOUR_MAX, ..quiet },
            LetterTraffic { returned: 3, ..quiet },
        ];
        assert!(over.iter().all(|traffic| bound.overstepped_by(*traffic).is_some()));
        let never = LetterBound { returned: 0, ..bound };
        assert_eq!(never.overstepped_by(LetterTraffic { returned: 900, ..quiet }), None);
    }
}
