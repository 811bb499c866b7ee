//! Letters that leave by Microsoft Graph: the whole mail in one request, to whom its own fields name.
//!
//! There is no envelope: who is not named in `To` is named in `Bcc`, which the server takes out. It writes the mail anew, so it is not signed by us,
//! and reports go to the mailbox by which it was sent.

use super::cleared::Cleared;
use super::sent::{self, Sent};
use super::shelf::Turn;
use crate::held::Held;
use crate::speak::{MailService, SiteConnection};
use crate::tokens::TokensOfOutgoing;
use courier::fetch::graph::Mailbox;
use data_encoding::BASE64;
use mail::Envelope;
use policy::{Fault, FaultCode, FaultKind};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use url::Url;

/// A letter has no more bytes: a request may have 4 MB, and base64 makes four of three.
pub const LETTER_BYTES_MAX: u64 = 3_000_000;
/// The files of a letter have no more together, so that there is room for its words.
pub(crate) const FILES_BYTES_MAX: u64 = 1_800_000;
/// How long a letter is waited for.
const LETTER_TIMEOUT: Duration = Duration::from_secs(120);
/// What stands in `To` where a letter names nobody.
const NOBODY: &str = "To: \"undisclosed-recipients\":;\r\n";

/// A mailbox by which letters leave.
#[derive(Clone, PartialEq, Eq)]
pub struct GraphServer {
    pub host: String,
    pub port: u16,
    /// Without encryption only this machine is spoken to.
    pub encrypted: bool,
    pub authorities: Option<PathBuf>,
    pub allow_private: bool,
    /// The address or id of the mailbox.
    pub user: String,
}

impl std::fmt::Debug for GraphServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GraphServer").field("host", &self.host).finish_non_exhaustive()
    }
}

impl GraphServer {
    pub(crate) fn service(&self) -> Result<MailService, Fault> {
        let scheme = if self.encrypted { "https" } else { "http" };
        let wrong = |_| {
            let text = "The host of an outgoing server is no server's name: check outgoing.host.";
            Fault::permanent(FaultCode::SettingsWrong, text).with_public(text)
        };
        let base = Url::parse(&format!("{scheme}://{}:{}", self.host, self.port)).map_err(wrong)?;
        let mut connection = SiteConnection::new("an outgoing mail service", base, "", "");
        connection.allow_private = self.allow_private;
        connection.extra_certificate_authorities = self.authorities.iter().cloned().collect();
        MailService::new(&connection, LETTER_TIMEOUT)
    }
}

/// Sends one letter to its recipients.
pub(super) async fn hand_over(
    turn: &Turn<'_>,
    server: &GraphServer,
    held: &Held,
    envelope: &Envelope,
    cleared: Cleared,
) -> Result<Sent, Fault> {
    let size_bytes = cleared.shape().size_bytes;
    if size_bytes > LETTER_BYTES_MAX {
        return Err(too_large());
    }
    let (content, sealing) = cleared.into_parts();
    let mail = addressed(content.whole().await?, envelope)?;
    let tokens = turn.tokens().ok_or_else(no_tokens)?;
    let _door = turn.knock().await?;
    let asked_at = Instant::now();
    let said = request(&turn.service(server)?, server, tokens, BASE64.encode(&mail), || held.still_ours()).await;
    turn.heed(said, asked_at).map(|said| sent::by_graph(server, held, size_bytes, said).sealed(sealing))
}

/// Hands one letter over, for somebody who wants to know what is said.
///
/// # Errors
/// Those of a letter that is sent.
pub async fn send(
    server: &GraphServer,
    tokens: &TokensOfOutgoing,
    envelope: &Envelope,
    mail: &[u8],
) -> Result<(), Fault> {
    if mail.len() as u64 > LETTER_BYTES_MAX {
        return Err(too_large());
    }
    let mail = addressed(mail.to_vec(), envelope)?;
    request(&server.service()?, server, tokens, BASE64.encode(&mail), || Ok(())).await.map(|_| ())
}

/// Whether the mailbox may send, without sending anything: what is no base64 is refused by whoever would have sent it.
///
/// # Errors
/// What `sealpost check` tells.
pub async fn look(server: &GraphServer, tokens: &TokensOfOutgoing) -> Result<(), Fault> {
    match request(&server.service()?, server, tokens, "!".to_owned(), || Ok(())).await {
        Err(fault) if fault.code == FaultCode::PostRefused && fault.kind == FaultKind::Permanent => Ok(()),
        said => said.map(|_| ()),
    }
}

