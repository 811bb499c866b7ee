//! Why a delivery failed: the words of many servers and the codes of RFC 3463 brought to one short list.

use super::phrases::PHRASES;
use crate::message::BounceCause;
use regex::{Regex, RegexSet, RegexSetBuilder};
use std::borrow::Cow;
use std::sync::LazyLock;

/// Bytes of a server's answer that are looked at; what follows repeats it or is a help page.
const SAID_BYTES_MAX: usize = 4 * 1024;

/// Room for the states of the automaton of all phrases. With the default of 2 MiB it is not built at all, and a bounce
/// costs a hundred times as much.
const AUTOMATON_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What a server's words say, the most telling first: a full box is full whatever code stands beside it.
///
/// `around` is all that is told about the recipient: it may say when in the conversation the words came. Linear in the
/// words, of which at most 4 kB are looked at.
pub(super) fn in_words(said: &str, around: &str, status: Option<&str>) -> Option<BounceCause> {
    static SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
        RegexSetBuilder::new(PHRASES.iter().map(|(_, p)| *p)).dfa_size_limit(AUTOMATON_BYTES_MAX).build().ok()
    });
    let plain = plain(said);
    let first = SET.as_ref()?.matches(&plain).into_iter().next()?;
    let cause = PHRASES[first].0;
    let at = Stage::of(&self::plain(around));
    Some(match cause {
        // What is said before a recipient was named is about us, whatever it is.
        BounceCause::AddressUnknown | BounceCause::HostUnknown if at == Stage::Sender => BounceCause::Refused,
        // Who accepts an address and then refuses the mail knows the address, unless code or words insist.
        BounceCause::AddressUnknown
            if at == Stage::Content
                && !status.is_some_and(|s| s.ends_with(".1.1"))
                && !plain.contains("doesn't have a") =>
        {
            BounceCause::Refused
        }
        cause => cause,
    })
}

/// What an enhanced status code says (RFC 3463, section 3; RFC 7505 and RFC 7372 for the newer ones).
pub(super) fn in_status(status: &str) -> Option<BounceCause> {
    let mut numbers = status.split('.').skip(1);
    Some(match (numbers.next()?, numbers.next()?) {
        ("1", "2") => BounceCause::HostUnknown,
        ("1", "6") => BounceCause::Moved,
        ("1", "7" | "8" | "9") => BounceCause::Refused,
        ("1", "0" | "5") => return None,
        ("1", _) => BounceCause::AddressUnknown,
        ("2", "1") => BounceCause::Suspended,
        ("2", "2") => BounceCause::MailboxFull,
        ("2" | "3", "3" | "4") => BounceCause::TooLarge,
        ("3", "0" | "1" | "2" | "5") => BounceCause::ServerFault,
        ("4", "4") if status.starts_with('5') => BounceCause::HostUnknown,
        ("4", "0") => return None,
        ("4", _) => BounceCause::Unreachable,
        ("5", "1" | "2" | "4" | "5") => BounceCause::ServerFault,
        ("6", _) => BounceCause::Refused,
        ("7", "0") => return None,
        ("7", _) => BounceCause::Refused,
        _ => return None,
    })
}

/// The status that a cause would have carried (RFC 3463), for servers that name none; `class` is `4` or `5`.
pub(super) fn status(cause: BounceCause, class: char) -> String {
    let detail = match cause {
        BounceCause::AddressUnknown => "1.1",
        BounceCause::HostUnknown => "1.2",
        BounceCause::Moved => "1.6",
        BounceCause::NoMailAccepted => "1.10",
        BounceCause::MailboxFull => "2.2",
        BounceCause::Suspended => "2.1",
        BounceCause::TooLarge => "3.4",
        BounceCause::Refused => "7.1",
        BounceCause::Unreachable => "4.7",
        BounceCause::ServerFault => "3.0",
    };
    format!("{class}.{detail}")
}

/// Whether later mail to the address must be expected to fail as well.
///
/// Only a cause that lies in the address makes it so: a full box, a blocked account, a refused text or a server in
/// trouble will pass, and a class 4 says that trying again may help (RFC 3463, section 3.1).
pub(super) fn is_permanent(cause: Option<BounceCause>, status: Option<&str>, around: &str) -> bool {
    // A report that says success and failure at once proves nothing.
    let for_good = status.is_none_or(|s| !s.starts_with(['2', '4']));
    match cause {
        Some(BounceCause::AddressUnknown) => for_good && is_proven(status, around),
        Some(BounceCause::HostUnknown | BounceCause::Moved | BounceCause::NoMailAccepted) => for_good,
        _ => false,
    }
}

