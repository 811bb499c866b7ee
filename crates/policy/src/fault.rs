//! Faults: what went wrong, whether trying again helps, and what a person should do about it.

use serde::{Deserialize, Serialize};

/// Whether repeating helps. `Unknown` means the effect may have happened: look for its trace first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    Temporary,
    Permanent,
    Unknown,
}

macro_rules! fault_codes {
    ($($name:ident = $number:literal, $meaning:literal, $remedy:literal;)*) => {
        /// Stable numbers of faults, written `SP-0123`; the manual's page is generated from this table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum FaultCode { $($name),* }

        impl FaultCode {
            /// Every code, in order of number.
            pub const ALL: &'static [FaultCode] = &[$(FaultCode::$name),*];

            /// The number that never changes its meaning.
            pub fn number(self) -> u16 { match self { $(FaultCode::$name => $number),* } }

            /// What happened, in general.
            pub fn meaning(self) -> &'static str { match self { $(FaultCode::$name => $meaning),* } }

            /// What a person should do.
            pub fn remedy(self) -> &'static str { match self { $(FaultCode::$name => $remedy),* } }
        }
    };
}

fault_codes! {
    StoreUnavailable = 100, "The database could not be reached or refused the work.", "See whether the database runs and has room; work goes on by itself.";
    StoreCorrupt = 101, "Stored content could not be opened: it was changed, swapped or its key is gone.", "Restore from a backup; the row is left as it is.";
    StoreSchema = 102, "The database schema is newer than this program or could not be migrated.", "Run the newest release of Sealpost that wrote to it.";
    BlobUnavailable = 103, "The blob store could not be read or written.", "See whether its folder or bucket is there, writable and not full.";
    DiskFull = 104, "There is not enough room on the disk to take in mail safely.", "Free some space; intake resumes by itself.";
    LeaseLost = 105, "Another process took over this job.", "Nothing: the other process does the work.";
    KeyUnavailable = 106, "A key could not be read from the key book or the key provider.", "See the key provider's state and the master key's file.";
    QueueFull = 107, "So much mail is waiting that no more is taken in for now.", "Nothing: it is taken in when there is room. If it stays so, see what the jobs wait for; `work.queue_depth_max` is the limit.";
    PlanSpent = 108, "The capacity plan of the site is spent or has ended.", "Nothing is lost: mail stays where it is, and events and letters wait. They go on in the next month, or when the `[[plan]]` or a `[[pack]]` of it gives more; `sealpost usage` tells how it stands.";
    CellDied = 200, "The sandboxed process that read a message died or overran its limits.", "Nothing for a single message: after three tries it is quarantined with its raw bytes kept.";
    CellUnavailable = 201, "No sandboxed process could be started.", "Run `sealpost check`; memory or process limits of the service may be too low.";
    TooComplex = 202, "A message has more parts, depth or header fields than the limits allow.", "Look at it in the console; raise the limit in the settings if it is genuine.";
    ParentUndecided = 203, "The mail refers to another one that has no issue yet.", "Nothing: it goes on when that one has its issue, or after the wait that the settings name.";
    DnsUnavailable = 204, "DNS gave no answer about the author of a mail.", "See whether the servers in `dns.servers`, or those of the system, answer; the mail goes on by itself, at the latest after `dns.patience_s`.";
    TrackerRefused = 300, "The tracker refused a request as wrong.", "Read the answer in the story of the mail; usually a field, a project or a permission is missing.";
    TrackerUnauthorised = 301, "The tracker refused the account of this site.", "Check the site's account and token with `sealpost check`.";
    TrackerGone = 302, "The issue or project does not exist any more, or the account may not see it.", "Decide in the console what becomes of the mail.";
    TrackerBusy = 303, "The tracker asked us to slow down or was not available.", "Nothing: the work is tried again at the time the tracker named.";
    TrackerUnclear = 304, "The answer of the tracker was lost or made no sense, so the effect may have happened.", "Nothing: its trace is looked for before anything is repeated.";
    TrackerUnreachable = 305, "The tracker could not be reached.", "Check the site's base URL, the network, the proxy and the certificate authorities.";
    AddressRefused = 306, "The request would have gone to a private address that the settings do not name.", "If the tracker really lives there, set `allow_private = true` on its site.";
    InDoubt = 307, "It could not be found out whether an effect happened.", "Look in the tracker whether it is there. Waking the mail in the console looks for the trace anew and repeats nothing that may have happened.";
    SmtpUnreachable = 400, "The mail listener could not be reached.", "See whether the gateway runs and listens at this address.";
    SmtpRefused = 401, "The mail listener refused the mail.", "Read the reply; it says what to change.";
    MailboxUnreachable = 402, "A mailbox could not be reached.", "See whether its server runs and answers under this name and port, and whether its certificate is one that is trusted; fetching is tried again by itself.";
    MailboxRefused = 403, "The server of a mailbox refused the account or a command.", "Read the server's words; if they speak of the login, check the user and the password's file with `sealpost check`.";
    MailboxBusy = 404, "The server of a mailbox asked us to slow down or was not available.", "Nothing: the mailbox is looked into again at the time the server named.";
    PostUnreachable = 410, "The outgoing mail server could not be reached.", "See whether it runs and answers under the name and port in `[[outgoing]]`, and whether its certificate is one that is trusted; the letter is sent by itself when it does.";
    PostRefused = 411, "The outgoing mail server refused a letter.", "Read the server's words: they stand in the story of the mail or event that the letter is about, and in `sealpost letter show ID`; they say what to change. `sealpost letter again ID` then sends it.";
    LetterWithheld = 412, "A letter was not sent, because as much as may go out had been written already.", "Nothing, if many mails came at once; the mail itself is worked on as its story says.";
    ChannelUnreachable = 413, "A channel for bulletins could not be reached, or did not answer.", "See whether its `[[channel]]` is right and the other end runs; it is told by itself when it does.";
    ChannelRefused = 414, "A channel refused a bulletin for good.", "See whether the address in its `url` is still good, and what the other end wants; then `sealpost bulletin again ID`.";
    SealingHeld = 415, "A letter waits: the rules for sealing let it go neither as it is nor sealed with the keys that are there.", "Import a key that may be used, or change the rules; it goes by itself then. `sealpost letter show ID` says what is missing.";
    SealingRefused = 416, "A letter was not sent, because the rules for sealing say so.", "Nothing, if that is meant; else import a key or change the rules, then `sealpost letter again ID`.";
    LetterTooSoon = 418, "As many letters about events went to this address within an hour as may.", "Nothing: it is sent by itself when there is room; `site[].letters_per_hour` says how many may.";
    PostHalted = 419, "The outgoing mail server does not let the gateway in, or takes no more of its letters for now.", "Nothing is lost: its letters wait, no try of them counts, and it is tried again every five minutes. If its words speak of the account or the certificate, mend `user`, `password` or `authorities` in `[[outgoing]]` and send SIGHUP; `sealpost check` tries it.";
    SignInNeeded = 420, "What somebody allowed the gateway was taken back, has ended, or was never allowed.", "Sign in again with `sealpost mailbox sign-in NAME`, `sealpost site sign-in NAME` or `sealpost outgoing sign-in NAME`; mail and letters wait until then.";
    TokenServerUnreachable = 421, "A token server could not be reached or is out of order.", "Nothing, when it is out of order: it is asked again by itself. Else see its URL, the network and `sealpost check`.";
    TokenServerRefused = 422, "A token server refused the gateway itself.", "Read its word: `invalid_client` speaks of the client's id, secret or certificate, which may have ended; `invalid_scope` of what is asked for.";
    SettingsWrong = 500, "A setting is wrong.", "The message names the key, the value, the file and the remedy.";
    ProfileWrong = 501, "A profile is wrong.", "The message names the file, the line, the key, the value and the remedy.";
    MappingsWrong = 502, "A file of mappings is wrong.", "The message names the file, the line, the key, the value and the remedy.";
    SealingRulesWrong = 503, "A file of sealing rules is wrong.", "The message names the file, the line, the key, the value and the remedy. Until it is right no mail goes by it.";
    TokenRefused = 600, "The request carries no token that is good here.", "Send `Authorization: Bearer TOKEN`. Tokens end and can be revoked: `sealpost token list` shows them, `sealpost token create` makes one.";
    MailboxForbidden = 601, "The token is not good for this mailbox.", "Name one of the mailboxes that `GET /api/mailboxes` lists for the token, or make a token for this one.";
    RequestWrong = 602, "The request is not one that is understood here.", "Read what it says about the request; docs/api.md has examples.";
    MailTooLarge = 603, "The mail is larger than is taken in.", "Send its large files by another way, or raise `mail.size_mib_max`.";
    KeyReused = 604, "The idempotency key was given with another mail or letter before.", "Give each a key of its own, and repeat it unchanged.";
    AskedTooOften = 605, "Too many requests came from this client.", "Wait as long as `Retry-After` says; `public.requests_per_minute_max` is the limit.";
    NothingThere = 606, "There is nothing with this address or id for the token.", "See whether the id is whole and of a mailbox that the token is good for.";
    RequestSlow = 607, "The request did not arrive in time.", "Send it again over a better connection; the same key and bytes are known again.";
    WebhookUnproved = 608, "Nothing proves that the webhook comes from its site.", "Enter the secret of `site[].webhook_secret` where the webhook is registered; `sealpost site webhook SITE` tells where.";
    LettersForbidden = 609, "The token is not good for writing letters.", "Make one that is: `sealpost token create --letters SITE NAME`.";
    LetterRefused = 610, "The letter is not one that may be written.", "Read what it says about the letter; `[written]` in the file of mappings says who may write what to whom.";
    Internal = 900, "Something that should never happen did.", "Please report it with the fault id; nothing of the mail is lost.";
}

