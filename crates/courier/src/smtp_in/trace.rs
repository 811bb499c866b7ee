//! The `Received` header field that we put before a mail (RFC 5321, section 4.4).

use std::net::IpAddr;

use super::Protocol;

/// What the field says. `for` is only said of a single recipient: with several it would tell each who the others are.
pub(super) struct Trace<'a> {
    pub(super) hello: &'a str,
    /// None for a local socket.
    pub(super) ip: Option<IpAddr>,
    pub(super) hostname: &'a str,
    pub(super) protocol: Protocol,
    pub(super) extended: bool,
    pub(super) utf8: bool,
    pub(super) encrypted: bool,
    pub(super) authenticated: bool,
    pub(super) id: &'a str,
    pub(super) recipients: &'a [String],
    pub(super) time: jiff::Timestamp,
}

impl Trace<'_> {
    /// The complete field, folded, with its final CRLF; every line is shorter than 998 octets.
    pub(super) fn field(&self) -> String {
        let from = header_safe(self.hello);
        let ip = match self.ip.map(|ip| ip.to_canonical()) {
            Some(IpAddr::V4(ip)) => format!("[{ip}]"),
            Some(IpAddr::V6(ip)) => format!("[IPv6:{ip}]"),
            None => "local".to_owned(),
        };
        let with = self.with();
        let (by, id) = (self.hostname, self.id);
        let recipient = match self.recipients {
            [only] => format!("\r\n\tfor <{only}>"),
            _ => String::new(),
        };
        let time = self.time.strftime("%a, %d %b %Y %H:%M:%S +0000");
        format!("Received: from {from} ({ip})\r\n\tby {by} with {with} id {id}{recipient};\r\n\t{time}\r\n")
    }

    /// The "with" keywords of RFC 3848 and RFC 6531, section 4.3.
    fn with(&self) -> String {
        let base = match (self.protocol, self.utf8, self.extended) {
            (Protocol::Lmtp, true, _) => "UTF8LMTP",
            (Protocol::Lmtp, false, _) => "LMTP",
            (Protocol::Smtp, true, _) => "UTF8SMTP",
            (Protocol::Smtp, false, true) => "ESMTP",
            (Protocol::Smtp, false, false) => "SMTP",
        };
        // RFC 3848 has no name for plain SMTP with TLS: HELO after STARTTLS stays SMTP.
        let (tls, auth) = match base {
            "SMTP" => ("", ""),
            _ => (if self.encrypted { "S" } else { "" }, if self.authenticated { "A" } else { "" }),
        };
        format!("{base}{tls}{auth}")
    }
}

/// A client may call itself anything; only what a host name or address literal needs gets into a header field (SEC-09).
fn header_safe(hello: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    hello.chars().take(255).map(|c| if is_safe(c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace<'a>(hello: &'a str, recipients: &'a [String]) -> Trace<'a> {
        Trace {
            hello,
            ip: Some(IpAddr::from([192, 0, 2, 1])),
            hostname: "mx.example.org",
            protocol: Protocol::Smtp,
            extended: true,
            utf8: false,
            encrypted: true,
            authenticated: true,
            id: "x1",
            recipients,
            time: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_field_names_a_single_recipient_and_no_others() {
        let one = ["help@example.org".to_owned()];
        assert_eq!(
            trace("client.example", &one).field(),
            "Received: from client.example ([192.0.2.1])\r\n\tby mx.example.org with ESMTPSA id x1\r\n\tfor <help@example.org>;\r\n\tThu, 01 Jan 1970 00:00:00 +0000\r\n"
        );
        let two = ["help@example.org".to_owned(), "secret@example.org".to_owned()];
        assert!(!trace("client.example", &two).field().contains('@'));
    }

    #[test]
    fn sec_09_a_hello_stays_in_its_place() {
        let field = trace("a) (b;\r\nBcc: x@y é\u{2028}", &[]).field();
        assert!(field.starts_with("Received: from a???b???Bcc:?x?y??? ([192.0.2.1])\r\n\tby"), "{field}");
        assert_eq!(field.matches("\r\n").count(), 3);
    }
}
