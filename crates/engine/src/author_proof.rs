//! Finds out whether the author's domain vouches for a mail, in the way that its mailbox names.

use crate::facts::Inquiry;
use crate::stop::Stop;
use courier::dns_auth::{Arrival, DnsAuth, Examination};
use mail::authenticity::{self, Authenticity, Trust, Verdict};
use mail::{Client, Envelope};
use policy::{Fault, FaultCode};
use std::net::IpAddr;

/// How the authors of a mailbox's mails are verified.
#[derive(Clone, Default)]
pub enum AuthorProof {
    /// Not at all: nobody is proved.
    #[default]
    Nothing,
    /// By the Authentication-Results of the server before us; `hops` without our own listener's Received. They count in mail
    /// that this machine or one of these clients handed over: whoever else reaches our listener writes what he likes.
    Header(Trust, Vec<IpAddr>),
    /// By the Authentication-Results of the server whose mailbox is fetched; `hops` are all Received fields above them. They
    /// count in fetched mail alone: the mailbox may have been a listener before.
    OfMailbox(Trust),
    /// By our own look-ups in DNS, for mail that comes straight from the internet.
    Dns(DnsAuth),
}

impl AuthorProof {
    /// Whether there is anything to find out.
    pub(crate) fn verifies(&self) -> bool {
        !matches!(self, AuthorProof::Nothing)
    }
}

/// The verdict on the inquiry's message. While DNS gives no answer the mail waits for one, for a named time: it is no more
/// than an unanswered question then, and afterwards it is decided on as one.
pub(crate) async fn find_out(inquiry: &Inquiry<'_>) -> Result<Authenticity, Stop> {
    match inquiry.proof {
        AuthorProof::Nothing => {
            Ok(Authenticity::without_checks(Verdict::Unknown, "authors are not verified in this mailbox"))
        }
        AuthorProof::Header(_, clients) if !is_from(inquiry.message.envelope.client.as_ref(), clients) => {
            let why = "it was not handed over by the server whose Authentication-Results count";
            Ok(Authenticity::without_checks(Verdict::Unknown, why))
        }
        AuthorProof::OfMailbox(trust) if is_fetched(&inquiry.message.envelope) => {
            Ok(authenticity::from_results(&head(inquiry).await?, trust))
        }
        AuthorProof::OfMailbox(_) => {
            let why = "it was not fetched from the mailbox whose Authentication-Results count";
            Ok(Authenticity::without_checks(Verdict::Unknown, why))
        }
        AuthorProof::Header(trust, _) => {
            let head = head(inquiry).await?;
            // The topmost Received is our own listener's.
            let trust = Trust { hops: trust.hops.saturating_add(1), ..trust.clone() };
            Ok(authenticity::from_results(&head, &trust))
        }
        AuthorProof::Dns(dns) => {
            let found = dns.verify(examination(inquiry).await?, arrival(inquiry)).await;
            let settings = &inquiry.shared.settings;
            if found.verdict == Verdict::Unknown && inquiry.held.age() < settings.author_patience {
                let fault = Fault::temporary(FaultCode::DnsUnavailable, "the author of a mail could not be verified");
                return Err(Stop::Wait(fault, settings.author_poll));
            }
            Ok(found)
        }
    }
}

/// Whether a mail comes from a mailbox: whoever hands one to a listener names somebody as its recipient.
fn is_fetched(envelope: &Envelope) -> bool {
    envelope.client.is_none() && envelope.rcpt_to.is_empty()
}

/// Whether a mail came from this machine or one of these clients; not when its client is not known.
fn is_from(client: Option<&Client>, clients: &[IpAddr]) -> bool {
    match client.map(|client| client.ip.as_deref().map(str::parse::<IpAddr>)) {
        // A local socket.
        Some(None) => true,
        Some(Some(Ok(ip))) => ip.to_canonical().is_loopback() || clients.contains(&ip.to_canonical()),
        Some(Some(Err(_))) | None => false,
    }
}

/// The beginning of the mail with its whole header, or as much of it as is ever looked at.
async fn head(inquiry: &Inquiry<'_>) -> Result<Vec<u8>, Fault> {
    let mut content = inquiry.shared.store.raw(&inquiry.message.id).await?;
    let mut head = Vec::new();
    while head.len() <= authenticity::HEAD_BYTES_MAX {
        let Some(piece) = content.next().await? else { break };
        let from = head.len().saturating_sub(3);
        head.extend_from_slice(&piece);
        if head[from..].windows(4).any(|window| window == b"\r\n\r\n") {
            break;
        }
    }
    Ok(head)
}

/// The whole mail, streamed through; nothing but its header stays.
async fn examination(inquiry: &Inquiry<'_>) -> Result<Examination, Fault> {
    let mut content = inquiry.shared.store.raw(&inquiry.message.id).await?;
    let mut examination = Examination::default();
    while let Some(piece) = content.next().await? {
        if !examination.write(&piece) {
            break;
        }
    }
    Ok(examination)
}

fn arrival(inquiry: &Inquiry<'_>) -> Arrival {
    let envelope = &inquiry.message.envelope;
    let client = envelope.client.clone().unwrap_or_default();
    Arrival {
        ip: client.ip.and_then(|ip| ip.parse().ok()),
        hello: client.hello,
        mail_from: envelope.mail_from.clone(),
        // RFC 7208, section 7.3, allows this word where the checking host does not tell its name.
        host: "unknown".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sec_04_results_count_only_from_the_server_that_is_named() {
        let border: IpAddr = "192.0.2.7".parse().unwrap();
        let by = |ip: Option<&str>| {
            let client = Client { ip: ip.map(str::to_owned), hello: "mx.desk.example".to_owned() };
            is_from(Some(&client), &[border])
        };
        assert!(
            [None, Some("127.0.0.1"), Some("::1"), Some("192.0.2.7"), Some("::ffff:192.0.2.7")]
                .map(by)
                .iter()
                .all(|it| *it)
        );
        assert!(![Some("192.0.2.8"), Some("2001:db8::7"), Some(""), Some("x")].map(by).iter().any(|it| *it));
        assert!(is_fetched(&Envelope::default()));
        let handed_in = Envelope { rcpt_to: vec!["help@desk.example".to_owned()], ..Envelope::default() };
        let by_a_client = Envelope { client: Some(Client::default()), ..Envelope::default() };
        assert!(!is_fetched(&handed_in) && !is_fetched(&by_a_client));
        assert!(!is_from(None, &[border]), "an envelope that knows no client proves nothing");
    }
}