/// Whether a server's own words are about who sends: many check the sender when a recipient is named. Addresses do not count.
pub(super) fn speaks_of_the_sender(said: &str) -> bool {
    let plain = plain(said);
    plain.split(|c: char| !c.is_alphanumeric()).any(|word| ["sender", "senders", "spf", "helo", "ehlo"].contains(&word))
        || plain.contains("verification failed for")
}

/// Whether "user unknown" is to be believed: filters say it as well, once the mail is sent.
///
/// It is proven by a code of the address (x.1.x), by standing in answer to RCPT, by a sentence that no filter writes,
/// or by being the reporter's own words and no answer of another server.
fn is_proven(status: Option<&str>, around: &str) -> bool {
    const SIGNS: &[&str] = &[
        "rcpt",
        "does not like recipient",
        "recipient table",
        "mailbox table",
        "alias table",
        "(state 14)",
        "(state 13)",
        "bad-mailbox",
        "invalid recipient",
        "user not found",
        "does not exist",
        "doesn't exist",
        "doesn't have a",
        "access denied",
        "check if",
    ];
    let plain = head(around).to_lowercase().replace('\u{2019}', "'");
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    status.is_some_and(|s| s[1..].starts_with(".1."))
        || SIGNS.iter().any(|s| plain.contains(s))
        || super::reply_code_in(around).is_none() && !plain.contains("user unknown")
}

/// When in the conversation the server refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Before a recipient was named: greeting, HELO, MAIL FROM.
    Sender,
    /// After recipients were accepted.
    Content,
    Unknown,
}

impl Stage {
    fn of(plain: &str) -> Stage {
        const SENDER: &[&str] = &[
            "after mail from",
            "in reply to mail from",
            "in reply to ehlo",
            "in reply to helo",
            "[mail_from]",
            "did not like our mail from",
            "did not like our ehlo",
            "after initial connection",
            "after ehlo",
            "after helo",
            "my name was rejected",
            "does not like sender",
        ];
        const CONTENT: &[&str] = &[
            "after end of data",
            "in reply to end of data",
            "in reply to data command",
            "did not like our final data",
            "did not like our data",
            "failed after i sent the message",
            "smtp command data",
            "for text command",
            "[data]",
            "(state 18)",
            "(state 17)",
        ];
        // In one stroke sent, DATA is refused because no recipient was left.
        let sent_data = plain.contains(">>> data <<<") && !plain.contains("need rcpt");
        let any = |signs: &[&str]| signs.iter().any(|s| plain.contains(s));
        if any(SENDER) {
            Stage::Sender
        } else if any(CONTENT) || sent_data {
            Stage::Content
        } else {
            Stage::Unknown
        }
    }
}

fn head(said: &str) -> &str {
    let mut end = said.len().min(SAID_BYTES_MAX);
    while !said.is_char_boundary(end) {
        end -= 1;
    }
    &said[..end]
}