impl std::fmt::Display for FaultCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SP-{:04}", self.number())
    }
}

/// Something that went wrong. `public` may be shown to anybody; `detail` is for the operator and holds no secret
/// and no content of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub kind: FaultKind,
    pub code: FaultCode,
    pub public: String,
    pub detail: String,
    /// Not before this many seconds from now.
    pub retry_after_s: Option<u64>,
    /// The tracker's own ids of the fields whose values it refused, when that is what it refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

impl Fault {
    /// A fault that passes by itself.
    pub fn temporary(code: FaultCode, detail: impl Into<String>) -> Fault {
        Fault::new(FaultKind::Temporary, code, detail)
    }

    /// A fault that repeating does not mend.
    pub fn permanent(code: FaultCode, detail: impl Into<String>) -> Fault {
        Fault::new(FaultKind::Permanent, code, detail)
    }

    /// A fault after which the effect may or may not have happened.
    pub fn unknown(code: FaultCode, detail: impl Into<String>) -> Fault {
        Fault::new(FaultKind::Unknown, code, detail)
    }

    fn new(kind: FaultKind, code: FaultCode, detail: impl Into<String>) -> Fault {
        let public = format!("{} {}", code.meaning(), code.remedy());
        Fault { kind, code, public, detail: detail.into(), retry_after_s: None, fields: Vec::new() }
    }