/// What was said of a mail that was taken.
async fn request(
    service: &MailService,
    server: &GraphServer,
    tokens: &TokensOfOutgoing,
    mail: String,
    go: impl Fn() -> Result<(), Fault>,
) -> Result<String, Fault> {
    let pass = tokens.pass().await?;
    let sent = service.hand_over(&pass.access, &Mailbox::of(&server.user).send(), mail, go).await;
    if sent.as_ref().is_err_and(is_ours) {
        // It may have been taken back before its time, or be older than the right that was given since.
        tokens.forget(&pass).await;
    }
    sent
}

/// Whether what the server refuses is us and no letter; see [`courier::fetch::graph::not_sent`].
pub(super) fn is_ours(fault: &Fault) -> bool {
    fault.code == FaultCode::PostRefused && fault.kind == FaultKind::Temporary
}

/// The mail with each recipient in its fields.
fn addressed(mut mail: Vec<u8>, envelope: &Envelope) -> Result<Vec<u8>, Fault> {
    let end = mail.windows(4).position(|window| window == b"\r\n\r\n").map_or(mail.len(), |at| at + 2);
    let header = String::from_utf8_lossy(mail.get(..end).unwrap_or_default()).into_owned();
    let named = to_field(&header).to_ascii_lowercase();
    let is_named = |address: &str| named.contains(&format!("<{}>", address.to_ascii_lowercase()));
    let is_alone = |address: &str| named.trim() == address.to_ascii_lowercase();
    let hidden: Vec<&str> = envelope.rcpt_to.iter().map(String::as_str).collect();
    let hidden: Vec<&str> = hidden.into_iter().filter(|one| !is_named(one) && !is_alone(one)).collect();
    if hidden.iter().any(|address| !address.is_ascii() || address.contains(['"', ',', ';', '<', '>', '(', ' '])) {
        let text = "An address that needs more than ASCII stands in no field, and Microsoft Graph has no envelope; use SMTP for it.";
        return Err(Fault::permanent(FaultCode::PostRefused, "an address that stands in no field").with_public(text));
    }
    if let Some(at) = header.find(NOBODY).filter(|_| header.is_ascii()) {
        mail.drain(at..at + NOBODY.len());
    }
    if !hidden.is_empty() {
        let field: Vec<String> = hidden.iter().map(|address| format!("<{address}>")).collect();
        mail.splice(0..0, format!("Bcc: {}\r\n", field.join(",\r\n ")).into_bytes());
    }
    Ok(mail)
}

/// What stands in `To`, unfolded; empty where there is none.
fn to_field(header: &str) -> String {
    let mut lines = header.split("\r\n").skip_while(|line| !line.to_ascii_lowercase().starts_with("to:"));
    let first = lines.next().and_then(|line| line.get(3..)).unwrap_or_default();
    lines.take_while(|line| line.starts_with([' ', '\t'])).fold(first.to_owned(), |field, line| field + line)
}

fn too_large() -> Fault {
    let text = format!(
        "The letter has more than {LETTER_BYTES_MAX} bytes, and Microsoft Graph takes no more in one request; send it by SMTP, or with \
         fewer files."
    );
    Fault::permanent(FaultCode::PostRefused, "a letter that is too large for Microsoft Graph").with_public(text)
}

fn no_tokens() -> Fault {
    let text = "Microsoft Graph takes tokens alone: set outgoing.oauth.";
    Fault::permanent(FaultCode::SettingsWrong, text).with_public(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn named(mail: &str, to: &[&str]) -> Result<String, Fault> {
        let envelope = Envelope { rcpt_to: to.iter().map(|one| (*one).to_owned()).collect(), ..Envelope::default() };
        addressed(mail.as_bytes().to_vec(), &envelope).map(|mail| String::from_utf8(mail).unwrap())
    }

    #[test]
    fn whom_no_field_names_is_named_where_nobody_reads_it() {
        let own = "From: a@x.example\r\nTo: Bob\r\n <Bob@x.example>\r\n\r\nTo: <eve@x.example>\r\n";
        assert_eq!(named(own, &["bob@x.example"]).unwrap(), own);
        assert_eq!(named("To: bob@x.example\r\n\r\nx", &["bob@x.example"]).unwrap(), "To: bob@x.example\r\n\r\nx");
        assert_eq!(named(own, &["eve@x.example"]).unwrap(), format!("Bcc: <eve@x.example>\r\n{own}"));
        let shared = "From: a@x.example\r\nTo: \"undisclosed-recipients\":;\r\nSubject: s\r\n\r\nx";
        let expected = "Bcc: <eve@x.example>\r\nFrom: a@x.example\r\nSubject: s\r\n\r\nx";
        assert_eq!(named(shared, &["eve@x.example"]).unwrap(), expected);
        let refused = named(shared, &["\u{e4}@x.example"]).unwrap_err();
        assert_eq!((refused.code, refused.kind), (FaultCode::PostRefused, FaultKind::Permanent));
    }
}
