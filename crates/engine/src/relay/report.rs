//! The delivery report for recipients whom a mail did not reach after others had it (RFC 3464): without a byte of the mail.

use courier::smtp_in::Refusal;
use std::fmt::Write;

/// Octets of what the next hop said that are told on.
const SAID_BYTES_MAX: usize = 300;

/// What a report says.
pub(super) struct Report<'a> {
    /// Our own name.
    pub(super) hostname: &'a str,
    /// The envelope sender of the mail.
    pub(super) to: &'a str,
    /// The id of the mail at the relay.
    pub(super) id: &'a str,
    /// With angle brackets.
    pub(super) message_id: Option<&'a str>,
    /// When the mail came.
    pub(super) arrived: jiff::Timestamp,
    pub(super) failed: &'a [(String, Refusal)],
}

impl Report<'_> {
    /// The whole mail, ASCII, with CRLF line ends.
    pub(super) fn mail(&self) -> Vec<u8> {
        let (host, id) = (self.hostname, self.id);
        let boundary = format!("report-{id}");
        let date = self.arrived.strftime("%a, %d %b %Y %H:%M:%S +0000");
        let mut text = String::new();
        let mut add = |line: &str| {
            text.push_str(line);
            text.push_str("\r\n");
        };
        add(&format!("From: Mail relay <mailer-daemon@{host}>"));
        // An address beyond ASCII does not fit into a field of ASCII; the envelope has it.
        add(&format!("To: {}", if self.to.is_ascii() { self.to } else { "undisclosed-recipients:;" }));
        add("Subject: Your mail did not reach all recipients");
        add(&format!("Date: {date}"));
        add(&format!("Message-ID: <report-{id}@{host}>"));
        if let Some(message_id) = self.message_id {
            add(&format!("In-Reply-To: {message_id}"));
            add(&format!("References: {message_id}"));
        }
        add("Auto-Submitted: auto-replied");
        add("MIME-Version: 1.0");
        add(&format!("Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{boundary}\""));
        add("");
        add(&format!("--{boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n"));
        add("Your mail was handed on, but not to these recipients:\r\n");
        for (recipient, refusal) in self.failed {
            add(&format!("  {}: {}", ascii(recipient), said(refusal)));
        }
        add("\r\nThe others have it. The mail itself is not kept, so nothing of it is returned.");
        add(&format!("\r\n--{boundary}\r\nContent-Type: message/delivery-status\r\n"));
        add(&format!("Reporting-MTA: dns; {host}\r\nArrival-Date: {date}"));
        for (recipient, refusal) in self.failed {
            add("");
            add(&format!("Final-Recipient: {}", typed(recipient)));
            add(&format!("Action: failed\r\nStatus: {}", refusal.status));
            add(&format!("Diagnostic-Code: smtp; {}", said(refusal)));
        }
        add(&format!("\r\n--{boundary}--"));
        text.into_bytes()
    }
}

/// Code, status and text in one line of printable ASCII.
fn said(refusal: &Refusal) -> String {
    let text = ascii(&format!("{} {} {}", refusal.code, refusal.status, refusal.text));
    text.chars().take(SAID_BYTES_MAX).collect()
}

fn ascii(text: &str) -> String {
    text.chars().map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect()
}

/// RFC 3464, section 2.3.2; beyond ASCII RFC 6533, section 3 (utf-8-addr-xtext).
fn typed(address: &str) -> String {
    if address.is_ascii() {
        return format!("rfc822; {}", ascii(address));
    }
    let mut text = String::from("utf-8; ");
    for c in address.chars() {
        match c {
            '!'..='~' if !matches!(c, '\\' | '+' | '=') => text.push(c),
            // Writing to a String cannot fail.
            _ => drop(write!(text, "\\x{{{:X}}}", u32::from(c))),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn report(to: &str, failed: &[(String, Refusal)]) -> String {
        let arrived = jiff::Timestamp::UNIX_EPOCH;
        let report = Report { hostname: "relay.example", to, id: "1f", message_id: Some("<a@b>"), arrived, failed };
        String::from_utf8(report.mail()).unwrap()
    }

    #[test]
    fn a_report_says_who_and_why_and_is_read_as_one() {
        let refusal = Refusal { code: 550, status: "5.1.1", text: "no such\r\nBcc: x@y".into() };
        let failed = [("gone@x.example".to_owned(), refusal.clone()), ("jürgen+a@x.example".to_owned(), refusal)];
        let text = report("ann@example.org", &failed);
        assert!(text.is_ascii() && !text.contains("\nBcc:"), "{text}");
        assert!(text.lines().all(|line| line.len() < 998));
        assert!(
            text.contains("Final-Recipient: rfc822; gone@x.example\r\nAction: failed\r\nStatus: 5.1.1\r\n"),
            "{text}"
        );
        assert!(text.contains("Final-Recipient: utf-8; j\\x{FC}rgen\\x{2B}a@x.example\r\n"), "{text}");
        assert!(text.contains("References: <a@b>\r\n") && text.contains("Auto-Submitted: auto-replied\r\n"), "{text}");
        assert!(!report("jürgen@example.org", &failed).contains("jürgen@"));
    }
}