    /// What of the detail may stand in a log. Somebody else's server may repeat an address, a subject or more in what it says, so of its
    /// words only numbers are left; all of them stand sealed in the story.
    pub fn logged(&self) -> String {
        use FaultCode as C;
        let detail = self.detail.as_str();
        let own = |ends: &[char]| detail.split(ends).next().unwrap_or_default().trim_end().to_owned();
        match self.code {
            // Ours begins with a word, a server's with its number.
            C::SmtpRefused | C::PostRefused | C::PostHalted => reply_numbers(detail).unwrap_or_else(|| own(&['('])),
            // The words are all the server's.
            C::MailboxRefused => response_code(detail),
            C::MailboxUnreachable => own(&[':', '(']),
            // First the kind of request and the status, then what the tracker says.
            C::TrackerRefused
            | C::TrackerUnauthorised
            | C::TrackerGone
            | C::TrackerBusy
            | C::TrackerUnclear
            | C::TrackerUnreachable
            | C::InDoubt => own(&[';', ',', '(']),
            C::SmtpUnreachable | C::PostUnreachable | C::MailboxBusy => own(&['(']),
            _ => detail.to_owned(),
        }
    }

    /// The same fault with a public text of its own: what happened and what to do next.
    pub fn with_public(mut self, public: impl Into<String>) -> Fault {
        self.public = public.into();
        self
    }

