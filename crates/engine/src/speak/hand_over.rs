//! Mail handed to the API of a gateway, as `sealpost deliver` does, and the question what became of it.

use super::connection::SiteConnection;
use super::speaker::client;
use mail::Envelope;
use policy::{Fault, FaultCode};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;

/// More than any answer of the API has.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// The slowest upload that is waited for.
const BYTES_PER_S_MIN: u64 = 64 * 1024;

/// Where a gateway's API is, and the token for it.
pub struct GatewayAt {
    /// `https://host[:port]`, or `http://` on this machine.
    base: Url,
    connection: SiteConnection,
}

impl GatewayAt {
    /// # Errors
    /// Permanent `SettingsWrong` when the base is no URL.
    pub fn new(base: &str, token: &str, authorities: Option<PathBuf>) -> Result<GatewayAt, Fault> {
        let base = base.parse::<Url>().map_err(|_| {
            let why = "The address of the gateway is no URL; write for example https://mail.example.org/.";
            Fault::permanent(FaultCode::SettingsWrong, "no URL").with_public(why)
        })?;
        let mut connection = SiteConnection::new("the gateway", base.clone(), "", token);
        // It was named by hand.
        connection.allow_private = true;
        connection.extra_certificate_authorities = authorities.into_iter().collect();
        Ok(GatewayAt { base, connection })
    }

    /// Hands the mail in; the id under which it is durable. Repeating it is safe: the gateway knows envelope and bytes again.
    ///
    /// # Errors
    /// `SmtpUnreachable`, temporary, without an answer; `SmtpRefused` with the gateway's words, temporary when it asks to try later.
    pub async fn hand_in(&self, mailbox: Option<&str>, envelope: &Envelope, raw: Vec<u8>) -> Result<String, Fault> {
        let mut url = self.at("/api/messages")?;
        let mut query = url.query_pairs_mut();
        query.extend_pairs(mailbox.map(|mailbox| ("mailbox", mailbox)));
        query.append_pair("from", envelope.mail_from.as_deref().unwrap_or_default());
        query.extend_pairs(envelope.rcpt_to.iter().map(|recipient| ("rcpt", recipient)));
        drop(query);
        let told = self.ask(url, Some(raw)).await?;
        told["id"].as_str().map(str::to_owned).ok_or_else(|| unreachable("gives no id"))
    }

    /// What became of a message, as `GET /api/messages/{id}` tells it.
    ///
    /// # Errors
    /// As [`GatewayAt::hand_in`].
    pub async fn message(&self, id: &str) -> Result<Value, Fault> {
        self.ask(self.at(&format!("/api/messages/{id}"))?, None).await
    }

    fn at(&self, path: &str) -> Result<Url, Fault> {
        self.base.join(path).map_err(|_| Fault::permanent(FaultCode::SettingsWrong, "the gateway's URL takes no path"))
    }

    async fn ask(&self, url: Url, mail: Option<Vec<u8>>) -> Result<Value, Fault> {
        let client = client(&self.connection, self.connection.reach()?)?;
        let authorization = self.connection.authorization()?;
        let asked = match mail {
            None => client.get(url).timeout(self.connection.answer_timeout),
            Some(mail) => {
                let more = Duration::from_secs(mail.len() as u64 / BYTES_PER_S_MIN);
                let posted = client.post(url).timeout(self.connection.answer_timeout + more);
                posted.header(reqwest::header::CONTENT_TYPE, "message/rfc822").body(mail)
            }
        };
        let sent = asked.header(reqwest::header::AUTHORIZATION, authorization).send().await;
        let mut response = sent.map_err(|error| match error.is_timeout() {
            true => unreachable("does not answer in time"),
            false => unreachable("cannot be reached"),
        })?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|_| unreachable("breaks off its answer"))? {
            if body.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(unreachable("says more than a gateway would"));
            }
            body.extend_from_slice(&piece);
        }
        let told: Value = serde_json::from_slice(&body).map_err(|_| refused(status, "no answer of a gateway"))?;
        if (200..300).contains(&status) {
            return Ok(told);
        }
        let word = |name: &str| told[name].as_str().unwrap_or_default();
        Err(refused(status, &format!("{} {} {}", word("code"), word("title"), word("detail"))))
    }
}

fn unreachable(what: &str) -> Fault {
    let public = format!("The gateway {what}; see whether it runs and is reached by this address.");
    Fault::temporary(FaultCode::SmtpUnreachable, what).with_public(public)
}

fn refused(status: u16, words: &str) -> Fault {
    let detail = format!("HTTP {status}");
    let fault = match status {
        408 | 429 | 500.. => Fault::temporary(FaultCode::SmtpRefused, detail),
        _ => Fault::permanent(FaultCode::SmtpRefused, detail),
    };
    fault.with_public(format!("The gateway refused it with {status}: {}", words.trim()))
}
