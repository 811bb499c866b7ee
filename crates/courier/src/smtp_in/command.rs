//! Command lines to commands: smtp-proto reads them, this file is strict where it is lenient.

use std::borrow::Cow;

use smtp_proto::{Error, MAIL_BODY_7BIT, MAIL_BODY_8BITMIME, MAIL_SMTPUTF8, MailFrom, RcptTo, Request};

use super::Refusal;

/// How a client greets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hello {
    Helo,
    Ehlo,
    Lhlo,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Hello {
        hello: Hello,
        name: String,
    },
    Mail(Sender),
    Recipient(String),
    Data,
    Auth {
        mechanism: u64,
        initial: String,
    },
    StartTls,
    Reset,
    Nothing,
    Verify,
    Help,
    Quit,
    /// A command that brings its own payload, or another protocol: whatever follows is not meant as commands.
    Foreign,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sender {
    /// None is the null sender `<>`.
    pub(super) address: Option<String>,
    /// Announced octets, 0 when not announced.
    pub(super) size_bytes: u64,
    pub(super) utf8: bool,
    /// `BODY=8BITMIME` was said.
    pub(super) eight_bit: bool,
    /// Any parameter at all was given: only a client that said EHLO may.
    pub(super) parameters: bool,
}

/// Verbs of HTTP: a browser made to speak to a mail port must not get as far as its request body (cross-protocol attacks).
const HTTP_VERBS: [&[u8]; 6] = [b"GET ", b"POST ", b"PUT ", b"HEAD ", b"CONNECT ", b"OPTIONS "];

/// Reads one line with its CRLF.
pub(super) fn parse(line: &[u8]) -> Result<Command, Refusal> {
    if HTTP_VERBS.iter().any(|verb| line.starts_with(verb)) {
        return Ok(Command::Foreign);
    }
    let text = line.strip_suffix(b"\r\n").and_then(|text| std::str::from_utf8(text).ok());
    let Some(text) = text else {
        return Err(Refusal::new(500, "5.5.2", "A command is a line of UTF-8 text"));
    };
    if text.chars().any(is_unsafe) {
        return Err(Refusal::new(500, "5.5.2", "Control characters do not belong into a command"));
    }
    let mut bytes = line.iter();
    let request = Request::parse(&mut bytes).map_err(refusal)?;
    if !bytes.as_slice().is_empty() {
        return Err(Refusal::new(501, "5.5.2", "Syntax error"));
    }
    command(request, text)
}

fn command(request: Request<Cow<'_, str>>, text: &str) -> Result<Command, Refusal> {
    // smtp-proto skips what follows a command that takes no argument.
    let alone = !text.trim_end().contains(' ');
    match request {
        Request::Ehlo { host } => Ok(Command::Hello { hello: Hello::Ehlo, name: host.into_owned() }),
        Request::Helo { host } => Ok(Command::Hello { hello: Hello::Helo, name: host.into_owned() }),
        Request::Lhlo { host } => Ok(Command::Hello { hello: Hello::Lhlo, name: host.into_owned() }),
        Request::Mail { from } => sender(from, text).map(Command::Mail),
        Request::Rcpt { to } => recipient(to, text),
        Request::Auth { mechanism, initial_response } => {
            Ok(Command::Auth { mechanism, initial: initial_response.into_owned() })
        }
        Request::Data | Request::Rset | Request::Quit | Request::StartTls if !alone => {
            Err(Refusal::new(501, "5.5.4", "This command takes no argument"))
        }
        Request::Data => Ok(Command::Data),
        Request::Rset => Ok(Command::Reset),
        Request::Quit => Ok(Command::Quit),
        Request::StartTls => Ok(Command::StartTls),
        Request::Noop { .. } => Ok(Command::Nothing),
        Request::Vrfy { .. } => Ok(Command::Verify),
        Request::Help { .. } => Ok(Command::Help),
        Request::Bdat { .. } | Request::Burl { .. } => Ok(Command::Foreign),
        Request::Expn { .. } | Request::Etrn { .. } | Request::Atrn { .. } => {
            Err(Refusal::new(502, "5.5.1", "Command not implemented"))
        }
    }
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::UnknownCommand => Refusal::new(500, "5.5.1", "Command unknown"),
        Error::InvalidSenderAddress => Refusal::new(501, "5.1.7", "That is no sender address"),
        Error::InvalidRecipientAddress => Refusal::new(501, "5.1.3", "That is no recipient address"),
        Error::SyntaxError { syntax } => Refusal::new(501, "5.5.2", format!("Syntax: {syntax}")),
        Error::InvalidParameter { param } => Refusal::new(501, "5.5.4", format!("The value of {param} is wrong")),
        Error::UnsupportedParameter { .. } => unannounced(),
        Error::NeedsMoreData { .. } | Error::ResponseTooLong | Error::InvalidResponse { .. } => {
            Refusal::new(501, "5.5.2", "Syntax error")
        }
    }
}

/// RFC 5321, section 4.1.1.11: 555 for parameters that were not announced.
pub(super) fn unannounced() -> Refusal {
    Refusal::new(555, "5.5.4", "A parameter that was not announced")
}