    /// The same fault, which is about the values of these fields.
    pub fn with_fields(mut self, fields: Vec<String>) -> Fault {
        self.fields = fields;
        self
    }

    /// The same fault, not to be retried before `seconds` have passed.
    pub fn with_retry_after_s(mut self, seconds: u64) -> Fault {
        self.retry_after_s = Some(seconds);
        self
    }
}

/// What was refused, the number and the enhanced status of an answer like `550 5.1.1 no such user`; `None` when it is none.
fn reply_numbers(detail: &str) -> Option<String> {
    let at = detail.find(|c: char| c.is_ascii_digit())?;
    let (refused, answer) = detail.split_at(at);
    let mut words = answer.split_whitespace();
    let code = words.next().filter(|code| code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit()))?;
    if !refused.is_empty() && !refused.ends_with(REFUSED) {
        return None;
    }
    let is_status = |word: &&str| {
        word.len() <= 11
            && word.split('.').count() == 3
            && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let status = words.next().filter(is_status).map_or(String::new(), |status| format!(" {status}"));
    Some(format!("{refused}{code}{status}"))
}

/// Between the command that a mail server refused and its answer.
pub const REFUSED: &str = " refused: ";

/// The code in brackets with which a mailbox's server begins (RFC 5530, RFC 3206), or the status of one that speaks HTTP.
fn response_code(detail: &str) -> String {
    let code = detail.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or("", |(code, _)| code);
    if !code.is_empty()
        && code.len() <= 32
        && code.bytes().all(|byte| byte.is_ascii_uppercase() || b"/-".contains(&byte))
    {
        return format!("[{code}]");
    }
    // Graph names its refusals by one word in parentheses at the end, such as `ErrorAccessDenied`.
    let word = detail.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (")).map_or("", |(_, word)| word);
    let capitals = word.bytes().filter(u8::is_ascii_uppercase).count();
    if (12..=64).contains(&word.len()) && capitals >= 2 && word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return word.to_owned();
    }
    let status = detail.strip_prefix("the server answers with status ").and_then(|rest| rest.get(..3));
    status
        .filter(|status| status.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(String::new(), |s| format!("status {s}"))
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.code, self.public)
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priv_16_of_the_words_of_others_only_numbers_are_logged() {
        use FaultCode::*;
        for (code, detail, logged) in [
            (PostRefused, "550 5.1.1 <planted@x.example>: planted", "550 5.1.1"),
            (PostRefused, "451 planted@x.example is greylisted", "451"),
            (PostRefused, "MAIL FROM refused: 501 5.1.7 planted", "MAIL FROM refused: 501 5.1.7"),
            (PostRefused, "the server answers with status 400 (planted)", "the server answers with status 400"),
            (PostRefused, "550 5.1.planted", "550"),
            (PostHalted, "535 5.7.8 planted", "535 5.7.8"),
            (PostHalted, "AUTH PLAIN is not offered", "AUTH PLAIN is not offered"),
            (MailboxRefused, "[AUTHENTICATIONFAILED] planted", "[AUTHENTICATIONFAILED]"),
            (MailboxRefused, "[planted] no", ""),
            (MailboxRefused, "the right is missing (ErrorAccessDenied)", "ErrorAccessDenied"),
            (MailboxRefused, "no such user (planted@people)", ""),
            (MailboxRefused, "planted", ""),
            (MailboxUnreachable, "the server ended the session: planted", "the server ended the session"),
            (TrackerRefused, "create: HTTP 400; planted", "create: HTTP 400"),
            (TrackerBusy, "create: HTTP 429, reason planted", "create: HTTP 429"),
            (InDoubt, "create: HTTP 400; planted", "create: HTTP 400"),
            (StoreUnavailable, "the disk is full", "the disk is full"),
        ] {
            assert_eq!(Fault::permanent(code, detail).logged(), logged, "{detail}");
        }
    }
}
