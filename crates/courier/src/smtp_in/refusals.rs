//! What was refused at the door: counted by reason, and told in the log so seldom that no stranger can fill it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Of all refusals for one reason one is told of in this time; the next line says how many were held back meanwhile.
const TOLD_EVERY_S: u64 = 60;

/// How a refusal stands in the log.
#[derive(Debug, Clone, Copy)]
enum Tone {
    /// A setting of a client, or one of ours, is likely wrong.
    Warn,
    /// Everyday.
    Info,
    /// Not at all: whoever refused it tells more.
    Silent,
}

macro_rules! reasons {
    ($($what:literal $name:ident $word:literal $tone:ident;)*) => {
        /// Why a client was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(super) enum Reason {
            $(#[doc = $what] $name,)*
        }

        /// The word and the tone of each reason, in the order of the enumeration.
        const REASONS: &[(&str, Tone)] = &[$(($word, Tone::$tone)),*];
    };
}
reasons! {
    "Its address is not one of those that may speak here." NotAClient "not_a_client" Warn;
    "All seats are taken, in total or for this client." TooManyConnections "too_many_connections" Warn;
    "The handshake failed: it may not trust our certificate, or not speak TLS at all." TlsFailed "tls_failed" Info;
    "It has to say STARTTLS first." TlsRequired "tls_required" Warn;
    "It has to sign in first." AuthRequired "auth_required" Warn;
    "It wants to sign in where, or in a way that, nobody can." AuthNotOffered "auth_not_offered" Warn;
    "What it said while it signed in is no answer." AuthAnswer "auth_answer" Info;
    "Name or password is wrong." WrongPassword "wrong_password" Warn;
    "There were too many wrong passwords lately, so none is looked at." TooManyPasswords "too_many_passwords" Warn;
    "It greets in LMTP where SMTP is spoken, or the other way round." OtherProtocol "other_protocol" Warn;
    "A command, an address or a parameter that is not understood or not offered." Command "command" Info;
    "A command at the wrong time, or one that did not wait for an answer." Sequence "sequence" Info;
    "A CR or LF stands alone." BareLineEnd "bare_line_end" Warn;
    "A command line without end." LineTooLong "line_too_long" Info;
    "The mail is larger than may be." TooLarge "too_large" Warn;
    "The mail came too slowly." TooSlow "too_slow" Info;
    "More recipients than one mail may have." TooManyRecipients "too_many_recipients" Info;
    "More mails than one connection may bring." TooManyMails "too_many_mails" Info;
    "More refused commands than one connection may cost." TooManyErrors "too_many_errors" Info;
    "Who stands behind the listener refused MAIL." Sender "sender" Info;
    "Who stands behind the listener refused RCPT." Recipient "recipient" Info;
    "Who stands behind the listener has no room for the mail." NoRoom "no_room" Info;
    "Who stands behind the listener refused the mail after its end." NotTaken "not_taken" Silent;
}

/// The refusals of one listener since it was bound; for metrics.
#[derive(Debug)]
pub struct Refusals {
    listener: String,
    tallies: Vec<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    count: AtomicU64,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    /// When the last line was written.
    at: Option<Instant>,
    /// Refusals since then.
    held_back: u64,
}

impl Refusals {
    pub(super) fn new(listener: &str) -> Arc<Refusals> {
        let tallies = REASONS.iter().map(|_| Tally::default()).collect();
        Arc::new(Refusals { listener: listener.to_owned(), tallies })
    }

    /// The name of the listener.
    pub fn listener(&self) -> &str {
        &self.listener
    }

    /// How often clients were refused, by the word for why. What never happened is left out.
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        let counted = REASONS.iter().zip(&self.tallies);
        let counted = counted.map(|((word, _), tally)| (*word, tally.count.load(Ordering::Relaxed)));
        counted.filter(|(_, count)| *count > 0).collect()
    }

    /// Counts a refusal, and tells of it unless one for the same reason was told of lately. `ip` is none for a local socket, `code` where
    /// nothing was said. A line has the client's network address, and nothing that the client said.
    pub(super) fn note(&self, reason: Reason, ip: Option<IpAddr>, code: Option<u16>) {
        let ((reason, tone), tally) = (REASONS[reason as usize], &self.tallies[reason as usize]);
        tally.count.fetch_add(1, Ordering::Relaxed);
        if matches!(tone, Tone::Silent) {
            return;
        }
        let Some(held_back) = tally.turn(Instant::now()) else { return };
        let client = ip.map_or_else(|| "local".to_owned(), |ip| ip.to_canonical().to_string());
        let listener = self.listener.as_str();
        match tone {
            Tone::Warn => tracing::warn!(listener, client, code, reason, held_back, "a client was refused"),
            Tone::Info | Tone::Silent => {
                tracing::info!(listener, client, code, reason, held_back, "a client was refused");
            }
        }
    }
}

impl Tally {
    /// How many were held back since the last line, where it is time for another.
    fn turn(&self, now: Instant) -> Option<u64> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_too_soon =
            told.at.is_some_and(|at| now.saturating_duration_since(at) < Duration::from_secs(TOLD_EVERY_S));
        if is_too_soon {
            told.held_back += 1;
            return None;
        }
        told.at = Some(now);
        Some(std::mem::take(&mut told.held_back))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;
    use tokio::time::advance;

    #[tokio::test(start_paused = true)]
    async fn a_reason_is_told_of_once_a_minute_with_how_many_were_held_back() {
        let tally = Tally::default();
        assert_eq!(tally.turn(Instant::now()), Some(0));
        assert!((0..1000).all(|_| tally.turn(Instant::now()).is_none()));
        advance(Duration::from_secs(TOLD_EVERY_S)).await;
        assert_eq!(tally.turn(Instant::now()), Some(1000));
        assert_eq!(tally.turn(Instant::now()), None);
        advance(Duration::from_secs(TOLD_EVERY_S)).await;
        assert_eq!(tally.turn(Instant::now()), Some(1));
    }

    #[test]
    fn every_refusal_is_counted_under_its_word() {
        let refusals = Refusals::new("relay wiki");
        assert!(refusals.counts().is_empty());
        refusals.note(Reason::BareLineEnd, None, Some(554));
        refusals.note(Reason::BareLineEnd, None, Some(554));
        refusals.note(Reason::NotTaken, Some([192, 0, 2, 1].into()), Some(451));
        assert_eq!(refusals.counts(), [("bare_line_end", 2), ("not_taken", 1)]);
        let words: BTreeSet<&str> = REASONS.iter().map(|(word, _)| *word).collect();
        assert_eq!(words.len(), REASONS.len(), "no two reasons have one word");
    }

    #[test]
    fn the_manual_names_every_reason() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/smtp.md");
        let page = std::fs::read_to_string(page).unwrap();
        let missing: Vec<&str> =
            REASONS.iter().map(|(word, _)| *word).filter(|word| !page.contains(&format!("| `{word}` |"))).collect();
        assert!(missing.is_empty(), "docs/smtp.md says nothing of {missing:?}");
    }
}
