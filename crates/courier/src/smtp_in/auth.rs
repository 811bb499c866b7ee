//! AUTH PLAIN and LOGIN (RFC 4954, RFC 4616): offered over TLS or to this machine only, answered slowly when wrong.

use std::time::Duration;

use data_encoding::BASE64;
use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN};
use tokio::time::sleep;
use zeroize::Zeroizing;

use super::limits::{AUTH_FAILURE_DELAY_S, AUTH_FAILURES_MAX};
use super::refusals::Reason;
use super::session::{Heard, Next, Session, ask};
use super::{Gate, Refusal};

/// A name and a password, wiped from memory after use.
struct Credentials {
    user: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl<G: Gate> Session<'_, G> {
    /// Passwords never cross a network in clear: only TLS, the loopback interface and a local socket will do (SEC-51).
    pub(super) fn can_authenticate(&self) -> bool {
        let is_private = self.encrypted || self.ip.is_none_or(|ip| ip.to_canonical().is_loopback());
        self.shared.settings.offer_auth && is_private && !self.authenticated
    }

    pub(super) async fn auth(&mut self, mechanism: u64, initial: String) -> Next {
        let initial = Zeroizing::new(initial);
        if let Some((why, refusal)) = self.refusal_of_auth(mechanism) {
            return self.refuse(why, &refusal);
        }
        let credentials = match mechanism {
            AUTH_PLAIN => self.plain(&initial).await,
            _ => self.login(&initial).await,
        };
        let credentials = match credentials {
            Ok(Ok(credentials)) => credentials,
            Ok(Err(refusal)) => return self.refuse(Reason::AuthAnswer, &refusal),
            Err(heard) => return self.part(heard),
        };
        if self.shared.guesses.used_up(self.ip, &credentials.user) {
            let refusal = Refusal::new(454, "4.7.0", "Too many wrong passwords lately; try again later");
            return self.refuse(Reason::TooManyPasswords, &refusal);
        }
        let answer = self.shared.gate.authenticate(&credentials.user, &credentials.password);
        match ask(async { Ok(answer.await) }).await {
            Ok(true) => {
                self.authenticated = true;
                self.account = Some(credentials.user.to_string());
                self.say(235, "2.7.0", "Welcome");
                Next::Listen
            }
            Ok(false) => {
                self.shared.guesses.note(self.ip, &credentials.user);
                self.fail_auth().await
            }
            Err(refusal) => self.refuse(Reason::NoRoom, &refusal),
        }
    }

    fn refusal_of_auth(&self, mechanism: u64) -> Option<(Reason, Refusal)> {
        let settings = &self.shared.settings;
        if self.greeting.as_ref().is_none_or(|greeting| !greeting.extended) {
            return Some((Reason::Sequence, Refusal::new(503, "5.5.1", "Say EHLO first")));
        }
        if self.authenticated || self.transaction.is_some() {
            return Some((Reason::Sequence, Refusal::new(503, "5.5.1", "Not now")));
        }
        if !settings.offer_auth {
            return Some((Reason::AuthNotOffered, Refusal::new(502, "5.5.1", "Authentication is not offered")));
        }
        if !self.can_authenticate() || settings.require_tls && !self.encrypted {
            return Some((Reason::TlsRequired, Refusal::new(538, "5.7.11", "Encryption required for authentication")));
        }
        let is_known = matches!(mechanism, AUTH_PLAIN | AUTH_LOGIN);
        let unknown = || (Reason::AuthNotOffered, Refusal::new(504, "5.5.4", "Only PLAIN and LOGIN are offered"));
        (!is_known).then(unknown)
    }

    async fn fail_auth(&mut self) -> Next {
        self.spent.auth_failures += 1;
        sleep(Duration::from_secs(AUTH_FAILURE_DELAY_S)).await;
        let refusal = Refusal::new(535, "5.7.8", "Name or password is wrong");
        let next = self.refuse(Reason::WrongPassword, &refusal);
        if self.spent.auth_failures < AUTH_FAILURES_MAX { next } else { Next::Close }
    }

    async fn plain(&mut self, initial: &str) -> Result<Result<Credentials, Refusal>, Heard> {
        let answer = match initial {
            "" => self.challenge("").await?,
            given => decode(given),
        };
        Ok(answer.and_then(|answer| {
            // authorisation identity NUL authentication identity NUL password; acting for somebody else is not offered.
            match answer.split('\0').collect::<Vec<_>>()[..] {
                [on_behalf_of, user, password] if on_behalf_of.is_empty() || on_behalf_of == user => Ok(Credentials {
                    user: Zeroizing::new(user.to_owned()),
                    password: Zeroizing::new(password.to_owned()),
                }),
                _ => Err(malformed()),
            }
        }))
    }

    async fn login(&mut self, initial: &str) -> Result<Result<Credentials, Refusal>, Heard> {
        let user = match initial {
            "" => self.challenge("Username:").await?,
            given => decode(given),
        };
        let user = match user {
            Ok(user) => user,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let password = self.challenge("Password:").await?;
        Ok(password.map(|password| Credentials { user, password }))
    }

    /// Sends 334 and waits for the answer line; `*` cancels.
    async fn challenge(&mut self, text: &str) -> Result<Result<Zeroizing<String>, Refusal>, Heard> {
        self.channel.say(format!("334 {}\r\n", BASE64.encode(text.as_bytes())).as_bytes());
        match self.hear().await {
            Heard::Line => {
                let line = Zeroizing::new(std::mem::take(&mut self.line));
                let text = std::str::from_utf8(&line).map_err(|_| malformed());
                Ok(text.and_then(|text| decode(text.trim_end_matches("\r\n"))))
            }
            heard => Err(heard),
        }
    }
}

/// Base64 to text; `=` is the empty answer (RFC 4954, section 4).
fn decode(text: &str) -> Result<Zeroizing<String>, Refusal> {
    match text {
        "*" => Err(Refusal::new(501, "5.7.0", "Cancelled")),
        "=" => Ok(Zeroizing::default()),
        _ => {
            let bytes = Zeroizing::new(BASE64.decode(text.as_bytes()).map_err(|_| malformed())?);
            let text = std::str::from_utf8(&bytes).map_err(|_| malformed())?;
            Ok(Zeroizing::new(text.to_owned()))
        }
    }
}

fn malformed() -> Refusal {
    Refusal::new(501, "5.5.2", "Malformed authentication answer")
}
