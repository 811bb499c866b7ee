//! What the next hop answers, as it is said to the client.

use courier::smtp_in::Refusal;
use courier::submit::{NotSent, Reply};
use policy::{Fault, FaultKind};

/// Answers that are about us and not about the mail: the settings are to be mended, and the mail waits with the client meanwhile.
const ABOUT_US: [u16; 10] = [500, 501, 502, 503, 504, 530, 534, 535, 538, 555];

macro_rules! statuses {
    ($($rest:literal)*) => {
        /// The enhanced status codes that there are (RFC 3463, RFC 5248), temporary and permanent.
        const STATUSES: &[(&str, &str)] = &[$((concat!("4.", $rest), concat!("5.", $rest))),*];
    };
}
statuses! {
    "0.0" "1.0" "1.1" "1.2" "1.3" "1.4" "1.5" "1.6" "1.7" "1.8" "1.9" "1.10" "2.0" "2.1" "2.2" "2.3" "2.4" "3.0" "3.1" "3.2" "3.3" "3.4"
    "3.5" "3.6" "4.0" "4.1" "4.2" "4.3" "4.4" "4.5" "4.6" "4.7" "5.0" "5.1" "5.2" "5.3" "5.4" "5.5" "5.6" "6.0" "6.1" "6.2" "6.3" "6.4"
    "6.5" "6.6" "6.7" "6.8" "6.9" "6.10" "7.0" "7.1" "7.2" "7.3" "7.4" "7.5" "7.6" "7.7" "7.8" "7.9" "7.10" "7.11" "7.12" "7.13" "7.14"
    "7.15" "7.16" "7.17" "7.18" "7.19" "7.20" "7.21" "7.22" "7.23" "7.24" "7.25" "7.26" "7.27" "7.28" "7.29" "7.30"
}

/// A refusal of ours.
pub(super) fn no(code: u16, status: &'static str, text: impl Into<String>) -> Refusal {
    Refusal { code, status, text: text.into() }
}

/// 451 with a text of ours.
pub(super) fn later(status: &'static str, text: impl Into<String>) -> Refusal {
    no(451, status, text)
}

/// Our own trouble, or that the next hop is out of reach: never the client's fault.
pub(super) fn of_fault(fault: &Fault) -> Refusal {
    let status = if fault.code == policy::FaultCode::SmtpUnreachable { "4.4.1" } else { "4.3.0" };
    later(status, format!("The mail cannot be handed on now ({}), try again later", fault.code))
}

pub(super) fn of_reply(reply: &Reply) -> Refusal {
    of_answer(reply.code, &reply.text)
}

/// What the next hop said of a mail; its own words where it said some.
pub(super) fn of_not_sent(not_sent: &NotSent) -> Refusal {
    match not_sent.answer() {
        Some((code, text)) => of_answer(code, text),
        None if not_sent.fault.kind == FaultKind::Permanent => no(554, "5.3.0", "The next hop cannot take this mail"),
        None => of_fault(&not_sent.fault),
    }
}

fn of_answer(code: u16, text: &str) -> Refusal {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let is_temporary = !(500..600).contains(&code) || ABOUT_US.contains(&code);
    let known = STATUSES.iter().find(|(temporary, permanent)| word == *temporary || word == *permanent);
    let words = if known.is_some() { rest } else { text };
    let words = if words.is_empty() { "The next hop refuses" } else { words };
    let (temporary, permanent) = known.copied().unwrap_or(("4.0.0", "5.0.0"));
    match is_temporary {
        // 421 would say that we hang up.
        true if code == 421 || !(400..500).contains(&code) => no(451, temporary, words),
        true => no(code, temporary, words),
        false => no(code, permanent, words),
    }
}

/// Whether to try again makes sense.
pub(super) fn is_temporary(refusal: &Refusal) -> bool {
    refusal.code < 500
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: u16, text: &str) -> (u16, &'static str, String) {
        let refusal = of_reply(&Reply { code, text: text.into() });
        (refusal.code, refusal.status, refusal.text)
    }

    #[test]
    fn the_client_hears_what_the_next_hop_said() {
        assert_eq!(said(550, "5.1.1 no such user"), (550, "5.1.1", "no such user".into()));
        assert_eq!(said(452, "4.2.2 full"), (452, "4.2.2", "full".into()));
        assert_eq!(said(550, "no such user"), (550, "5.0.0", "no such user".into()));
        assert_eq!(said(450, "9.9.9 odd"), (450, "4.0.0", "9.9.9 odd".into()));
        assert_eq!(said(450, ""), (450, "4.0.0", "The next hop refuses".into()));
    }

    #[test]
    fn what_is_about_us_makes_the_client_wait() {
        assert_eq!(said(530, "5.7.0 sign in").0, 451);
        assert_eq!(said(421, "4.3.2 going down"), (451, "4.3.2", "going down".into()));
        assert_eq!(said(250, "odd").0, 451);
    }
}