/// The words alone: lower case, one line, without addresses, links and the codes that stand on each line of an answer.
fn plain(said: &str) -> String {
    static NOISE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(concat!(
            r#"<?[^\s<>:;,"()\x{3000}-\x{9fff}\x{ac00}-\x{d7af}]*@[^\s<>:;,"()\x{3000}-\x{9fff}\x{ac00}-\x{d7af}]*>?"#,
            r"|https?://[!-~]*|rfc822;",
            r"|(?-u:\b)[45][0-9][0-9](?:[- ]|$)|#?(?-u:\b)[45]\.[0-9]{1,3}\.[0-9]{1,3}(?-u:\b)",
        ))
        .ok()
    });
    let lower = head(said).to_lowercase().replace(['\u{2019}', '\u{2018}'], "'");
    let line = lower.split_whitespace().collect::<Vec<_>>().join(" ");
    let clean = NOISE.as_ref().map_or(Cow::Borrowed(line.as_str()), |n| n.replace_all(&line, " "));
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_many_servers() {
        use BounceCause::*;
        for (said, cause) in [
            ("550 5.1.1 <jo@x.org>: Recipient address rejected: User unknown in local recipient table", AddressUnknown),
            (
                "550-5.1.1 The email account that you tried to reach does not exist. Please try\n550-5.1.1 double-checking",
                AddressUnknown,
            ),
            ("550 No such user here", AddressUnknown),
            ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", AddressUnknown),
            ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", AddressUnknown),
            ("550 Der Empfänger jo@x.org wurde nicht gefunden", AddressUnknown),
            ("550 Utilisateur inconnu", AddressUnknown),
            ("550 El usuario no existe", AddressUnknown),
            ("550 Пользователь не найден", AddressUnknown),
            ("宛先のメールアドレスが存在しません。", AddressUnknown),
            ("550 收件人邮箱不存在", AddressUnknown),
            ("Host or domain name not found. Name service error for name=x.org type=AAAA: Host not found", HostUnknown),
            ("Unrouteable address", HostUnknown),
            ("551 User not local; please try <jo@y.org>", Moved),
            ("556 5.1.10 Domain x.org does not accept mail (nullMX)", NoMailAccepted),
            ("552 5.2.2 Quota exceeded (mailbox for user is full)", MailboxFull),
            ("552 5.1.1 sorry, mailbox jo@x.org is over quota temporarily", MailboxFull),
            ("550 Das Postfach des Empfängers ist voll", MailboxFull),
            ("送信先のメールボックスが一杯のため", MailboxFull),
            ("525 5.7.13 Disabled recipient address", Suspended),
            ("550-5.2.1 The email account that you tried to reach is disabled.", Suspended),
            ("552 5.3.4 Message size exceeds fixed maximum message size", TooLarge),
            ("550-5.7.26 Unauthenticated email from x.org is not accepted due to domain's DMARC policy", Refused),
            ("554 5.7.1 Client host rejected: blocked using zen.example.net", Refused),
            ("553 5.1.8 Domain of sender address a@b does not exist", Refused),
            ("550 550 Message content rejected as spam", Refused),
            ("connect to x.org[192.0.2.1]:25: Connection timed out", Unreachable),
            ("554 5.4.6 Too many hops", Unreachable),
            ("451 4.3.0 Error: queue file write error", ServerFault),
        ] {
            assert_eq!(in_words(said, said, None), Some(cause), "{said}");
        }
        assert_eq!(in_words("554", "", None), None);
        assert_eq!(in_words("", "", None), None);
    }

    #[test]
    fn the_moment_of_the_refusal_counts() {
        let at_data = "host x said: 550 : User unknown (in reply to end of DATA command)";
        assert_eq!(in_words("550 : User unknown", at_data, None), Some(BounceCause::Refused));
        let at_sender = "after MAIL FROM:<a@b> SIZE=10: 553 b does not exist";
        assert_eq!(in_words(at_sender, at_sender, None), Some(BounceCause::Refused));
    }

    #[test]
    fn codes_alone() {
        assert_eq!(in_status("5.1.1"), Some(BounceCause::AddressUnknown));
        assert_eq!(in_status("4.2.2"), Some(BounceCause::MailboxFull));
        assert_eq!(in_status("5.7.26"), Some(BounceCause::Refused));
        assert_eq!(in_status("4.4.4"), Some(BounceCause::Unreachable));
        assert_eq!(in_status("5.4.4"), Some(BounceCause::HostUnknown));
        assert_eq!(in_status("5.0.0"), None);
        assert_eq!(status(BounceCause::MailboxFull, '4'), "4.2.2");
        assert_eq!(status(BounceCause::AddressUnknown, '5'), "5.1.1");
    }

    #[test]
    fn only_a_dead_address_is_permanent() {
        let permanent = |cause, status| is_permanent(Some(cause), Some(status), "550 User unknown");
        assert!(permanent(BounceCause::AddressUnknown, "5.1.1"));
        assert!(!permanent(BounceCause::AddressUnknown, "4.1.1"));
        assert!(!permanent(BounceCause::MailboxFull, "5.2.2"));
        assert!(permanent(BounceCause::HostUnknown, "5.4.4"));
        assert!(permanent(BounceCause::NoMailAccepted, "5.1.10"));
        assert!(!is_permanent(None, Some("5.0.0"), ""));
    }

    #[test]
    fn filters_say_user_unknown_too() {
        let permanent = |around| is_permanent(Some(BounceCause::AddressUnknown), Some("5.0.0"), around);
        assert!(!permanent("550 : User unknown"));
        assert!(permanent(">>> RCPT TO:<jo@x.org>\n<<< 550 <jo@x.org>: User unknown"));
        assert!(permanent("Unknown user: jo@x.org"));
        assert!(permanent("554 delivery error: dd This user doesn't have a x.org account (jo@x.org) [0]"));
    }
}