fn sender(from: MailFrom<Cow<'_, str>>, text: &str) -> Result<Sender, Refusal> {
    let is_foreign = from.flags & !(MAIL_BODY_7BIT | MAIL_BODY_8BITMIME | MAIL_SMTPUTF8) != 0
        || from.trans_id.is_some()
        || from.env_id.is_some()
        || from.solicit.is_some()
        || from.mtrk.is_some()
        || (from.by, from.mt_priority) != (0, 0)
        || (from.hold_for, from.hold_until) != (0, 0);
    if is_foreign {
        return Err(unannounced());
    }
    let utf8 = from.flags & MAIL_SMTPUTF8 != 0;
    let address = match mailbox(&from.address, text) {
        Some(address) => Some(address.ok_or_else(|| Refusal::new(501, "5.1.7", "That is no sender address"))?),
        None => None,
    };
    if !utf8 && address.as_ref().is_some_and(|address| !address.is_ascii()) {
        return Err(Refusal::new(553, "5.6.7", "This address needs SMTPUTF8"));
    }
    let parameters = from.flags != 0 || from.size != 0 || from.auth.is_some();
    let eight_bit = from.flags & MAIL_BODY_8BITMIME != 0;
    Ok(Sender { address, size_bytes: from.size as u64, utf8, eight_bit, parameters })
}

fn recipient(to: RcptTo<Cow<'_, str>>, text: &str) -> Result<Command, Refusal> {
    if to.orcpt.is_some() || to.rrvs != 0 || to.flags != 0 {
        return Err(unannounced());
    }
    match mailbox(&to.address, text) {
        Some(Some(address)) => Ok(Command::Recipient(address)),
        _ => Err(Refusal::new(501, "5.1.3", "That is no recipient address")),
    }
}

/// The mailbox as it is to be written: outer None for `<>`, inner None when it cannot be used.
///
/// smtp-proto takes quotes off and gives back nothing for `<postmaster>` as for `<>`. Quotes are put back where the
/// local part needs them, so that `"a@b"@c` can never be read as an address at `b`.
fn mailbox(address: &str, text: &str) -> Option<Option<String>> {
    if address.is_empty() {
        let is_postmaster = text.to_ascii_lowercase().contains("<postmaster>");
        return is_postmaster.then(|| Some("postmaster".to_owned()));
    }
    Some(address.rsplit_once('@').and_then(|(local, domain)| {
        let domain_is_safe = !domain.is_empty()
            && domain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') || !c.is_ascii());
        match (domain_is_safe, needs_quotes(local)) {
            (false, _) => None,
            (true, false) => Some(address.to_owned()),
            (true, true) => {
                let escaped = local.replace('\\', "\\\\").replace('"', "\\\"");
                Some(format!("\"{escaped}\"@{domain}"))
            }
        }
    }))
}

/// Whether a local part is no dot-atom (RFC 5321, section 4.1.2).
fn needs_quotes(local: &str) -> bool {
    let is_atext = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii();
    local.split('.').any(|atom| atom.is_empty() || !atom.chars().all(is_atext))
}

/// Characters that end lines or steer somewhere: C0, DEL, C1 and the line and paragraph separators (SEC-09).
fn is_unsafe(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Result<Command, Refusal> {
        parse(format!("{line}\r\n").as_bytes())
    }

    fn rcpt(line: &str) -> Option<String> {
        match read(line) {
            Ok(Command::Recipient(address)) => Some(address),
            _ => None,
        }
    }

    #[test]
    fn quoted_local_parts_keep_their_meaning() {
        assert_eq!(rcpt("RCPT TO:<\"a@b\"@c.example>").unwrap(), "\"a@b\"@c.example");
        assert_eq!(rcpt("RCPT TO:<\"john smith\"@c.example>").unwrap(), "\"john smith\"@c.example");
        assert_eq!(rcpt("RCPT TO:<\"a\\\"b\"@c.example>").unwrap(), "\"a\\\"b\"@c.example");
        assert_eq!(rcpt("rcpt to:<@relay.example:a.b+c@d.example>").unwrap(), "a.b+c@d.example");
        assert_eq!(rcpt("RCPT TO:<Postmaster>").unwrap(), "postmaster");
    }

    #[test]
    fn addresses_that_are_none_are_refused() {
        for bad in
            ["<>", "<a>", "<a@b@c>", "<a@>", "<a b@c>", "a@b.example", "<a@b.example", "<a@b;c>", "<a@[192.0.2.1]>"]
        {
            assert!(matches!(read(&format!("RCPT TO:{bad}")), Err(refusal) if refusal.code == 501), "{bad}");
        }
    }

    #[test]
    fn sec_09_controls_are_refused() {
        for bad in ["\0", "\t", "\u{1b}", "\u{7f}", "\u{85}", "\u{2028}"] {
            let refusal = read(&format!("RCPT TO:<\"a{bad}b\"@c.example>")).unwrap_err();
            assert_eq!((refusal.code, refusal.status), (500, "5.5.2"), "{bad:?}");
        }
        assert_eq!(parse(b"MAIL FROM:<\xff@a.example>\r\n").unwrap_err().code, 500);
    }

    #[test]
    fn parameters_that_were_not_announced_are_refused() {
        for bad in
            ["RET=FULL", "ENVID=x", "BODY=BINARYMIME", "REQUIRETLS", "HOLDFOR=9", "BY=9;R", "MT-PRIORITY=1", "X=1"]
        {
            assert_eq!(read(&format!("MAIL FROM:<a@b.example> {bad}")).unwrap_err().code, 555, "{bad}");
        }
        assert_eq!(read("RCPT TO:<a@b.example> NOTIFY=NEVER").unwrap_err().code, 555);
        assert_eq!(read("MAIL FROM:<a@b.example> SIZE=x").unwrap_err().code, 501);
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_panic_and_addresses_are_header_safe(line in "(MAIL FROM:|RCPT TO:|AUTH |EHLO )?.{0,80}") {
            match read(&line) {
                Ok(Command::Recipient(address)) => prop_assert!(!address.chars().any(is_unsafe)),
                Ok(Command::Mail(sender)) => prop_assert!(!sender.address.unwrap_or_default().chars().any(is_unsafe)),
                Ok(_) => {}
                Err(refusal) => prop_assert!((500..=599).contains(&refusal.code)),
            }
        }
    }
}
